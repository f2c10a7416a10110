"""Facts packages: the figures of an incident for one partner, for its own reports."""

from __future__ import annotations

from typing import ClassVar

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q


class FactsPackage(models.Model):
    """What we knew for this partner when it was handed over. It never changes; a later one follows.

    What is not known stays empty. Shares are per cent of this partner's, the value is in euro.
    """

    class Stage(models.TextChoices):
        INITIAL = "initial", "first"
        INTERIM = "interim", "interim"
        FINAL = "final", "final"

    involvement = models.ForeignKey("cases.Involvement", models.PROTECT, related_name="packages")
    partner = models.ForeignKey("partners.Partner", models.PROTECT, related_name="+")
    reference = models.CharField(max_length=40)
    stage = models.CharField(max_length=10, choices=Stage.choices)
    text = models.TextField("what happened")
    services = models.TextField("affected services", blank=True)
    began_at = models.DateTimeField("began", null=True)
    ended_at = models.DateTimeField("ended", null=True)
    downtime_minutes = models.PositiveIntegerField("downtime in minutes", null=True)
    clients = models.PositiveIntegerField("clients affected", null=True)
    clients_share = models.DecimalField(
        "share of its clients (%)", max_digits=5, decimal_places=2, null=True
    )
    transactions = models.PositiveBigIntegerField("transactions affected", null=True)
    transactions_share = models.DecimalField(
        "share of its transactions (%)", max_digits=5, decimal_places=2, null=True
    )
    value_eur = models.PositiveBigIntegerField("value affected (EUR)", null=True)
    is_estimate = models.BooleanField("figures are estimates", default=False, db_default=False)
    report = models.JSONField(
        default=dict,
        db_default=models.Value({}, models.JSONField()),
        help_text="In the shape of the DORA reporting schema, as far as the desk knows it.",
    )
    missing = models.JSONField(
        default=list,
        db_default=models.Value([], models.JSONField()),
        help_text="The fields of this stage that it leaves open: number, name, whose.",
    )
    handed_at = models.DateTimeField()
    handed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")

    class Meta:
        ordering = ("-id",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["partner", "reference"], name="package_reference_once"),
            models.CheckConstraint(
                condition=~(Q(reference="") | Q(text="")), name="package_says_what_happened"
            ),
            models.CheckConstraint(
                condition=(Q(clients_share=None) | Q(clients_share__gte=0, clients_share__lte=100))
                & (
                    Q(transactions_share=None)
                    | Q(transactions_share__gte=0, transactions_share__lte=100)
                ),
                name="package_shares_are_per_cent",
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None) | Q(began_at=None) | Q(ended_at__gte=F("began_at")),
                name="package_ends_after_it_began",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["involvement", "-id"], name="package_newest"),
        ]
        triggers: ClassVar[list[pgtrigger.Trigger]] = [
            pgtrigger.Protect(name="package_stays", operation=pgtrigger.Update | pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return self.reference
