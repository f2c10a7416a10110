"""The register of contract terms: one row a partner, made with it."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from unfold.decorators import action
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from incidentdesk.kernel import clocks, desk
from incidentdesk.kernel.sheet_pages import Exchanged
from partners import sheets
from partners.models import Terms
from partners.models.supervision import ENTITIES, REGIMES

NOTICES = tuple(f"notice_sev{severity}" for severity in (1, 2, 3, 4))
FACTS = ("facts_initial_hours", "facts_interim_hours", "facts_final_days")


class TermsForm(forms.ModelForm):  # type: ignore[type-arg]
    """The regimes are ticked."""

    regimes = forms.MultipleChoiceField(
        choices=REGIMES, required=False, widget=UnfoldAdminCheckboxSelectMultipleWidget
    )

    entities = forms.MultipleChoiceField(
        label="The partner is",
        choices=ENTITIES,
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text="What changes a regulator's deadline for it.",
    )

    class Meta:
        model = Terms
        fields = (
            "mail_carries",
            "acknowledge_minutes",
            "regimes",
            "entities",
            "zone",
            "holidays",
            "no_weekend_rule",
            "notice_sev1",
            "notice_sev2",
            "notice_sev3",
            "notice_sev4",
            "facts_initial_hours",
            "facts_interim_hours",
            "facts_final_days",
        )

    def clean(self) -> dict[str, Any]:
        """What the table refuses, said at the field that it is about."""
        data: dict[str, Any] = super().clean() or self.cleaned_data
        worse = 0
        for name in NOTICES:
            minutes = data.get(name)
            if minutes is not None and minutes < worse:
                self.add_error(name, _said("terms_tell_the_worse_first"))
            worse = max(worse, minutes or 0)
        for name in (*NOTICES, "acknowledge_minutes"):
            if data.get(name) == 0:
                self.add_error(name, _said("terms_leave_time"))
        hours = [data.get("facts_initial_hours"), data.get("facts_interim_hours")]
        days = data.get("facts_final_days")
        spans = (1, *hours, None if days is None else days * 24)
        for name, before, span in zip(FACTS, spans, spans[1:], strict=False):
            if before is not None and span is not None and span < before:
                self.add_error(name, _said("terms_facts_in_order"))
        return data


@admin.register(Terms)
class TermsAdmin(Exchanged, desk.RegisterAdmin):
    """How soon each partner is told, and how. Clocks that run already stay as they were set."""

    exchanged: ClassVar[Any] = {"terms": (sheets.TERMS, sheets.import_terms)}
    actions_list = ("terms_csv",)
    form = TermsForm
    list_display = ("partner", "sev1", "sev2", "sev3", "sev4", "mail_carries", "bound_by")
    list_select_related = ("partner",)
    search_fields = ("partner__name", "partner__code")
    readonly_fields = ("partner",)
    fieldsets: ClassVar[Any] = (
        (None, {"fields": ("partner", "mail_carries", "acknowledge_minutes")}),
        (
            "First notice within so many minutes of detection, by the severity for the partner",
            {"fields": ("notice_sev1", "notice_sev2", "notice_sev3", "notice_sev4")},
        ),
        (
            "Facts packages",
            {"fields": ("facts_initial_hours", "facts_interim_hours", "facts_final_days")},
        ),
        (
            "Who supervises it",
            {"fields": ("regimes", "entities", "zone", "holidays", "no_weekend_rule")},
        ),
    )

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Every partner has its terms from the start."""
        return False

    @action(description="Terms as CSV", permissions=["view"])  # type: ignore[untyped-decorator]
    def terms_csv(self, request: HttpRequest) -> HttpResponse:
        """Export and import."""
        return self.to_sheet("terms")

    @admin.display(description="SEV-1")
    def sev1(self, terms: Terms) -> str:
        """As it is said."""
        return _within(terms, 1)

    @admin.display(description="SEV-2")
    def sev2(self, terms: Terms) -> str:
        """As it is said."""
        return _within(terms, 2)

    @admin.display(description="SEV-3")
    def sev3(self, terms: Terms) -> str:
        """As it is said."""
        return _within(terms, 3)

    @admin.display(description="SEV-4")
    def sev4(self, terms: Terms) -> str:
        """As it is said."""
        return _within(terms, 4)

    @admin.display(description="regimes")
    def bound_by(self, terms: Terms) -> str:
        """By their short names."""
        return ", ".join(terms.regimes) or "—"


def _said(name: str) -> str:
    """How the table says that a rule of it is broken."""
    rules = Terms._meta.constraints
    return str(next(rule.violation_error_message for rule in rules if rule.name == name))


def _within(terms: Terms, severity: int) -> str:
    span = terms.notice_within(severity)
    return clocks.words(span) if span else "—"
