"""Sources: a new key beside the present one, the end of the former, and a test."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms
from django.utils.html import format_html
from django.utils.safestring import SafeString

from cases.intake import snippets, sources
from cases.models import Source
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.dialogs import Action, DeskForm


def shown_once(source: Source, key: str) -> SafeString:
    """The key, in the text to paste."""
    return format_html(
        'The key of {} is shown this once; write this into {}:<pre class="desk-secret">{}</pre>',
        source.name,
        source.get_format_display(),
        snippets.snippet(source.format, key, source.preset),
    )


class NewKeyForm(DeskForm):
    """For how long the present key goes on."""

    days = forms.TypedChoiceField(
        label="The present key works for",
        coerce=int,
        choices=[(1, "one more day"), (7, "7 more days"), (30, "30 more days"), (0, "no longer")],
        initial=sources.DAYS,
        help_text="Until the tool has the new one. Both are taken meanwhile; a key before the "
        "present one stops now.",
    )


def _renew(obj: Source, data: Mapping[str, Any], *, by: Actor, at: datetime) -> SafeString:
    source, key = sources.renew_key(source_id=obj.pk, days=data["days"], by=by, at=at)
    return shown_once(source, key)


def _end(obj: Source, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    source = sources.end_former_key(source_id=obj.pk, by=by, at=at)
    return f"The former key of {source} is taken no longer."


def _test(obj: Source, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    event = sources.send_test(source_id=obj.pk, by=by, at=at)
    return f"The test was read. {event.said}"


NEW_KEY = Action(
    name="renew_key",
    label="New key",
    run=_renew,
    permission=Permission.REGISTER_WRITE,
    form=NewKeyForm,
    submit="Make a new key",
)
END_KEY = Action(
    name="end_key",
    label="End the former key",
    run=_end,
    permission=Permission.REGISTER_WRITE,
    intro="Alerts that come with the former key are refused from now on.",
    submit="End it now",
    is_grave=True,
)
SEND_TEST = Action(
    name="send_test",
    label="Send a test alert",
    run=_test,
    permission=Permission.REGISTER_WRITE,
    intro="An alert of this format is read, mapped and graded as one from the tool would be, and "
    "you see what would become of it. It is kept under Events as a test; no incident opens, and "
    "nobody is paged.",
    submit="Send it",
)
