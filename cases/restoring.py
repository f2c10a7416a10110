"""Restoring service: checks, reconciliation, partners who confirm, and what stays exposed."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from cases import accuracy, confirming, moving, queries, timeline
from cases.models import Entry, Incident, Involvement, Phase, Reconciliation, RecoveryCheck
from incidentdesk.kernel import access
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.errors import Conflict, InvalidInput, NotFound

Kind = Entry.Kind
ASKED_IN = (Phase.RECOVERY, Phase.REVIEW)
MOST = 10**15  # of anything that was compared


@transaction.atomic
def record_check(
    *,
    incident_id: int,
    name: str,
    passed: bool,
    result: str,
    checked_at: datetime | None = None,
    by: Actor,
    at: datetime,
) -> RecoveryCheck:
    """A health check or key metric and what was measured. The newest of one name counts."""
    incident = queries.locked(incident_id, by=by)
    access.require(by, Permission.INCIDENT_RESPOND)
    moving.require_open(incident)
    name = " ".join(name.split())[:120]
    if not name or not result.strip():
        raise InvalidInput("A check needs a name, and a result: what was measured.")
    if checked_at is not None and checked_at > at:
        raise InvalidInput("The time of the check lies in the future; check it.")
    check = RecoveryCheck.objects.create(
        incident=incident,
        name=name,
        passed=passed,
        result=result.strip(),
        checked_at=checked_at or at,
        checked_by_id=by.person_id,
    )
    text = f"Check {'passed' if passed else 'FAILED'}: {name}. {check.result}"
    timeline.record(incident, Kind.UPDATE, text, by=by, at=at)
    return check


@transaction.atomic
def reconcile(
    *,
    incident_id: int,
    what: str,
    compared: int,
    differences: int,
    listed: str = "",
    by: Actor,
    at: datetime,
) -> Reconciliation:
    """Data were compared: how many, how many differ, and each difference listed."""
    incident = queries.locked(incident_id, by=by)
    access.require(by, Permission.INCIDENT_RESPOND)
    moving.require_open(incident)
    what = " ".join(what.split())[:200]
    if not what:
        raise InvalidInput("Say what was compared with what.")
    if not 1 <= compared <= MOST or not 0 <= differences <= compared:
        raise InvalidInput("Say how many were compared, and how many of these differ.")
    if differences and not listed.strip():
        raise InvalidInput("List each difference and what becomes of it.")
    made = Reconciliation.objects.create(
        incident=incident,
        what=what,
        compared=compared,
        differences=differences,
        listed=listed.strip(),
        done_at=at,
        done_by_id=by.person_id,
    )
    text = f"Reconciled {what}: {differences} of {compared} differ. {made.listed}".strip()
    timeline.record(incident, Kind.UPDATE, text, by=by, at=at)
    return made


@transaction.atomic
def confirm_partner(
    *, incident_id: int, involvement_id: int, who: str, by: Actor, at: datetime
) -> Involvement:
    """A partner told the desk that the service works again; `who` said so. Whoever talks to
    partners may note it, and whoever responds."""
    incident = queries.locked(incident_id, by=by)
    if not access.allows(by, Permission.NOTICE_DRAFT):
        access.require(by, Permission.INCIDENT_RESPOND)
    involvement = _involvement(incident, involvement_id)
    who = " ".join(who.split())[:120]
    if not who:
        raise InvalidInput("Say who at the partner confirmed it.")
    accuracy.require_own(involvement.partner, who)
    text = f"{involvement.partner}: {who} confirmed that the service works again."
    return _confirm(incident, involvement, who, text, by=by, at=at)


@transaction.atomic
def confirm(*, involvement_id: int, by: Actor, at: datetime) -> Involvement:
    """A person at the partner sees the service working again. `by` acts for that partner."""
    found = Involvement.objects.filter(
        pk=involvement_id, partner_id=by.tenant_id, disclosed_at__isnull=False
    ).first()
    if found is None:
        raise NotFound("There is no such incident.")
    # A restriction shuts out people of the desk; what was disclosed stays the partner's own.
    incident = queries.locked(found.incident_id, by=access.SYSTEM)
    involvement = _involvement(incident, involvement_id)
    access.require(by, Permission.PARTNER_ACT, involvement.partner)
    text = f"{involvement.partner}: {by.name} sees the service working again."
    return _confirm(incident, involvement, by.name[:120], text, by=by, at=at)


@transaction.atomic
def record_residual_exposure(*, incident_id: int, text: str, by: Actor, at: datetime) -> Incident:
    """What is still exposed, or “none”; the commander signs it."""
    incident = queries.locked(incident_id, by=by)
    access.require(by, Permission.INCIDENT_COMMAND)
    moving.require_open(incident)
    if not text.strip():
        raise InvalidInput("Name what is still exposed, or write “none”.")
    incident.residual_exposure = text.strip()
    incident.save(update_fields=["residual_exposure"])
    words = f"Signed: residual exposure. {incident.residual_exposure}"
    timeline.record(incident, Kind.STATEMENT, words, by=by, at=at)
    return incident


# --- steps that several of them share -------------------------------------------------------------


def _involvement(incident: Incident, involvement_id: int) -> Involvement:
    rows = incident.involvements.select_related("partner")
    found = rows.filter(pk=involvement_id).first()
    if found is None:
        raise InvalidInput("Choose a partner of this incident.")
    return found


def _confirm(
    incident: Incident, involvement: Involvement, who: str, text: str, *, by: Actor, at: datetime
) -> Involvement:
    if incident.phase not in ASKED_IN:  # in words that a partner may read: no reference, no phase
        raise Conflict("Service is not being restored at present; there is nothing to confirm.")
    if confirming.has_confirmed(involvement, confirming.recovery_began(incident)):
        raise Conflict(f"{involvement.recovery_confirmed_by} confirmed it already.")
    involvement.recovery_confirmed_at, involvement.recovery_confirmed_by = at, who
    involvement.save(update_fields=["recovery_confirmed_at", "recovery_confirmed_by"])
    partner_id = involvement.partner_id
    timeline.record(incident, Kind.PARTNER, text, by=by, at=at, partner_id=partner_id)
    return involvement
