"""What one does on a rota: take over, ask for a swap, answer one, be away, take back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from django import forms
from django.db.models import Q

from incidentdesk.kernel import clocks, wall
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.dialogs import Action, DeskForm
from incidentdesk.kernel.fields import MomentField, by_clock
from incidentdesk.kernel.models import User
from notifications.models import Absence, Override, Rota, Swap
from notifications.rotas import changing, duty, oncall, swaps

_MAY = Permission.INCIDENT_ACKNOWLEDGE
Data = Mapping[str, Any]
SWAPPED = ("swap__return_override", "swap_in_return__override")  # of a change: the other part


class SpanForm(DeskForm):
    """A person and a time on the clocks of the rota's zone."""

    user_id = forms.TypedChoiceField(label="Who", coerce=int)
    starts_at = MomentField(label="From")
    ends_at = MomentField(label="Until")
    moments: ClassVar[tuple[str, ...]] = ("starts_at", "ends_at")

    def prepare(self) -> None:
        """Oneself; for the owner, and who keeps registers, everybody who can be paged."""
        people = self.people()
        self.fields["user_id"].choices = [(p.pk, str(p)) for p in people]  # type: ignore[attr-defined]
        self.fields["user_id"].initial = self.actor.user_id
        for name in self.moments:
            self.fields[name].help_text = f"Clocks of {self.zone}."
        self.fields["starts_at"].initial = wall.local(clocks.now(), ZoneInfo(self.zone)).replace(
            second=0, microsecond=0
        )

    @property
    def zone(self) -> str:
        """In which times are typed."""
        return self.obj.zone if self.obj else "UTC"

    def people(self) -> list[User]:
        """Who may be chosen."""
        theirs = changing.whose(self.actor, self.obj, at=clocks.now())
        return list(oncall.pageable().filter(pk__in=theirs).order_by("name", "id"))

    def clean(self) -> dict[str, Any]:
        """What was typed is what the clocks of the zone show, whatever zone the page is in."""
        data: dict[str, Any] = super().clean() or {}
        for name in self.moments:
            if data.get(name):
                data[name] = by_clock(data[name], self.zone)
        return data


class TakeOverForm(SpanForm):
    """Who, when and why."""

    reason = forms.CharField(label="Why", max_length=200, required=False)


class AwayForm(SpanForm):
    """Who, and when."""

    def people(self) -> list[User]:
        """Leave is of all rotas: those whose leave one may put down."""
        theirs = changing.whose(self.actor, at=clocks.now())
        return list(oncall.pageable().filter(pk__in=theirs).order_by("name", "id"))


class AskForm(SpanForm):
    """Whom one asks, for which of one's own time."""

    return_starts_at = MomentField(label="In return you take their time from", required=False)
    return_ends_at = MomentField(label="Until", required=False)
    words = forms.CharField(label="What you say to them", max_length=200, required=False)
    moments = (*SpanForm.moments, "return_starts_at", "return_ends_at")

    def prepare(self) -> None:
        """What is taken in return may stay empty."""
        super().prepare()
        self.fields["return_starts_at"].help_text += " Empty: you take nothing in return."

    def clean(self) -> dict[str, Any]:
        """Both times of what is taken in return, or neither."""
        data = super().clean()
        starts, ends = data.pop("return_starts_at", None), data.pop("return_ends_at", None)
        if starts and ends:
            data["in_return"] = (starts, ends)
        elif starts or ends:
            self.add_error(
                "return_ends_at" if starts else "return_starts_at",
                "Give both times of what you take in return, or neither.",
            )
        return data

    def people(self) -> list[User]:
        """Anybody else who can be paged."""
        others = oncall.pageable().exclude(pk=self.actor.person_id)
        return list(others.order_by("name", "id"))


def _take_over(obj: Rota, data: Data, *, by: Actor, at: datetime) -> str:
    made = duty.take_over(rota_id=obj.pk, **data, by=by, at=at)
    return f"{made.person} takes over, {oncall.words(made.starts_at, made.ends_at, obj.zone)}."


def _ask(obj: Rota, data: Data, *, by: Actor, at: datetime) -> str:
    made = swaps.ask(rota_id=obj.pk, **data, by=by, at=at)
    return f"{made.asked_of} is asked; you stay on call unless they agree."


def _be_away(obj: Rota | None, data: Data, *, by: Actor, at: datetime) -> str:
    made = duty.be_away(**data, by=by, at=at)
    zone = obj.zone if obj else "UTC"
    when = oncall.words(made.starts_at, made.ends_at, zone)
    return f"{made.person} is away, {when}; the next of each layer stands in."


