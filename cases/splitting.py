"""Splitting: some alerts of an incident turn out to be another one, and leave into it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from cases import moving, queries, sight, timeline, workflow
from cases.models import Alert, Entry, Incident
from incidentdesk.kernel import access, grants
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.errors import Conflict, InvalidInput


@transaction.atomic
def split(
    *, incident_id: int, alert_ids: Sequence[int], title: str, reason: str, by: Actor, at: datetime
) -> Incident:
    """Open an incident of its own for these alerts; repeats of them fold into it from now on.

    It begins in Identification with its own clocks and pages. At least one alert stays. What was
    restricted, or an exercise, stays that in both parts.
    """
    parent = queries.locked(incident_id, by=by)
    access.require(by, Permission.INCIDENT_COMMAND)
    moving.require_open(parent)
    moving.require_reason(reason, "Splitting")
    alerts = list(parent.alerts.filter(pk__in=alert_ids).select_related("source").order_by("pk"))
    if not alerts or len(alerts) != len(set(alert_ids)):
        raise Conflict("Choose alerts of this incident; some are elsewhere by now.")
    if not parent.alerts.exclude(pk__in=alert_ids).exists():
        raise InvalidInput("Not all alerts can leave; leave at least one with this incident.")
    stood = timeline.head_of(parent)
    opening = _opening(parent, alerts, title, at=at)
    made = workflow.open_incident(opening=opening, by=by, at=at)
    parent.alerts.filter(pk__in=alert_ids).update(incident=made)
    if parent.is_restricted:
        for user_id in {by.person_id, *_named_people(parent)}:
            sight.admit(made, user_id, by=by, at=at)
    _link(parent, made, alerts, stood, reason, by=by, at=at)
    return made


def _opening(
    parent: Incident, alerts: Sequence[Alert], title: str, *, at: datetime
) -> workflow.Opening:
    """What is known of the new one: its alerts, and what the parent's category and urgency say."""
    source = alerts[0].source
    return workflow.Opening(
        title=title,
        description=parent.description,
        category_id=parent.category_id,
        category_key=parent.category.key if parent.category else "",
        detection=Incident.Detection.ALERT,
        detected_by="alerts of another incident",  # which may be restricted one day
        detected_at=at,
        occurred_at=min(alert.first_at for alert in alerts),
        impact=source.impact,
        scope=source.scope,
        urgency=parent.urgency,
        is_exercise=parent.is_exercise,
        exercise_pages=parent.exercise_pages,
        exercise_tells=parent.exercise_tells,
        is_restricted=parent.is_restricted,
        split_from_id=parent.pk,
    )


def _named_people(parent: Incident) -> list[int]:
    return list(grants.on(parent, sight.OPEN).values_list("user_id", flat=True))


def _link(
    parent: Incident,
    made: Incident,
    alerts: Sequence[Alert],
    stood: str,
    reason: str,
    *,
    by: Actor,
    at: datetime,
) -> None:
    """Both timelines name the other's newest entry and its hash."""
    names = "; ".join(alert.title for alert in alerts)
    old, new = (
        "another restricted incident" if incident.is_restricted else incident.reference
        for incident in (parent, made)
    )
    why = f"Reason: {reason.strip()}"
    begins = timeline.head_of(made)
    text = f"Split from {old} with {names}. {why} Its timeline stood at {stood}."
    timeline.record(made, Entry.Kind.MOVE, text, by=by, at=at)
    text = f"Split off into {new}: {names}. {why} Its timeline stood at {begins}."
    timeline.record(parent, Entry.Kind.MOVE, text, by=by, at=at)
