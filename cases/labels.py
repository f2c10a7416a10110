"""TLP 2.0 on notices: how strict a label is, who may receive, and what a mail may carry.

RED is for named people alone, and never in a mail. AMBER+STRICT stays inside the partner, so a
mail, which passes other hands, carries a link alone. AMBER, GREEN and CLEAR leave it to the
partner's contract what its mails carry.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from django.db.models import Q

from cases.models import Incident, Involvement, Notice, NoticeCopy
from incidentdesk.kernel.access import Actor
from incidentdesk.kernel.errors import Conflict, InvalidInput
from partners import directory
from partners.models import Contact, Partner, Terms

Tlp = Incident.Tlp
BY_STRICTNESS = tuple(Tlp.values)  # from those whom fewest may be told to those for all
LINK_ALONE = (Tlp.RED, Tlp.AMBER_STRICT)


def at_least(label: str) -> list[tuple[str, str]]:
    """The labels that are as strict as this one or stricter, as choices."""
    return list(Tlp.choices[: BY_STRICTNESS.index(label) + 1])


def is_more_open(label: str, other: str) -> bool:
    """Whether more people may be told under `label` than under the other."""
    return BY_STRICTNESS.index(label) > BY_STRICTNESS.index(other)


def of_notice(incident: Incident, asked: str | None) -> str:
    """The label that a notice gets: the incident's, or a stricter one that was asked for."""
    label = asked or incident.tlp
    if label not in dict(at_least(incident.tlp)):
        raise InvalidInput(
            f"A notice is labelled at least as strictly as its incident, TLP:{incident.tlp}."
        )
    return label


def outgrown(notice: Notice) -> str:
    """That its incident became stricter than a notice of it is labelled; empty: it did not."""
    if not is_more_open(notice.tlp, notice.incident.tlp):
        return ""
    return f"the incident is TLP:{notice.incident.tlp} now, and the notice TLP:{notice.tlp}"


def way_on(notice: Notice) -> str:
    """What is done with a notice that cannot go as it is."""
    if outgrown(notice) and notice.incident.tlp == Tlp.RED:  # an edit could name nobody
        return "Withdraw it, and draft one for named people."
    return "Edit it; the new draft is approved as it is now."


def refusal(notice: Notice) -> str:
    """Why nobody approves or sends it under its label, and what to do; empty: they may."""
    words = outgrown(notice)
    return f"{words[0].upper()}{words[1:]}. {way_on(notice)}" if words else ""


def require_as_strict(notice: Notice) -> None:
    """Refuse a notice under a label that is more open than its incident's by now."""
    if why := refusal(notice):
        raise Conflict(why)


def of_edited(notice: Notice) -> str:
    """The label of the draft that takes a notice's place: its own, or the stricter incident's."""
    if notice.incident.tlp == Tlp.RED:
        require_as_strict(notice)
    return notice.incident.tlp if outgrown(notice) else notice.tlp


def named(
    label: str, involvements: Sequence[Involvement], contact_ids: Collection[int]
) -> dict[int, list[Contact]]:
    """Partner → the people whom a TLP:RED notice is for; nobody for any other label."""
    if label != Tlp.RED:
        if contact_ids:
            raise InvalidInput(
                "Only a TLP:RED notice is for named people; name nobody, or label it."
            )
        return {}
    rows = Contact.objects.filter(pk__in=contact_ids, is_active=True)
    found: dict[int, list[Contact]] = {row.partner_id: [] for row in involvements}
    for contact in rows.order_by("pk"):
        if contact.partner_id not in found:
            raise InvalidInput(f"{contact} is at no partner that gets this notice.")
        if not can_read(contact):
            raise InvalidInput(
                f"{contact} has no login and could never read it; name somebody who has one."
            )
        found[contact.partner_id].append(contact)
    for row in involvements:
        if not found[row.partner_id]:
            raise InvalidInput(f"TLP:RED is for named people; name at least one at {row.partner}.")
    return found


def can_read(contact: Contact) -> bool:
    """Whether they have a login; what is TLP:RED is read in the portal and nowhere else."""
    return contact.user_id is not None


def carries_text(copy: NoticeCopy) -> bool:
    """Whether a mail about it carries its words, or a link alone."""
    return may_carry(copy.tlp, copy.partner)


def may_carry(label: str, partner: Partner) -> bool:
    """Whether what leaves the portal under this label carries words to this partner."""
    agreed: str = directory.terms_of(partner).mail_carries
    return label not in LINK_ALONE and agreed == Terms.Carries.TEXT


def readable_by(actor: Actor) -> Q:
    """Which copies of its partner this person may read."""
    return ~Q(tlp=Tlp.RED) | Q(reader_ids__contains=[actor.user_id or 0])
