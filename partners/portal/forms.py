"""The forms of the portal. They read what was typed; the rules stand in the use cases."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils import timezone
from django.utils.functional import lazy

from cases import visibility
from cases.models import Category, Report
from incidentdesk.kernel import clocks, uploads
from incidentdesk.kernel.fields import MINUTES, MinuteInput
from partners.models import Invitation

EARLIEST = datetime(clocks.EARLIEST, 1, 1, tzinfo=UTC)
LATEST = datetime(clocks.LATEST, 12, 31, tzinfo=UTC)


def _in_zone(words: str) -> Any:
    """The words with the zone of the reader, as it is when they are shown."""
    return lazy(lambda: words.format(timezone.get_current_timezone_name()), str)()


CHANGING = "The clocks change at that moment in {}; give a time before or after it."
TIME_HINT = _in_zone("In {}, for instance 2026-03-04T09:41.")


class MinuteField(forms.DateTimeField):
    """A moment to the minute, as browsers send it, in the zone that its reader chose."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            widget=MinuteInput,
            input_formats=[MINUTES, "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"],
            validators=[
                MinValueValidator(EARLIEST, f"Give a time since {clocks.EARLIEST}."),
                MaxValueValidator(LATEST, "Give a time that somebody alive may see."),
            ],
            error_messages={
                "invalid": _in_zone(
                    "This is no date with a time; write it like 2026-03-04T09:41, in {}."
                ),
                "required": _in_zone("Give the time, in {}; a good guess will do."),
            },
            **options,
        )

    def to_python(self, value: Any) -> datetime | None:
        """The moment; one that a change of the clocks skips, or has twice, is none."""
        try:
            return super().to_python(value)
        except forms.ValidationError as error:
            if error.code == "ambiguous_timezone":
                raise forms.ValidationError(_in_zone(CHANGING), code=error.code) from error
            raise


class DayField(forms.DateField):
    """A day, as browsers send it."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
            input_formats=["%Y-%m-%d"],
            validators=[
                MaxValueValidator(LATEST.date(), "Give a day that somebody alive may see.")
            ],
            error_messages={"invalid": "This is no day; write it like 2026-03-31."},
            **options,
        )


class EitherField(forms.CharField):
    """Words that may be left out if there is a file: neither needed nor merely optional."""

    is_either = True


class ReportForm(forms.Form):
    """What a partner tells us of something that looks wrong."""

    title = forms.CharField(
        label="What is wrong, in a few words",
        max_length=200,
        error_messages={
            "required": "Say in a few words what is wrong.",
            "max_length": "Keep this to 200 characters; the details go below.",
        },
    )
    description = forms.CharField(
        label="What do you see?",
        help_text="Symptoms, affected clients, order ids, times. Plain text.",
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 7}),
        error_messages={
            "required": "Describe what you see, so that somebody can look for it.",
            "max_length": "Keep this to 20,000 characters.",
        },
    )
    category: forms.ModelChoiceField[Category] = forms.ModelChoiceField(
        label="What kind of incident is it?",
        queryset=None,
        required=False,
        empty_label="Not sure",
        to_field_name="key",
        error_messages={"invalid_choice": "Choose one of the kinds listed, or “Not sure”."},
    )
    certainty = forms.ChoiceField(
        label="How sure are you?",
        required=False,
        choices=[("", "Not said"), *Report.Certainty.choices],
        error_messages={"invalid_choice": "Choose one of the words listed, or “Not said”."},
    )
    noticed_at = MinuteField(label="When did you notice it?", help_text=TIME_HINT)
    happened_at = MinuteField(
        label="When did it happen, if you know?", help_text=TIME_HINT, required=False
    )
    uploads = uploads.FilesField()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["category"]
        if isinstance(field, forms.ModelChoiceField):
            field.queryset = visibility.categories()


class AnswerForm(forms.Form):
    """An answer to a request, or a part of it."""

    text = EitherField(
        label="Your answer",
        required=False,
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 5}),
        error_messages={"max_length": "Keep this to 20,000 characters; a file can hold the rest."},
    )
    uploads = uploads.FilesField()
    is_whole = forms.BooleanField(
        label="This is all: the answer is whole",
        required=False,
        help_text="Leave it empty for a part; more can follow. After one, the box alone is enough.",
    )


class RemarkForm(forms.Form):
    """Something for the response team."""

    text = EitherField(
        label="Write to the response team",
        help_text="Observations, affected clients, order ids. Plain text.",
        required=False,
        max_length=10_000,
        widget=forms.Textarea(attrs={"rows": 4}),
        error_messages={"max_length": "Keep it to 10,000 characters; a file can hold the rest."},
    )
    uploads = uploads.FilesField()


class ProcedureForm(forms.Form):
    """A procedure for the partner's own users."""

    title = forms.CharField(
        label="Title",
        max_length=200,
        error_messages={
            "required": "Give it a title.",
            "max_length": "Keep this to 200 characters.",
        },
    )
    version = forms.CharField(
        label="Version",
        max_length=40,
        error_messages={
            "required": "Say which version it is.",
            "max_length": "Keep this to 40 characters.",
        },
    )
    scope = forms.CharField(
        label="What does it cover?",
        help_text="Which services, which users, which kinds of incident.",
        max_length=5_000,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={
            "required": "Say what it covers.",
            "max_length": "Keep this to 5,000 characters; the file can hold the rest.",
        },
    )
    uploads = uploads.FilesField(
        label="The file", help_text=f"One file of at most {uploads.limit() // uploads.MEGABYTE} MB."
    )
    link = forms.CharField(
        label="Or a link to it",
        required=False,
        max_length=500,
        help_text="It begins with https://.",
        error_messages={"max_length": "Keep the link to 500 characters."},
    )
    valid_until = forms.DateField(
        label="Valid until",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        input_formats=["%Y-%m-%d"],
        help_text="The last day, for instance 2027-03-31.",
        error_messages={
            "required": "Give its last day; we remind you before.",
            "invalid": "This is no day; write it like 2027-03-31.",
        },
    )
    attested_by = forms.CharField(
        label="Who attests it?",
        max_length=120,
        help_text="The person at your company who answers for it.",
        error_messages={
            "required": "Say who at your company attests it.",
            "max_length": "Keep this to 120 characters.",
        },
    )


class ExtensionForm(forms.Form):
    """More time for a request."""

    until = MinuteField(label="Until when?", help_text=TIME_HINT)
    reason = forms.CharField(
        label="Why do you need longer?",
        max_length=2_000,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={
            "required": "Say why you need longer; the response team decides on it.",
            "max_length": "Keep this to 2,000 characters.",
        },
    )


class InvitationForm(forms.Form):
    """Whom a partner's administrator asks to work with them here."""

    name = forms.CharField(
        label="Name",
        max_length=120,
        error_messages={
            "required": "Give the person's name.",
            "max_length": "Keep the name to 120 characters.",
        },
    )
    email = forms.EmailField(
        label="E-mail address",
        help_text="The link goes there. It works once, and for seven days.",
        error_messages={
            "required": "Give the address that the invitation goes to.",
            "invalid": "This is no e-mail address.",
            "max_length": "An e-mail address is never that long.",
        },
    )
    right = forms.ChoiceField(
        label="This person",
        choices=Invitation.Right.choices,
        error_messages={
            "required": "Choose what the person does for your company.",
            "invalid_choice": "Choose what the person does for your company.",
        },
    )
