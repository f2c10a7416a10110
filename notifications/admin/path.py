"""Escalation paths with their steps: a register. A path is switched off, never deleted."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, ClassVar, cast

from django import forms
from django.conf import settings
from django.contrib import admin
from django.contrib.postgres.forms import SimpleArrayField
from django.core.exceptions import ValidationError
from django.db.models import ManyToManyField, Prefetch, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils.module_loading import import_string
from unfold.admin import StackedInline
from unfold.decorators import action
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminSelect2MultipleWidget,
    UnfoldAdminTextInputWidget,
)

from incidentdesk.kernel import access, desk
from incidentdesk.kernel.access import Permission
from incidentdesk.kernel.fields import ZoneField
from incidentdesk.kernel.roles import ROLES
from notifications import routing
from notifications.admin import foresight
from notifications.models import EscalationPath, EscalationStep, Group, Rota, Severity
from notifications.rotas import oncall

FORESIGHT = "notifications_escalationpath_foresight"
DAYS = list(enumerate(("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"), 1))
FACTS = ("categories", "systems", "partners")


class PathForm(forms.ModelForm):  # type: ignore[type-arg]
    """Which incidents, at which time: boxes to tick, and names to choose from what there is."""

    severities = forms.TypedMultipleChoiceField(
        choices=Severity.choices, coerce=int, widget=UnfoldAdminCheckboxSelectMultipleWidget
    )
    categories = forms.MultipleChoiceField(required=False, help_text="None means any.")
    systems = forms.MultipleChoiceField(
        required=False, help_text="One of them is enough; none means any."
    )
    partners = forms.MultipleChoiceField(
        required=False, help_text="One of them is enough; none means any."
    )
    days = forms.TypedMultipleChoiceField(
        label="Working days",
        choices=DAYS,
        coerce=int,
        required=False,
        widget=UnfoldAdminSelect2MultipleWidget,
    )

    zone = ZoneField(max_length=40, initial="UTC", widget=UnfoldAdminTextInputWidget)

    class Meta:
        model = EscalationPath
        fields = (
            "name",
            "position",
            "severities",
            *FACTS,
            "hours",
            "days",
            "opens",
            "closes",
            "zone",
            "repeat_minutes",
            "repeats",
            "is_active",
        )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = import_string(settings.PATH_FACTS)()
        for name in FACTS:
            stored = getattr(self.instance, name) or []
            offered = known[name]
            gone = [(one, one) for one in stored if one not in dict(offered)]
            field = cast(forms.MultipleChoiceField, self.fields[name])
            field.choices = [*offered, *gone]  # what was renamed since stays until it is taken out
            field.widget = UnfoldAdminSelect2MultipleWidget(choices=field.choices)

    def clean_zone(self) -> str:
        """One by which the database, too, tells the time."""
        zone: str = self.cleaned_data["zone"]
        if not routing.knows(zone):
            raise ValidationError("The database does not know this time zone; take another city.")
        return zone

    def clean(self) -> dict[str, Any]:
        """Working hours that there are."""
        data: dict[str, Any] = super().clean() or self.cleaned_data
        opens, closes = data.get("opens"), data.get("closes")
        if opens and closes and opens >= closes:
            self.add_error("closes", "Working hours end after they begin, on the same day.")
        if data.get("hours") and not data.get("days"):
            self.add_error("days", "Choose the days on which people work.")
        return data


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


class StepForm(forms.ModelForm):  # type: ignore[type-arg]
    """Whom a step tells: groups, people, everybody who has a role, and addresses outside."""

    roles = forms.MultipleChoiceField(
        label="Everybody who is", required=False, widget=UnfoldAdminCheckboxSelectMultipleWidget
    )
    addresses = SimpleArrayField(
        forms.EmailField(),
        label="Outside contacts and lists",
        required=False,
        widget=UnfoldAdminTextInputWidget,
        help_text="Addresses without a login, with commas between. They are told reference, "
        "severity and title, once, and cannot acknowledge.",
    )

    class Meta:
        model = EscalationStep
        fields = ("position", "after_minutes", "groups", "users", "roles", "addresses")
        help_texts: ClassVar[dict[str, str]] = {"after_minutes": ""}  # above all steps, not in each

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = cast(forms.MultipleChoiceField, self.fields["roles"])
        field.choices = [(key, ROLES[key].label) for key in oncall.who_may()]


class StepInline(StackedInline):  # type: ignore[misc]
    """The steps of a path."""

    model = EscalationStep
    formset = StepFormSet
    extra = 0
    form = StepForm
    fields = (("position", "after_minutes"), "groups", "rotas", "users", "roles", "addresses")
    ordering = ("position",)
    verbose_name_plural = "steps; minutes count from the start, not from the step before"

    def formfield_for_manytomany(
        self, db_field: ManyToManyField[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> forms.ModelMultipleChoiceField[Any] | None:
        """Groups and rotas to tick; people to search for."""
        if db_field.name != "users":
            is_in_use = Q(is_active=True) | Q(escalation_steps__isnull=False)
            rows: QuerySet[Group] | QuerySet[Rota] = (
                Group.objects.order_by("name")
                if db_field.name == "groups"
                else Rota.objects.filter(is_in_use).distinct().order_by("name")
            )
            kwargs["queryset"] = rows
            kwargs["widget"] = UnfoldAdminCheckboxSelectMultipleWidget()
            return super().formfield_for_manytomany(db_field, request, **kwargs)  # type: ignore[no-any-return]
        kwargs["queryset"] = oncall.pageable().order_by("name")
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
    list_display = ("name", "position", "for_severities", "for_what", "ladder", "is_active")
    list_filter = ("is_active",)
    search_fields = ("name",)
    ordering = ("position", "id")
    actions_list = ("foresee",)

    def get_urls(self) -> list[URLPattern]:
        """The page that says what would happen, before the admin's own addresses."""
        wrap = self.admin_site.admin_view
        page = path("what-would-happen/", wrap(self.foresight), name=FORESIGHT)
        return [page, *super().get_urls()]

    def foresight(self, request: HttpRequest) -> HttpResponse:
        """Who would be paged for an incident that began at some moment."""
        return foresight.page(request, self.admin_site.each_context(request))

    @action(description="What would happen")  # type: ignore[untyped-decorator]
    def foresee(self, request: HttpRequest) -> HttpResponse:
        """To that page."""
        return redirect(reverse(f"admin:{FORESIGHT}"))

    def get_queryset(self, request: HttpRequest) -> QuerySet[EscalationPath]:
        """With the steps, so that a list costs a fixed number of queries."""
        found: QuerySet[EscalationPath] = super().get_queryset(request)
        steps = EscalationStep.objects.order_by("position")
        return found.prefetch_related(Prefetch("steps", queryset=steps))

    @admin.display(description="severities")
    def for_severities(self, path: EscalationPath) -> str:
        """In words."""
        return ", ".join(Severity(number).label for number in sorted(path.severities))

    @admin.display(description="of what, and when")
    def for_what(self, path: EscalationPath) -> str:
        """In words."""
        asked = [", ".join(names) for name in FACTS if (names := getattr(path, name))]
        if path.hours:
            asked.append(path.get_hours_display())
        return "; ".join(asked) or "any"

    @admin.display(description="steps after (min)")
    def ladder(self, path: EscalationPath) -> str:
        """The minutes of the steps, and how often the last is repeated."""
        minutes = " / ".join(str(step.after_minutes) for step in path.steps.all())
        return f"{minutes}, then every {path.repeat_minutes}" if minutes else "no step"
