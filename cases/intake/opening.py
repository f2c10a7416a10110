"""How alerts open an incident: what is known of it, its alerts, and what the values rest on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from cases import bases, workflow
from cases.intake import mapping
from cases.intake.signal import Signal
from cases.models import Alert, Category, Incident, LabelMapping, Source
from cases.paths import Hit
from incidentdesk.kernel.access import SYSTEM

FROM_SOURCE = "· source “"  # by which an incident names the source that found it


def open_from(
    source: Source, members: list[Signal], mappings: Sequence[LabelMapping], *, at: datetime
) -> Incident:
    """Open an incident with what the first alerts of its group tell."""
    first = members[0]
    started = min([signal.started_at for signal in members if signal.started_at] + [at])
    more = f" and {len(members) - 1} more" if len(members) > 1 else ""
    category: Category | None = source.category
    of_source = (source.category_id, category.key if category else "")
    category_id, category_key = first.category or of_source
    known = workflow.Opening(
        title=f"{first.title}{more}",
        description=first.body,
        category_id=category_id,
        category_key=category_key,
        detection=first.detection,
        detected_by=f"{source.get_format_display()} {FROM_SOURCE}{source.name}”",
        detected_at=at,
        occurred_at=started,
        impact=source.impact,
        scope=source.scope,
        urgency=max(signal.urgency for signal in members),
        hit=Hit(
            tuple(one.name for one in mapping.systems(mappings, members)),
            tuple(one.code for one in mapping.partners(mappings, members)),
        ),
    )
    return workflow.open_incident(opening=known, by=SYSTEM, at=at)


def alert(source: Source, incident: Incident, signal: Signal, *, at: datetime) -> Alert:
    """A new alert of an incident, not stored yet."""
    return Alert(
        source=source,
        incident=incident,
        external_key=signal.key,
        group_key=signal.group,
        title=signal.title,
        labels=signal.labels,
        first_at=min(signal.started_at or at, at),
        last_at=at,
    )


def support(
    incident: Incident, source: Source, members: list[Signal], alerts: list[Alert], *, at: datetime
) -> None:
    """What the values rest on with which it opened, so that nobody repeats what a machine said."""
    worst = max(range(len(members)), key=lambda number: members[number].urgency)

    def by_alert(number: int, said: str) -> bases.Support:
        words = f"Alert: {members[number].title}"[: 298 - len(said)]
        return bases.Support(f"{words}; {said}", alert_id=alerts[number].pk)

    default = by_alert(0, f"default of source {source.name}")
    told = "a label mapping of source {} says" if members[worst].is_hinted else "source {} told it"
    urgency = by_alert(worst, f"as {told.format(source.name)}")
    supports = {"impact": default, "scope": default, "urgency": urgency}
    bases.begin(incident, supports, by=SYSTEM, at=at)
