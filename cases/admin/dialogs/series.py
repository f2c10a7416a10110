"""Dialogs of a series: how it is watched, its limits, on and off, and what an anomaly was."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms
from django.utils.text import capfirst

from cases.admin.dialogs import fields
from cases.anomalies import answers, backtest, switching
from cases.models import Anomaly, Series, System, TradingHours
from incidentdesk.kernel import clocks, ids
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.dialogs import Action, DeskForm
from partners.models import Partner

_REGISTER, _RESPOND = Permission.REGISTER_WRITE, Permission.INCIDENT_RESPOND
_CHOSEN = 200  # anomalies that can be answered


class HowForm(DeskForm):
    """What the series is, when its venue trades, and whose it is."""

    kind = forms.ChoiceField(
        label="Kind",
        choices=Series.Kind.choices,
        help_text="A count is held against its usual rate, a ratio needs “of” beside each value.",
    )
    hours = forms.ModelChoiceField(
        TradingHours.objects.all(),
        label="Trading hours",
        required=False,
        empty_label="Round the clock",
    )
    may_be_silent = forms.BooleanField(
        label="It may say nothing for long", required=False, help_text="Silence is no alarm then."
    )
    may_stand_still = forms.BooleanField(
        label="It may stand still", required=False, help_text="The same figure is no alarm then."
    )
    both_ways = forms.BooleanField(label="Of a count: too few is wrong as well", required=False)
    system = forms.ModelChoiceField(
        System.objects.filter(is_active=True), label="System", required=False, empty_label="None"
    )
    partner = forms.ModelChoiceField(
        Partner.objects.filter(is_active=True), label="Partner", required=False, empty_label="None"
    )

    def prepare(self) -> None:
        """As it is."""
        if self.obj.is_on:
            self.lead_in = "Of another kind or hours, it learns its stored past anew."
        for name in self.fields:
            self.initial.setdefault(name, getattr(self.obj, name))


def _change(obj: Series, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    how = switching.How(
        kind=data["kind"],
        hours_id=data["hours"].pk if data["hours"] else None,
        may_be_silent=data["may_be_silent"],
        may_stand_still=data["may_stand_still"],
        both_ways=data["both_ways"],
        system_id=data["system"].pk if data["system"] else None,
        partner_id=data["partner"].pk if data["partner"] else None,
    )
    switching.change(series_id=obj.pk, how=how, by=by, at=at)
    return f"{obj.name} is watched that way from now on."


class LimitsForm(DeskForm):
    """What contract or physics forbids, whatever was learned."""

    lowest = forms.FloatField(
        label="Lowest that is allowed", required=False, help_text="Empty: there is none."
    )
    highest = forms.FloatField(
        label="Highest that is allowed", required=False, help_text="Empty: there is none."
    )

    def prepare(self) -> None:
        """As they are."""
        for name in self.fields:
            self.initial.setdefault(name, getattr(self.obj, name))


def _limit(obj: Series, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    lowest, highest = data["lowest"], data["highest"]
    switching.limit(series_id=obj.pk, lowest=lowest, highest=highest, by=by, at=at)
    known = [f"at least {lowest:g}"] if lowest is not None else []
    known += [f"at most {highest:g}"] if highest is not None else []
    return f"Allowed is {' and '.join(known)}." if known else "It has no hard limits."


class SwitchOnForm(DeskForm):
    """The back-test, and that it was seen."""

    seen = forms.CharField(widget=forms.HiddenInput, label="The back-test that was shown")
    above = "admin/cases/series/backtest.html"
    backtest: backtest.Backtest | None = None

    def prepare(self) -> None:
        """Run it when it is shown; what is sent back says which one was seen."""
        if not self.is_bound:
            self.backtest = backtest.of(self.obj, at=clocks.now())
            self.initial["seen"] = self.backtest.proof


def _switch_on(obj: Series, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    switching.switch_on(series_id=obj.pk, seen=data["seen"], by=by, at=at)
    return f"{obj.name} is watched; it learns its stored past first, and tells nobody of that."


def _switch_off(obj: Series, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    switching.switch_off(series_id=obj.pk, by=by, at=at)
    return f"{obj.name} is watched no longer. Its figures are still stored."


class AnomalyForm(DeskForm):
    """About one anomaly of the series, which the button names."""

    anomaly = fields.hidden_id("Anomaly")
    said = ""

    def prepare(self) -> None:
        """Those that have no answer; what this answer would do, in words."""
        rows = {one.pk: one for one in self._rows().order_by("-id")[:_CHOSEN]}
        self.fields["anomaly"].choices = [(pk, str(one)) for pk, one in rows.items()]  # type: ignore[attr-defined]
        asked = self.data.get("anomaly") or self.initial.get("anomaly") or ""
        chosen = rows.get(ids.of(asked))
        if chosen is not None:
            self.lead_in = f"{capfirst(str(chosen))}. {self.effect(chosen)}"

    def _rows(self) -> Any:
        return self.obj.anomalies.select_related("series__hours").filter(answer="")

    def effect(self, anomaly: Anomaly) -> str:
        """What it would do to the threshold."""
        return answers.effect(anomaly, self.said)


class TrueForm(AnomalyForm):
    """It was one."""

    said = Anomaly.Answer.TRUE


class FalseForm(AnomalyForm):
    """It was none."""

    said = Anomaly.Answer.FALSE


class ExpectedForm(AnomalyForm):
    """It is how the series is to be from now on."""

    said = Anomaly.Answer.EXPECTED


class TakeBackForm(AnomalyForm):
    """Those that have an answer."""

    def _rows(self) -> Any:
        return self.obj.anomalies.select_related("series__hours").exclude(answer="")

    def effect(self, anomaly: Anomaly) -> str:
        """What stood, and what taking it back does not do."""
        moved = " The levels that it moved stay." if anomaly.answer == "expected" else ""
        return f"The answer was “{anomaly.get_answer_display()}”.{moved}"


def _answer(said: str) -> Any:
    def run(obj: Series, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
        return answers.answer(anomaly_id=data["anomaly"], said=said, by=by, at=at)

    return run


def _take_back(obj: Series, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    return answers.take_back(anomaly_id=data["anomaly"], by=by, at=at)


def _is_off(series: Series) -> bool:
    return not series.is_on


def _is_on(series: Series) -> bool:
    return series.is_on


def _has_limits(series: Series) -> bool:
    return not series.is_counted


SWITCH_ON = Action(
    "switch_on",
    "Back-test and switch on",
    _switch_on,
    _REGISTER,
    SwitchOnForm,
    submit="Switch on",
    is_primary=True,
    applies=_is_off,
)
SWITCH_OFF = Action(
    "switch_off",
    "Switch off",
    _switch_off,
    _REGISTER,
    intro="An open anomaly ends, and what was learned is forgotten. Figures are stored as before.",
    is_grave=True,
    applies=_is_on,
)
HOW = Action("how", "How it is watched", _change, _REGISTER, HowForm, submit="Save")
LIMITS = Action(
    "limits", "Hard limits", _limit, _REGISTER, LimitsForm, submit="Save", applies=_has_limits
)
TRUE = Action("true", "True", _answer(Anomaly.Answer.TRUE), _RESPOND, TrueForm)
FALSE = Action("false", "False alarm", _answer(Anomaly.Answer.FALSE), _RESPOND, FalseForm)
EXPECTED = Action(
    "expected",
    "Expected",
    _answer(Anomaly.Answer.EXPECTED),
    _RESPOND,
    ExpectedForm,
    intro="The anomaly ends, and where the series is now is what is expected from now on.",
)
TAKE_BACK = Action("take_back", "Take the answer back", _take_back, _RESPOND, TakeBackForm)
OF_THE_SERIES = (SWITCH_ON, HOW, LIMITS, SWITCH_OFF)
OF_AN_ANOMALY = (TRUE, FALSE, EXPECTED, TAKE_BACK)
