"""The forms for a partner's programs: tokens and webhooks."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.text import get_text_list

from incidentdesk.kernel import tokens
from partners import preferences
from partners.models import EventType


class TokenForm(forms.Form):
    """A token for a program: what it is for, what it may do, until when."""

    name = forms.CharField(
        label="What will use it?",
        max_length=80,
        help_text="For instance “status page” or “ticket system”.",
        error_messages={
            "required": "Say what will use it.",
            "max_length": "Keep this to 80 characters.",
        },
    )
    acts = forms.BooleanField(
        label="It may also acknowledge, report, answer and write, in your name", required=False
    )
    days = forms.IntegerField(
        label="Days until it ends",
        min_value=1,
        max_value=tokens.MOST_DAYS,
        initial=tokens.DAYS,
        error_messages={
            "required": "Say after how many days it ends.",
            "invalid": "Give a number of days.",
            "min_value": "It lasts a day at least.",
            "max_value": f"It lasts {tokens.MOST_DAYS} days at most.",
        },
    )

    def __init__(self, *args: Any, may_act: bool, **known: Any) -> None:
        super().__init__(*args, **known)
        if not may_act:
            del self.fields["acts"]


class EventsForm(forms.Form):
    """What a webhook is told of."""

    events = forms.MultipleChoiceField(
        label="It is told when",
        choices=EventType.choices,
        widget=forms.CheckboxSelectMultiple,
        error_messages={
            "required": "Choose at least one of these.",
            "invalid_choice": "Choose at least one of these.",
            "invalid_list": "Choose at least one of these.",
        },
    )
    severities = forms.TypedMultipleChoiceField(
        label="Of incidents whose severity for you is",
        required=False,
        coerce=int,
        widget=forms.CheckboxSelectMultiple,
        error_messages=dict.fromkeys(
            ("invalid_choice", "invalid_list"), "Choose among the severities listed."
        ),
    )

    def __init__(self, *args: Any, agreed: set[int], **known: Any) -> None:
        super().__init__(*args, **known)
        free = [number for number in preferences.SEVERITIES if number not in agreed]
        field = self.fields["severities"]
        if not free:
            del self.fields["severities"]
            return
        field.is_either = True  # type: ignore[attr-defined]  # none of them is an answer
        field.choices = [(number, f"SEV-{number}") for number in free]  # type: ignore[attr-defined]
        told = [f"SEV-{number}" for number in sorted(agreed)]
        in_any_case = (
            f" {get_text_list(told, 'and')} {'is' if len(told) == 1 else 'are'} told in any case: "
            "your contract agrees by when you are told of them."
        )
        field.help_text = f"What we ask you for is told at any severity.{in_any_case * bool(told)}"


class WebhookForm(EventsForm):
    """Where a partner's programs are told what happens."""

    url = forms.CharField(
        label="Address",
        max_length=300,
        help_text="Begins with https:// and can be reached from the internet. "
        "Ports are 443, 80 and those above 1023.",
        widget=forms.URLInput(attrs={"placeholder": "https://"}),
        error_messages={
            "required": "Give the address of your program.",
            "max_length": "Keep the address to 300 characters.",
        },
    )
    field_order = ("url", "events", "severities")
