"""The dialog that reduces who left to a pseudonym, after showing what goes; and it on a person's
page. A partner's page has it for contacts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms

from incidentdesk.kernel import dialogs, people
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.models import User

INTRO = (
    "For good: nobody can bring it back. What was written once stays as it was signed: the name "
    "beside what the person did on timelines, in receipts and on the audit trail."
)
MORE = "Ways to be reached, second factors and sessions go; nothing stands in their place."


class LeaverDialog(dialogs.DeskForm):
    """What would go, and why it shall."""

    above = "admin/kernel/user/leavers.html"
    leavers: list[dict[str, Any]]  # of each what stands there now, and then
    reason = forms.CharField(
        max_length=200,
        label="Why",
        help_text="Stands on the audit trail, without the name: “left in March; asked for it”.",
    )


def action(
    name: str, label: str, run: dialogs.UseCase, form: type[LeaverDialog], permission: Permission
) -> dialogs.Action:
    """The button, and what it warns of."""
    return dialogs.Action(
        name=name,
        label=label,
        run=run,
        permission=permission,
        form=form,
        intro=INTRO,
        submit="Forget them for good",
        lets_in=True,
        is_grave=True,
    )


class PersonDialog(LeaverDialog):
    """This one person."""

    def prepare(self) -> None:
        """A dry run; nothing to press where the use case would refuse."""
        self.refusal = people.why_not_forgotten(self.obj)
        pseudonym = people.pseudonym(self.obj, people.FORMER)
        self.leavers = [{"now": (self.obj.name, self.obj.email), "then": pseudonym, "more": MORE}]


def _forget(obj: User, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    before = obj.email
    user = people.forget(user_id=obj.pk, reason=data["reason"], by=by, at=at)
    return f"{before} is {user} from now on."


FORGET = action("forget", "Forget this person", _forget, PersonDialog, Permission.PEOPLE_WRITE)
