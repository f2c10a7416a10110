"""The fields of the dialogs that classify: a question each, and every one may be not known yet."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from cases.regulation.inputs import AMOUNTS, Input, Kind

NOBODY = "none"
QUALITIES = [("", "actual figure"), ("estimate", "estimate")]
_ANSWERS = [("", "Not known yet"), ("yes", "Yes"), ("no", "No")]


class AmountWidget(forms.MultiWidget):
    """A number, and whether it is an estimate."""

    use_fieldset = False  # one label stands above both

    def __init__(self, label: str, *, step: str) -> None:
        number = forms.NumberInput(attrs={"min": 0, "step": step, "inputmode": "decimal"})
        quality = forms.Select(choices=QUALITIES, attrs={"aria-label": f"{label}: quality"})
        super().__init__(widgets=[number, quality], attrs={"class": "amount"})

    def id_for_label(self, id_: str) -> str:
        """The label leads to the number."""
        return f"{id_}_0" if id_ else ""

    def decompress(self, value: Any) -> list[Any]:
        """As it is kept."""
        if not isinstance(value, Mapping):
            return [value or "", ""]
        return [value.get("value"), "estimate" if value.get("is_estimate") else ""]


class AmountField(forms.MultiValueField):
    """Answers what is kept: the number with its quality, or None."""

    def __init__(self, one: Input) -> None:
        most = 100 if one.kind == Kind.SHARE else 2**53
        places = 2 if one.kind == Kind.SHARE else 0
        number = forms.DecimalField(
            min_value=0, max_value=most, decimal_places=places, required=False
        )
        super().__init__(
            fields=[number, forms.ChoiceField(choices=QUALITIES, required=False)],
            widget=AmountWidget(one.label, step="0.01" if places else "1"),
            label=one.label,
            help_text=one.help,
            required=False,
            require_all_fields=False,
        )

    def compress(self, values: list[Any]) -> dict[str, Any] | None:
        """None while no number is given."""
        number: Decimal | None = values[0] if values else None
        if number is None:
            return None
        return {"value": f"{number}", "is_estimate": values[1] == "estimate"}


class CodesField(forms.CharField):
    """Codes of states in a line; `none` says that there is none."""

    def __init__(self, one: Input) -> None:
        self.known = [key for key, _ in one.choices]
        super().__init__(
            label=one.label,
            required=False,
            max_length=200,
            help_text="Two letters each, like DE, FR; “none” where there is none.",
        )

    def prepare_value(self, value: Any) -> Any:
        """As it is typed."""
        if isinstance(value, list):
            return ", ".join(value) or NOBODY
        return value

    def clean(self, value: Any) -> list[str] | None:
        """The codes; None is not known."""
        words = re.findall(r"\w+", (super().clean(value) or "").upper())
        if not words:
            return None
        if words == [NOBODY.upper()]:
            return []
        if strange := [word for word in words if word not in self.known]:
            raise ValidationError(f"There is no Member State {strange[0]}; use its two letters.")
        return [key for key in self.known if key in words]


class KindsField(forms.MultipleChoiceField):
    """Boxes to tick, one of them for none at all; without any it is not known."""

    def __init__(self, one: Input) -> None:
        super().__init__(
            label=one.label,
            choices=[*one.choices, (NOBODY, "none of these")],
            required=False,
            help_text="Nothing ticked: not known yet.",
            widget=forms.CheckboxSelectMultiple,
        )

    def prepare_value(self, value: Any) -> Any:
        """An empty list was the answer that there is none."""
        return [NOBODY] if value == [] and isinstance(value, list) else value

    def clean(self, value: Any) -> Any:
        """The kinds; None is not known."""
        chosen = super().clean(value)
        if not chosen:
            return None
        if NOBODY in chosen and len(chosen) > 1:
            raise ValidationError("Either some of them, or none.")
        return [key for key in chosen if key != NOBODY]


def field(one: Input) -> forms.Field:
    """The form's field of an input."""
    if one.kind in AMOUNTS:
        return AmountField(one)
    if one.kind == Kind.KINDS:
        return CodesField(one) if one.name == "member_states" else KindsField(one)
    if one.kind == Kind.FLAG:
        return forms.BooleanField(label=one.label, required=False)
    choices = _ANSWERS if one.kind == Kind.YES_NO else [("", "Not known yet"), *one.choices]
    return forms.ChoiceField(label=one.label, choices=choices, required=False, help_text=one.help)


def initial(one: Input, kept: Any) -> Any:
    """What the field begins with; what came out of the record is left to it again."""
    if isinstance(kept, Mapping) and kept.get("is_computed"):
        return None
    if one.kind == Kind.YES_NO:
        return "yes" if kept else "no"
    return kept


def answer(one: Input, value: Any) -> Any:
    """What the use case is told; None is not known."""
    if one.kind == Kind.YES_NO:
        return {"yes": True, "no": False}.get(value)
    return value or None if one.kind in (Kind.FLAG, Kind.CHOICE) else value
