"""The groups and paths that a new desk has: the ladders by severity. People change them later."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

FIRST, SECOND, MANAGERS = "First responders", "Second responders", "Duty managers"
GROUPS = (FIRST, SECOND, MANAGERS)


@dataclass(frozen=True)
class Ladder:
    """A path for one severity: (minutes after the start, groups) a step."""

    name: str
    severity: int
    repeat_minutes: int
    steps: tuple[tuple[int, tuple[str, ...]], ...]


LADDERS = (
    Ladder("SEV-1", 1, 15, ((0, (FIRST,)), (3, (SECOND,)), (6, (MANAGERS,)), (10, GROUPS))),
    Ladder("SEV-2", 2, 30, ((0, (FIRST,)), (10, (SECOND,)), (20, (MANAGERS,)), (30, GROUPS))),
    Ladder("SEV-3", 3, 60, ((0, (FIRST,)), (30, (SECOND,)), (60, (MANAGERS,)))),
    Ladder("SEV-4", 4, 1440, ((1440, (FIRST,)),)),
)


def load(apps: Any, using: str = "default") -> None:
    """Create what is missing, by name; what somebody changed stays as it is.

    `apps` is a migration's registry, or django.apps.apps.
    """
    groups_in = apps.get_model("notifications", "Group").objects.using(using)
    groups = {name: groups_in.get_or_create(name=name)[0] for name in GROUPS}
    paths = apps.get_model("notifications", "EscalationPath").objects.using(using)
    for ladder in LADDERS:
        path, is_new = paths.get_or_create(
            name=ladder.name,
            defaults={
                "position": 100 + ladder.severity,
                "severities": [ladder.severity],
                "repeat_minutes": ladder.repeat_minutes,
            },
        )
        for position, (after_minutes, names) in enumerate(ladder.steps if is_new else (), 1):
            step = path.steps.create(position=position, after_minutes=after_minutes)
            step.groups.set(groups[name] for name in names)


def unload(apps: Any, using: str = "default") -> None:
    """Remove the default paths and groups, except paths that an escalation has used."""
    paths = apps.get_model("notifications", "EscalationPath").objects.using(using)
    unused = paths.filter(name__in=[ladder.name for ladder in LADDERS], escalations=None)
    paths.filter(pk__in=list(unused.values_list("pk", flat=True))).delete()
    groups = apps.get_model("notifications", "Group").objects.using(using)
    groups.filter(name__in=GROUPS).delete()
