"""Registers of regulators' clocks: regimes, their rules, and what binds our own firm.

The shape of a rule is shipped; an administrator changes its numbers and switches it on or off.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from cases.admin.registers import LINK
from cases.models import OwnSupervision, Regime, RegimeRule
from incidentdesk.kernel import desk
from incidentdesk.kernel.clocks import Counting
from partners.models.supervision import ENTITIES, REGIMES

HOUR, DAY = 60, 24 * 60


class _Shipped(desk.RegisterAdmin):
    """Rows that are shipped: changed and switched, neither added nor deleted."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What is not shipped has no clock."""
        return False


@admin.register(Regime)
class RegimeAdmin(_Shipped):
    """Which regimes run clocks. What runs already runs on when one is switched off."""

    list_title = "Regimes"
    list_display = ("name", "jurisdiction", "is_on", "in_force_on", "clocks", "source")
    list_filter = ("is_on",)
    search_fields = ("name", "jurisdiction", "source")
    fields = ("name", "jurisdiction", "source", "is_on", "in_force_on", "zone", "holidays")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Regime]:
        """With the number of its rules."""
        found: QuerySet[Regime] = super().get_queryset(request)
        is_on = Count("rules", filter=Q(rules__is_on=True))
        return found.annotate(rules_on=is_on, rules_all=Count("rules"))

    @admin.display(description="clocks")
    def clocks(self, regime: Any) -> SafeString:
        """How many of its rules are on, and the way to them."""
        url = f"{reverse('admin:cases_regimerule_changelist')}?regime__id__exact={regime.pk}"
        return format_html(LINK, url, f"{regime.rules_on} of {regime.rules_all} on")


class RuleForm(forms.ModelForm):  # type: ignore[type-arg]
    """The numbers and words of a rule."""

    class Meta:
        model = RegimeRule
        fields = (
            "title",
            "debtor",
            "creditor",
            "source",
            "note",
            "is_on",
            "amount",
            "counting",
            "until",
            "ceiling_minutes",
            "entity_amount",
        )
        help_texts: ClassVar[dict[str, str]] = {
            "amount": "Counts for clocks that begin, or whose anchor moves, from now on.",
            "ceiling_minutes": "Minutes; only where there is a second anchor.",
            "entity_amount": "As the limit is counted; only where some have another one.",
        }

    def clean(self) -> dict[str, Any]:
        """What the table refuses, said at the field that it is about."""
        data: dict[str, Any] = super().clean() or self.cleaned_data
        needed = {
            "amount": self.instance.kind == RegimeRule.Kind.LIMIT,
            "counting": self.instance.kind == RegimeRule.Kind.LIMIT,
            "ceiling_minutes": bool(self.instance.ceiling_anchor),
            "entity_amount": bool(self.instance.entity),
        }
        for name, is_needed in needed.items():
            if name not in self.errors and is_needed != bool(data.get(name)):
                words = "This clock needs it." if is_needed else "This clock has none; leave it."
                self.add_error(name, words)
        return data


@admin.register(RegimeRule)
class RegimeRuleAdmin(_Shipped):
    """Each clock of each regime, with its source."""

    list_title = "Clocks of regimes"
    form = RuleForm
    list_display = ("key", "title", "regime", "owed", "limit", "is_on", "source")
    list_display_links = ("key", "title")
    list_filter = ("regime", "is_on")
    list_select_related = ("regime",)
    search_fields = ("key", "title", "source")
    ordering = ("position",)
    readonly_fields = ("key", "regime", "counted_from")
    fields = ("key", "regime", *RuleForm.Meta.fields[:6], "counted_from", *RuleForm.Meta.fields[6:])

    @admin.display(description="who owes whom")
    def owed(self, rule: RegimeRule) -> str:
        """In words."""
        return f"{rule.debtor} → {rule.creditor}"

    @admin.display(description="limit")
    def limit(self, rule: RegimeRule) -> str:
        """Amount and unit, as it is said."""
        if rule.kind != RegimeRule.Kind.LIMIT:
            return rule.get_kind_display()
        return said(rule.amount or 0, rule.counting)

    @admin.display(description="counts from")
    def counted_from(self, rule: RegimeRule) -> str:
        """Its anchors in words."""
        labels = dict(RegimeRule._meta.get_field("met_by").choices or ())
        return " or ".join(str(labels[name]) for name in rule.anchors) or "—"


def said(amount: int, counting: str) -> str:
    """`4 h`, `3 d`, `1 calendar month`, `30 business days`."""
    if counting == Counting.MINUTES:
        return f"{amount // HOUR} h" if amount % HOUR == 0 else f"{amount} min"
    words = counting.replace("_", " ")
    return f"{amount} {words.removesuffix('s')}" if amount == 1 else f"{amount} {words}"


class OwnForm(forms.ModelForm):  # type: ignore[type-arg]
    """What is chosen of lists is ticked."""

    regimes = forms.MultipleChoiceField(
        choices=REGIMES,
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text="By which our own firm is bound.",
    )
    entities = forms.MultipleChoiceField(
        label="Our firm is",
        choices=ENTITIES,
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text="What changes a regulator's deadline for it.",
    )

    class Meta:
        model = OwnSupervision
        fields = ("regimes", "entities", "zone", "holidays", "no_weekend_rule")


@admin.register(OwnSupervision)
class OwnSupervisionAdmin(_Shipped):
    """One row: by which regimes our own firm is bound."""

    list_title = "Our own supervision"
    form = OwnForm
    list_display = ("__str__", "bound_by", "zone", "holidays")
    list_select_related = ("holidays",)

    @admin.display(description="regimes")
    def bound_by(self, own: OwnSupervision) -> str:
        """By their short names."""
        return ", ".join(own.regimes) or "none"
