"""Requests to partners on the desk: asking, deciding on more time, accepting, asking again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django import forms

from cases import requests
from cases.admin.dialogs import fields
from cases.admin.dialogs.partners import SHOWN
from cases.models import Incident, Request
from incidentdesk.kernel import clocks, uploads
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.dialogs import Action, DeskForm, Done

State = Request.State


class AskForm(DeskForm):
    """What is needed from one partner that sees the incident."""

    involvement = forms.TypedChoiceField(label="Partner", coerce=int)
    question = fields.words("What do we need?", help_text=SHOWN)
    why = fields.words("Why?", rows=2, required=False, help_text="The partner reads it.")
    due_at = fields.moment("Answer by")
    uploads = uploads.FilesField(help_text="For the partner to read.")

    def prepare(self) -> None:
        """The partners that see the incident; an answer within a day unless said otherwise."""
        rows = self.obj.involvements.select_related("partner").filter(disclosed_at__isnull=False)
        choices = [(row.pk, fields.named(row)) for row in rows]
        self.fields["involvement"].choices = choices  # type: ignore[attr-defined]
        self.fields["due_at"].initial = clocks.now() + timedelta(days=1)
        if not choices:
            self.lead_in = "No partner sees this incident yet; disclose it to one first."


def _ask(obj: Incident, data: Mapping[str, Any], *, by: Actor, at: datetime) -> Done:
    made = requests.ask(
        incident_id=obj.pk,
        involvement_id=data["involvement"],
        question=data["question"],
        why=data["why"],
        due_at=data["due_at"],
        uploads=data["uploads"],
        by=by,
        at=at,
    )
    return Done(f"{made.partner} is asked, as {made}.", f"{obj.url}?tab=partners")


class WordsForm(DeskForm):
    """A word for the partner; it may be left out."""

    words = fields.words("To the partner", rows=2, required=False, help_text=SHOWN)


class ReasonForm(DeskForm):
    """A reason that the partner reads."""

    words = fields.words("Reason", rows=3, help_text=SHOWN)


class ExtensionForm(DeskForm):
    """What was asked for, above the answer."""

    def prepare(self) -> None:
        """Until when, and why."""
        until = self.obj.extension_until
        if until is not None:
            self.lead_in = f"Until {until:%-d %b %Y %H:%M} UTC: {self.obj.extension_reason}"


class GrantForm(ExtensionForm, WordsForm):
    """More time, with a word if wanted."""


class RefuseForm(ExtensionForm, ReasonForm):
    """No more time, and why."""


class AgainForm(DeskForm):
    """What is missing in the answer."""

    text = fields.words("What is missing?", help_text=SHOWN)
    due_at = fields.moment("Answer by")
    uploads = uploads.FilesField(help_text="For the partner to read.")

    def prepare(self) -> None:
        """Within a day unless said otherwise."""
        self.fields["due_at"].initial = clocks.now() + timedelta(days=1)


def _accept(obj: Request, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    requests.accept(request_id=obj.pk, words=data["words"], by=by, at=at)
    return f"{obj} is accepted."


def _again(obj: Request, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    requests.ask_again(request_id=obj.pk, **data, by=by, at=at)
    return f"{obj.partner} is asked again."


def _grant(obj: Request, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    made = requests.decide_on_time(
        request_id=obj.pk, granted=True, words=data["words"], by=by, at=at
    )
    return f"{obj.partner} has until {made.due_at:%-d %b %Y %H:%M} UTC."


def _refuse(obj: Request, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    requests.decide_on_time(request_id=obj.pk, granted=False, words=data["words"], by=by, at=at)
    return f"The former time holds; {obj.partner} reads why."


def _withdraw(obj: Request, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    requests.withdraw(request_id=obj.pk, reason=data["words"], by=by, at=at)
    return f"{obj} is withdrawn."


def _is_answered(request: Request) -> bool:
    return request.state == State.ANSWERED


def _wants_time(request: Request) -> bool:
    return request.extension_until is not None


_MAY = Permission.NOTICE_DRAFT
ASK = Action(
    "ask",
    "Ask a partner",
    _ask,
    _MAY,
    AskForm,
    intro="The partner answers in its portal, in parts if need be; its contacts get a mail.",
    submit="Ask",
    applies=lambda incident: incident.is_open,
)
ACCEPT = Action(
    "accept",
    "Accept the answer",
    _accept,
    _MAY,
    WordsForm,
    submit="Accept",
    is_primary=True,
    applies=_is_answered,
)
ASK_AGAIN = Action(
    "ask_again", "Ask again", _again, _MAY, AgainForm, submit="Ask again", applies=_is_answered
)
GRANT = Action(
    "grant",
    "Give more time",
    _grant,
    _MAY,
    GrantForm,
    submit="Give it",
    is_primary=True,
    applies=_wants_time,
)
REFUSE = Action(
    "refuse", "Refuse more time", _refuse, _MAY, RefuseForm, submit="Refuse", applies=_wants_time
)
WITHDRAW = Action(
    "withdraw",
    "Withdraw",
    _withdraw,
    _MAY,
    ReasonForm,
    intro="The answer is not needed any more.",
    submit="Withdraw",
    applies=lambda request: not request.is_settled,
)
ON_REQUEST = (ACCEPT, ASK_AGAIN, GRANT, REFUSE, WITHDRAW)
