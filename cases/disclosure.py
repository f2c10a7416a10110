"""Which partners an incident involves, what it means for each, and what each may see.

Listing a partner shows it nothing. Disclosing gives it a reference of its own and its own view.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from cases import accuracy, events, moments, moving, promises, queries, timeline
from cases.models import Entry, Incident, Involvement, Report
from incidentdesk.kernel import access
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.errors import Conflict, InvalidInput
from partners import directory
from partners.models import Partner

Kind = Entry.Kind
UNKNOWN = "what it means for it is not known yet."
NEEDED = "Give a title for this partner and say what the incident means for it."
UNNAMED = "Incident under investigation"  # until somebody says it in words for the partner


@transaction.atomic
def add_partner(
    *,
    incident_id: int,
    partner_id: int,
    title: str,
    meaning: str,
    severity: int,
    started_at: datetime | None = None,
    by: Actor,
    at: datetime,
) -> Involvement:
    """A partner is affected; in its words and with its own severity. It sees nothing yet.

    `started_at` is when it began for this partner; None, it reads that this is not known yet.
    """
    incident = queries.locked(incident_id, by=by)
    access.require(by, Permission.NOTICE_DRAFT)
    moving.require_responding(incident)
    partner = Partner.objects.get(pk=partner_id)
    if not title.strip() or not meaning.strip():
        raise InvalidInput(NEEDED)
    accuracy.require_own(partner, title, meaning)
    if incident.involvements.filter(partner=partner).exists():
        raise Conflict(f"{partner} is listed already; edit what it means instead.")
    _require_past(started_at, at=at)
    involvement = _involve(incident, partner, title, meaning, severity, started_at, at=at)
    text = f"{partner} is affected (SEV-{severity} for it): {involvement.meaning}"
    timeline.record(incident, Kind.PARTNER, text, by=by, at=at, partner_id=partner.pk)
    return involvement


@transaction.atomic
def edit_involvement(
    *,
    incident_id: int,
    involvement_id: int,
    title: str,
    meaning: str,
    severity: int,
    started_at: datetime | None = None,
    by: Actor,
    at: datetime,
) -> Involvement:
    """Correct what the incident means for a partner, and when it began for it; None: as it is.

    `meaning` may stay empty for a partner of which somebody said a title and nothing else yet.
    A partner that sees the incident sees the new text at once, and its programs are told.
    """
    incident = queries.locked(incident_id, by=by)
    access.require(by, Permission.NOTICE_DRAFT)
    involvement = incident.involvements.select_related("partner").get(pk=involvement_id)
    needs_meaning = bool(involvement.meaning) or title.strip() == UNNAMED
    if not title.strip() or (needs_meaning and not meaning.strip()):
        raise InvalidInput(NEEDED)
    accuracy.require_own(involvement.partner, title, meaning)
    _require_past(started_at, at=at)
    before, began = _shown(involvement), involvement.started_at
    _say(involvement, title, meaning, severity, started_at)
    promises.reset(incident)
    if involvement.disclosed_at is not None and _shown(involvement) != before:
        events.changed(incident, involvement, at=at)
    text = f"{involvement.partner}: now SEV-{severity} for it: {involvement.meaning or UNKNOWN}"
    if involvement.started_at is not None and involvement.started_at != began:
        text += f" It began {involvement.started_at:%-d %b %Y %H:%M} UTC for it."
    timeline.record(incident, Kind.PARTNER, text, by=by, at=at, partner_id=involvement.partner_id)
    return involvement


@transaction.atomic
def disclose(*, incident_id: int, involvement_id: int, by: Actor, at: datetime) -> Involvement:
    """Let the partner see its view of the incident; it gets a reference of its own."""
    incident = queries.locked(incident_id, by=by)
    access.require(by, Permission.NOTICE_DRAFT)
    require_telling(incident)
    involvement = incident.involvements.select_related("partner").get(pk=involvement_id)
    if involvement.disclosed_at is not None:
        raise Conflict(f"{involvement.partner} sees it already, as {involvement.reference}.")
    show(incident, involvement, by=by, at=at)
    return involvement


def show(incident: Incident, involvement: Involvement, *, by: Actor, at: datetime) -> None:
    """Disclose inside a use case that holds the incident's lock."""
    partner = involvement.partner
    if is_unsaid(involvement):
        raise InvalidInput(
            f"Nobody has said yet what it means for {partner} and how severe it is for it; edit "
            "what it means first."
        )
    involvement.reference = directory.next_reference(partner, kind="incident", year=at.year)
    involvement.disclosed_at, involvement.disclosed_by_id = at, by.user_id
    involvement.save(update_fields=["reference", "disclosed_at", "disclosed_by"])
    text = f"Disclosed to {partner} as {involvement.reference}."
    timeline.record(incident, Kind.PARTNER, text, by=by, at=at, partner_id=partner.pk)
    events.disclosed(incident, involvement, at=at)


