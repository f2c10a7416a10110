"""Where a mail goes: to a thread or a request by the address that it answers, to a partner's
reports, to an incident of ours. Everything that is not certain waits for a person.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.core.files.base import ContentFile

from cases import moments, replies, requests, thread
from cases.files import MOST
from cases.intake import internal, reports
from cases.intake.mail import answers, senders
from cases.intake.mail.reading import Mail
from cases.intake.mail.senders import Sender
from cases.intake.mail.verdicts import Verdict
from cases.models import Incident, Involvement, Letter, Report, Request
from incidentdesk.kernel import access
from incidentdesk.kernel.access import Actor
from partners.models import Partner

Outcome = Letter.Outcome
LONGEST = 10_000  # characters of an answer; all of a longer one goes along as a file
OLDEST = timedelta(days=7)  # an older mail may be one that somebody kept, and sends again
MOST_AN_HOUR = 20  # mails of one sender that act; more go round in circles
ACTED = (Outcome.REPORT, Outcome.THREAD, Outcome.ANSWER, Outcome.INTERNAL)
NO_TEXT = "The mail has no text; see its files."


@dataclass(frozen=True)
class Routed:
    """What became of a mail, why, and what it made."""

    outcome: Letter.Outcome
    why: str
    partner: Partner | None = None
    report: Report | None = None
    request: Request | None = None
    incident: Incident | None = None


def quarantined(why: str) -> Routed:
    """A person has to look at it."""
    return Routed(Outcome.QUARANTINED, why)


def route(
    mail: Mail, addresses: tuple[str, ...], verdict: Verdict, sender: Sender, *, at: datetime
) -> Routed:
    """Do what it asks for. Raises a DeskError where the use case that it calls refuses it."""
    if doubt := _doubt(mail, addresses, verdict, sender, at=at):
        return quarantined(doubt)
    targets, is_forged = replies.targets(addresses)
    if is_forged or len(targets) > 1:
        return quarantined("The address that it answers is none of ours, or there are several.")
    for target in targets:
        return _answer(target, mail, sender, at=at)
    if sender.colleague is not None:
        return _internal(mail, access.actor_for(sender.colleague), at=at)
    if len({one.partner_id for one in sender.contacts}) > 1:
        return quarantined("Its sender is a contact of several partners; say whose report it is.")
    return _report(mail, sender, at=at)


def _doubt(
    mail: Mail, addresses: tuple[str, ...], verdict: Verdict, sender: Sender, *, at: datetime
) -> str:
    """Why nothing of it may act, in a sentence; empty: its sender is who they say."""
    if not verdict.is_aligned:
        return f"Nothing proves that it comes from {mail.domain}: {_said(verdict)}."
    if not sender.is_known:
        return "Nobody is known by the address of its sender."
    if settings.INBOUND_DOMAIN not in {one.rpartition("@")[2] for one in addresses}:
        return "It is not addressed to the desk."
    if mail.date is None or not at - OLDEST <= mail.date <= at + timedelta(days=1):
        return "Its date is missing or is not of these days; it may have been sent before."
    recent = Letter.objects.filter(sender=mail.sender, received_at__gt=at - timedelta(hours=1))
    if recent.filter(outcome__in=ACTED).count() >= MOST_AN_HOUR:
        return f"Its sender has sent more than {MOST_AN_HOUR} mails within an hour."
    return ""


def _said(verdict: Verdict) -> str:
    spf = f"SPF {verdict.spf}" + (f" of {verdict.spf_domain}" if verdict.spf_domain else "")
    dkim = f"DKIM {verdict.dkim}" + (f" of {verdict.dkim_domain}" if verdict.dkim_domain else "")
    return f"{spf}, {dkim}"


# --- what a mail can do ---------------------------------------------------------------------------


def _answer(target: replies.Target, mail: Mail, sender: Sender, *, at: datetime) -> Routed:
    """Into the thread, or to the request, of the partner that was written to, and of no other."""
    rows = Involvement.objects if target.kind == replies.INCIDENT else Request.objects
    found = rows.select_related("partner").filter(pk=target.pk).first()
    partner = getattr(found, "partner", None)
    contact = sender.at(partner.pk) if partner else None
    by = senders.acting(contact) if contact else None
    if partner is None or by is None:
        return quarantined("Its sender is nobody who may answer this for the partner it went to.")
    text, files = _answered(mail)
    if target.kind == replies.REQUEST:
        request = requests.answer(
            request_id=target.pk, text=text, is_whole=True, uploads=files, by=by, at=at
        )
        incident = request.involvement.incident
        why = f"It answers {request} for {partner}."
        return Routed(Outcome.ANSWER, why, partner=partner, request=request, incident=incident)
    remark = thread.reply(involvement_id=target.pk, text=text, uploads=files, by=by, at=at)
    why = f"It answers what was written to {partner} about this incident."
    incident = remark.involvement.incident
    return Routed(Outcome.THREAD, why, partner=partner, incident=incident)


def _answered(mail: Mail) -> tuple[str, list[ContentFile[bytes]]]:
    """Their own words; what is too long for a thread is a file as well, so that nothing is lost."""
    text, files = answers.own_words(mail.text), list(mail.files)
    if len(text) > LONGEST:
        files = [ContentFile(text.encode(), name="whole answer.txt"), *files[: MOST - 1]]
        text = f"{text[: LONGEST - 40].rstrip()}… (the rest stands in the file)"
    return text, files


def _report(mail: Mail, sender: Sender, *, at: datetime) -> Routed:
    contact = sender.contacts[0]
    by = senders.acting(contact)
    if by is None:
        return quarantined(f"Its sender is a contact of {contact.partner} but has no login.")
    recent = Letter.objects.filter(
        sender=mail.sender, outcome=Outcome.REPORT, received_at__gt=at - timedelta(hours=1)
    )
    made = reports.report(
        title=mail.subject or "A report by mail",
        description=described(mail.text, mail.left_out),
        noticed_at=_noticed(mail, at),
        uploads=list(mail.files),
        forgets_draft=False,
        is_confirmed=not recent.exists(),
        by=by,
        at=at,
    )
    why = f"Its sender is a contact of {contact.partner}, and their domain stands behind it."
    return Routed(Outcome.REPORT, why, partner=contact.partner, report=made)


def _internal(mail: Mail, by: Actor, *, at: datetime) -> Routed:
    made = internal.report(
        title=mail.subject or "A report by mail",
        description=described(mail.text, mail.left_out),
        noticed_at=_noticed(mail, at),
        uploads=list(mail.files),
        by=by,
        at=at,
    )
    why = f"{by.name} works here, and their domain stands behind it."
    return Routed(Outcome.INTERNAL, why, incident=made)


def _noticed(mail: Mail, at: datetime) -> datetime:
    """When it was written, as far as that can be; a date that cannot is no reason to refuse it."""
    can_be = mail.date is not None and moments.can_have_happened(mail.date, at=at)
    return mail.date if mail.date is not None and can_be else at


def described(text: str, left_out: int) -> str:
    """The text of a report, and what of the mail could not be taken along."""
    said = f"({left_out} more of its files were not taken: too many, empty, or above our size.)"
    return "\n\n".join(filter(None, (text or NO_TEXT, said if left_out else "")))
