"""Notices, what partners are told: draft → approve → send → acknowledge.

Only what a second person approved is sent, to the audience that was approved, word for word. An
edit after approval is a new notice.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from cases import (
    accuracy,
    approvers,
    approving,
    audience,
    deadlines,
    disclosure,
    dispatch,
    events,
    labels,
    moving,
    promises,
    queries,
    receipts,
    timeline,
    wording,
)
from cases.audience import OwnText
from cases.models import Entry, Incident, Notice, NoticeCopy
from incidentdesk.kernel import access
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.errors import Conflict, InvalidInput, NotFound
from partners import directory

__all__ = [
    "OwnText",
    "acknowledge",
    "approve",
    "draft",
    "edit",
    "send",
    "send_in_emergency",
    "withdraw",
]
Kind = Entry.Kind


@transaction.atomic
def draft(
    *,
    incident_id: int,
    kind: str,
    body: str,
    involvement_ids: Sequence[int],
    by: Actor,
    at: datetime,
    next_update_at: datetime | None = None,
    texts: Sequence[OwnText] = (),
    tlp: str | None = None,
    contact_ids: Sequence[int] = (),
    replaces_id: int | None = None,
) -> Notice:
    """Write a notice for some partners of an incident; a second person is paged to approve it.

    Placeholders are filled for each partner now; `texts` are those of partners who read something
    else. `tlp` is the incident's or stricter; TLP:RED is for the contacts in `contact_ids` alone.
    """
    incident = queries.locked(incident_id, by=by)
    access.require(by, Permission.NOTICE_DRAFT)
    wording.require_text(body)
    promises.require_ahead(next_update_at, at=at)
    involvements = audience.chosen(incident, involvement_ids, kind)
    label = labels.of_notice(incident, tlp)
    people = labels.named(label, involvements, contact_ids)
    notice = Notice.objects.create(
        incident=incident,
        kind=kind,
        body=body.strip(),
        tlp=label,
        next_update_at=next_update_at,
        drafted_at=at,
        drafted_by_id=by.person_id,
        replaces=_replaced(incident, replaces_id),
    )
    audience.address(notice, involvements, texts, people)
    _ask(notice, len(involvements), by=by, at=at)
    return notice


@transaction.atomic
def edit(
    *, notice_id: int, body: str, texts: Sequence[OwnText] = (), by: Actor, at: datetime
) -> Notice:
    """Change a draft. An approved notice is withdrawn and a new draft takes its place.

    `texts` are those of partners who read something else; without one a partner reads `body`.
    """
    notice = _locked(notice_id, by=by)
    access.require(by, Permission.NOTICE_DRAFT)
    if notice.state in (Notice.State.SENT, Notice.State.WITHDRAWN):
        raise Conflict("A notice that was sent or withdrawn stays as it is; draft a new one.")
    wording.require_text(body)
    label, copies = labels.of_edited(notice), list(notice.copies.all())
    promised = notice.next_update_at  # a time that has passed is not promised again
    _withdraw(notice, by=by, at=at)
    return draft(
        incident_id=notice.incident_id,
        kind=notice.kind,
        body=body,
        involvement_ids=[copy.involvement_id for copy in copies],
        next_update_at=promised if promised and promised > at else None,
        texts=texts,
        tlp=label,
        contact_ids=[pk for copy in copies for pk in copy.contact_ids],
        replaces_id=notice.pk,
        by=by,
        at=at,
    )


@transaction.atomic
def approve(*, notice_id: int, is_checked: bool = False, by: Actor, at: datetime) -> Notice:
    """The second person stands behind exactly this text for exactly these partners.

    `is_checked` says that each flag of `accuracy` was looked at; without it a text that differs
    from the record is refused, and one that names another partner in any case. What else the
    approver saw is kept, so that only that is sent.
    """
    notice = _locked(notice_id, by=by)
    access.require(by, Permission.NOTICE_APPROVE)
    if why := approvers.barred(notice, by):
        raise InvalidInput(why)
    if notice.state != Notice.State.DRAFT:
        raise Conflict(f"This notice is {notice.get_state_display()} already.")
    labels.require_as_strict(notice)
    audience.require_recovered(notice.kind, notice.incident)
    accuracy.require_each_own(notice)
    flags = accuracy.of(notice)
    approving.require_looked_at(flags, is_checked=is_checked)
    notice.state, notice.approved_at = Notice.State.APPROVED, at
    notice.approved_by_id = by.user_id
    notice.approval_seen = approving.seen(notice, flags)
    notice.save()
    text = f"Notice approved ({notice.get_kind_display()}).{approving.looked_at(flags)}"
    timeline.record(notice.incident, Kind.NOTICE, text, by=by, at=at)
    return notice


@transaction.atomic
def withdraw(*, notice_id: int, by: Actor, at: datetime) -> Notice:
    """Take back a notice that was not sent."""
    notice = _locked(notice_id, by=by)
    access.require(by, Permission.NOTICE_DRAFT)
    if notice.state in (Notice.State.SENT, Notice.State.WITHDRAWN):
        raise Conflict(f"This notice is {notice.get_state_display()} already.")
    _withdraw(notice, by=by, at=at)
    return notice


@transaction.atomic
def send(*, notice_id: int, by: Actor, at: datetime) -> Notice:
    """Send what was approved: each partner sees its copy, and its contacts get a mail.

    Refused if the record changed since: an edit puts it back to draft, as it is now.
    """
    notice = _locked(notice_id, by=by)
    access.require(by, Permission.NOTICE_SEND)
    disclosure.require_telling(notice.incident)
    if notice.state == Notice.State.DRAFT:
        raise Conflict("This notice waits for a second person's approval.")
    if notice.state != Notice.State.APPROVED:
        raise Conflict(f"This notice is {notice.get_state_display()} already.")
    approving.require_unchanged(notice)
    return _send(notice, by=by, at=at)


@transaction.atomic
def send_in_emergency(
    *, notice_id: int, reason: str, is_checked: bool = False, by: Actor, at: datetime
) -> Notice:
    """Send what nobody approved: the commander alone, with a reason, and loud.

    Approvers are paged, the timeline, the notice and the review show it, and so does the partner's
    copy. `is_checked` as in `approve`: the text is compared with the record as it is now.
    """
    notice = _locked(notice_id, by=by)
    access.require(by, Permission.INCIDENT_COMMAND)
    disclosure.require_telling(notice.incident)
    if notice.incident.commander_id != by.person_id:
        raise InvalidInput(
            f"Only the commander of {notice.incident.reference} sends without an approval; have "
            "it approved, or take command."
        )
    where = "the review asks for it"
    moving.require_reason(reason, "Sending without an approval", where=where)
    if notice.state == Notice.State.APPROVED:
        raise Conflict("This notice is approved; send it the ordinary way.")
    if notice.state != Notice.State.DRAFT:
        raise Conflict(f"This notice is {notice.get_state_display()} already.")
    labels.require_as_strict(notice)
    accuracy.require_each_own(notice)
    approving.require_looked_at(accuracy.of(notice), is_checked=is_checked)
    notice.emergency_reason = reason.strip()
    sent = _send(notice, by=by, at=at)
    dispatch.page_unasked(sent, by=by, at=at)
    return sent


def _send(notice: Notice, *, by: Actor, at: datetime) -> Notice:
    """Show it to its audience, write the mails, and keep what was promised."""
    alone = bool(notice.emergency_reason)
    notice.state, notice.sent_at, notice.sent_by_id = Notice.State.SENT, at, by.user_id
    every = notice.copies.select_related("involvement__partner__terms")
    copies = list(every.order_by("partner_id"))
    audience.require_begun(notice.kind, [copy.involvement for copy in copies])
    audience.require_recovered(notice.kind, notice.incident)
    approving.require_promise_ahead(notice, at=at)
    for copy in copies:
        copy.involvement.incident = notice.incident
        if copy.involvement.disclosed_at is None:
            disclosure.show(notice.incident, copy.involvement, by=by, at=at)
        copy.sent_at, copy.is_emergency = at, alone
        if notice.incident.is_open:
            copy.remind_at = at + directory.terms_of(copy.involvement.partner).acknowledged_within
        copy.save(update_fields=["sent_at", "is_emergency", "remind_at"])
        dispatch.mails(copy, at=at)
        events.published(notice.incident, copy, at=at)
        is_report = notice.kind == Notice.Kind.REPORT
        promises.keep(copy.involvement, copy.next_update_at, is_report=is_report, at=at)
    notice.save()
    deadlines.settle_first_notice(notice.incident)
    names = ", ".join(copy.partner.name for copy in copies)
    how = " WITHOUT a second person's approval" if alone else ""
    why = f" Reason: {notice.emergency_reason}" if alone else ""
    said = f"{audience.as_read(copies)}{why}"
    text = f"Notice sent{how} ({notice.get_kind_display()}) to {names}: {said}"
    timeline.record(notice.incident, Kind.NOTICE, text, by=by, at=at)
    return notice


@transaction.atomic
def acknowledge(*, copy_id: int, by: Actor, at: datetime) -> NoticeCopy:
    """A person at the partner has read the notice. `by` acts for that partner."""
    copy = (
        NoticeCopy.objects.select_for_update(of=("self",))
        .select_related("partner", "involvement__incident")
        .filter(labels.readable_by(by), pk=copy_id, partner_id=by.tenant_id, sent_at__isnull=False)
        .first()
    )
    if copy is None:
        raise NotFound("There is no such notice.")
    access.require(by, Permission.PARTNER_ACT, copy.partner)
    if copy.acknowledged_at is not None:
        raise Conflict(f"{copy.acknowledged_by} acknowledged this notice already.")
    copy.acknowledged_at, copy.acknowledged_by, copy.remind_at = at, by.name, None
    copy.save(update_fields=["acknowledged_at", "acknowledged_by", "remind_at"])
    receipts.acknowledged(copy, by=by, at=at)
    text = f"{copy.partner}: {by.name} acknowledged the notice ({copy.get_kind_display()})."
    incident = copy.involvement.incident
    timeline.record(incident, Kind.PARTNER, text, by=by, at=at, partner_id=copy.partner_id)
    return copy


def _locked(notice_id: int, *, by: Actor) -> Notice:
    """The notice with its incident, the incident locked first (parent before child)."""
    found = Notice.objects.filter(pk=notice_id).values_list("incident_id", flat=True).first()
    if found is None:
        raise NotFound("There is no such notice.")
    incident = queries.locked(found, by=by)
    notice = Notice.objects.select_for_update(of=("self",)).get(pk=notice_id)
    notice.incident = incident
    return notice


def _replaced(incident: Incident, notice_id: int | None) -> Notice | None:
    found = incident.notices.filter(pk=notice_id).first() if notice_id else None
    if notice_id and found is None:
        raise InvalidInput("A notice replaces one of the same incident.")
    return found


def _ask(notice: Notice, partners: int, *, by: Actor, at: datetime) -> None:
    """It waits: the timeline says so, and who approves is paged, unless already for this one."""
    to = timeline.counted(partners, "partner")
    text = f"Notice drafted ({notice.get_kind_display()}, {to})."
    timeline.record(notice.incident, Kind.NOTICE, text, by=by, at=at)
    if notice.replaces is None or notice.replaces.approved_at is not None:
        dispatch.page_approvers(notice, by=by, at=at)


def _withdraw(notice: Notice, *, by: Actor, at: datetime) -> None:
    notice.state = Notice.State.WITHDRAWN
    notice.save(update_fields=["state"])
    text = f"Notice withdrawn ({notice.get_kind_display()})."
    timeline.record(notice.incident, Kind.NOTICE, text, by=by, at=at)
