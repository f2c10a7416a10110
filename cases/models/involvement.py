"""Involvement: one partner in one incident, and what that partner is shown of it."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from incidentdesk.kernel.history import tracked


@tracked(name="partner", exclude=("phase_times",))
class Involvement(models.Model):
    """What an incident means for one partner. The portal reads this row and never the incident.

    `severity`, `title` and `phase` are what the partner sees; the reference is its own. Nothing
    here is visible to the partner before `disclosed_at`. The decision to notify it or not, and
    the reason, stay inside.
    """

    class Decision(models.TextChoices):
        NOTIFY = "notify", "notify"
        NOT = "not", "do not notify"
        DIGEST = "digest", "in the monthly digest"

    NOT_TOLD = (Decision.NOT, Decision.DIGEST)

    incident = models.ForeignKey("cases.Incident", models.CASCADE, related_name="involvements")
    partner = models.ForeignKey("partners.Partner", models.PROTECT, related_name="involvements")
    reference = models.CharField(max_length=40, blank=True)
    title = models.CharField(max_length=200)
    meaning = models.TextField("what it means for this partner")
    severity = models.PositiveSmallIntegerField("severity for this partner")
    started_at = models.DateTimeField(null=True)
    phase = models.CharField(max_length=20)
    phase_times = models.JSONField(default=dict)
    added_at = models.DateTimeField()
    disclosed_at = models.DateTimeField(null=True)
    disclosed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )

    recovery_confirmed_at = models.DateTimeField(null=True)
    recovery_confirmed_by = models.CharField(
        max_length=120, blank=True, db_default=models.Value("")
    )

    decision = models.CharField(
        max_length=10, choices=Decision.choices, blank=True, db_default=models.Value("")
    )
    decision_reason = models.TextField(blank=True, db_default=models.Value(""))
    decided_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )

    is_exercise = models.BooleanField(
        default=False, db_default=False, help_text="A drill in which this partner takes part."
    )
    continued_as = models.CharField(
        max_length=40,
        blank=True,
        db_default=models.Value(""),
        help_text="The partner's reference under which a merged incident goes on.",
    )

    class Meta:
        ordering = ("id",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["incident", "partner"], name="partner_once"),
            models.UniqueConstraint(
                fields=["partner", "reference"],
                condition=~Q(reference=""),
                name="partner_reference_once",
            ),
            models.CheckConstraint(
                condition=Q(disclosed_at=None) | ~Q(reference=""),
                name="disclosed_with_a_reference",
            ),
            models.CheckConstraint(
                condition=Q(severity__gte=1, severity__lte=4), name="involvement_severity"
            ),
            models.CheckConstraint(
                condition=Q(recovery_confirmed_at=None, recovery_confirmed_by="")
                | (Q(recovery_confirmed_at__isnull=False) & ~Q(recovery_confirmed_by="")),
                name="involvement_recovery_confirmed_by_someone",
            ),
            models.CheckConstraint(
                condition=Q(decision="", decision_reason="", decided_at=None, decided_by=None)
                | (
                    ~Q(decision="")
                    & ~Q(decision_reason="")
                    & Q(decided_at__isnull=False, decided_by__isnull=False)
                ),
                name="involvement_decided_by_someone_with_a_reason",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["reference"], condition=~Q(reference=""), name="involvement_by_reference"
            ),
            models.Index(
                fields=["partner", "-disclosed_at", "-id"],
                condition=Q(disclosed_at__isnull=False),
                name="partner_newest",
            ),
            models.Index(
                fields=["partner", "-disclosed_at", "-id"],
                condition=Q(disclosed_at__isnull=False) & ~Q(phase__in=["closed", "dismissed"]),
                name="partner_open",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.partner} · {self.reference or 'not disclosed'}"

    @property
    def heading(self) -> str:
        """The title as the partner's mails show it: a drill says that it is one."""
        return f"EXERCISE: {self.title}" if self.is_exercise else self.title
