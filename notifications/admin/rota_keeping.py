"""Keeping a rota: adding and changing one, a layer out of a calendar file, calendar addresses."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast

from django import forms
from django.conf import settings
from django.http import QueryDict
from django.utils.html import format_html

from incidentdesk.kernel import clocks
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.dialogs import Action, DeskForm, Done
from incidentdesk.kernel.fields import ZoneField
from notifications.admin.calendar_file import CalendarFileField
from notifications.models import HolidayCalendar, Rota
from notifications.rotas import feeds, oncall, register

_MAY = Permission.INCIDENT_ACKNOWLEDGE
MINE, WHOLE = "mine", "rota"
CALENDARS = [(MINE, "my own turns on all rotas"), (WHOLE, "everybody on this rota")]
Data = Mapping[str, Any]


class RotaForm(DeskForm):
    """Name, zone, owner, holidays."""

    name = forms.CharField(label="Name", max_length=80)
    zone = ZoneField()
    owner_id = forms.TypedChoiceField(
        label="Owner",
        coerce=int,
        help_text="Changes what others do on it, and is mailed hours in which nobody is on call.",
    )
    holidays_id = forms.TypedChoiceField(
        label="Holidays",
        coerce=int,
        empty_value=None,
        required=False,
        help_text="Which days layers for working days or for holidays go by.",
    )
    is_active = forms.BooleanField(label="In use", required=False)

    def prepare(self) -> None:
        """What stands; a new one has no switch."""
        people = oncall.pageable().order_by("name", "id")
        calendars = HolidayCalendar.objects.order_by("name")
        self.fields["owner_id"].choices = [(p.pk, str(p)) for p in people]  # type: ignore[attr-defined]
        self.fields["holidays_id"].choices = [  # type: ignore[attr-defined]
            ("", "None: only weekends are free"),
            *((row.pk, str(row)) for row in calendars),
        ]
        if self.obj is None:
            del self.fields["is_active"]
            self.fields["owner_id"].initial = self.actor.user_id
            return
        for name in self.fields:
            self.fields[name].initial = getattr(self.obj, name)


def _add(obj: None, data: Data, *, by: Actor, at: datetime) -> Done:
    made = register.add(**data, by=by, at=at)
    return Done(
        f"“{made}” is there. Add its first layer below; nobody is on call of it yet.",
        to=made.url,
    )


def _change(obj: Rota, data: Data, *, by: Actor, at: datetime) -> str:
    register.change(rota_id=obj.pk, **data, by=by, at=at)
    return "The rota is changed."


class ImportForm(DeskForm):
    """A calendar file, kept in the form while its questions are answered."""

    name = forms.CharField(
        label="Layer", max_length=80, help_text="One of this name is replaced from now on."
    )
    file = CalendarFileField()
    text = forms.CharField(widget=forms.HiddenInput, required=False, strip=False)
    leave_out = forms.BooleanField(label="Leave out what is nobody’s", required=False)

    def clean(self) -> dict[str, Any]:
        """The text of the file, or of the one sent before."""
        data: dict[str, Any] = super().clean() or {}
        if sent := data.pop("file", ""):
            data["text"] = sent
            kept = cast(QueryDict, self.data).copy()
            kept["text"] = sent
            self.data = kept
        if not data.get("text") and not self.errors:
            self.add_error("file", "Choose a calendar file.")
        return data


def _import(obj: Rota, data: Data, *, by: Actor, at: datetime) -> str:
    layer = register.import_layer(rota_id=obj.pk, **data, by=by, at=at)
    count = layer.shifts.filter(ends_at__gt=at).count()
    return f"“{layer}” has {count} shifts ahead."


class CancelForm(DeskForm):
    """Of which layer."""

    layer_id = forms.TypedChoiceField(label="Layer", coerce=int)

    def prepare(self) -> None:
        """Those of which a change is planned."""
        rows = self.obj.layers.planned(clocks.now()).order_by("position", "id")
        self.fields["layer_id"].choices = [  # type: ignore[attr-defined]
            (row.pk, f"{row}, from {oncall.since(row.since, self.obj.zone)}") for row in rows
        ]


def _cancel(obj: Rota, data: Data, *, by: Actor, at: datetime) -> str:
    layer = register.cancel_change(layer_id=data["layer_id"], by=by, at=at)
    return f"The planned change is cancelled; “{layer}” stays as it is."


class FeedForm(DeskForm):
    """Whose turns."""

    of = forms.ChoiceField(
        label="Calendar of",
        choices=CALENDARS,
        initial=MINE,
        widget=forms.RadioSelect,
    )

    def prepare(self) -> None:
        """A rota that is switched off has no calendar."""
        if not self.obj.is_active:
            self.fields["of"].choices = [CALENDARS[0]]  # type: ignore[attr-defined]


class EndFeedForm(FeedForm):
    """Of those that there are."""

    def prepare(self) -> None:
        """The first of them is chosen."""
        there = _there(self.obj, self.actor)
        self.fields["of"].choices = there  # type: ignore[attr-defined]
        self.fields["of"].initial = there[0][0] if there else None


def _there(row: Rota, actor: Actor) -> list[tuple[str, str]]:
    """The calendars of which this person has an address."""
    of = {MINE: None, WHOLE: row.pk}
    return [one for one in CALENDARS if feeds.has(actor.user_id or 0, of[one[0]])]


def _without_address(row: Rota, actor: Actor) -> str:
    return "" if _there(row, actor) else "You have no calendar address that could end."


def _make_feed(obj: Rota, data: Data, *, by: Actor, at: datetime) -> Done:
    secret = feeds.make(rota_id=obj.pk if data["of"] == WHOLE else None, by=by, at=at)
    address = f"{settings.SITE_URL}/oncall/{secret}.ics"
    return Done(
        format_html(
            "The address is shown this once; whoever has it reads the calendar. A former one of "
            'the same ended.<pre class="desk-secret">{}</pre>',
            address,
        )
    )


def _end_feed(obj: Rota, data: Data, *, by: Actor, at: datetime) -> str:
    feeds.end(rota_id=obj.pk if data["of"] == WHOLE else None, by=by, at=at)
    return "The address has ended; calendar programs that have it get nothing any more."


FEED = Action("calendar", "Calendar address", _make_feed, _MAY, FeedForm, submit="Make the address")
END_FEED = Action(
    "end-calendar",
    "End a calendar address",
    _end_feed,
    _MAY,
    EndFeedForm,
    is_grave=True,
    barred=_without_address,
)
ADD = Action("add", "Add a rota", _add, Permission.REGISTER_WRITE, RotaForm, is_primary=True)
CHANGE = Action("change", "Change", _change, Permission.REGISTER_WRITE, RotaForm)
IMPORT = Action(
    "import",
    "Import a calendar",
    _import,
    Permission.REGISTER_WRITE,
    ImportForm,
    intro="Each event is a shift of the person that it names, by e-mail or by name. What is "
    "nobody’s is listed before anything is stored.",
    submit="Import",
)
CANCEL = Action(
    "cancel-change",
    "Cancel a planned change",
    _cancel,
    Permission.REGISTER_WRITE,
    CancelForm,
    intro="What is in force now goes on.",
    submit="Cancel the change",
    is_grave=True,
)
MORE = (CHANGE, IMPORT, FEED, END_FEED)  # behind “More”
