"""One thing done to several incidents of the list; what became of each is said."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django import forms
from django.utils.html import format_html_join

from cases import bulk, crew, queries, workflow
from cases.admin.dialogs import fields
from cases.models import Assignment
from incidentdesk.kernel import ids
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.dialogs import Action, DeskForm, Done

SHOWN = 50


class SeveralForm(DeskForm):
    """Which incidents: those ticked on the list, or the newest open ones."""

    incidents = fields.ticks("Incidents")

    def prepare(self) -> None:
        """What this person may see of them."""
        rows = queries.visible_to(self.actor).order_by("-opened_at", "-id")
        asked = self.initial.get("incidents") or self._sent()
        chosen = [pk for pk in map(ids.of, _listed(asked)) if pk is not None]
        rows = rows.filter(pk__in=chosen) if chosen else rows.open()
        self.fields["incidents"].choices = [(row.pk, str(row)) for row in rows[:SHOWN]]  # type: ignore[attr-defined]

    def _sent(self) -> list[str]:
        return self.data.getlist("incidents") if hasattr(self.data, "getlist") else []


def _listed(value: Any) -> Sequence[Any]:
    return value if isinstance(value, (list, tuple)) else [value] if value else []


class OfferForm(SeveralForm):
    """Who is asked to command them."""

    person = forms.TypedChoiceField(label="Who commands them", coerce=int)
    note = fields.words("What they have to know", rows=3)

    def prepare(self) -> None:
        """Those who may command at all."""
        super().prepare()
        people = [(p.pk, p.name) for p in crew.candidates(Assignment.Role.COMMANDER)]
        self.fields["person"].choices = people  # type: ignore[attr-defined]


class DismissForm(SeveralForm):
    """One reason for all of them."""

    reason = fields.words("Reason", rows=3, help_text="It goes on the timeline of each.")


def _offer(obj: None, data: Mapping[str, Any], *, by: Actor, at: datetime) -> Done:
    def ask(pk: int) -> str:
        made = crew.ask_to_command(
            incident_id=pk, user_id=data["person"], note=data["note"], by=by, at=at
        )
        return f"{made.user} is asked to command it."

    return each(data["incidents"], ask, by=by)


def _dismiss(obj: None, data: Mapping[str, Any], *, by: Actor, at: datetime) -> Done:
    def dismiss(pk: int) -> str:
        workflow.dismiss(incident_id=pk, reason=data["reason"], by=by, at=at)
        return "dismissed as a false positive."

    return each(data["incidents"], dismiss, by=by)


def each(ids: Sequence[int], call: Callable[[int], str], *, by: Actor, to: str = "") -> Done:
    """Each by itself; what was done stands in one message, what was refused in another."""
    rows = queries.visible_to(by).filter(pk__in=ids).order_by("pk")
    results = bulk.one_by_one(rows, call)
    return Done(
        _lines([r for r in results if r.is_done]),
        to=to,
        refused=_lines([r for r in results if not r.is_done]),
    )


def _lines(results: Sequence[bulk.Result]) -> str:
    return format_html_join("", "<div>{}: {}</div>", [(r.reference, r.said) for r in results])


def _is_ticked(obj: None) -> bool:
    """No button at the head of the list: the way here is to tick rows and choose what to do."""
    return False


OFFER_COMMAND = Action(
    "offer_command",
    "Assign a commander",
    _offer,
    Permission.INCIDENT_COMMAND,
    OfferForm,
    intro="The person is asked for each, and commands those that are accepted.",
    submit="Ask",
    applies=_is_ticked,
)
DISMISS_SEVERAL = Action(
    "dismiss_several",
    "Dismiss false positives",
    _dismiss,
    Permission.INCIDENT_COMMAND,
    DismissForm,
    intro="Each is dismissed by itself; what cannot be is said, and stays as it is.",
    submit="Dismiss",
    is_grave=True,
    applies=_is_ticked,
)
ALL = (OFFER_COMMAND, DISMISS_SEVERAL)