def is_unsaid(involvement: Involvement) -> bool:
    """Whether a machine listed it and nobody has said anything for the partner since.

    Its severity is the incident's until then, and so it is not shown.
    """
    return involvement.title == UNNAMED and not involvement.meaning


def require_telling(incident: Incident) -> None:
    """A drill tells no real partner unless that was ticked when it was declared."""
    if incident.is_exercise and not incident.exercise_tells:
        raise InvalidInput(
            f"{incident.reference} is an exercise that tells no partner; that was decided when it "
            "was declared."
        )


def list_reporter(
    incident: Incident,
    made: Report,
    title: str,
    meaning: str,
    severity: int | None,
    *,
    by: Actor,
    at: datetime,
) -> None:
    """A partner that reported an incident is involved in it and sees it, unless it already is.

    Whoever triages says what it means for the partner and how severe it is for it; the report's
    words are not taken for it, and nothing of the incident's. It began when the report says.
    """
    require_telling(incident)
    found = incident.involvements.filter(partner_id=made.partner_id).select_related("partner")
    involvement = found.first()
    if involvement is None or is_unsaid(involvement):
        moving.require_responding(incident)
        accuracy.require_own(made.partner, title, meaning)
        said = (title.strip() or made.title, meaning, _said(severity, made.partner))
        if involvement is None:
            involvement = _involve(incident, made.partner, *said, made.happened_at, at=at)
        else:
            _say(involvement, *said, made.happened_at)
            promises.reset(incident)
        what = involvement.meaning or UNKNOWN
        text = f"{made.partner} is affected (SEV-{severity} for it): {what}"
        timeline.record(incident, Kind.PARTNER, text, by=by, at=at, partner_id=made.partner_id)
    if involvement.disclosed_at is None:
        show(incident, involvement, by=by, at=at)
    made.shown_as = involvement.reference
    made.save(update_fields=["shown_as"])


def list_named(
    incident: Incident, partner: Partner, *, why: str, by: Actor, at: datetime
) -> Involvement:
    """A machine named a partner of an incident that is locked: it is listed, and sees nothing.

    No word of the alert becomes the partner's title: it may speak of others. Its clocks run by
    the incident's severity until somebody says what it is for the partner, and see `is_unsaid`.
    """
    severity = incident.severity
    made = _involve(incident, partner, UNNAMED, "", severity, None, at=at)
    text = f"{partner} may be affected (SEV-{severity} for it): {why}; {UNKNOWN}"
    timeline.record(incident, Kind.PARTNER, text, by=by, at=at, partner_id=partner.pk)
    return made


def _said(severity: int | None, partner: Partner) -> int:
    """How severe it is for a partner; nobody guesses it from how severe the incident is."""
    if severity is None:
        raise InvalidInput(
            f"Say how severe it is for {partner}; it reads that, and not how severe the incident "
            "is.",
            field="shown_severity",
        )
    return severity


def _shown(row: Involvement) -> tuple[object, ...]:
    return row.title, row.meaning, row.severity, row.started_at


def _say(
    row: Involvement, title: str, meaning: str, severity: int, started_at: datetime | None
) -> None:
    row.title, row.meaning, row.severity = title.strip()[:200], meaning.strip(), severity
    row.started_at = started_at or row.started_at
    row.save(update_fields=["title", "meaning", "severity", "started_at"])


def _require_past(started_at: datetime | None, *, at: datetime) -> None:
    future = "It cannot have begun in the future; check the time."
    moments.require_happened(started_at, at=at, future=future, field="started_at")


def _involve(
    incident: Incident,
    partner: Partner,
    title: str,
    meaning: str,
    severity: int,
    started_at: datetime | None,
    *,
    at: datetime,
) -> Involvement:
    made = Involvement.objects.create(
        incident=incident,
        partner=partner,
        title=title.strip()[:200],
        meaning=meaning.strip(),
        severity=severity,
        started_at=started_at,
        phase=incident.phase,
        is_exercise=incident.is_exercise,
        phase_times={move.to_phase: move.at.isoformat() for move in incident.moves.all()},
        added_at=at,
    )
    promises.reset(incident)
    return made
