"""Templates of notices: the words to start from, by kind and category."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from cases.models.notice import Notice
from incidentdesk.kernel.history import tracked


@tracked(name="kind")
class NoticeTemplate(models.Model):
    """The text that a draft begins with; without a category it is for those that have no own one.

    Its placeholders are a closed set, see `cases.wording`.
    """

    kind = models.CharField(max_length=20, choices=Notice.Kind.choices)
    category = models.ForeignKey(
        "cases.Category", models.CASCADE, null=True, blank=True, related_name="notice_templates"
    )
    body = models.TextField("text")

    class Meta:
        ordering = ("kind", "category__position", "id")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["kind", "category"], name="notice_template_once", nulls_distinct=False
            ),
            models.CheckConstraint(condition=~models.Q(body=""), name="notice_template_has_a_text"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}, {self.category or 'any category'}"
