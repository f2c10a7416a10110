"""The fields that several dialogs share. Times are UTC, as everywhere on the desk."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.utils.html import format_html

from cases.models import AxisLevel, Category, Involvement
from cases.models.severity import AXES
from incidentdesk.kernel.access import Permission
from incidentdesk.kernel.fields import MinuteInput
from incidentdesk.kernel.models import User
from incidentdesk.kernel.roles import ROLES

NOT_KNOWN = ("", "Not known yet: the next higher value counts")
SEVERITIES = [(n, f"SEV-{n}") for n in (1, 2, 3, 4)]


def words(label: str, *, rows: int = 4, help_text: str = "", required: bool = True) -> Any:
    """A text of several lines."""
    widget = forms.Textarea(attrs={"rows": rows})
    return forms.CharField(label=label, widget=widget, help_text=help_text, required=required)


def moment(label: str, *, help_text: str = "UTC.", required: bool = True) -> Any:
    """A date and a time to the minute, in UTC."""
    return forms.DateTimeField(
        label=label, widget=MinuteInput, help_text=help_text, required=required
    )


def to_minute(moment: datetime | None) -> datetime | None:
    """A time as the form shows it."""
    return moment.replace(second=0, microsecond=0) if moment else None


def kept(before: datetime | None, typed: datetime | None) -> datetime | None:
    """What was typed; or, if the form came back as it was shown, what was there to the second."""
    return before if typed == to_minute(before) else typed


def axis(label: str) -> Any:
    """Impact, scope or urgency; it may be unknown. `explain_axes` gives it its choices."""
    return forms.TypedChoiceField(
        label=label,
        choices=[NOT_KNOWN],
        coerce=int,
        empty_value=None,
        required=False,
        widget=forms.RadioSelect,
    )


def impact() -> Any:
    """How bad it is."""
    return axis("Impact")


def scope() -> Any:
    """How far it reaches."""
    return axis("Scope")


def urgency() -> Any:
    """How fast it grows."""
    return axis("Urgency")


def explain_axes(form: forms.Form) -> None:
    """Give the three axes of a form their choices, each with its definition. One query."""
    found: dict[str, list[tuple[Any, str]]] = {name: [] for name, _ in AXES}
    for level in AxisLevel.objects.all():
        words = format_html("<b>{}</b><small>{}</small>", level, level.definition)
        found[level.axis].append((level.value, words))
    for name, choices in found.items():
        form.fields[name].choices = [*choices, NOT_KNOWN]  # type: ignore[attr-defined]


def severity_choice(label: str = "Severity", *, help_text: str = "", is_open: bool = False) -> Any:
    """One of the four severities; `is_open` begins with none chosen."""
    choices = [("", "Choose…"), *SEVERITIES] if is_open else SEVERITIES
    return forms.TypedChoiceField(label=label, choices=choices, coerce=int, help_text=help_text)


def category(*, required: bool = True) -> Any:
    """A category that is in use."""
    return forms.ModelChoiceField(
        Category.objects.filter(is_active=True),
        label="Category",
        required=required,
        empty_label="Choose…" if required else "Not known yet",
    )


def ticks(label: str, *, required: bool = True, help_text: str = "") -> Any:
    """Boxes to tick; the form sets their choices. Answers ids."""
    return forms.TypedMultipleChoiceField(
        label=label,
        coerce=int,
        required=required,
        help_text=help_text,
        widget=forms.CheckboxSelectMultiple,
    )


def hidden_id(label: str) -> Any:
    """Which row the button stood at; the form sets the choices."""
    return forms.TypedChoiceField(label=label, coerce=int, widget=forms.HiddenInput)


def named(involvement: Involvement) -> str:
    """An involvement in a choice: the partner, and its reference once it has one."""
    partner, reference = involvement.partner.name, involvement.reference
    return f"{partner} · {reference}" if reference else f"{partner} (not disclosed yet)"


def person(label: str, permission: Permission, *, nobody: str = "", help_text: str = "") -> Any:
    """Somebody at the desk whose role has the permission; `nobody` words the empty choice."""
    roles = [key for key, role in ROLES.items() if permission in role.permissions]
    return forms.ModelChoiceField(
        User.objects.filter(is_active=True, roles__overlap=roles).order_by("name", "email"),
        label=label,
        required=not nobody,
        empty_label=nobody or "Choose…",
        help_text=help_text,
    )
