"""What is asked of a source on the desk: its own values, and what its labels mean."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.db.models import ForeignKey
from django.forms import ModelChoiceField
from django.http import HttpRequest
from unfold.admin import TabularInline
from unfold.widgets import UnfoldAdminPasswordWidget, UnfoldAdminSelectWidget

from cases.intake import aws, presets, signatures
from cases.models import AxisLevel, LabelMapping, Source, System
from incidentdesk.kernel import access, desk
from incidentdesk.kernel.access import Permission
from partners.models import Partner


class SourceForm(forms.ModelForm):  # type: ignore[type-arg]
    """Where alerts come from, and what is assumed of them until somebody evaluates."""

    impact = forms.TypedChoiceField(coerce=int, widget=UnfoldAdminSelectWidget)
    scope = forms.TypedChoiceField(
        coerce=int,
        widget=UnfoldAdminSelectWidget,
        help_text="Impact and scope are assumed until somebody evaluates the incident.",
    )
    tool = forms.ChoiceField(
        required=False,
        choices=[("", "—"), *((key, one.name) for key, one in presets.PRESETS.items())],
        widget=UnfoldAdminSelectWidget,
        help_text="What sends plain JSON: it brings its expressions, and what to write into it.",
    )
    signing_secret = forms.CharField(
        required=False,
        max_length=200,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "off"}),
        help_text="Grafana and Sentry sign with it what they send; with one, nothing else is "
        "taken. It is never shown again; left empty, it stays as it is.",
    )

    class Meta:
        model = Source
        fields = (
            "name",
            "format",
            "signing_secret",
            "category",
            "impact",
            "scope",
            "period_minutes",
            "grace_minutes",
            "topics",
            "is_active",
        )
        help_texts: ClassVar[dict[str, str]] = {
            "format": "The key is made when you save, and shown once.",
            "category": "What its alerts are about, if that is always the same.",
            "period_minutes": "How far apart two beats are.",
            "grace_minutes": "How late one may be, and how long a run that began may take.",
            "topics": "The ARN of each topic whose messages are taken, one a line.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "format" in self.fields:  # there is one desk, and it is there already
            formats = [one for one in Source.Format.choices if one[0] != Source.Format.DESK]
            self.fields["format"].choices = formats  # type: ignore[attr-defined]
        levels = AxisLevel.objects.all()
        for axis in ("impact", "scope"):
            chosen = [(row.value, str(row)) for row in levels if row.axis == axis]
            self.fields[axis].choices = chosen  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """A secret that nobody would sign with is a mistake, and so is a tool of another format."""
        data: dict[str, Any] = super().clean() or self.cleaned_data
        source_format = data.get("format") or self.instance.format
        if data.get("signing_secret") and source_format not in signatures.SIGNED:
            self.add_error("signing_secret", "This format is not signed; leave it empty.")
        if data.get("tool") and source_format != Source.Format.JSON:
            self.add_error("tool", "These tools send plain JSON; choose that format, or no tool.")
        if wrong := aws.wrong_topic(data.get("topics", "")):
            self.add_error("topics", f"“{wrong[:80]}” is no ARN of a topic; one stands in a line.")
        data["signing_secret"] = data.get("signing_secret") or self.instance.signing_secret
        return data


class MappingForm(forms.ModelForm):  # type: ignore[type-arg]
    """One row; it has to mean something."""

    class Meta:
        model = LabelMapping
        fields = ("label", "pattern", "system", "partner", "urgency")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        pattern = self.fields["pattern"]
        pattern.help_text = ""  # a table shows none below a field
        pattern.widget.attrs["placeholder"] = "the whole value; * and ? stand for anything"

    def clean(self) -> dict[str, Any]:
        """A row that means nothing is a mistake."""
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if not any(data.get(name) for name in ("system", "partner", "urgency")):
            raise forms.ValidationError(
                "Say what it means: a system, a partner or a severity hint."
            )
        return data


class MappingInline(TabularInline):  # type: ignore[misc]
    """What the labels of the source's alerts mean. Whoever keeps registers keeps them."""

    model = LabelMapping
    form = MappingForm
    extra = 0
    hide_title = True
    verbose_name = "label mapping"
    verbose_name_plural = "label mappings"

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever reads the source."""
        return access.allows(desk.actor(request), Permission.INCIDENT_READ)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever keeps registers."""
        return access.allows(desk.actor(request), Permission.REGISTER_WRITE)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever keeps registers."""
        return self.has_add_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nothing points at a mapping: it may go."""
        return self.has_add_permission(request, obj)

    def formfield_for_foreignkey(
        self, db_field: ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> ModelChoiceField[Any] | None:
        """Systems and partners that are in use."""
        rows: Any = {"system": System, "partner": Partner}.get(db_field.name)
        if rows is not None:
            kwargs["queryset"] = rows.objects.filter(is_active=True).order_by("name")
        return super().formfield_for_foreignkey(db_field, request, **kwargs)  # type: ignore[no-any-return]
