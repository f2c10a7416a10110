"""Publishing a version of how we handle incidents: its text, and what changed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms

from cases import framework
from cases.admin.dialogs import fields
from cases.admin.page import framework_preview as preview
from cases.models import Framework
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.dialogs import AGAIN, Action, DeskForm


class VersionForm(DeskForm):
    """The whole text, taken up from the version in force."""

    text = fields.words(
        "Text",
        rows=18,
        help_text="Markdown. A line that begins with “## ” begins a section with that heading.",
    )
    changed = fields.words(
        "What changed", rows=3, help_text="Every partner reads it beside the new version."
    )
    seen = forms.IntegerField(widget=forms.HiddenInput, label="The version that was shown")

    below = "admin/cases/framework/preview_way.html"
    preview = ""

    def prepare(self) -> None:
        """What is in force; with what was typed, how a partner would read it."""
        if AGAIN in self.initial:
            self.preview = preview.of(
                str(self.initial.get("text", "")), str(self.initial.get("changed", ""))
            )
        newest = Framework.objects.first()
        self.fields["text"].initial = newest.text if newest else ""
        self.fields["seen"].initial = newest.number if newest else 0


def _publish(obj: None, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    made = framework.publish(
        text=data["text"], changed=data["changed"], seen_number=data["seen"], by=by, at=at
    )
    return f"Version {made.number} is in force; every partner is asked to acknowledge it."


PUBLISH = Action(
    "publish",
    "Write the next version",
    _publish,
    Permission.REGISTER_WRITE,
    VersionForm,
    intro="It comes into force at once, the same for every partner. Former versions stay readable.",
    submit="Put in force",
)
