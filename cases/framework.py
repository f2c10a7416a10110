"""How we handle incidents: publishing a version, and the partners' acknowledgements of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.safestring import SafeString

from cases import accuracy
from cases.models import Framework, FrameworkReading
from incidentdesk.kernel import access, audit, markdown
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.errors import Conflict, InvalidInput, NotFound
from notifications import outbox
from partners import directory
from partners.models import Partner

LONGEST = 60_000
MARK = "## "
MEANWHILE = "Version {} came into force meanwhile; take it up and try again."


@dataclass(frozen=True)
class Section:
    """A heading and what stands below it."""

    heading: str
    body: SafeString


@dataclass(frozen=True)
class Standing:
    """How far a partner is: the newest version that it acknowledged, or none."""

    partner: Partner
    reading: FrameworkReading | None
    is_current: bool


@transaction.atomic
def publish(*, text: str, changed: str, seen_number: int, by: Actor, at: datetime) -> Framework:
    """Put the next version in force. `seen_number` is the version that it was written from.

    Every partner's administrators have a mail that asks them to acknowledge it.
    """
    access.require(by, Permission.REGISTER_WRITE)
    text, changed = text.replace("\r\n", "\n").strip(), changed.strip()
    if not text or not changed:
        raise InvalidInput("A version needs its text, and what changed, in words.")
    if len(text) > LONGEST:
        raise InvalidInput("Keep it to 60,000 characters; nobody reads more.")
    newest = Framework.objects.first()
    number = newest.number if newest else 0
    if number != seen_number:
        raise Conflict(MEANWHILE.format(number))
    accuracy.require_own(None, text, changed)
    if newest and newest.text == text:
        raise Conflict(f"This is version {number}, word for word; there is nothing to publish.")
    made = Framework(number=number + 1, text=text, changed=changed, in_force_at=at)
    made.published_by_id = by.person_id
    try:  # of two at once the database takes one
        with transaction.atomic():
            made.save(force_insert=True)
    except IntegrityError as error:
        raise Conflict(MEANWHILE.format(number + 1)) from error
    about = f"framework:{made.pk}"
    audit.record(by=by, at=at, action="published", about=about, name=str(made))
    _tell(made, at=at)
    return made


@transaction.atomic
def acknowledge(*, number: int, by: Actor, at: datetime) -> FrameworkReading:
    """A partner's administrator has read the version in force, for the partner. Once.

    Where a partner has no administrator, whoever acts for it does it.
    """
    partner = Partner.objects.select_for_update(of=("self",)).filter(pk=by.tenant_id).first()
    access.require(by, who_acknowledges(partner), partner)
    newest = Framework.objects.first()
    if partner is None or newest is None:
        raise NotFound("There is nothing to acknowledge.")
    if newest.number != number:
        raise Conflict(f"Version {newest.number} is in force now; read that one.")
    known = newest.readings.filter(partner=partner).first()
    if known is not None:
        raise Conflict(f"{known.name} acknowledged version {number} already.")
    return FrameworkReading.objects.create(
        framework=newest, partner=partner, user_id=by.person_id, name=by.name[:120], at=at
    )


def who_acknowledges(partner: Partner | None) -> Permission:
    """The right that it takes: to administer, or to act where nobody administers."""
    is_administered = partner is None or directory.is_administered(partner)
    return Permission.PARTNER_ADMINISTER if is_administered else Permission.PARTNER_ACT


def sections(text: str) -> list[Section]:
    """The text as sections with headings; what stands before the first has none."""
    parts: list[tuple[str, list[str]]] = [("", [])]
    for line in text.split("\n"):
        if line.startswith(MARK):
            parts.append((line.removeprefix(MARK).strip(), []))
        else:
            parts[-1][1].append(line)
    bodies = [(heading, "\n".join(lines).strip()) for heading, lines in parts]
    return [Section(head, markdown.render(body)) for head, body in bodies if head or body]


def _tell(made: Framework, *, at: datetime) -> None:
    """Once to each administrator: which version, what changed, and the way to it."""
    outbox.queue_many(
        [
            outbox.Draft(
                kind="framework",
                to=contact.email,
                about=f"partner:{contact.partner_id}",
                dedupe_key=f"framework:{made.pk}:{contact.pk}",
                context={
                    "number": made.number,
                    "changed": made.changed,
                    "partner_name": contact.partner.name,
                    "url": "/portal/framework/",
                },
            )
            for contact in directory.administrators()
        ],
        at=at,
    )


def standings(newest: Framework) -> list[Standing]:
    """Every active partner by name, with what it acknowledged last. Two queries."""
    readings = FrameworkReading.objects.select_related("framework").order_by("-framework__number")
    last: dict[int, FrameworkReading] = {}
    for reading in readings:
        last.setdefault(reading.partner_id, reading)
    return [
        Standing(one, found, found is not None and found.framework_id == newest.pk)
        for one in Partner.objects.filter(is_active=True).order_by("name")
        for found in [last.get(one.pk)]
    ]
