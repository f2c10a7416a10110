"""Groups of people who are paged together: a register."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Count, ManyToManyField, QuerySet
from django.forms import ModelMultipleChoiceField
from django.http import HttpRequest
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from incidentdesk.kernel.desk import RegisterAdmin
from notifications.models import Group
from notifications.rotas import oncall


@admin.register(Group)
class GroupAdmin(RegisterAdmin):
    """A name and its members; only active staff can be chosen."""

    list_display = ("name", "member_count")
    search_fields = ("name",)
    ordering = ("name",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Group]:
        """With the number of members, in the same query."""
        found: QuerySet[Group] = super().get_queryset(request)
        return found.annotate(count=Count("members"))

    @admin.display(description="members", ordering="count")
    def member_count(self, group: Group) -> int:
        """How many people the group has; none means that a page passes it by."""
        return int(getattr(group, "count", 0))

    def formfield_for_manytomany(
        self, db_field: ManyToManyField[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> ModelMultipleChoiceField[Any] | None:
        """A box to tick for each person."""
        kwargs["queryset"] = oncall.pageable().order_by("name")
        kwargs["widget"] = UnfoldAdminCheckboxSelectMultipleWidget()
        return super().formfield_for_manytomany(db_field, request, **kwargs)  # type: ignore[no-any-return]
