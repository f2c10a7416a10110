"""On a partner's page: the dialog that reduces a removed contact to a pseudonym, after showing what
goes of each."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms

from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.admin import leavers
from partners import forgetting
from partners.models import Contact, Partner


class LeaverField(forms.ModelChoiceField):  # type: ignore[type-arg]
    """A contact, with its address."""

    def label_from_instance(self, obj: Contact) -> str:
        """As one line."""
        return f"{obj.name} <{obj.email}>"


class ContactDialog(leavers.LeaverDialog):
    """Who of them; what would go of each stands above."""

    contact = LeaverField(Contact.objects.none(), label="Person")
    field_order = ("contact", "reason")

    def prepare(self) -> None:
        """A dry run for each who left; who still works there is not offered."""
        who = forgetting.leavers(self.obj)
        self.fields["contact"].queryset = who  # type: ignore[attr-defined]
        self.leavers = forgetting.foresee(who)
        if not self.leavers:
            self.refusal = "No contact has left yet: switch one off first, and save."


def _forget(obj: Partner, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    before = data["contact"].email
    contact = forgetting.forget(contact_id=data["contact"].pk, reason=data["reason"], by=by, at=at)
    return f"{before} is {contact} from now on."


FORGET = leavers.action(
    "forget_contact", "Forget a contact", _forget, ContactDialog, Permission.REGISTER_WRITE
)
