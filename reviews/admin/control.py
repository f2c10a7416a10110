"""The register of controls and policies, and the record of each over all incidents."""

from __future__ import annotations

from datetime import date
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.db.models import Count, ForeignKey, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.forms import ModelChoiceField
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from unfold.decorators import action
from unfold.widgets import UnfoldAdminTextInputWidget

from incidentdesk.kernel import access, clocks, ids
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.desk import RegisterAdmin, actor
from incidentdesk.kernel.models import User
from incidentdesk.kernel.sheet_pages import Exchanged
from reviews import queries, sheets
from reviews.admin.dialogs.controls import LOOK_OVER
from reviews.admin.filters import ReviewDayFilter
from reviews.models import Control, ControlCheck

RECORD = 50  # lines of a control's record on its page


class ControlForm(forms.ModelForm):  # type: ignore[type-arg]
    """The references stand in one line, with spaces between."""

    references = forms.CharField(
        required=False,
        widget=UnfoldAdminTextInputWidget(),
        help_text="Where frameworks ask for it, with spaces between: ISO27001:A.5.24 DORA:17 "
        "SOC2:CC7.4",
    )

    class Meta:
        model = Control
        fields = (
            "number",
            "title",
            "kind",
            "owner",
            "description",
            "references",
            "review_on",
            "is_retired",
        )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if self.instance.pk:
            self.initial["references"] = " ".join(self.instance.references)

    def clean_references(self) -> list[str]:
        """Each a word of sixty characters at most, in capitals, none twice."""
        found = list(dict.fromkeys(self.cleaned_data["references"].upper().split()))
        if any(len(one) > 60 for one in found):
            raise forms.ValidationError("A reference has 60 characters at most.")
        return found


@admin.register(Control)
class ControlAdmin(Exchanged, RegisterAdmin):
    """By number, with how often each held and did not, in the incidents that one may read."""

    exchanged: ClassVar[Any] = {"controls": (sheets.CONTROLS, sheets.import_controls)}
    list_title = "Controls and policies"
    actions_list = ("controls_csv",)
    actions_detail = ("look_over",)
    form = ControlForm
    list_display = ("number", "title", "kind", "owner", "next_review", "held", "did_not", "state")
    list_display_links = ("number", "title")
    list_filter = ("kind", ReviewDayFilter, "is_retired")
    list_select_related = ("owner",)
    search_fields = ("number", "title", "description", "references")
    search_help_text = "Number, title, framework"
    ordering = ("is_retired", "number")
    fields = ControlForm.Meta.fields
    change_form_outer_after_template = "admin/reviews/control/record.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Control]:
        """With how often it held and did not, in the same query."""
        by = actor(request)
        found: QuerySet[Control] = super().get_queryset(request)
        return found.annotate(
            worked=_count(by, [ControlCheck.Verdict.WORKED]),
            failed=_count(by, [ControlCheck.Verdict.FAILED, ControlCheck.Verdict.MISSING]),
        )

    def formfield_for_foreignkey(
        self, db_field: ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> ModelChoiceField[Any] | None:
        """An owner is somebody who works at the desk."""
        people = User.objects.filter(is_active=True).exclude(roles=[])
        kwargs["queryset"] = people.order_by("name", "email")
        return super().formfield_for_foreignkey(db_field, request, **kwargs)  # type: ignore[no-any-return]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """The row's form or, for who only reads, its values; below it its record."""
        number = ids.of(object_id)
        below = record(number, actor(request)) if number is not None else {}
        context = {**below, **(extra_context or {})}
        page: HttpResponse = super().change_view(request, object_id, form_url, context)
        return page

    def has_look_over_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Whoever writes reviews."""
        return access.allows(actor(request), Permission.REVIEW_WRITE)

    @action(  # type: ignore[untyped-decorator]
        description="Review the control", permissions=["look_over"], attrs={"data-dialog": ""}
    )
    def look_over(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The dialog that says what its review came to."""
        return self.show_dialog(request, LOOK_OVER, object_id)

    @action(description="Controls as CSV", permissions=["view"])  # type: ignore[untyped-decorator]
    def controls_csv(self, request: HttpRequest) -> HttpResponse:
        """Export and import of controls."""
        return self.to_sheet("controls")

    @admin.display(description="next review", ordering="review_on")
    def next_review(self, control: Control) -> str:
        """The day, marked when it is over."""
        return _day(control.review_on, is_watched=not control.is_retired)

    @admin.display(description="worked", ordering="worked")
    def held(self, control: Any) -> int:
        """In how many reviews it worked."""
        return int(control.worked)

    @admin.display(description="failed", ordering="failed")
    def did_not(self, control: Any) -> str:
        """In how many it failed or was missing."""
        return format_html(
            '<span class="desk"><span class="{}">{}</span></span>',
            "bad" if control.failed else "",
            control.failed,
        )

    @admin.display(description="state", ordering="is_retired")
    def state(self, control: Control) -> str:
        """In use, or not."""
        return "retired" if control.is_retired else "in use"


def record(control_id: int, by: Actor) -> dict[str, Any]:
    """What reviews say of a control, the newest first, and how often what. Two queries."""
    checks = queries.checks_visible_to(by).filter(control=control_id)
    counted = checks.order_by().values_list("verdict").annotate(Count("pk"))
    known = dict(counted)
    rows = checks.select_related("review__incident").order_by("-review__incident__opened_at", "-id")
    return {
        "record": list(rows[:RECORD]),
        "record_limit": RECORD,
        "verdicts": [(label, known.get(key, 0)) for key, label in ControlCheck.Verdict.choices],
    }


def _count(by: Actor, verdicts: list[ControlCheck.Verdict]) -> Coalesce:
    rows = queries.checks_visible_to(by).filter(control=OuterRef("pk"), verdict__in=verdicts)
    counted = rows.order_by().values("control").annotate(n=Count("pk")).values("n")
    return Coalesce(Subquery(counted), 0)


def _day(day: date | None, *, is_watched: bool) -> str:
    if day is None:
        return "—"
    if not is_watched or day >= clocks.now().date():
        return f"{day:%-d %b %Y}"
    words = f"{day:%-d %b %Y}, overdue"
    return format_html('<span class="desk"><span class="bad">{}</span></span>', words)
