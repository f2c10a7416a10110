"""What a person decides on a mail that nothing was done with: whose report it is, or that it is
none. Neither lets its sender in anywhere, and no mail goes to them.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from cases import vault
from cases.intake import reports
from cases.intake.mail import reading, routing
from cases.models import Letter, Report
from incidentdesk.kernel import access, audit
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.errors import Conflict, NotFound

Outcome = Letter.Outcome


@transaction.atomic
def accept(*, letter_id: int, partner_id: int, by: Actor, at: datetime) -> Report:
    """It becomes this partner's report, with its files; the partner reads it in its portal."""
    access.require(by, Permission.REPORT_TRIAGE)
    letter = _waiting(letter_id)
    mail = reading.read(_whole(letter))
    who = letter.sender_name or letter.sender or "somebody"
    made = reports.take_in(
        partner_id=partner_id,
        title=letter.subject or "A report by mail",
        description=routing.described(letter.text, mail.left_out),
        reporter=f"{who[:100]}, by mail",
        noticed_at=letter.received_at,
        uploads=list(mail.files),
        by=by,
        at=at,
    )
    letter.partner, letter.report = made.partner, made
    _decide(letter, Outcome.ACCEPTED, by=by, at=at)
    about = f"letter:{letter.pk}"
    name = made.reference
    audit.record(by=by, at=at, action="accepted mail as a report", about=about, name=name)
    return made


@transaction.atomic
def dismiss(*, letter_id: int, by: Actor, at: datetime) -> Letter:
    """Nothing becomes of it. It stays on record."""
    access.require(by, Permission.REPORT_TRIAGE)
    letter = _waiting(letter_id)
    _decide(letter, Outcome.DISMISSED, by=by, at=at)
    audit.record(by=by, at=at, action="dismissed mail", about=f"letter:{letter.pk}")
    return letter


def _waiting(letter_id: int) -> Letter:
    letter = Letter.objects.select_for_update(of=("self",)).filter(pk=letter_id).first()
    if letter is None:
        raise NotFound("There is no such mail.")
    if letter.outcome != Outcome.QUARANTINED:
        raise Conflict(f"This mail waits for nobody: it {letter.get_outcome_display()}.")
    return letter


def _whole(letter: Letter) -> bytes:
    try:
        return b"".join(vault.read(letter.key))
    except OSError:
        raise Conflict(vault.GONE.format(letter)) from None


def _decide(letter: Letter, outcome: Letter.Outcome, *, by: Actor, at: datetime) -> None:
    letter.outcome, letter.handled_at, letter.handled_by_id = outcome, at, by.person_id
    letter.save(update_fields=["outcome", "partner", "report", "handled_at", "handled_by"])
