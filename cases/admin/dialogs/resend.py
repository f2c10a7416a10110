"""Having a message sent again: from its own page in the log, and from the incident it is about."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from cases import resending
from cases.admin.dialogs import fields
from cases.models import Incident
from incidentdesk.kernel import access, clocks, ids
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.dialogs import Action, DeskForm, Done
from notifications import resending as post
from notifications.models import Message

SUBMIT = "Send again"
INTRO = "A new message goes out; the old one stays in the log as it is."


def _whom(message: Message) -> str:
    """`“Quotes are stale” goes to Ada once more, by “Phone”, ntfy.`"""
    whom = f"to {message.to_user} " if message.to_user else ""
    return f"{resending.words_of(message)} goes {whom}{post.by_way(message)}."


class LogForm(DeskForm):
    """Says to whom it goes, and by which way."""

    def prepare(self) -> None:
        """The message is the one whose page it is."""
        self.lead_in = _whom(self.obj)


def _barred(obj: Message, actor: Actor) -> str:
    """Whoever may page may not for that reason send notices, nor the other way round; and why this
    one is sent by nobody."""
    wanted = resending.permission_for(obj)
    if not access.allows(actor, wanted):
        return f"{actor.name} may not {wanted.value}."
    return resending.why_not(obj, at=clocks.now())


def _done(made: Message) -> str:
    whom = f"{made.to_user} " if made.to_user else ""
    return f"It is sent again: {whom}{post.by_way(made)}."


def _resend(obj: Message, data: Mapping[str, Any], *, by: Actor, at: datetime) -> Done:
    made = resending.resend(message_id=obj.pk, by=by, at=at)
    return Done(_done(made), to=f"/admin/notifications/message/{made.pk}/change/")


class IncidentForm(DeskForm):
    """One of the messages about this incident."""

    message = fields.hidden_id("Message")

    def prepare(self) -> None:
        """To whom the chosen one goes, or why it does not."""
        about = resending.visible_to(self.actor).filter(about=self.obj.about)
        chosen = str(self.data.get("message") or self.initial.get("message") or "")
        found = about.filter(pk=ids.of(chosen) or 0).first()
        self.fields["message"].choices = [(found.pk, found.pk)] if found else []  # type: ignore[attr-defined]
        if found is None:
            self.refusal = "Choose a message under Messages; nothing is chosen here."
            return
        self.fields["message"].initial = found.pk
        self.lead_in = _whom(found)
        if why := _barred(found, self.actor):
            self.refusal = f"It is not sent again. {why}"


def _resend_of(obj: Incident, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    return _done(resending.resend(message_id=data["message"], by=by, at=at))


RESEND = Action(
    "resend",
    "Send again",
    _resend,
    Permission.INCIDENT_PAGE,
    LogForm,
    intro=INTRO,
    submit=SUBMIT,
    also=Permission.NOTICE_SEND,
    applies=lambda message: message.state not in Message.WAITS,
    barred=_barred,
)
RESEND_OF = Action(
    "resend",
    "Send a message again",
    _resend_of,
    Permission.INCIDENT_PAGE,
    IncidentForm,
    intro=INTRO,
    submit=SUBMIT,
    also=Permission.NOTICE_SEND,
)
