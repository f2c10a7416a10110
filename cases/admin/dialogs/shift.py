"""Handing over at the end of a shift: each incident, to whom, and what that person has to know."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms

from cases import crew, handing, queries
from cases.admin.dialogs import bulk, fields
from cases.models import Incident
from incidentdesk.kernel import clocks, ids
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.dialogs import Action, DeskForm, Done

KEEP = (0, "Nobody: it stays with you")


class ShiftForm(DeskForm):
    """Two fields for each incident that was in this person's hands when the form was shown."""

    shown = forms.CharField(widget=forms.HiddenInput, required=False)
    incidents: list[Incident]

    def prepare(self) -> None:
        """The incidents, each with the next one on call where that person may have it."""
        self.incidents = self._asked()
        shift = handing.shift_of(self.actor, len(self.incidents), at=clocks.now())
        following = shift.next.pk if shift and shift.next else None
        if shift is not None:
            verb = "ended" if shift.is_over else "ends"
            whom = f"{shift.next} is on call next." if shift.next else "Nobody is on call next."
            self.lead_in = f"Your shift {verb} at {shift.ends_at:%H:%M} UTC. {whom}"
        self.fields["shown"].initial = ",".join(str(one.pk) for one in self.incidents)
        people = {role: crew.candidates(role) for role in {*map(handing.role_of, self.incidents)}}
        for incident in self.incidents:
            able = [p for p in people[handing.role_of(incident)] if p.pk != self.actor.user_id]
            self._add(incident, [(p.pk, p.name) for p in able], following)

    def _asked(self) -> list[Incident]:
        """What was shown, also what somebody else took meanwhile: that is then said."""
        if not self.is_bound:
            return list(handing.held_by(self.actor))
        shown = map(ids.of, self.data.get("shown", "").split(","))
        rows = queries.visible_to(self.actor).filter(pk__in=[pk for pk in shown if pk is not None])
        return list(rows.order_by("severity", "opened_at", "pk"))

    def _add(
        self, incident: Incident, people: list[tuple[int, str]], following: int | None
    ) -> None:
        to: Any = forms.TypedChoiceField(
            label=f"SEV-{incident.severity} {incident.reference} {incident.title}: to",
            coerce=int,
            choices=[KEEP, *people],
            initial=following if following in dict(people) else KEEP[0],
        )
        name = f"to_{incident.pk}"
        goes = self.data.get(name, "") != "0" if self.is_bound else True
        self.fields[name] = to
        self.fields[f"note_{incident.pk}"] = fields.words(
            f"What they have to know about {incident.reference}",
            rows=2,
            required=handing.needs_note(incident) and goes,
            help_text="It goes on the timeline.",
        )

    def clean(self) -> dict[str, Any]:
        """Somebody is asked about something."""
        data = super().clean() or {}
        if not self.errors and not any(data.get(f"to_{one.pk}") for one in self.incidents):
            raise forms.ValidationError("Choose who takes over; nothing would be handed over.")
        return data


def _hand_over(obj: None, data: Mapping[str, Any], *, by: Actor, at: datetime) -> Done:
    chosen = {int(name[3:]): who for name, who in data.items() if name[:3] == "to_" and who}

    def ask(pk: int) -> str:
        made = handing.hand_over(
            incident_id=pk, user_id=chosen[pk], note=data[f"note_{pk}"], by=by, at=at
        )
        return f"{made.user} is asked to take over; until then it stays with you."

    return bulk.each(list(chosen), ask, by=by, to="/admin/")


def _barred(obj: None, actor: Actor) -> str:
    if handing.held_by(actor).exists():
        return ""
    return "Nothing is in your hands: you lead no open incident and look at none alone."


HAND_OVER = Action(
    "hand_over_shift",
    "Hand over at the end of your shift",
    _hand_over,
    Permission.INCIDENT_ACKNOWLEDGE,
    ShiftForm,
    intro="Whoever you ask is told now, and paged at SEV-1 and SEV-2. An incident passes when that "
    "person accepts, which acknowledges it anew.",
    submit="Hand over",
    applies=lambda obj: False,  # the way here is the dashboard, when a shift ends
    barred=_barred,
)
