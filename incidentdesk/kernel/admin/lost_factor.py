"""On a person's page: the dialog that removes a second factor that was lost."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms

from incidentdesk.kernel import dialogs, factors, passwords
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.models import User


class LostDialog(dialogs.DeskForm):
    """How one knows that it is they who ask."""

    reason = forms.CharField(
        max_length=200,
        label="Why, and how you know that it is them",
        help_text="Stands in the audit trail: “phone lost; called back on the number we had”.",
    )

    def prepare(self) -> None:
        """Nothing to remove, nothing to press."""
        if not factors.in_words(self.obj):
            self.refusal = f"{self.obj} has no second factor."


def _remove(obj: User, data: Mapping[str, Any], *, by: Actor, at: datetime) -> dialogs.Done:
    user = factors.remove(user_id=obj.pk, reason=data["reason"], by=by, at=at)
    return dialogs.Done(
        f"{user} has no second factor any more and is logged out everywhere.",
        then=lambda: passwords.mail_changed_factor(user, "an administrator removed it"),
    )


REMOVE = dialogs.Action(
    name="remove_factor",
    label="Remove the second factor",
    run=_remove,
    permission=Permission.PEOPLE_WRITE,
    form=LostDialog,
    intro="For somebody who lost their phone and their recovery codes. Whoever asks may be "
    "somebody else: call back on a number that you had before. Their sessions end; until they set "
    "up a new factor their password alone lets them in.",
    submit="Remove it",
    lets_in=True,
    is_grave=True,
)
