"""Layers of rotas, and calendars of holidays: registers, reached from the page of a rota."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from unfold.admin import StackedInline, TabularInline
from unfold.widgets import (
    INPUT_CLASSES,
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminFileFieldWidget,
)

from incidentdesk.kernel import access, clocks, desk, wall
from incidentdesk.kernel.access import Permission
from incidentdesk.kernel.errors import InvalidInput
from incidentdesk.kernel.fields import MinuteInput, MomentField, by_clock
from notifications.admin.calendar_file import CalendarFileField
from notifications.models import (
    Holiday,
    HolidayCalendar,
    Layer,
    LayerPerson,
    Weekday,
    Window,
)
from notifications.rotas import holidays, icsfile, layers, oncall

_PLANNED = (
    "A change is planned from {}: this is what the layer will be. What it is until then stands on "
    "the rota’s page, where the change can be cancelled."
)

_AHEAD = "It counts from {} on."


class _OfLayer:
    """Rows of a layer: read by who reads it, changed by who keeps registers."""

    extra = 0

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """As the layer."""
        return access.allows(desk.actor(request), Permission.INCIDENT_READ)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever keeps registers."""
        return access.allows(desk.actor(request), Permission.REGISTER_WRITE)

    has_add_permission = has_delete_permission = has_change_permission


class PlaceInline(_OfLayer, TabularInline):  # type: ignore[misc]
    """The people of a layer, in the order in which they take turns."""

    model = LayerPerson
    fields = ("position", "person")
    ordering = ("position", "id")
    verbose_name = "person"
    verbose_name_plural = "people, in the order of their turns"

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Those who can be paged."""
        kwargs["queryset"] = oncall.pageable().order_by("name")
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


class WindowForm(forms.ModelForm):  # type: ignore[type-arg]
    """Weekdays as boxes to tick."""

    weekdays = forms.TypedMultipleChoiceField(
        choices=Weekday.choices, coerce=int, widget=UnfoldAdminCheckboxSelectMultipleWidget
    )

    class Meta:
        model = Window
        fields = ("weekdays", "starts_at", "ends_at")
        help_texts: ClassVar[dict[str, str]] = {"ends_at": ""}  # above all rows, not in each


class WindowInline(_OfLayer, StackedInline):  # type: ignore[misc]
    """The hours in which a layer is valid."""

    model = Window
    form = WindowForm
    verbose_name = "span of hours"
    verbose_name_plural = (
        "only in these hours; none: at all hours. An end not later than the beginning is on the "
        "next day"
    )

    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Who only reads has the weekdays in words above each."""
        times = ("starts_at", "ends_at")
        return ("weekdays", *times) if self.has_change_permission(request, obj) else times


class LayerForm(forms.ModelForm):  # type: ignore[type-arg]
    """A calendar file is imported on the rota's page, not chosen here."""

    takes_effect = MomentField(
        label="Takes effect",
        required=False,
        widget=MinuteInput(css=" ".join([*INPUT_CLASSES, "dark:scheme-dark"])),
        help_text="By the clocks of the rota's zone; empty: at once. What was before stays as it "
        "was.",
    )

    class Meta:
        model = Layer
        fields = (
            "rota",
            "name",
            "position",
            "every",
            "unit",
            "weekday",
            "hands_over_at",
            "starts_on",
            "ends_on",
            "days",
        )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        is_fixed = self.instance.unit == Layer.Unit.FIXED
        if "unit" in self.fields:
            self.fields["unit"].choices = [  # type: ignore[attr-defined]
                pair for pair in Layer.Unit.choices if is_fixed is (pair[0] == Layer.Unit.FIXED)
            ]
        if self.instance.pk and self.instance.is_planned(clocks.now()):
            self._start_with(self.instance.since)

    def _start_with(self, planned: datetime | None) -> None:
        """A plan stays for the moment for which it is made, unless another is given."""
        if planned is not None and (field := self.fields.get("takes_effect")):
            shown = wall.local(planned, ZoneInfo(self.instance.rota.zone))
            field.initial = timezone.make_aware(shown)  # as the field shows times

    def clean(self) -> dict[str, Any]:
        """A weekday is of turns of weeks; for others it is left out."""
        data: dict[str, Any] = super().clean() or {}
        if data.get("unit") != Layer.Unit.WEEKS:
            data["weekday"] = None
        elif data.get("weekday") is None:
            self.add_error("weekday", "On which weekday is handed over?")
        known = Layer.objects.filter(rota=data.get("rota"), name=data.get("name"), version_of=None)
        if known.exclude(pk=self.instance.pk).exists():  # Django asks only what it shows
            self.add_error("name", "This rota has a layer of that name; choose another.")
        if "takes_effect" not in self.changed_data and data.get("takes_effect"):
            data["takes_effect"] = self.instance.since
        elif (shown := data.get("takes_effect")) and (row := data.get("rota")):
            data["takes_effect"] = by_clock(shown, row.zone)
            if data["takes_effect"] < clocks.now():
                self.add_error("takes_effect", "What is past stays as it was: give a time ahead.")
        return data


