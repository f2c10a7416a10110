"""Many series at once are one incident with a list. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from cases.detection.alarm import Alarm

TOGETHER = timedelta(minutes=1)


@dataclass(frozen=True)
class Group:
    """Alarms that began within a minute of the first, by series: one incident."""

    began_at: datetime
    alarms: tuple[tuple[str, Alarm], ...]

    @property
    def series(self) -> tuple[str, ...]:
        """The names of the series, in the order in which they fell."""
        return tuple(dict.fromkeys(name for name, _ in self.alarms))


def grouped(alarms: Iterable[tuple[str, Alarm]]) -> list[Group]:
    """The alarms that page, as groups; the first alarm of a group opens its minute."""
    groups: list[list[tuple[str, Alarm]]] = []
    for name, alarm in sorted(alarms, key=lambda each: (each[1].at, each[0])):
        if not alarm.pages:
            continue
        if groups and alarm.at - groups[-1][0][1].at < TOGETHER:
            groups[-1].append((name, alarm))
        else:
            groups.append([(name, alarm)])
    return [Group(group[0][1].at, tuple(group)) for group in groups]
