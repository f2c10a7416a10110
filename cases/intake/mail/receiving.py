"""What becomes of a mail that comes in. One call: read it, judge its sender, keep it, route it.

The network is asked and the file is written before the transaction; then the row and what it makes
are stored together. Whoever hands the mail over may forget it once `receive` has returned.
"""

from __future__ import annotations

import hashlib
import logging
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parseaddr
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.db import connection, transaction

from cases import vault
from cases.intake.mail import automatic, limits, reading, resolver, routing, senders, verdicts
from cases.intake.mail.reading import Mail
from cases.intake.mail.resolver import Resolver
from cases.intake.mail.routing import Routed
from cases.intake.mail.senders import Sender
from cases.intake.mail.verdicts import Envelope, Verdict
from cases.models import Letter
from incidentdesk.kernel import audit, scanning, uploads
from incidentdesk.kernel.access import SYSTEM
from incidentdesk.kernel.errors import DeskError
from notifications import queries as post

Outcome = Letter.Outcome
MOST_OF_STRANGERS = 300  # an hour
LONGEST_WAIT = timedelta(days=1)  # for a DNS that is silent
TOO_LARGE = "The mail is larger than the desk takes."
_SPACES = re.compile(rb"[ \t\r\n]+")
INFECTED = "There was a virus in it ({}); what it brought was not kept."
UNREADABLE = "The desk could not read it."
logger = logging.getLogger(__name__)


class TryLater(Exception):
    """Nothing was stored; the same mail may be handed over again."""


@dataclass(frozen=True)
class Arrival:
    """A mail that has been read and judged, and who sent it."""

    mail: Mail
    envelope: Envelope
    verdict: Verdict
    sender: Sender
    key: UUID
    stored: vault.Stored
    refused: str = ""
    virus: str = ""


def most() -> int:
    """The most bytes that a mail may have: a file of the largest size, as mail encodes it."""
    return uploads.limit() * 3 // 2 + 1024 * 1024


def receive(
    *,
    raw: bytes,
    envelope: Envelope,
    resolver: Resolver = resolver.ask,
    refused: str = "",
    at: datetime,
) -> Letter | None:
    """Keep a mail and do what it asks for, if its sender may. A second delivery changes nothing.

    `refused` says why nothing may come of it, for one of which not everything was fetched.

    Whom the desk knows is looked up only for an address that was proved: all other mail is judged,
    stored and answered alike, so that nobody learns from outside who is known.

    Of one with a virus the headers are kept, and nothing comes of it; the audit trail says so with
    the letter, once, so that strangers write no more there than they may send mails. If there is
    one in the headers too, nothing is kept (None): it would not be another mail the next time.

    Raises TryLater if the DNS gives no answer about a mail of these days, or too many came of which
    nothing became; Conflict if there is no room on the disk. Nothing is stored then.
    """
    arguments: dict[str, Any] = {"envelope": envelope, "resolver": resolver, "at": at}
    try:
        return _receive(raw, refused=refused, **arguments)
    except scanning.Infected as found:
        why, virus = INFECTED.format(found.virus), found.virus
    try:
        return _receive(_headers(raw), refused=why, virus=virus, **arguments)
    except scanning.Infected:
        logger.warning("of a mail nothing is kept: there is a virus in its headers (%s)", virus)
        return None


def _headers(raw: bytes) -> bytes:
    """A mail without what it brought."""
    return re.split(rb"\r?\n\r?\n", raw, maxsplit=1)[0] + b"\r\n\r\n"


def _receive(
    raw: bytes,
    *,
    envelope: Envelope,
    resolver: Resolver,
    refused: str,
    virus: str = "",
    at: datetime,
) -> Letter:
    mail = reading.read(raw)
    is_read = not mail.fault and not refused
    verdict = _judged(raw, mail, envelope, resolver, at=at) if is_read else Verdict()
    sender = senders.known(mail.sender if verdict.is_aligned else "")
    digest = _digest(raw, mail, verdict)
    known = Letter.objects.filter(digest=digest).first()
    if known is not None:
        return known
    if not sender.is_known:
        _require_room(at=at)
    key = uuid4()
    stored = vault.store(key, iter([raw]), most=most(), too_large=TOO_LARGE)
    arrival = Arrival(mail, envelope, verdict, sender, key, stored, refused, virus)
    try:
        letter = _take(arrival, digest, at=at)
    except BaseException:
        vault.remove(key)
        raise
    if letter.key != key:
        vault.remove(key)
    return letter


