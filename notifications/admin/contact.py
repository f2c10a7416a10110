"""The page “How you are reached”: one's own ways, without their secrets; an administrator sees
everybody's.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html

from incidentdesk.kernel import clocks, desk, dialogs
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.dialogs import Done
from incidentdesk.kernel.fields import ZoneField
from notifications import contacts, proving
from notifications.models import ContactMethod

MAY = Permission.INCIDENT_ACKNOWLEDGE
_NOT_YOURS = "Only its own person can do this; you can send a test by it."


def _clock() -> forms.TimeInput:
    return forms.TimeInput(attrs={"type": "time"}, format="%H:%M")


class WishDialog(dialogs.DeskForm):
    """When a way is used."""

    label = forms.CharField(max_length=60, label="Name", help_text="“My phone”, “team chat”.")
    position = forms.IntegerField(
        min_value=1, max_value=99, initial=1, label="Place", help_text="1 is tried first."
    )
    reach = forms.TypedChoiceField(
        coerce=int,
        choices=ContactMethod.Reach.choices,
        initial=ContactMethod.Reach.ALL,
        label="Used for",
    )
    from_time = forms.TimeField(
        required=False, label="From this hour (empty: at any)", widget=_clock()
    )
    until_time = forms.TimeField(required=False, label="Until this hour", widget=_clock())
    zone = ZoneField(max_length=60, initial="UTC", label="Time zone of these hours")

    def prepare(self) -> None:
        """What it is now."""
        for name in ("label", "position", "reach", "from_time", "until_time", "zone"):
            if self.obj is not None:
                self.fields[name].initial = getattr(self.obj, name)


class MethodDialog(WishDialog):
    """A further way."""

    channel = forms.ChoiceField(choices=ContactMethod.Channel.choices, label="By")
    address = forms.CharField(
        max_length=1000,
        label="Address",
        help_text="Of a chat or phone as Apprise has it (tgram://…, slack://…, twilio://…), a mail "
        "address, or the https address of a program. It is stored encrypted and shown to nobody.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    field_order = ("channel", "address", "label")


class CodeDialog(dialogs.DeskForm):
    """The code that came by it."""

    code = forms.CharField(
        max_length=10,
        label="Code of six digits",
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric"}),
    )


def _wish(data: Mapping[str, Any]) -> contacts.Wish:
    names = ("label", "position", "reach", "from_time", "until_time", "zone")
    return contacts.Wish(**{name: data[name] for name in names})


def _add(obj: None, data: Mapping[str, Any], *, by: Actor, at: datetime) -> Done:
    method, secret = contacts.add(
        channel=data["channel"], address=data["address"], wish=_wish(data), by=by, at=at
    )
    said = f"“{method.label}” is added; a code is on its way there. Type it in to use it."
    if secret:
        shown = 'Its secret is shown this once: <pre class="desk-secret">{}</pre>'
        said = format_html("{} " + shown, said, secret)
    return Done(said, to=f"/admin/notifications/contactmethod/{method.pk}/change/")


def _verify(obj: ContactMethod, data: Mapping[str, Any], *, by: Actor, at: datetime) -> Done:
    if contacts.verify(method_id=obj.pk, code=data["code"], by=by, at=at):
        return Done(f"“{obj.label}” is verified; pages go by it from now on.")
    return Done("", refused="That is not the code; look again, or ask for a new one.")


def _again(obj: ContactMethod, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    contacts.send_code(method_id=obj.pk, by=by, at=at)
    return "A new code is on its way; the one before it is void."


def _change(obj: ContactMethod, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    contacts.change(method_id=obj.pk, wish=_wish(data), by=by, at=at)
    return "It is used so from now on."


def _test(obj: ContactMethod, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    contacts.try_out(method_id=obj.pk, by=by, at=at)
    return "A test is on its way; what came of it stands on this page in a moment."


def _remove(obj: ContactMethod, data: Mapping[str, Any], *, by: Actor, at: datetime) -> Done:
    contacts.remove(method_id=obj.pk, by=by, at=at)
    to = "/admin/notifications/contactmethod/"
    return Done(f"“{obj.label}” is removed; its address is destroyed.", to=to)


def _barred(obj: ContactMethod | None, actor: Actor) -> str:
    return _NOT_YOURS if obj is not None and obj.user_id != actor.user_id else ""


def _is_unverified(method: ContactMethod) -> bool:
    return method.verified_at is None


_of_ones_own = partial(dialogs.Action, permission=MAY, barred=_barred)
ADD = dialogs.Action(
    name="add",
    label="Add a way",
    run=_add,
    permission=MAY,
    form=MethodDialog,
    intro="A code goes there; once you type it in on its page, pages go by it.",
    submit="Add it and send the code",
    is_primary=True,
)
VERIFY = _of_ones_own(
    name="verify",
    label="Type in the code",
    run=_verify,
    form=CodeDialog,
    intro="It came by this way and is good for 15 minutes.",
    submit="Verify",
    is_primary=True,
    applies=_is_unverified,
)
AGAIN = _of_ones_own(
    name="again",
    label="Send a new code",
    run=_again,
    submit="Send it",
    applies=_is_unverified,
)
TEST = dialogs.Action(
    name="test",
    label="Test it now",
    run=_test,
    permission=MAY,
    intro="A message that says it is a test goes there at once.",
    submit="Send the test",
    is_primary=True,
    applies=lambda method: method.verified_at is not None,
)
CHANGE = _of_ones_own(
    name="change",
    label="Change",
    run=_change,
    form=WishDialog,
    intro="Another address is another way: add that, and remove this one.",
    submit="Save",
)
REMOVE = _of_ones_own(
    name="remove",
    label="Remove",
    run=_remove,
    intro="Nothing goes there any more. What waits goes by your next way.",
    submit="Remove it",
    is_grave=True,
)


@admin.register(ContactMethod)
class ContactMethodAdmin(desk.DeskAdmin):
    """Ways to reach people: each is its person's affair."""

    list_title = "How you are reached"
    list_before_template = "admin/notifications/contactmethod/before.html"
    page_template = "admin/notifications/contactmethod/page.html"
    desk_actions = (VERIFY, AGAIN, TEST, CHANGE, REMOVE)
    list_actions = (ADD,)
    list_display = ("label", "user", "channel", "shown", "position", "used_for", "state", "tested")
    list_select_related = ("user", "last_test")

    def visible(self, by: Actor) -> QuerySet[ContactMethod]:
        """One's own; an administrator sees everybody's."""
        return contacts.visible_to(by)

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        """As they are tried."""
        return ("user_id", "position", "id")

    def page_context(self, request: HttpRequest, obj: ContactMethod) -> dict[str, Any]:
        """When it is used, and the proof of the last test."""
        test = obj.last_test
        return {
            "title": obj.label,
            "state": self.state(obj),
            "hours": _hours(obj),
            "test": test,
            "events": test.events.order_by("id") if test else (),
        }

    @admin.display(description="used for")
    def used_for(self, method: ContactMethod) -> str:
        """From which severity, and at which hours."""
        return f"{method.get_reach_display()}, {_hours(method)}"

    @admin.display(description="state")
    def state(self, method: ContactMethod) -> str:
        """Whether pages go by it."""
        if method.verified_at is None:
            return "not verified"
        if method.bad_since:
            return "does not work"
        is_unanswered = proving.is_unanswered(method, at=clocks.now())
        return "test not answered" if is_unanswered else "in use"

    @admin.display(description="last test")
    def tested(self, method: ContactMethod) -> str:
        """What came of the last test."""
        return method.last_test.get_state_display() if method.last_test else "never"


def _hours(method: ContactMethod) -> str:
    if method.from_time is None or method.until_time is None:
        return "at any hour"
    return f"{method.from_time:%H:%M} to {method.until_time:%H:%M} ({method.zone})"
