"""The buttons of one notice: edit, approve, send, withdraw."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.urls import reverse

from cases import notices
from cases.admin.dialogs import fields
from cases.models import Notice
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.dialogs import Action, DeskForm, Done

State = Notice.State


class EditForm(DeskForm):
    """The text as it stands."""

    body = fields.words("Text", rows=8)

    def prepare(self) -> None:
        """The text, and what an edit means once it is approved."""
        self.fields["body"].initial = self.obj.body
        if self.obj.state == State.APPROVED:
            self.lead_in = "This text is approved; an edit needs a new approval."


class ReadForm(DeskForm):
    """Nothing to fill in; shows what exactly is approved or sent, and to whom."""

    above = "admin/cases/notice/text.html"

    def prepare(self) -> None:
        """The partners, by name."""
        self.audience = [copy.partner.name for copy in self.obj.copies.select_related("partner")]


def _edit(obj: Notice, data: Mapping[str, Any], *, by: Actor, at: datetime) -> Done:
    fresh = notices.edit(notice_id=obj.pk, body=data["body"], by=by, at=at)
    address = reverse("admin:cases_notice_change", args=[fresh.pk])
    return Done("Saved as a new draft; it waits for a second person's approval.", to=address)


def _approve(obj: Notice, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    notices.approve(notice_id=obj.pk, by=by, at=at)
    return "Approved. It can be sent now."


def _send(obj: Notice, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    notices.send(notice_id=obj.pk, by=by, at=at)
    return "Sent."


def _withdraw(obj: Notice, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    notices.withdraw(notice_id=obj.pk, by=by, at=at)
    return "Withdrawn; it is not sent."


APPROVE = Action(
    "approve",
    "Approve",
    _approve,
    Permission.NOTICE_APPROVE,
    ReadForm,
    intro="You stand behind exactly this text for exactly these partners.",
    submit="Approve",
    is_primary=True,
    applies=lambda notice: notice.state == State.DRAFT,
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
)
EDIT = Action(
    "edit",
    "Edit",
    _edit,
    Permission.NOTICE_DRAFT,
    EditForm,
    submit="Save",
    applies=lambda notice: notice.state in (State.DRAFT, State.APPROVED),
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
)