class AnswerForm(DeskForm):
    """Which question, and yes or no."""

    swap_id = forms.TypedChoiceField(label="What you are asked", coerce=int)
    agreed = forms.TypedChoiceField(
        label="Your answer",
        choices=[("yes", "I agree: I am on call then"), ("no", "I decline: nothing changes")],
        coerce=lambda value: value == "yes",
        widget=forms.RadioSelect,
    )

    def prepare(self) -> None:
        """What waits for this person on this rota."""
        asked = swaps.waiting(self.obj, at=clocks.now()).filter(asked_of=self.actor.user_id)
        self.fields["swap_id"].choices = [  # type: ignore[attr-defined]
            (row.pk, f"{row.asked_by}: you take {swaps.when(row)}. {swaps.offer(row)}")
            for row in asked
        ]


def _answer(obj: Rota, data: Data, *, by: Actor, at: datetime) -> str:
    row = swaps.answer(swap_id=data["swap_id"], agreed=data["agreed"], by=by, at=at)
    if not data["agreed"]:
        return f"{row.asked_by} stays on call."
    return f"You are on call, {swaps.when(row)}. {swaps.offer(row)}"


class TakeBackForm(DeskForm):
    """Which change, leave or question."""

    what = forms.ChoiceField(label="What")

    def prepare(self) -> None:
        """What has not ended and is this person's to take back."""
        self.fields["what"].choices = self._own(clocks.now())  # type: ignore[attr-defined]

    def _own(self, at: datetime) -> list[tuple[str, str]]:
        is_free, me = changing.may_for_others(self.obj, self.actor), self.actor.user_id
        layers = self.obj.layers.ahead(at)
        places = Q(person__places_on_rotas__layer__in=layers)
        changes = self.obj.overrides.filter(ended_at=None, ends_at__gt=at)
        changes = changes.select_related("person", *SWAPPED).order_by("starts_at", "id")
        leave = Absence.objects.filter(ended_at=None, ends_at__gt=at).select_related("person")
        asked = swaps.waiting(self.obj, at=at)
        rows: list[Override | Absence | Swap]
        if is_free:
            rows = [*changes, *leave.filter(places).distinct(), *asked]
        else:
            mine = [row for row in changes.filter(person=me) if not duty.is_owed(row, at=at)]
            rows = [*mine, *leave.filter(person=me), *asked.filter(asked_by=me)]
        zone = self.obj.zone
        return [
            (key_of(row), f"{row}, {oncall.words(row.starts_at, row.ends_at, zone)}")
            for row in rows
        ]


def key_of(row: Override | Absence | Swap) -> str:
    """By which the dialog knows what to take back: `override:3`."""
    return f"{row._meta.model_name}:{row.pk}"


def _take_back(obj: Rota, data: Data, *, by: Actor, at: datetime) -> str:
    kind, _, number = data["what"].partition(":")
    if kind == "override":
        duty.end_take_over(override_id=int(number), by=by, at=at)
    elif kind == "absence":
        duty.come_back(absence_id=int(number), by=by, at=at)
    else:
        swaps.withdraw(swap_id=int(number), by=by, at=at)
    return "It is taken back."


def _is_on(row: Rota) -> bool:
    return row.is_active


def _off(row: Rota) -> str:
    return "" if row.is_active else "This rota is switched off: it has nobody on call."


def _without_turns(row: Rota, actor: Actor) -> str:
    if not row.is_active or changing.has_turns(row, actor.user_id, at=clocks.now()):
        return ""
    return "You have no turn on this rota in the coming year that somebody could take."


TAKE_OVER = Action(
    "take-over",
    "Take over",
    _take_over,
    _MAY,
    TakeOverForm,
    intro="Comes before all layers. Who had that time, and who gets it, are mailed.",
    is_primary=True,
    applies=_is_on,
    ended=_off,
)
ASK = Action(
    "ask",
    "Ask for a swap",
    _ask,
    _MAY,
    AskForm,
    intro="Ask somebody to be on call in your place; you may take time of theirs in return. "
    "Nothing changes until they agree.",
    submit="Ask",
    applies=_is_on,
    ended=_off,
    barred=_without_turns,
)
AWAY = Action(
    "away",
    "I am away",
    _be_away,
    _MAY,
    AwayForm,
    intro="On every rota the next of your layer who is there takes your turns.",
    submit="Put it down",
)
ANSWER = Action("answer", "Answer", _answer, _MAY, AnswerForm)
TAKE_BACK = Action("take-back", "Take back", _take_back, _MAY, TakeBackForm, is_grave=True)
ON_PAGE = (TAKE_OVER, ASK, AWAY)  # as buttons above
BELOW = (ANSWER, TAKE_BACK)  # beside what they are about
