"""On a person's page: the dialog that reduces who left to a pseudonym, after showing what goes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms

from incidentdesk.kernel import dialogs, people
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.models import User

STAYS = (
    "What was written once stays as it was signed: the name beside what the person did on "
    "timelines, in receipts and on the audit trail."
)

MORE = "Ways to be reached, second factors and sessions go; nothing stands in their place."


class ForgetDialog(dialogs.DeskForm):
    """What would go, and why it shall."""

    above = "admin/kernel/user/leavers.html"
    reason = forms.CharField(
        max_length=200,
        label="Why",
        help_text="Stands on the audit trail, without the name: “left in March; asked for it”.",
    )

    def prepare(self) -> None:
        """A dry run; nothing to press where the use case would refuse."""
        self.refusal = people.why_not_forgotten(self.obj)
        pseudonym = people.pseudonym(self.obj, people.FORMER)
        self.leavers = [{"now": (self.obj.name, self.obj.email), "then": pseudonym, "more": MORE}]


def _forget(obj: User, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    before = obj.email
    user = people.forget(user_id=obj.pk, reason=data["reason"], by=by, at=at)
    return f"{before} is {user} from now on."


FORGET = dialogs.Action(
    name="forget",
    label="Forget this person",
    run=_forget,
    permission=Permission.PEOPLE_WRITE,
    form=ForgetDialog,
    intro=f"For good: nobody can bring it back. {STAYS}",
    submit="Forget them for good",
    lets_in=True,
    is_grave=True,
)
