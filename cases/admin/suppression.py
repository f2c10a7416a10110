"""What keeps alerts from opening incidents, on the desk: rules of sources, and maintenance."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import admin
from django.db.models import Q
from django.forms import ModelChoiceField
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.widgets import UnfoldAdminTextInputWidget

from cases import queries
from cases.intake import alert_rules, samples
from cases.models import AlertRule, HeldAlert, MaintenanceWindow, Source, System
from incidentdesk.kernel import clocks, wall
from incidentdesk.kernel.access import Actor
from incidentdesk.kernel.desk import RegisterAdmin, actor
from incidentdesk.kernel.fields import ZoneField, by_clock, require_year
from partners.models import Partner

SHOWN = 50  # held alerts that a page lists
LONGEST = timedelta(days=31)
TIMES = ("starts_at", "ends_at")
APART = {"daily": 1, "weekdays": 1, "weekly": 7, "monthly": 28}  # days, at least


class Holding(RegisterAdmin):
    """A register whose rows hold alerts back: below its form stands which."""

    change_form_outer_after_template = "admin/cases/held.html"
    holds: ClassVar[str]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """The row's form or, for who only reads, its values; below it what it held back."""
        is_number = object_id.isascii() and object_id.isdecimal() and len(object_id) < 19
        rows = held_by(Q(**{self.holds: object_id}), actor(request)) if is_number else []
        more = {"held": rows[:SHOWN], "has_more": len(rows) > SHOWN, **(extra_context or {})}
        return super().change_view(request, object_id, form_url, more)  # type: ignore[no-any-return]


def held_by(where: Q, by: Actor) -> list[HeldAlert]:
    """What was held back, the newest first, one more than is shown; of an incident that this person
    may not open nothing."""
    incidents = queries.visible_to(by).values("pk")
    rows = HeldAlert.objects.filter(where, Q(incident=None) | Q(incident__in=incidents))
    return list(rows.select_related("incident", "source").order_by("-id")[: SHOWN + 1])


class RuleForm(forms.ModelForm):  # type: ignore[type-arg]
    """Which alerts, in which groups, and how often."""

    class Meta:
        model = AlertRule
        fields = (
            "source",
            "name",
            "position",
            "label",
            "pattern",
            "group_by",
            "together_minutes",
            "times",
            "within_minutes",
            "is_on",
        )
        help_texts: ClassVar[dict[str, str]] = {
            "name": "Events that it holds back are said to be suppressed by this name.",
            "position": "Of the rules of a source the first that fits an alert counts; the lowest "
            "number is tried first.",
            "label": "A label of the alert, or title. Left empty, the rule is for all its alerts.",
            "pattern": "The whole value; * stands for anything, ? for one sign.",
            "group_by": "Names of labels, with commas between: alerts that have the same values "
            "are one incident. Left empty, the source groups them itself.",
            "together_minutes": "If the last alert of the group came longer ago, a new one opens "
            "another incident. Left empty: as long as the incident is open.",
            "times": "Open an incident only when alerts of one group came so many times …",
            "within_minutes": "… within so many minutes. Left empty, both: the first one opens.",
        }

    def clean(self) -> dict[str, Any]:
        """Two fields that mean something together only, and a rule that does something."""
        data: dict[str, Any] = super().clean() or self.cleaned_data
        for one, other, words in (
            ("label", "pattern", "Give a label and a value, or neither."),
            ("times", "within_minutes", "Give how often and within how long, or neither."),
        ):
            if bool(data.get(one)) != bool(data.get(other)) and not self.errors:
                self.add_error(other if data.get(one) else one, words)
        does = ("group_by", "together_minutes", "times")
        if not self.errors and not any(data.get(name) for name in does):
            raise forms.ValidationError("Say what it does: group, keep together, or count.")
        return data

    def clean_group_by(self) -> str:
        """Names, each once."""
        names = dict.fromkeys(part.strip() for part in self.cleaned_data["group_by"].split(","))
        return ", ".join(name for name in names if name)


@admin.register(AlertRule)
class AlertRuleAdmin(Holding):
    """Rules of sources, each in words."""

    form = RuleForm
    holds = "rule"
    list_display = ("name_and_words", "source", "position", "is_on")
    list_display_links = ("name_and_words",)
    list_filter = ("source", "is_on")
    list_select_related = ("source",)
    search_fields = ("name",)

    @admin.display(description="Rule")
    def name_and_words(self, rule: AlertRule) -> SafeString:
        """Its name, and what it does below."""
        return format_html(
            '<span class="desk"><span class="who">{}</span><small>{}</small></span>',
            rule.name,
            alert_rules.explain(rule),
        )

    def formfield_for_foreignkey(
        self, db_field: Any, request: HttpRequest, **kwargs: Any
    ) -> ModelChoiceField[Any] | None:
        """Sources that send alerts."""
        if db_field.name == "source":
            kwargs["queryset"] = Source.objects.filter(format__in=samples.OF_ALERTS)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)  # type: ignore[no-any-return]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """A rule stays with its source."""
        return ("source",) if obj else ()


