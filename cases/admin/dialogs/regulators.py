"""What became of regulators' clocks, and the times from which they count."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms

from cases.admin.dialogs import fields
from cases.models import Incident, RegulatoryClock
from cases.models.moment import MOMENTS
from cases.models.regulation import ANCHORS
from cases.regulation import outcomes, overview
from cases.regulation.outcomes import Outcome
from cases.regulation.overview import PartyClocks
from incidentdesk.kernel import clocks
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.dialogs import Action, DeskForm, Done

Kind = RegulatoryClock.Outcome
LABELS = dict(ANCHORS)
NOBODY = (
    "No regime that is on binds us or an involved partner. Which bind a partner stands in its "
    "contract terms; which bind us, in our own supervision."
)
DAY = "Only the day is known: nothing runs from it."


class _PartyForm(DeskForm):
    """About one thing of one party: `12:DORA-INIT`, or `0:…` for us."""

    which = forms.ChoiceField(label="Which clock")

    def prepare(self) -> None:
        """What there is to choose, by party; none is refused."""
        found = [
            (one.name, choices)
            for one in overview.of(self.obj, at=clocks.now())
            if (choices := self.choices_of(one))
        ]
        self.fields["which"].choices = found  # type: ignore[attr-defined]
        if not found:
            self.refusal = self.nothing

    nothing = NOBODY

    def choices_of(self, one: PartyClocks) -> list[tuple[str, str]]:
        """Of one party."""
        return [(line.key, str(line.rule)) for line in one.lines]


class OutcomeForm(_PartyForm):
    """Sent, with when and the reference; or why not."""

    kind = forms.ChoiceField(
        label="What became of it",
        choices=[
            (Kind.SUBMITTED, "It was sent"),
            (Kind.NOT_APPLICABLE, "It is not applicable"),
            (Kind.NOT_SENT, "It was not sent"),
        ],
        widget=forms.RadioSelect,
    )
    sent_at = fields.moment("Sent at", required=False, help_text="UTC. Only if it was sent.")
    reference = forms.CharField(label="The authority's reference", max_length=80, required=False)
    reason = fields.words(
        "Reason, or what else is to be known",
        rows=3,
        required=False,
        help_text="It goes on the timeline. Needed unless it was sent.",
    )


class TakeBackForm(_PartyForm):
    """Which outcome, and why it is none."""

    reason = fields.words("Reason", rows=2, help_text="It goes on the timeline.")
    nothing = "No clock has an outcome; there is nothing to take back."

    def choices_of(self, one: PartyClocks) -> list[tuple[str, str]]:
        """Those that have one."""
        done = [line for line in one.lines if line.row is not None and not line.row.is_open]
        return [(str(line.row.pk), str(line.rule)) for line in done if line.row]


class AnchorForm(_PartyForm):
    """Which time of whom, and when."""

    moment = fields.moment(
        "When", required=False, help_text="UTC. With neither a time nor a day it is taken back."
    )
    day = forms.DateField(
        label="Or only the day",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=DAY,
    )
    note = fields.words("Note", rows=2, required=False, help_text="It goes on the timeline.")

    def prepare(self) -> None:
        """What stands there, where the button named it."""
        super().prepare()
        self.fields["which"].label = "Which time"
        party, _, name = str(self.initial.get("which", "")).partition(":")
        for one in overview.of(self.obj, at=clocks.now()):
            if str(one.involvement.pk if one.involvement else 0) == party and name in one.times:
                self.fields["moment"].initial = one.times[name].value
                self.fields["day"].initial = one.times[name].day

    def choices_of(self, one: PartyClocks) -> list[tuple[str, str]]:
        """The times that its clocks ask about; those of the incident are corrected there."""
        pk, fixed = (one.involvement.pk, ()) if one.involvement else (0, dict(MOMENTS))
        names = {
            name: None
            for line in one.lines
            for name in (*line.rule.needs, *line.rule.anchors, line.rule.ceiling_anchor)
            if name and name not in fixed
        }
        if any(line.rule.regime.code == "DORA" for line in one.lines):
            names["classified_not_major_at"] = None
        return [(f"{pk}:{name}", LABELS[name]) for name in names]

    def clean(self) -> dict[str, Any]:
        """A time, or a day."""
        data: dict[str, Any] = super().clean() or {}
        if data.get("moment") and data.get("day"):
            self.add_error("day", "Give a time, or only the day.")
        return data


def _party(which: str) -> tuple[int | None, str]:
    pk, _, name = which.partition(":")
    return int(pk) or None, name


def _record(obj: Incident, data: Mapping[str, Any], *, by: Actor, at: datetime) -> Done:
    involvement_id, key = _party(data["which"])
    row = outcomes.record(
        incident_id=obj.pk,
        rule_key=key,
        involvement_id=involvement_id,
        outcome=Outcome(data["kind"], data["sent_at"], data["reference"], data["reason"]),
        by=by,
        at=at,
    )
    return Done(f"{key}: {row.get_outcome_display()}.", f"{obj.url}?tab=clocks")


def _record_anchor(obj: Incident, data: Mapping[str, Any], *, by: Actor, at: datetime) -> Done:
    involvement_id, name = _party(data["which"])
    outcomes.record_anchor(
        incident_id=obj.pk,
        name=name,
        moment=data["moment"],
        day=data["day"],
        involvement_id=involvement_id,
        note=data["note"],
        by=by,
        at=at,
    )
    return Done(f"Recorded: {LABELS[name]}. The clocks follow.", f"{obj.url}?tab=clocks")


def _take_back(obj: Incident, data: Mapping[str, Any], *, by: Actor, at: datetime) -> Done:
    outcomes.take_back(clock_id=int(data["which"]), reason=data["reason"], by=by, at=at)
    return Done("Taken back.", f"{obj.url}?tab=clocks")


RECORD_OUTCOME = Action(
    "record_outcome",
    "Record an outcome",
    _record,
    Permission.INCIDENT_COMMAND,
    OutcomeForm,
    intro="The desk sends nothing to an authority: this writes down what was sent, or why not.",
    submit="Record",
)
RECORD_ANCHOR = Action(
    "record_anchor",
    "Record a time",
    _record_anchor,
    Permission.INCIDENT_COMMAND,
    AnchorForm,
    intro="Clocks that count from it run, or are due anew. What stood there before is kept.",
    submit="Record",
)
TAKE_BACK = Action(
    "take_back_outcome",
    "Take back an outcome",
    _take_back,
    Permission.INCIDENT_COMMAND,
    TakeBackForm,
    submit="Take back",
    is_grave=True,
)
ALL = (RECORD_OUTCOME, RECORD_ANCHOR, TAKE_BACK)
