"""On a person's page: in which browsers they are logged in, and the dialog that ends that."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from incidentdesk.kernel import clocks, dialogs, sessions
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.models import User
from incidentdesk.kernel.sessions import LoggedIn


class EndDialog(dialogs.DeskForm):
    """Which of them, and why."""

    chosen = forms.MultipleChoiceField(
        widget=forms.CheckboxSelectMultiple,
        label="Browsers",
        error_messages={"required": "Tick at least one."},
    )
    reason = forms.CharField(
        max_length=200, label="Why", help_text="Stands in the audit trail: “laptop lost”."
    )

    def prepare(self) -> None:
        """Those that go on, all ticked."""
        found = sessions.of(self.obj, at=clocks.now())
        self.fields["chosen"].choices = [(one.handle, _line(one)) for one in found]  # type: ignore[attr-defined]
        self.fields["chosen"].initial = [one.handle for one in found]
        if not found:
            self.refusal = f"{self.obj} is logged in nowhere."


def in_words(user: User, *, at: datetime) -> SafeString | str:
    """One line a browser, the last used first."""
    lines = [(_line(one),) for one in sessions.of(user, at=at)]
    return format_html_join("\n", "<div>{}</div>", lines) or "nowhere"


def _line(one: LoggedIn) -> str:
    place = f" from {one.address}" if one.address else ""
    return f"{one.device}{place}, last used {one.seen_at:%-d %b %Y %H:%M}"


def _end(obj: User, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    ended = sessions.end(
        user_id=obj.pk, handles=data["chosen"], reason=data["reason"], by=by, at=at
    )
    there = "there" if len(ended) == 1 else f"in {len(ended)} browsers"
    return f"{obj} has to log in again {there}."


END = dialogs.Action(
    name="end_sessions",
    label="End sessions",
    run=_end,
    permission=Permission.PEOPLE_WRITE,
    form=EndDialog,
    intro="What is ended has to log in again at once. API tokens go on working.",
    submit="End them",
    is_grave=True,
)
