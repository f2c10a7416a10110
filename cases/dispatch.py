"""What a notice sends out: mails to a partner's contacts, a page to those who approve.

Steps of `notices`, inside its transaction. They decide nothing.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.conf import settings

from cases import labels, moving, sight
from cases.models import Notice, NoticeCopy
from incidentdesk.kernel import access
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.models import User
from incidentdesk.kernel.roles import ROLES
from notifications import escalation, outbox, rendering
from notifications.rendering import Rendered
from partners import directory, preferences
from partners.models import Contact


def mails(copy: NoticeCopy, *, at: datetime) -> None:
    """One mail to each of those whom it is for."""
    for contact in addressees(copy):
        mail(copy, contact, at=at)


def addressees(copy: NoticeCopy) -> list[Contact]:
    """The people who are named in it, or else the contacts who get notices of its severity."""
    if copy.contact_ids:
        return [one for one in contacts(copy) if one.pk in copy.contact_ids]
    return directory.notice_contacts(copy.partner_id, severity=copy.involvement.severity)


def contacts(copy: NoticeCopy) -> list[Contact]:
    """Everybody at the partner who may have it, in the order in which they are told."""
    people = directory.contacts_of([copy.partner_id])
    return [one for one in people if not copy.contact_ids or one.pk in copy.contact_ids]


def mail(copy: NoticeCopy, contact: Contact, *, at: datetime) -> None:
    """The mail to one person, once."""
    outbox.queue(
        kind="notice",
        to=contact.email,
        about=copy.involvement.incident.about,
        dedupe_key=key(copy, contact),
        context=letter(copy),
        zone=preferences.zone_of(contact),
        at=at,
    )


def key(copy: NoticeCopy, contact: Contact) -> str:
    """By which the post office knows the mail of this copy to this person."""
    return f"notice:{copy.pk}:{contact.pk}"


def letter(copy: NoticeCopy) -> dict[str, Any]:
    """What a mail about this copy says; where it carries a link alone, no word of the notice.

    Before the first notice the reference is not given yet.
    """
    involvement, is_whole = copy.involvement, labels.carries_text(copy)
    reference = involvement.reference or f"{copy.partner.code}-…"
    return {
        "reference": reference,
        "title": involvement.heading if is_whole else "",
        "severity_label": f"SEV-{involvement.severity} for you",
        "body": copy.body if is_whole else "",
        "tlp": copy.tlp,
        "url": f"{settings.SITE_URL}/portal/incidents/{reference}/",
        "partner_name": copy.partner.name,
        "next_update": copy.next_update_at,
    }


def preview(copy: NoticeCopy) -> Rendered:
    """The mail, exactly as it would be written now."""
    return rendering.render("notice", letter(copy))


def page_approvers(
    notice: Notice,
    *,
    what: str = "waits for approval",
    but: Collection[int],
    by: Actor,
    at: datetime,
) -> int:
    """Call those who approve notices, once for each `what` of it; `but` wrote it. Answers how many.

    Of a restricted incident only who is let in is called, and a drill calls whom it pages.
    """
    incident = notice.incident
    people = [one for one in _approvers() if one.pk not in but]
    if incident.is_restricted:
        people = [p for p in people if not sight.is_closed(incident, access.actor_for(p))]
    if not people or not moving.pages_people(incident):
        return 0
    facts = moving.escalation_facts(incident)
    note = "" if incident.is_restricted else f"A {notice.get_kind_display()} {what}."
    paged = escalation.page(
        about=incident.about,
        user_ids=[person.pk for person in people],
        by_name=by.name,
        note=note,
        title=facts["title"],
        reference=facts["reference"],
        severity=incident.severity,
        url=f"/admin/cases/notice/{notice.pk}/change/",
        once=f"notice:{notice.pk}:{notice.state}",
        at=at,
    )
    return len(paged)


def _approvers() -> list[User]:
    """Active people who hold the approver's role; without one, everybody who may approve."""
    may = [key for key, role in ROLES.items() if Permission.NOTICE_APPROVE in role.permissions]
    people = list(User.objects.filter(is_active=True, roles__overlap=may).order_by("pk"))
    return [person for person in people if "approver" in person.roles] or people
