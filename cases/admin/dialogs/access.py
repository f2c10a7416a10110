"""Access rules on the desk: trying one on the past, its values, and its switch."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms

from cases.access import rules, trying
from cases.admin.dialogs import fields
from cases.models import AccessRule
from cases.models.access import URGENCIES
from incidentdesk.kernel import access
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.dialogs import Action, DeskForm
from incidentdesk.kernel.fields import ZoneField


def _number(label: str, name: str, help_text: str = "") -> Any:
    least, most = rules.BOUNDS[name]
    said = f"{least:,} to {most:,}. {help_text}".strip()
    return forms.IntegerField(
        label=label, min_value=least, max_value=most, help_text=said, required=False
    )


def _time(label: str) -> Any:
    widget = forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
    return forms.TimeField(label=label, widget=widget, required=False)


class ValuesForm(DeskForm):
    """The values that this kind of rule uses, what its incidents are about, how urgent they are."""

    times = _number("How many", "times")
    minutes = _number("Within how many minutes", "minutes")
    factor = _number("How many times one's own usual", "factor")
    days = _number("How many days back", "days", "Events are kept for 180 days.")
    starts = _time("Work begins at")
    ends = _time("Work ends at")
    zone = ZoneField(label="In the zone", max_length=40, required=False)
    category = fields.category()
    urgency = forms.TypedChoiceField(
        label="Urgency",
        coerce=int,
        choices=URGENCIES,
        help_text="With which an incident opens, until somebody evaluates it.",
    )

    def prepare(self) -> None:
        """Only what it uses, as it is now."""
        uses = rules.KINDS[self.obj.kind].uses
        for name in list(self.fields):
            if name not in (*uses, "category", "urgency"):
                del self.fields[name]
            else:
                self.fields[name].initial = getattr(self.obj, name)
                self.fields[name].required = True
        self.lead_in = rules.explain(self.obj)


class SeenForm(DeskForm):
    """What a trial found, and that it was seen."""

    above = "admin/cases/accessrule/tried_above.html"
    trial: dict[str, Any]
    seen = forms.BooleanField(
        label="I have seen what it would have found, and want it to open incidents."
    )

    def prepare(self) -> None:
        """The trial, for the template above the fields."""
        self.trial = trial(self.obj, by=self.actor)


def _try_out(obj: AccessRule, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    rule = trying.try_out(rule_id=obj.pk, by=by, at=at)
    return f"Tried on the past: {said(rule)}"


def _change(obj: AccessRule, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    values = {name: data[name] for name in rules.KINDS[obj.kind].uses}
    trying.change(
        rule_id=obj.pk,
        values=values,
        category_id=data["category"].pk,
        urgency=data["urgency"],
        by=by,
        at=at,
    )
    return "The rule has these values from now on."


def _switch_on(obj: AccessRule, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    return f"“{trying.switch_on(rule_id=obj.pk, by=by, at=at)}” is on."


def _switch_off(obj: AccessRule, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    return f"“{trying.switch_off(rule_id=obj.pk, by=by, at=at)}” is off."


def said(rule: AccessRule) -> str:
    """The result of a trial in a sentence; '' where there is none."""
    tried = rule.tried
    if not tried:
        return ""
    times, subjects = tried["times"], tried["subjects"]
    if not times:
        return "it would not have fired in the last 31 days."
    counted = "once" if times == 1 else f"{times} times"
    of = "" if subjects < 2 else f", for {subjects} different accounts or addresses"
    return f"it would have fired {counted} in the last 31 days{of}."


def trial(rule: AccessRule, *, by: Actor) -> dict[str, Any]:
    """What a rule would have found, for a page. Accounts and addresses are named to whoever reads
    all access events, or keeps the rules; others are told how often."""
    tried = rule.tried or {}
    may = access.allows(by, Permission.AUDIT_READ) or access.allows(by, Permission.REGISTER_WRITE)
    found = tried.get("found", ()) if may else ()
    found = [{**one, "at": datetime.fromisoformat(one["at"])} for one in found]
    return {"rule": rule, "said": said(rule), "found": found, "is_cut": tried.get("is_cut", False)}


TRY_OUT = Action(
    "try_out",
    "Try it on the past",
    _try_out,
    Permission.REGISTER_WRITE,
    intro="It looks at the events of the last 31 days, at most 50,000 of its kind, and opens "
    "nothing.",
    submit="Try it",
    is_primary=True,
)
CHANGE = Action(
    "change",
    "Change the values",
    _change,
    Permission.REGISTER_WRITE,
    ValuesForm,
    submit="Save",
)
SWITCH_ON = Action(
    "switch_on",
    "Switch on",
    _switch_on,
    Permission.REGISTER_WRITE,
    SeenForm,
    applies=lambda rule: not rule.is_on and rule.tried_at is not None,
)
SWITCH_OFF = Action(
    "switch_off",
    "Switch off",
    _switch_off,
    Permission.REGISTER_WRITE,
    intro="It finds nothing any more. Incidents that it opened stay as they are.",
    applies=lambda rule: rule.is_on,
    is_grave=True,
)
ALL = (TRY_OUT, SWITCH_ON, CHANGE, SWITCH_OFF)
