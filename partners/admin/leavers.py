"""On a partner's page: the dialog that reduces a removed contact to a pseudonym, after showing what
goes of each."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms

from incidentdesk.kernel import dialogs
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.admin.leavers import STAYS
from partners import forgetting
from partners.models import Contact, Partner


class LeaverField(forms.ModelChoiceField):  # type: ignore[type-arg]
    """A contact, with its address."""

    def label_from_instance(self, obj: Contact) -> str:
        """As one line."""
        return f"{obj.name} <{obj.email}>"


class ForgetDialog(dialogs.DeskForm):
    """Who, and why; what would go of each stands above."""

    above = "admin/kernel/user/leavers.html"
    contact = LeaverField(Contact.objects.none(), label="Person")
    reason = forms.CharField(
        max_length=200,
        label="Why",
        help_text="Stands on the audit trail, without the name: “left in March; asked for it”.",
    )

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


FORGET = dialogs.Action(
    name="forget_contact",
    label="Forget a contact",
    run=_forget,
    permission=Permission.REGISTER_WRITE,
    form=ForgetDialog,
    intro=f"For good: nobody can bring it back. {STAYS}",
    submit="Forget them for good",
    lets_in=True,
    is_grave=True,
)