@admin.register(Layer)
class LayerAdmin(desk.RegisterAdmin):
    """Who takes turns, of which length, and when the layer is valid."""

    form = LayerForm
    inlines = (PlaceInline, WindowInline)
    list_display = ("name", "rota", "position", "starts_on", "ends_on")
    list_filter = ("rota",)
    list_select_related = ("rota",)
    search_fields = ("name", "rota__name")
    ordering = ("rota__name", "position", "id")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Layer]:
        """As they are; what they were stands on the page of the rota."""
        rows: QuerySet[Layer] = super().get_queryset(request)
        return rows.filter(version_of=None)

    def get_fields(self, request: HttpRequest, obj: Layer | None = None) -> Sequence[str]:
        """Who only reads is not asked from when on."""
        names = LayerForm.Meta.fields
        return (*names, "takes_effect") if self.has_change_permission(request, obj) else names

    def get_fieldsets(self, request: HttpRequest, obj: Layer | None = None) -> Any:
        """Above the fields of a layer with a plan: that they show the plan, and from when on."""
        sets = super().get_fieldsets(request, obj)
        if obj is not None and obj.is_planned(clocks.now()) and obj.since is not None:
            said = _PLANNED if obj.versions.exists() else _AHEAD
            sets[0][1]["description"] = said.format(oncall.since(obj.since, obj.rota.zone))
        return sets

    def save_model(self, request: HttpRequest, obj: Layer, form: LayerForm, change: bool) -> None:
        """A new layer changes nothing that was. Of one that is there, see `save_related`."""
        if not change:
            obj.since = form.cleaned_data["takes_effect"] or clocks.now()
            super().save_model(request, obj, form, change)

    def save_related(
        self, request: HttpRequest, form: LayerForm, formsets: Any, change: bool
    ) -> None:
        """What stands so far is kept before anything is stored, if anything was changed."""
        if change and any(one.has_changed() for one in (form, *formsets)):
            at = form.cleaned_data["takes_effect"] or clocks.now()
            layers.keep(form.instance, at=at, now=clocks.now())
            form.instance.save()
        super().save_related(request, form, formsets, change)

    def response_add(self, request: HttpRequest, obj: Layer, *args: Any) -> HttpResponse:
        """To the rota, where one sees what it does."""
        super().response_add(request, obj, *args)
        return redirect("admin:notifications_rota_change", obj.rota_id)

    def response_change(self, request: HttpRequest, obj: Layer) -> HttpResponse:
        """The same."""
        super().response_change(request, obj)
        return redirect("admin:notifications_rota_change", obj.rota_id)


class CalendarForm(forms.ModelForm):  # type: ignore[type-arg]
    """A place, a calendar file, or both."""

    file = CalendarFileField(
        widget=UnfoldAdminFileFieldWidget,
        help_text="Each day of its events is a holiday; a new file replaces the former one.",
    )
    days: Sequence[icsfile.Event] | None = None

    class Meta:
        model = HolidayCalendar
        fields = ("name", "place")

    def clean_place(self) -> str:
        """A place of which holidays are known."""
        place = str(self.cleaned_data["place"]).strip().upper()
        if place:
            _said(holidays.require_known, place)
        return place

    def clean(self) -> dict[str, Any]:
        """The file is read before anything is stored."""
        data: dict[str, Any] = super().clean() or {}
        if text := data.get("file"):
            at = clocks.now()
            span = (at - 366 * icsfile.DAY, at + 5 * 366 * icsfile.DAY)
            self.days = _said(icsfile.read, text, UTC, *span)
        return data


def _said(call: Any, *args: Any) -> Any:
    """A refusal as the form shows it."""
    try:
        return call(*args)
    except InvalidInput as error:
        raise forms.ValidationError(str(error)) from error


@admin.register(HolidayCalendar)
class HolidayCalendarAdmin(desk.RegisterAdmin):
    """Which days are holidays."""

    form = CalendarForm
    list_display = ("name", "place")
    search_fields = ("name",)

    def save_model(
        self, request: HttpRequest, obj: HolidayCalendar, form: CalendarForm, change: bool
    ) -> None:
        """With the days of its file."""
        super().save_model(request, obj, form, change)
        if form.days is not None:
            found = {day: event.summary for event in form.days for day in event.days}
            if change:  # which days were holidays stays as it was
                today = clocks.now().date()
                found = {day: name for day, name in found.items() if day >= today}
                obj.days.filter(day__gte=today).delete()
            Holiday.objects.bulk_create(
                Holiday(calendar=obj, day=day, name=name) for day, name in sorted(found.items())
            )
