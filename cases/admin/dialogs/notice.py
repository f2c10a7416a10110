"""The buttons of one notice: approve, send, withdraw; `drafting` has the one that edits."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms

from cases import accuracy, approvers, approving, notices
from cases.admin.dialogs import fields
from cases.models import Notice
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.dialogs import Action, DeskForm, Done

State = Notice.State


class ReadForm(DeskForm):
    """Nothing to fill in; shows what exactly is approved or sent, and to whom."""

    above = "admin/cases/notice/text.html"

    def prepare(self) -> None:
        """What each partner reads; those who read the same, together."""
        self.texts: dict[str, list[str]] = {}
        for copy in self.obj.copies.select_related("partner").order_by("partner__name"):
            self.texts.setdefault(copy.body, []).append(copy.partner.name)


class CheckedForm(ReadForm):
    """The same, with a check list of what differs from the record."""

    checked = forms.BooleanField(
        label="I looked at each of these, and the text is right",
        error_messages={"required": "Look at each line, and say that the text is right."},
    )

    def prepare(self) -> None:
        """What differs; where nothing does, nothing is asked. What has to come out is no matter of
        a tick: the dialog does not open then."""
        super().prepare()
        self.flags = accuracy.of(self.obj)
        if not self.flags:
            del self.fields["checked"]


class EmergencyForm(CheckedForm):
    """Why it cannot wait."""

    reason = fields.words("Why it cannot wait for a second person", rows=3)


def ended(notice: Notice) -> str:
    """That it was sent or withdrawn, after which nothing is done with it."""
    if notice.state == State.SENT:
        return "This notice was sent; what partners have stays as they have it."
    if notice.state != State.WITHDRAWN:
        return ""
    if notice.replaced_by.exists():
        return "This notice was withdrawn for an edit; the new draft took its place."
    return "This notice was withdrawn; nobody gets it."


def _approve(obj: Notice, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    notices.approve(notice_id=obj.pk, is_checked=data.get("checked", False), by=by, at=at)
    return "Approved. It can be sent now."


def _send(obj: Notice, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    notices.send(notice_id=obj.pk, by=by, at=at)
    return "Sent."


def _send_alone(obj: Notice, data: Mapping[str, Any], *, by: Actor, at: datetime) -> Done:
    notices.send_in_emergency(
        notice_id=obj.pk,
        reason=data["reason"],
        is_checked=data.get("checked", False),
        by=by,
        at=at,
    )
    said = "Sent without an approval. Approvers are paged, and the review shows it."
    return Done("", refused=said)  # as a warning: it is no success like another


def _withdraw(obj: Notice, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    notices.withdraw(notice_id=obj.pk, by=by, at=at)
    return "Withdrawn; it is not sent."


APPROVE = Action(
    "approve",
    "Approve",
    _approve,
    Permission.NOTICE_APPROVE,
    CheckedForm,
    intro="You stand behind exactly this text for exactly these partners.",
    submit="Approve",
    is_primary=True,
    applies=lambda notice: notice.state == State.DRAFT,
    ended=ended,
    barred=lambda notice, actor: approvers.barred(notice, actor) or approving.stuck(notice),
)
SEND = Action(
    "send",
    "Send",
    _send,
    Permission.NOTICE_SEND,
    ReadForm,
    intro="Each partner sees it in the portal at once, and its contacts get a mail.",
    submit="Send",
    is_primary=True,
    applies=lambda notice: notice.state == State.APPROVED,
    ended=ended,
    barred=lambda notice, actor: approving.stuck(notice),
)
SEND_ALONE = Action(
    "send_in_emergency",
    "Send without approval",
    _send_alone,
    Permission.INCIDENT_COMMAND,
    EmergencyForm,
    intro="For harm that grows by the minute. Approvers are paged, and the timeline, this notice "
    "and the review show that nobody else stood behind it.",
    submit="Send without approval",
    is_grave=True,
    applies=lambda notice: notice.state == State.DRAFT,
    ended=ended,
    barred=lambda notice, actor: approving.stuck(notice),
)
WITHDRAW = Action(
    "withdraw",
    "Withdraw",
    _withdraw,
    Permission.NOTICE_DRAFT,
    intro="It stays here as withdrawn, and nobody gets it.",
    submit="Withdraw",
    is_grave=True,
    applies=lambda notice: notice.state in (State.DRAFT, State.APPROVED),
    ended=ended,
)
