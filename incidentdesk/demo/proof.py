"""What the gates of a story ask for besides tasks and systems: signatures, fixes, figures."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from cases import fixes, response, restoring, waivers
from cases.models import Fix, Involvement, SeverityRule
from incidentdesk.demo import phrases
from incidentdesk.demo.agenda import between

if TYPE_CHECKING:
    from incidentdesk.demo.life import Life

STAYS = timedelta(days=40)  # how long a temporary fix may stay


def sign(life: Life, key: str, when: datetime) -> None:
    """The commander signs in the usual words."""
    life.do(when, response.sign, key=key, text=phrases.STATEMENTS[key])


def identify(life: Life) -> None:
    """Regulators thought of, duplicates looked for."""
    start, end = life.plan.confirmed, life.plan.begun
    sign(life, "regulatory_decided", between(start, end, 0.8))
    sign(life, "no_duplicate", between(start, end, 0.85))


def contain(life: Life) -> None:
    """It no longer grows, and what is still exposed has a name."""
    start, end = life.plan.begun, life.plan.contained
    sign(life, "no_growth", between(start, end, 0.92))
    text = life.rng.choice(phrases.EXPOSURES)
    life.do(between(start, end, 0.94), restoring.record_residual_exposure, text=text)


def mitigate(life: Life) -> None:
    """A fix that a second person approves; its return would be seen."""
    start, end = life.plan.contained, life.plan.fixed
    life.agenda.add(between(start, end, 0.75), partial(_propose, life))
    life.agenda.add(between(start, end, 0.88), partial(_approve, life))
    sign(life, "detection_added", between(start, end, 0.93))


def recover(life: Life) -> None:
    """Checked, reconciled, confirmed; a soak that is cut short is waived with a reason."""
    back, end = life.plan.recovered, life.plan.in_review
    check, result = life.rng.choice(phrases.CHECKS)
    when = between(back, end, 0.1)
    life.do(when, restoring.record_check, life.responder, name=check, passed=True, result=result)
    what, compared = life.rng.choice(phrases.RECONCILED)
    figures = {"what": what, "compared": compared, "differences": 0}
    life.do(between(back, end, 0.3), restoring.reconcile, life.responder, **figures)
    sign(life, "blocks_lifted", between(back, end, 0.7))
    if life.severity == 1:
        sign(life, "market_open_seen", between(back, end, 0.75))
    soak = SeverityRule.objects.get(severity=life.severity).soak_minutes
    if end - back < timedelta(minutes=soak + 1):
        reason = "The partners' window closes; it is watched on from the review."
        life.do(between(back, end, 0.9), waivers.waive, gate="soak", reason=reason)
    life.agenda.add(between(back, end, 0.85), partial(_confirm, life))


def _propose(life: Life, at: datetime) -> None:
    is_temporary = not life.is_open and life.rng.random() < 0.12
    fixes.propose(
        incident_id=life.incident_id,
        kind=Fix.Kind.TEMPORARY if is_temporary else Fix.Kind.PERMANENT,
        text=phrases.FIXES[life.story.category],
        change_reference=f"CHG-{4000 + life.incident_id}",
        test_evidence="Tried on staging with yesterday's traffic; no difference was left.",
        rollback_plan="Back to the build before it, by the same pipeline, in five minutes.",
        owner_id=life.responder.user_id if is_temporary else None,
        expires_on=(at + STAYS).date() if is_temporary else None,
        by=life.responder,
        at=at,
    )


def _approve(life: Life, at: datetime) -> None:
    for fix in Fix.objects.filter(incident_id=life.incident_id, state=Fix.State.PROPOSED):
        fixes.approve(fix_id=fix.pk, by=life.commander, at=at)


def _confirm(life: Life, at: datetime) -> None:
    """Each partner said on the phone that it works again."""
    rows = Involvement.objects.filter(incident_id=life.incident_id, recovery_confirmed_at=None)
    for involvement in rows.order_by("id"):
        restoring.confirm_partner(
            incident_id=life.incident_id,
            involvement_id=involvement.pk,
            who="Their operations desk, by phone",
            by=life.commander,
            at=at,
        )
