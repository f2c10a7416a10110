"""Escalation paths with their steps: a register. A path is switched off, never deleted."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.postgres.forms import SimpleArrayField
from django.core.exceptions import ValidationError
from django.db.models import ManyToManyField, Prefetch, QuerySet
from django.http import HttpRequest
from unfold.admin import StackedInline
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminSelect2MultipleWidget,
    UnfoldAdminTextInputWidget,
)

from incidentdesk.kernel import access, desk
from incidentdesk.kernel.access import Permission
from notifications import ladder
from notifications.models import EscalationPath, EscalationStep, Group, Rota, Severity


class PathForm(forms.ModelForm):  # type: ignore[type-arg]
    """Severities as boxes to tick, categories as a list of keys."""

    severities = forms.TypedMultipleChoiceField(
        choices=Severity.choices, coerce=int, widget=UnfoldAdminCheckboxSelectMultipleWidget
    )
    categories = SimpleArrayField(
        forms.CharField(max_length=60),
        required=False,
        widget=UnfoldAdminTextInputWidget,
        help_text="Keys of categories, separated by commas; empty means any.",
    )

    class Meta:
        model = EscalationPath
        fields = ("name", "position", "severities", "categories", "repeat_minutes", "is_active")


class StepFormSet(forms.BaseInlineFormSet):  # type: ignore[type-arg]
    """Refuses a path without a step and steps whose times do not rise."""

    def clean(self) -> None:
        """Say what is wrong with the steps as a whole."""
        super().clean()
        kept = [
            (form.cleaned_data["position"], form.cleaned_data["after_minutes"])
            for form in self.forms
            if form.is_valid()
            and form.cleaned_data.get("position") is not None
            and not form.cleaned_data.get("DELETE")
        ]
        if not kept and not any(self.errors):
            raise ValidationError("A path needs a step; add one, or switch the path off.")
        times = [after_minutes for _, after_minutes in sorted(kept)]
        if any(later <= earlier for earlier, later in pairwise(times)):
            raise ValidationError(
                "Each step must come later than the one before; minutes count from the start."
            )


class StepInline(StackedInline):  # type: ignore[misc]
    """The steps of a path."""

    model = EscalationStep
    formset = StepFormSet
    extra = 0
    fields = (("position", "after_minutes"), "groups", "rotas", "users")
    ordering = ("position",)
    verbose_name_plural = "steps"

    def formfield_for_manytomany(
        self, db_field: ManyToManyField[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> forms.ModelMultipleChoiceField[Any] | None:
        """Groups and rotas to tick; people to search for."""
        if db_field.name != "users":
            rows: QuerySet[Group] | QuerySet[Rota] = (
                Group.objects.order_by("name")
                if db_field.name == "groups"
                else Rota.objects.order_by("name")
            )
            kwargs["queryset"] = rows
            kwargs["widget"] = UnfoldAdminCheckboxSelectMultipleWidget()
            return super().formfield_for_manytomany(db_field, request, **kwargs)  # type: ignore[no-any-return]
        kwargs["queryset"] = ladder.staff().order_by("name")
        field = super().formfield_for_manytomany(db_field, request, **kwargs)
        # Set afterwards: the theme takes the search away from a widget that is handed in.
        field.widget = UnfoldAdminSelect2MultipleWidget(choices=field.choices)
        field.help_text = ""
        return field  # type: ignore[no-any-return]

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever reads the path reads its steps."""
        return access.allows(desk.actor(request), Permission.INCIDENT_READ)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever keeps registers keeps the steps."""
        return access.allows(desk.actor(request), Permission.REGISTER_WRITE)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """As for a change."""
        return self.has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """As for a change; an escalation that runs goes on with the steps that are left."""
        return self.has_change_permission(request, obj)


@admin.register(EscalationPath)
class EscalationPathAdmin(desk.RegisterAdmin):
    """The ladders: which incidents, in which order, and who is told when."""

    form = PathForm
    inlines = (StepInline,)
    list_display = ("name", "position", "for_severities", "for_categories", "ladder", "is_active")
    list_filter = ("is_active",)
    search_fields = ("name",)
    ordering = ("position", "id")

    def get_queryset(self, request: HttpRequest) -> QuerySet[EscalationPath]:
        """With the steps, so that a list costs a fixed number of queries."""
        found: QuerySet[EscalationPath] = super().get_queryset(request)
        steps = EscalationStep.objects.order_by("position")
        return found.prefetch_related(Prefetch("steps", queryset=steps))

    @admin.display(description="severities")
    def for_severities(self, path: EscalationPath) -> str:
        """In words."""
        return ", ".join(Severity(number).label for number in sorted(path.severities))

    @admin.display(description="categories")
    def for_categories(self, path: EscalationPath) -> str:
        """In words."""
        return ", ".join(path.categories) or "any"

    @admin.display(description="steps after (min)")
    def ladder(self, path: EscalationPath) -> str:
        """The minutes of the steps, and how often the last is repeated."""
        minutes = " / ".join(str(step.after_minutes) for step in path.steps.all())
        return f"{minutes}, then every {path.repeat_minutes}" if minutes else "no step"
