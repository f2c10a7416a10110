"""What one does on a rota: take over, ask for a swap, answer one, be away, take back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.db.models import Q
from django.utils import timezone

from incidentdesk.kernel import access, clocks
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.dialogs import Action, DeskForm
from incidentdesk.kernel.models import User
from notifications import duty, oncall, swaps, wall
from notifications.models import Absence, Override, Rota, Swap

_MAY = Permission.INCIDENT_ACKNOWLEDGE
Data = Mapping[str, Any]


def may_for_others(row: Rota | None, by: Actor) -> bool:
    """Whether this actor changes what others do on a rota."""
    is_owner = row is not None and row.owner_id == by.user_id
    return is_owner or access.allows(by, Permission.REGISTER_WRITE)


def _moment(label: str) -> forms.DateTimeField:
    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    return forms.DateTimeField(label=label, widget=widget)


class SpanForm(DeskForm):
    """A person and a time on the clocks of the rota's zone."""

    user_id = forms.TypedChoiceField(label="Who", coerce=int)
    starts_at = _moment("From")
    ends_at = _moment("Until")

    def prepare(self) -> None:
        """Oneself; for the owner, and who keeps registers, everybody who can be paged."""
        people = self.people()
        self.fields["user_id"].choices = [(p.pk, str(p)) for p in people]  # type: ignore[attr-defined]
        self.fields["user_id"].initial = self.actor.user_id
        for name in ("starts_at", "ends_at"):
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
        found = oncall.pageable().order_by("name", "id")
        is_free = may_for_others(self.obj, self.actor)
        return list(found if is_free else found.filter(pk=self.actor.person_id))

    def clean(self) -> dict[str, Any]:
        """What was typed is what the clocks of the zone show, whatever zone the page is in."""
        data: dict[str, Any] = super().clean() or {}
        for name in ("starts_at", "ends_at"):
            if data.get(name):
                shown = timezone.make_naive(data[name])
                data[name] = wall.instant(shown, ZoneInfo(self.zone))
        return data


class TakeOverForm(SpanForm):
    """Who, when and why."""

    reason = forms.CharField(label="Why", max_length=200, required=False)


class AskForm(SpanForm):
    """Whom one asks, for which of one's own time."""

    words = forms.CharField(label="What you say to them", max_length=200, required=False)

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
        waiting = Swap.objects.filter(
            rota=self.obj, asked_of=self.actor.user_id, state=Swap.State.ASKED
        )
        self.fields["swap_id"].choices = [  # type: ignore[attr-defined]
            (row.pk, f"{row.asked_by}, {oncall.words(row.starts_at, row.ends_at, self.obj.zone)}")
            for row in waiting.select_related("asked_by").order_by("starts_at", "id")
        ]


def _answer(obj: Rota, data: Data, *, by: Actor, at: datetime) -> str:
    row = swaps.answer(swap_id=data["swap_id"], agreed=data["agreed"], by=by, at=at)
    when = oncall.words(row.starts_at, row.ends_at, obj.zone)
    return f"You are on call, {when}." if data["agreed"] else f"{row.asked_by} stays on call."


class TakeBackForm(DeskForm):
    """Which change, leave or question."""

    what = forms.ChoiceField(label="What")

    def prepare(self) -> None:
        """What has not ended and is this person's to take back."""
        self.fields["what"].choices = self._own(clocks.now())  # type: ignore[attr-defined]

    def _own(self, at: datetime) -> list[tuple[str, str]]:
        is_free, me = may_for_others(self.obj, self.actor), self.actor.user_id
        places = Q(person__places_on_rotas__layer__rota=self.obj)
        changes = self.obj.overrides.filter(ended_at=None, ends_at__gt=at)
        leave = Absence.objects.filter(ended_at=None, ends_at__gt=at)
        asked = self.obj.swaps.filter(state=Swap.State.ASKED)
        mine = Q() if is_free else Q(person=me)
        rows: list[Override | Absence | Swap] = [
            *changes.filter(mine).select_related("person").order_by("starts_at", "id"),
            *leave.filter(places if is_free else mine).select_related("person").distinct(),
            *asked.filter(Q() if is_free else Q(asked_by=me)).select_related(
                "asked_by", "asked_of"
            ),
        ]
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


TAKE_OVER = Action(
    "take-over",
    "Take over",
    _take_over,
    _MAY,
    TakeOverForm,
    intro="Comes before all layers. Who had that time, and who gets it, are mailed.",
    is_primary=True,
)
ASK = Action(
    "ask",
    "Ask for a swap",
    _ask,
    _MAY,
    AskForm,
    intro="Ask somebody to be on call in your place. Nothing changes until they agree.",
    submit="Ask",
)
AWAY = Action(
    "away",
    "I am away",
    _be_away,
    _MAY,
    SpanForm,
    intro="On every rota the next of your layer who is there takes your turns.",
    submit="Put it down",
)
ANSWER = Action("answer", "Answer", _answer, _MAY, AnswerForm)
TAKE_BACK = Action("take-back", "Take back", _take_back, _MAY, TakeBackForm, is_grave=True)
ON_PAGE = (TAKE_OVER, ASK, AWAY)  # as buttons above
BELOW = (ANSWER, TAKE_BACK)  # beside what they are about
