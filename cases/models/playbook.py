"""Playbooks: what is proposed for a category, phase by phase, in versions that never change."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

PHASES = [
    ("containment", "Containment"),
    ("mitigation", "Mitigation"),
    ("recovery", "Recovery"),
]


class Playbook(models.Model):
    """One version of a category's playbook: a draft, or published.

    A trigger refuses every change of a published version and of its tasks. Incidents point at the
    version that they started with.
    """

    category = models.ForeignKey("cases.Category", models.PROTECT, related_name="playbooks")
    version = models.PositiveIntegerField()
    note = models.TextField(blank=True, help_text="What is different, and why.")
    published_at = models.DateTimeField(null=True)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )

    class Meta:
        ordering = ("category", "-version")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["category", "version"], name="playbook_version_once"),
            models.UniqueConstraint(
                fields=["category"], condition=Q(published_at=None), name="playbook_one_draft"
            ),
            models.CheckConstraint(
                condition=Q(published_at=None) | ~Q(note=""), name="playbook_published_with_a_note"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.category}, version {self.version}"

    @property
    def is_draft(self) -> bool:
        """It can still be changed, and no incident uses it."""
        return self.published_at is None


class PlaybookTask(models.Model):
    """One line of a playbook. Its position counts from one within its phase."""

    playbook = models.ForeignKey(Playbook, models.CASCADE, related_name="tasks")
    phase = models.CharField(max_length=20, choices=PHASES)
    position = models.PositiveSmallIntegerField()
    text = models.CharField(max_length=300)
    needs_evidence = models.BooleanField(default=False)
    needs_second_person = models.BooleanField(default=False)
    is_partner_facing = models.BooleanField(default=False)

    class Meta:
        ordering = ("playbook", "phase", "position", "id")
        verbose_name = "playbook task"

    def __str__(self) -> str:
        return self.text
