"""The forms by which a person chooses: what to look for, and how they want things."""

from __future__ import annotations

from typing import Any

from django import forms

from partners import preferences
from partners.models import Preferences
from partners.portal.forms import DayField


class HistoryForm(forms.Form):
    """What to look for among a partner's incidents."""

    MOST_WORDS = 8

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.is_either = True  # type: ignore[attr-defined]  # nothing here is ever needed

    q = forms.CharField(
        label="Words",
        required=False,
        max_length=120,
        help_text="In the title, the reference or an update; every word has to occur.",
        widget=forms.TextInput(attrs={"type": "search"}),
        error_messages={"max_length": "Keep it to 120 characters; a few words find most."},
    )
    state = forms.ChoiceField(
        label="State",
        required=False,
        choices=[("", "Open and closed"), ("open", "Open"), ("closed", "Closed")],
        error_messages={"invalid_choice": "Choose open, closed, or both."},
    )
    severity = forms.TypedChoiceField(
        label="Severity for you",
        required=False,
        coerce=int,
        empty_value=None,
        choices=[("", "Any"), *((str(n), f"SEV-{n}") for n in (1, 2, 3, 4))],
        error_messages={"invalid_choice": "Choose one of the four severities, or any."},
    )
    since = DayField(label="Told from", required=False)
    until = DayField(label="Told until", required=False)

    def clean(self) -> dict[str, Any]:
        """The words apart, and a span that has days in it."""
        data: dict[str, Any] = super().clean() or self.cleaned_data
        data["words"] = (data.get("q") or "").split()[: self.MOST_WORDS]
        if data.get("since") and data.get("until") and data["since"] > data["until"]:
            self.add_error("until", "It ends before it begins; give a later day.")
        return data


class PreferencesForm(forms.Form):
    """What mails a person, and how times are shown to them."""

    mailed = forms.TypedMultipleChoiceField(
        label="Mail me notices of",
        required=False,
        coerce=int,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"invalid_choice": "Choose among the severities listed."},
    )
    zone = forms.ChoiceField(
        label="Time zone",
        help_text="All times of the portal, its forms and your mails. Files for programs keep UTC.",
        error_messages={
            "required": "Choose a time zone.",
            "invalid_choice": "Choose one of the time zones listed.",
        },
    )
    style = forms.ChoiceField(
        label="Language of times",
        choices=Preferences.Style.choices,
        error_messages={
            "required": "Choose a language.",
            "invalid_choice": "Choose one of the languages listed.",
        },
    )

    def __init__(self, *args: Any, open_to_choice: list[int], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if open_to_choice:
            choices = [(number, f"SEV-{number}") for number in open_to_choice]
            self.fields["mailed"].choices = choices  # type: ignore[attr-defined]
        else:
            del self.fields["mailed"]
        self.fields["zone"].choices = [(name, name) for name in preferences.zones()]  # type: ignore[attr-defined]