class WindowForm(forms.ModelForm):  # type: ignore[type-arg]
    """Of what, from when until when, and when again."""

    zone = ZoneField(
        max_length=40,
        initial="UTC",
        widget=UnfoldAdminTextInputWidget,
        help_text="Like Europe/London: times are typed and shown by its clock, and one that "
        "repeats comes at the same time by it.",
    )

    class Meta:
        model = MaintenanceWindow
        fields = (
            "name",
            "system",
            "partner",
            "starts_at",
            "ends_at",
            "repeats",
            "zone",
            "until",
        )
        help_texts: ClassVar[dict[str, str]] = {
            "name": "Events that it holds back are said to be suppressed by this name.",
            "system": "Alerts that name it open nothing meanwhile, unless they name another system "
            "that is not under maintenance. A system or a partner, not both.",
            "partner": "The same for alerts that name this partner.",
            "starts_at": "By the clock of the time zone below.",
            "ends_at": "By the same clock. What still fires then opens an incident. To end it "
            "early, set it to now.",
            "until": "Of one that repeats; left empty, it goes on.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in TIMES:
            if name in self.fields:
                self.fields[name].validators.append(require_year)
        if self.instance.pk:
            for name in TIMES:
                shown = wall.local(getattr(self.instance, name), ZoneInfo(self.instance.zone))
                self.initial[name] = timezone.make_aware(shown)  # as the field shows times

    def clean(self) -> dict[str, Any]:
        """One thing, for a time, and over before it comes again; times by its own clock."""
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if "zone" in data:
            self._by_its_clock(data)
        if not self.errors.keys() & {"system", "partner"} and (
            bool(data.get("system")) == bool(data.get("partner"))
        ):
            self.add_error("system", "Choose a system or a partner, and only one.")
        starts_at, ends_at = data.get("starts_at"), data.get("ends_at")
        if starts_at and ends_at:
            longest = timedelta(days=APART.get(data.get("repeats") or "", LONGEST.days))
            if ends_at <= starts_at:
                self.add_error("ends_at", "It ends after it starts.")
            elif ends_at - starts_at > longest:
                days = f"{longest.days} day{'' if longest.days == 1 else 's'}"
                self.add_error("ends_at", f"It may take {days} at most.")
        return data

    def _by_its_clock(self, data: dict[str, Any]) -> None:
        """What was typed, as moments; an hour that its clock skips is refused."""
        for name in TIMES:
            if (typed := data.get(name)) is None:
                continue
            data[name] = by_clock(typed, data["zone"])
            if wall.local(data[name], ZoneInfo(data["zone"])) != timezone.make_naive(typed):
                self.add_error(
                    name, f"The clocks of {data['zone']} skip this time; choose another."
                )


@admin.register(MaintenanceWindow)
class MaintenanceWindowAdmin(Holding):
    """Times in which the alerts of a system or partner open nothing."""

    form = WindowForm
    holds = "window"
    list_display = ("name", "what", "state", "starts", "ends", "repeats_label")
    list_filter = ("repeats", "system")
    list_select_related = ("system", "partner")
    search_fields = ("name",)

    @admin.display(description="of")
    def what(self, window: MaintenanceWindow) -> str:
        """The system or partner."""
        return str(window.system or window.partner)

    @admin.display(description="state")
    def state(self, window: MaintenanceWindow) -> SafeString:
        """Now, to come, or over."""
        now = clocks.now()
        colour, words = ("mute", "over")
        if window.starts_at > now:
            colour, words = ("mute", "to come")
        elif window.ends_at > now:
            colour, words = ("warn", "in force")
        return format_html('<span class="desk"><span class="{}">{}</span></span>', colour, words)

    @admin.display(description="starts at", ordering="starts_at")
    def starts(self, window: MaintenanceWindow) -> str:
        """By its own clock."""
        return _shown(window.starts_at, window)

    @admin.display(description="ends at", ordering="ends_at")
    def ends(self, window: MaintenanceWindow) -> str:
        """By its own clock, which is named."""
        return f"{_shown(window.ends_at, window)} {window.zone}"

    @admin.display(description="repeats", ordering="repeats")
    def repeats_label(self, window: MaintenanceWindow) -> str:
        """In words."""
        return str(window.get_repeats_display())

    def formfield_for_foreignkey(
        self, db_field: Any, request: HttpRequest, **kwargs: Any
    ) -> ModelChoiceField[Any] | None:
        """Systems and partners that are in use."""
        rows: Any = {"system": System, "partner": Partner}.get(db_field.name)
        if rows is not None:
            kwargs["queryset"] = rows.objects.filter(is_active=True).order_by("name")
        return super().formfield_for_foreignkey(db_field, request, **kwargs)  # type: ignore[no-any-return]


def _shown(moment: datetime, window: MaintenanceWindow) -> str:
    return f"{wall.local(moment, ZoneInfo(window.zone)):%-d %b %Y %H:%M}"
