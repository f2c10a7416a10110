"""Classifications: what was decided under a regime for one party, and what it rests on."""

from __future__ import annotations

from typing import ClassVar

import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q


class Classification(models.Model):
    """One decision, with its inputs as they stood. It never changes; the newest of a party counts.

    The party is an involved partner or, without one, we. For a partner it is a recommendation: the
    partner classifies. `inputs` hold what was known, in the shape of `cases.regulation.inputs`.
    """

    class Regime(models.TextChoices):
        DORA = "dora", "DORA"
        NIS2 = "nis2", "NIS2"
        GDPR = "gdpr", "GDPR"

    class Outcome(models.TextChoices):
        YES = "yes", "yes"
        NO = "no", "no"
        OPEN = "open", "cannot be decided yet"

    incident = models.ForeignKey(
        "cases.Incident", models.PROTECT, related_name="classifications", db_index=False
    )
    involvement = models.ForeignKey(
        "cases.Involvement",
        models.PROTECT,
        null=True,
        related_name="classifications",
        db_index=False,
    )
    partner = models.ForeignKey("partners.Partner", models.PROTECT, null=True, related_name="+")
    regime = models.CharField(max_length=4, choices=Regime.choices)
    inputs = models.JSONField(default=dict)
    outcome = models.CharField(max_length=4, choices=Outcome.choices)
    articles = ArrayField(models.CharField(max_length=60), default=list)
    criteria = ArrayField(models.CharField(max_length=60), default=list)
    undecided = ArrayField(
        models.CharField(max_length=40), default=list, help_text="The inputs that would decide it."
    )
    is_estimate = models.BooleanField(default=False, help_text="It rests on estimates.")
    reason = models.TextField()
    decided_at = models.DateTimeField()
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")

    class Meta:
        ordering = ("-id",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(involvement=None, partner=None)
                | Q(involvement__isnull=False, partner__isnull=False),
                name="classification_of_a_partner_or_of_us",
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="classification_says_why"),
            models.CheckConstraint(
                condition=Q(outcome="open") | Q(undecided__len=0),
                name="classification_decided_or_open",
            ),
            models.CheckConstraint(
                condition=~Q(outcome="yes") | Q(articles__len__gt=0),
                name="classification_names_its_articles",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(F("incident"), F("id").desc(), name="classification_of_incident"),
            models.Index(F("involvement"), F("id").desc(), name="classification_of_partner"),
        ]
        triggers: ClassVar[list[pgtrigger.Trigger]] = [
            pgtrigger.Protect(
                name="classification_stays", operation=pgtrigger.Update | pgtrigger.Delete
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_regime_display()}: {self.words}"

    @property
    def words(self) -> str:
        """The answer, as this regime words it."""
        return WORDS[self.regime][self.outcome]


WORDS = {
    "dora": {"yes": "major", "no": "not major", "open": "cannot be decided yet"},
    "nis2": {"yes": "significant", "no": "not significant", "open": "cannot be decided yet"},
    "gdpr": {"yes": "to be notified", "no": "not to be notified", "open": "undecided"},
}
