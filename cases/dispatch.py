"""What a notice sends out: mails to a partner's contacts, a page to those who approve.

Steps of `notices`, inside its transaction. They decide nothing.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings

from cases import approvers, labels, moving, replies, timeline
from cases.models import Entry, Incident, Notice, NoticeCopy
from incidentdesk.kernel.access import Actor
from incidentdesk.kernel.models import User
from notifications import outbox, rendering
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
        reply_to=replies.address(replies.INCIDENT, copy.involvement_id),
        at=at,
    )


def key(copy: NoticeCopy, contact: Contact) -> str:
    """By which the post office knows the mail of this copy to this person."""
    return f"notice:{copy.pk}:{contact.pk}"


def letter(copy: NoticeCopy) -> dict[str, Any]:
    """What a mail about this copy says; where it carries a link alone, neither a word of the
    notice nor how severe it is.

    Before the first notice the reference is not given yet.
    """
    involvement, is_whole = copy.involvement, labels.carries_text(copy)
    reference = involvement.reference or f"{copy.partner.code}-…"
    return {
        "reference": reference,
        "title": involvement.heading if is_whole else "",
        "severity_label": f"SEV-{involvement.severity} for you" if is_whole else "",
        "body": copy.body if is_whole else "",
        "tlp": copy.tlp,
        "url": f"{settings.SITE_URL}/portal/incidents/{reference}/",
        "partner_name": copy.partner.name,
        "next_update": copy.next_update_at if is_whole else None,
    }


def preview(copy: NoticeCopy) -> Rendered:
    """The mail, exactly as it would be written now."""
    return rendering.render("notice", letter(copy))


def page_approvers(notice: Notice, *, by: Actor, at: datetime) -> None:
    """It waits: call those who may approve it, once.

    Where nobody may, the timeline says so and its commander is called. A drill calls whom it pages.
    """
    people = approvers.of(notice)
    if not people:
        _page_commander(notice, by=by, at=at)
    _page(notice, people, f"A {notice.get_kind_display()} waits for approval.", by=by, at=at)


def page_unasked(notice: Notice, *, by: Actor, at: datetime) -> None:
    """It was sent in an emergency: call those who approve notices, once."""
    words = f"A {notice.get_kind_display()} was sent WITHOUT approval."
    _page(notice, approvers.watching(notice.incident), words, by=by, at=at)


def page_admitted(incident: Incident, person: User, *, by: Actor, at: datetime) -> None:
    """Somebody was let in who may approve what waits."""
    for notice in incident.notices.filter(state=Notice.State.DRAFT).order_by("id"):
        notice.incident = incident
        if person in approvers.of(notice):
            _page(notice, [person], "", by=by, at=at)


def _page_commander(notice: Notice, *, by: Actor, at: datetime) -> None:
    """Nobody can approve it, and somebody has to change that."""
    incident = notice.incident
    text = (
        f"Nobody can approve the {notice.get_kind_display()}: no approver who wrote none of it may "
        "open this incident. It waits until one is admitted or given the role."
    )
    timeline.record(incident, Entry.Kind.NOTICE, text, by=by, at=at)
    if incident.commander is not None and incident.commander_id != by.user_id:
        words = "Nobody can approve a notice that waits; admit somebody who approves notices."
        _page(notice, [incident.commander], words, by=by, at=at, is_plain=True)


def _page(
    notice: Notice,
    people: list[User],
    words: str,
    *,
    by: Actor,
    at: datetime,
    is_plain: bool = False,
) -> None:
    """Call these people to a notice. Of a restricted incident a page says what `is_plain` alone."""
    incident = notice.incident
    if not people or not moving.pages_people(incident):
        return
    moving.page(
        incident,
        user_ids=[person.pk for person in people],
        by_name=by.name,
        note=words,
        is_plain=is_plain,
        url=f"/admin/cases/notice/{notice.pk}/change/",
        once=f"notice:{notice.pk}:{notice.state}",
        at=at,
    )
