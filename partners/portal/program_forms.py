"""The forms for a partner's programs: tokens and webhooks."""

from __future__ import annotations

from typing import Any

from django import forms

from incidentdesk.kernel import tokens
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
    field_order = ("url", "events")