def _judged(
    raw: bytes, mail: Mail, envelope: Envelope, resolver: Resolver, *, at: datetime
) -> Verdict:
    """Raises TryLater while the DNS is silent; an older mail waits for a person instead."""
    found = verdicts.judge(raw, mail, envelope, resolver=resolver)
    is_new = mail.date is not None and abs(at - mail.date) <= LONGEST_WAIT
    if found.is_unsure and is_new:
        raise TryLater("The DNS gave no answer about the sender.")
    return found


def _require_room(*, at: datetime) -> None:
    """So many an hour of which nothing became; above, only who is proved and known goes on."""
    recent = Letter.objects.filter(received_at__gt=at - timedelta(hours=1))
    idle = recent.exclude(outcome__in=routing.ACTED)
    if idle[:MOST_OF_STRANGERS].count() >= MOST_OF_STRANGERS:
        raise TryLater("Too many mails of strangers came within an hour.")


@transaction.atomic
def _take(arrival: Arrival, digest: str, *, at: datetime) -> Letter:
    """Store what became of it, once; who delivers it at the same moment waits."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"letter {digest}"])
    known = Letter.objects.filter(digest=digest).first()
    if known is not None:
        return known
    letter = _letter(arrival, digest, at=at)
    routed = _route(arrival, at=at)
    letter.outcome, letter.why, letter.partner = routed.outcome, routed.why, routed.partner
    letter.report, letter.request, letter.incident = routed.report, routed.request, routed.incident
    letter.save(force_insert=True)
    if arrival.virus:
        found = {"sender": letter.envelope_from, "virus": arrival.virus}
        audit.record(by=SYSTEM, at=at, action=vault.INFECTED, about="mail", **found)
    return letter


def _route(arrival: Arrival, *, at: datetime) -> Routed:
    mail, envelope = arrival.mail, arrival.envelope
    why = automatic.reason(mail.headers, envelope_from=envelope.sender, sender=mail.sender)
    if not why and _is_ours(mail):
        why = "the desk itself sent it"
    if why:
        return Routed(Outcome.AUTOMATIC, f"A machine wrote it: {why}.")
    if arrival.refused:
        return routing.quarantined(arrival.refused)
    if mail.fault:
        return routing.quarantined(f"Its sender cannot be told: {mail.fault}.")
    try:
        with transaction.atomic():
            return routing.route(mail, _addresses(arrival), arrival.verdict, arrival.sender, at=at)
    except DeskError as refused:
        return routing.quarantined(f"What it asks for was refused: {refused}")


def _is_ours(mail: Mail) -> bool:
    """Sent by us, or by one who says to be us: what comes back would go out again."""
    _, ours = parseaddr(settings.DEFAULT_FROM_EMAIL)
    is_reply = mail.sender.startswith("reply+") and mail.domain == settings.INBOUND_DOMAIN
    return mail.sender == ours.lower() or is_reply or post.wrote(mail.message_id)


def _addresses(arrival: Arrival) -> tuple[str, ...]:
    """Whom it was sent to, by its envelope and its headers."""
    given = (one.lower() for one in arrival.envelope.recipients)
    return tuple(dict.fromkeys((*given, *arrival.mail.named)))


def _digest(raw: bytes, mail: Mail, verdict: Verdict) -> str:
    """By what a mail is known again, whatever servers have added on its way.

    These headers and the text are what DKIM signs, and spaces count as little as there (RFC 6376,
    section 3.4.4): else a copy with one more space would act once more. A forged copy does not
    stand in the way of the real one: what was proved is part of it.
    """
    parts = [mail.message_id, mail.sender, mail.subject, str(mail.date), str(verdict.is_aligned)]
    body = raw[len(limits.head(raw)) :] if mail.headers else raw
    text = hashlib.sha256(_SPACES.sub(b" ", body).strip()).hexdigest()
    return hashlib.sha256("\n".join([*parts, text]).encode()).hexdigest()


def _letter(arrival: Arrival, digest: str, *, at: datetime) -> Letter:
    mail, verdict = arrival.mail, arrival.verdict
    named = [vault.shown_name(file.name or "") for file in mail.files]
    more = f"{mail.left_out} more that were not taken" if mail.left_out else ""
    return Letter(
        key=arrival.key,
        size=arrival.stored.size,
        sha256=arrival.stored.sha256,
        digest=digest,
        message_id=mail.message_id,
        envelope_from=reading.cleaned(arrival.envelope.sender or "", 320),
        sent_to=reading.cleaned("\n".join(_addresses(arrival)), 5_000),
        sender=mail.sender,
        sender_name=mail.sender_name,
        subject=mail.subject,
        text=mail.text,
        files="\n".join(filter(None, (*named, more))),
        received_at=at,
        spf=verdict.spf,
        spf_domain=verdict.spf_domain,
        dkim=verdict.dkim,
        dkim_domain=verdict.dkim_domain,
        is_aligned=verdict.is_aligned,
    )
