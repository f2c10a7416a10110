"""Registers around series: trading hours, and what a Prometheus is asked for."""

from __future__ import annotations

from datetime import time
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget, UnfoldAdminTextInputWidget

from cases.anomalies import scraping, watches
from cases.models import PrometheusQuery, Source, TradingHours
from cases.models.series import DAYS
from incidentdesk.kernel.desk import RegisterAdmin
from incidentdesk.kernel.errors import InvalidInput
from incidentdesk.kernel.fields import ZoneField

_MIDNIGHT = time(0)


class HoursForm(forms.ModelForm):  # type: ignore[type-arg]
    """When a venue trades."""

    zone = ZoneField(max_length=60, initial="UTC", widget=UnfoldAdminTextInputWidget)
    days = forms.TypedMultipleChoiceField(
        choices=DAYS, coerce=int, widget=UnfoldAdminCheckboxSelectMultipleWidget
    )

    class Meta:
        model = TradingHours
        fields = ("name", "zone", "opens", "closes", "days", "exceptions")
        help_texts: ClassVar[dict[str, str]] = {
            "opens": "In the venue's own zone.",
            "closes": "No later than it opens: it runs through the night; the same: all day.",
        }

    def clean(self) -> dict[str, Any]:
        """What cannot be read is said at its field."""
        data: dict[str, Any] = super().clean() or self.cleaned_data
        known = TradingHours(zone=data.get("zone", "UTC"), exceptions=data.get("exceptions", ""))
        try:
            watches.session_of(_with_times(known, data))
        except InvalidInput as error:
            self.add_error("exceptions", str(error))
        return data


def _with_times(hours: TradingHours, data: dict[str, Any]) -> TradingHours:
    hours.opens, hours.closes = data.get("opens") or _MIDNIGHT, data.get("closes") or _MIDNIGHT
    hours.days = data.get("days") or []
    return hours


@admin.register(TradingHours)
class TradingHoursAdmin(RegisterAdmin):
    """The hours that series are watched in."""

    form = HoursForm
    list_display = ("name", "zone", "opens", "closes")
    search_fields = ("name",)


class QueryForm(forms.ModelForm):  # type: ignore[type-arg]
    """What to ask, where, and how often."""

    class Meta:
        model = PrometheusQuery
        fields = ("source", "metric", "url", "query", "step", "is_active")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "source" in self.fields:
            rows = Source.objects.filter(format=Source.Format.PROMETHEUS)
            self.fields["source"].queryset = rows  # type: ignore[attr-defined]

    def clean_url(self) -> str:
        """A host that the desk may ask."""
        try:
            return scraping.require_allowed(self.cleaned_data["url"])
        except InvalidInput as error:
            raise ValidationError(str(error)) from None

    def clean_step(self) -> int:
        """From 15 seconds to a day."""
        step: int = self.cleaned_data["step"]
        if not 15 <= step <= 86_400:
            raise ValidationError("Ask every 15 to 86,400 seconds.")
        return step


@admin.register(PrometheusQuery)
class PrometheusQueryAdmin(RegisterAdmin):
    """The worker asks; what came of it stands in the list."""

    form = QueryForm
    list_display = ("metric", "source", "step", "is_active", "answered_at", "said")
    list_filter = ("is_active",)
    list_select_related = ("source",)
    search_fields = ("metric", "query")
