"""The field for a calendar file: what it holds, as text."""

from __future__ import annotations

from typing import Any

from django import forms

from notifications.rotas import icsfile


class CalendarFileField(forms.FileField):
    """Optional; cleaned, it is the text of the file, or empty."""

    def __init__(self, **options: Any) -> None:
        super().__init__(label="Calendar file (.ics)", required=False, **options)

    def clean(self, data: Any, initial: Any = None) -> str:
        """Refuse a file that is too large before it is read."""
        upload = super().clean(data, initial)
        if not upload:
            return ""
        if upload.size > icsfile.MOST_BYTES:
            raise forms.ValidationError(icsfile.TOO_LARGE)
        return str(upload.read().decode("utf-8", "replace"))
