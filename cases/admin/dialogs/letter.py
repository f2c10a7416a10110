"""A mail in quarantine: whose report it is, or that nothing becomes of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms
from django.urls import reverse

from cases.intake.mail import quarantine
from cases.models import Letter
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.dialogs import Action, DeskForm, Done
from partners.models import Contact, Partner


class AcceptForm(DeskForm):
    """Whose report it is; nobody is chosen beforehand, since the sender is not proved."""

    partner = forms.ModelChoiceField(
        Partner.objects.none(), label="Report of", empty_label="Choose…"
    )

    def prepare(self) -> None:
        """The active partners, and in words whose contact the address belongs to, if to anybody."""
        self.fields["partner"].queryset = Partner.objects.filter(is_active=True)  # type: ignore[attr-defined]
        known = Contact.objects.filter(email__iexact=self.obj.sender, is_active=True)
        names = ", ".join(known.values_list("partner__name", flat=True).order_by("partner__name"))
        if self.obj.sender and names:
            self.fields["partner"].help_text = (
                f"The address {self.obj.sender} is that of a contact of {names}. Make sure that "
                "they sent it: anybody can write an address above a mail."
            )


def _accept(obj: Letter, data: Mapping[str, Any], *, by: Actor, at: datetime) -> Done:
    made = quarantine.accept(letter_id=obj.pk, partner_id=data["partner"].pk, by=by, at=at)
    said = f"It is {made.reference} now, a report of {made.partner}; it waits for triage."
    return Done(said, to=reverse("admin:cases_report_change", args=[made.pk]))


def _dismiss(obj: Letter, data: Mapping[str, Any], *, by: Actor, at: datetime) -> Done:
    quarantine.dismiss(letter_id=obj.pk, by=by, at=at)
    return Done("The mail is dismissed.", to=reverse("admin:cases_letter_changelist"))


def _waits(letter: Letter) -> bool:
    return letter.outcome == Letter.Outcome.QUARANTINED


ACCEPT = Action(
    "accept",
    "Accept as report of …",
    _accept,
    Permission.REPORT_TRIAGE,
    AcceptForm,
    intro="It becomes a report of the partner that you choose, with its files. The partner reads "
    "all of it in its portal. Its sender gets no mail and no access.",
    submit="Accept as its report",
    is_primary=True,
    applies=_waits,
)
DISMISS = Action(
    "dismiss",
    "Dismiss",
    _dismiss,
    Permission.REPORT_TRIAGE,
    intro="Nothing becomes of it, and its sender gets no answer. It stays on record.",
    submit="Dismiss",
    applies=_waits,
)
