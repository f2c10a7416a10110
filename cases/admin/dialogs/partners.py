"""Which partners are affected, what it means for each, and what they are told."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms

from cases import deciding, disclosure
from cases.admin.dialogs import fields
from cases.models import Incident, Involvement
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.dialogs import Action, DeskForm
from partners.models import Partner

MEANING = "What it means for this partner"
Decision = Involvement.Decision
CHOICES = {
    Decision.NOTIFY: "notified of this incident by a notice",
    Decision.NOT: "not notified",
    Decision.DIGEST: "told in the monthly digest",
}
READS = "UTC, when it began for this partner, which reads it."
BEGAN = f"{READS} Empty: it reads “not known yet”."
SHOWN = "In words for the partner; nothing internal, and no other partner's name."


class AddPartnerForm(DeskForm):
    """A partner, and what the incident means for it."""

    partner = forms.ModelChoiceField(Partner.objects.none(), label="Partner", empty_label="Choose…")
    title = forms.CharField(label="Title for this partner", max_length=200, help_text=SHOWN)
    meaning = fields.words(MEANING, help_text="What it sees of it, and what it should do.")
    severity = fields.severity_choice("Severity for this partner", is_open=True)
    started_at = fields.moment("Began for this partner", required=False, help_text=BEGAN)

    def prepare(self) -> None:
        """Partners that are not listed yet. How severe it is for one and since when is nobody's
        guess: what the incident has of both may come from another partner."""
        listed = self.obj.involvements.values("partner_id")
        rows = Partner.objects.filter(is_active=True).exclude(pk__in=listed)
        self.fields["partner"].queryset = rows  # type: ignore[attr-defined]


def _add_partner(obj: Incident, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    disclosure.add_partner(
        incident_id=obj.pk,
        partner_id=data["partner"].pk,
        title=data["title"],
        meaning=data["meaning"],
        severity=data["severity"],
        started_at=data["started_at"],
        by=by,
        at=at,
    )
    return f"{data['partner']} is listed. It sees nothing yet."


class InvolvementForm(DeskForm):
    """About one involvement of the incident, which the button names."""

    involvement = fields.hidden_id("Partner")
    row: Involvement | None = None

    def prepare(self) -> None:
        """Find the involvement."""
        rows = {str(r.pk): r for r in self.obj.involvements.select_related("partner")}
        choice = [(row.pk, fields.named(row)) for row in rows.values()]
        self.fields["involvement"].choices = choice  # type: ignore[attr-defined]
        asked = self.data.get("involvement") or self.initial.get("involvement")
        self.row = rows.get(str(asked))
        if self.row is None:
            self.fields["involvement"].widget = forms.Select(choices=choice)
        else:
            self.lead_in = f"{fields.named(self.row)}."


class EditInvolvementForm(InvolvementForm):
    """What it means for the partner, as it stands now."""

    title = forms.CharField(label="Title for this partner", max_length=200, help_text=SHOWN)
    meaning = fields.words(MEANING)
    severity = fields.severity_choice("Severity for this partner", is_open=True)
    started_at = fields.moment("Began for this partner", required=False, help_text=BEGAN)

    def prepare(self) -> None:
        """As it stands now; a severity that nobody chose for the partner is chosen now. What was
        said is not unsaid: a meaning and a start can be corrected, and not be emptied."""
        super().prepare()
        if self.row is None:
            return
        names = {"title", "meaning", "severity", "started_at"}
        for name in names - ({"severity"} if disclosure.is_unsaid(self.row) else set()):
            self.fields[name].initial = getattr(self.row, name)
        self.fields["meaning"].required = bool(self.row.meaning)
        if not self.row.meaning:
            self.fields["meaning"].help_text = "Empty: it reads that this is not known yet."
        if self.row.started_at is not None:
            self.fields["started_at"].required = True
            self.fields["started_at"].help_text = READS
        if self.row.disclosed_at is not None:
            self.lead_in += " It sees what you save at once, and no second person looks at it."

    def clean_started_at(self) -> datetime | None:
        """What nobody touched stays to the second."""
        was = self.row.started_at if self.row else None
        return fields.kept(was, self.cleaned_data["started_at"])


def _edit(obj: Incident, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    involvement = disclosure.edit_involvement(
        incident_id=obj.pk,
        involvement_id=data["involvement"],
        title=data["title"],
        meaning=data["meaning"],
        severity=data["severity"],
        started_at=data["started_at"],
        by=by,
        at=at,
    )
    return f"Saved for {involvement.partner}."


def _disclose(obj: Incident, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    involvement = disclosure.disclose(
        incident_id=obj.pk, involvement_id=data["involvement"], by=by, at=at
    )
    return f"{involvement.partner} sees it as {involvement.reference}."


class DecideForm(DeskForm):
    """Who is notified, and why; the same for several at once."""

    partners = fields.ticks("Partners")
    choice = forms.ChoiceField(label="They are", widget=forms.RadioSelect)
    reason = fields.words("Why", rows=2, help_text="It stays on the timeline, inside the desk.")

    def prepare(self) -> None:
        """Those of whom nothing is decided yet, ticked; the digest only where there is one."""
        rows = list(self.obj.involvements.select_related("partner"))
        self.fields["partners"].choices = [(row.pk, _decided(row)) for row in rows]  # type: ignore[attr-defined]
        self.fields["partners"].initial = [row.pk for row in rows if not row.decision]
        is_mild = self.obj.severity == deciding.DIGEST_SEVERITY
        self.fields["choice"].choices = [  # type: ignore[attr-defined]
            (key, CHOICES[key]) for key in Decision if is_mild or key != Decision.DIGEST
        ]


def _decided(row: Involvement) -> str:
    """The partner, and what is decided of it so far."""
    words = row.get_decision_display() if row.decision else "nothing decided yet"
    return f"{row.partner.name} ({words})"


def _decide(obj: Incident, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    count = deciding.decide(
        incident_id=obj.pk,
        involvement_ids=data["partners"],
        choice=data["choice"],
        reason=data["reason"],
        by=by,
        at=at,
    )
    return f"Decided for {count} partner{'' if count == 1 else 's'}."


_MAY = Permission.NOTICE_DRAFT
ADD_PARTNER = Action(
    "add_partner",
    "List a partner",
    _add_partner,
    _MAY,
    AddPartnerForm,
    intro="Listing a partner shows it nothing; disclosing or a notice does.",
    submit="List",
    applies=lambda incident: incident.is_responding,
)
EDIT_INVOLVEMENT = Action(
    "edit_involvement",
    "Edit what it means",
    _edit,
    _MAY,
    EditInvolvementForm,
    intro="A partner that sees the incident sees the change at once; its programs are told too.",
    submit="Save",
)
DISCLOSE = Action(
    "disclose",
    "Disclose",
    _disclose,
    _MAY,
    InvolvementForm,
    intro="The partner gets a reference of its own and sees its view of the incident from now on.",
    submit="Disclose",
)
DECIDE = Action(
    "decide_notice",
    "Decide who is notified",
    _decide,
    Permission.INCIDENT_COMMAND,
    DecideForm,
    intro="Each affected partner is notified or not, with a reason, before Containment ends.",
    submit="Decide",
    applies=lambda incident: incident.is_open,
)
