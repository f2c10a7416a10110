"""Who was told what, when, and did they see it: every partner, notice and person of an incident."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from cases import dispatch
from cases.admin.page import moments, partners
from cases.admin.page.partners import PartnerClock
from cases.models import Incident, Involvement, NoticeCopy, Receipt
from notifications import queries as post
from notifications.models import Message
from partners import directory
from partners.models import Contact

_MAIL = {
    Message.State.QUEUED: ("queued", ""),
    Message.State.SENDING: ("queued", ""),
    Message.State.SENT: ("sent", "ok"),
    Message.State.DELIVERED: ("delivered", "ok"),
    Message.State.FAILED: ("bounced", "bad"),
    Message.State.BOUNCED: ("bounced", "bad"),
    Message.State.HELD: ("queued", ""),
    Message.State.SUPPRESSED: ("not sent on purpose", "mute"),
    Message.State.SUPERSEDED: ("not sent on purpose", "mute"),
}


_EXPLAINED = (
    Message.State.FAILED,
    Message.State.BOUNCED,
    Message.State.SUPPRESSED,
    Message.State.SUPERSEDED,
)


@dataclass(frozen=True)
class Person:
    """One person and one notice: the mail, the portal, the acknowledgement."""

    name: str
    address: str
    mail: str
    colour: str
    why: str  # the mail server's words where it bounced, ours where it was not sent
    opened: str
    acknowledged: str


@dataclass(frozen=True)
class Told:
    """One notice as one partner has it, and who there saw it."""

    copy: NoticeCopy
    sent: str
    people: list[Person]
    promise: str  # how the update that was promised before it was kept
    is_late: bool


@dataclass(frozen=True)
class TellingOf:
    """One partner: what was decided, how its clocks stand, what it was told."""

    involvement: Involvement
    clocks: list[PartnerClock]
    told: list[Told]


def rows(incident: Incident, now: datetime) -> list[TellingOf]:
    """Every partner of the incident. Six queries, whatever their number."""
    involved = list(incident.involvements.select_related("partner", "decided_by"))
    sent = NoticeCopy.objects.filter(involvement__in=involved, sent_at__isnull=False)
    copies = list(
        sent.select_related("notice__approved_by", "notice__sent_by").order_by("sent_at", "id")
    )
    people: dict[int, list[Contact]] = defaultdict(list)
    for contact in directory.contacts_of([row.partner_id for row in involved]):
        people[contact.partner_id].append(contact)
    keys = [dispatch.key(copy, one) for copy in copies for one in people[copy.partner_id]]
    mails = post.written(keys)
    receipts: dict[int, dict[int, Receipt]] = defaultdict(dict)
    for receipt in Receipt.objects.filter(copy__in=copies):
        receipts[receipt.copy_id][receipt.user_id] = receipt
    clocks: dict[int, list[PartnerClock]] = defaultdict(list)
    for deadline in incident.deadlines.filter(involvement__isnull=False, is_dropped=False):
        clocks[deadline.involvement_id or 0].append(partners.clock(deadline, now))
    return [
        TellingOf(row, clocks[row.pk], _told(row, copies, people, mails, receipts, now))
        for row in involved
    ]


def _told(
    row: Involvement,
    copies: list[NoticeCopy],
    people: dict[int, list[Contact]],
    mails: dict[str, Message],
    receipts: dict[int, dict[int, Receipt]],
    now: datetime,
) -> list[Told]:
    found: list[Told] = []
    before: NoticeCopy | None = None
    for copy in copies:
        if copy.involvement_id != row.pk:
            continue
        persons = _people(copy, people[row.partner_id], mails, dict(receipts[copy.pk]), now)
        promise, is_late = _promise(before, copy, now)
        sent = moments.short(copy.sent_at or now, now)
        found.append(Told(copy, sent, persons, promise, is_late))
        before = copy
    return found


def _promise(before: NoticeCopy | None, copy: NoticeCopy, now: datetime) -> tuple[str, bool]:
    if before is None or before.next_update_at is None or copy.sent_at is None:
        return "", False
    is_late = copy.sent_at > before.next_update_at
    when = moments.short(before.next_update_at, now)
    return f"promised by {when}, {'late' if is_late else 'on time'}", is_late


def _people(
    copy: NoticeCopy,
    contacts: list[Contact],
    mails: dict[str, Message],
    receipts: dict[int, Receipt],
    now: datetime,
) -> list[Person]:
    """The contacts who had a mail or saw it; then whoever else saw it in the portal."""
    found = []
    for contact in contacts:
        mail = mails.get(dispatch.key(copy, contact))
        receipt = receipts.pop(contact.user_id, None) if contact.user_id else None
        if mail or receipt:
            found.append(_person(contact.name, contact.email, mail, receipt, now))
    found += [_person(other.name, "", None, other, now) for other in receipts.values()]
    return found


def _person(
    name: str, address: str, mail: Message | None, receipt: Receipt | None, now: datetime
) -> Person:
    words, colour = _MAIL[Message.State(mail.state)] if mail else ("no mail", "mute")
    if mail is not None and mail.sent_at:
        words = f"{words} {moments.short(mail.sent_at, now)}"
    acknowledged = receipt.acknowledged_at if receipt else None
    return Person(
        name,
        address,
        words,
        colour,
        mail.last_error if mail and mail.state in _EXPLAINED else "",
        moments.short(receipt.opened_at, now) if receipt else "",
        moments.short(acknowledged, now) if acknowledged else "",
    )
