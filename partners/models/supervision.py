"""Who supervises somebody: by which regimes it is bound, and by whose days its deadlines count."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Value

from incidentdesk.kernel import zones

REGIMES = [
    ("DORA", "DORA"),
    ("NIS2", "NIS2"),
    ("GDPR", "GDPR"),
    ("UK", "UK: FCA, PRA"),
    ("SCI", "Regulation SCI"),
    ("SEC", "SEC Form 8-K"),
    ("REGSP", "Regulation S-P"),
    ("CIRCIA", "CIRCIA"),
    ("MAS", "MAS"),
    ("CERTIN", "CERT-In"),
    ("NYDFS", "NYDFS"),
    ("RTS6", "RTS 6: algorithmic trading"),
]
ENTITIES = [
    ("credit", "credit institution"),
    ("ccp", "central counterparty"),
    ("venue", "operator of a trading venue"),
    ("nis2", "essential or important entity under NIS2"),
    ("trust", "trust service provider"),
    ("payment", "payment service provider"),
]


def is_zone(value: str) -> None:
    """ValidationError, with a sentence, for a zone that there is none of."""
    if words := zones.wrong(value):
        raise ValidationError(words)


class Supervised(models.Model):
    """What the clocks of regulators ask about somebody. Empty days and zone make them early: the
    safe side."""

    regimes = ArrayField(
        models.CharField(max_length=10, choices=REGIMES),
        blank=True,
        db_default=Value("{}"),
        help_text="By which this partner is bound.",
    )
    entities = ArrayField(
        models.CharField(max_length=10, choices=ENTITIES),
        verbose_name="is",
        blank=True,
        default=list,
        db_default=Value("{}"),
        help_text="What changes a regulator's deadline for it.",
    )
    zone = models.CharField(
        "time zone of its authority",
        max_length=60,
        blank=True,
        default="",
        db_default=Value(""),
        validators=[is_zone],
        help_text="As in Europe/Berlin. Empty: days are counted in UTC, and no weekend gives more "
        "time.",
    )
    holidays = models.ForeignKey(
        "notifications.HolidayCalendar",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="holidays of its Member State",
        help_text="Empty: every day from Monday to Friday is a working day.",
    )
    no_weekend_rule = models.BooleanField(
        "its authority gives no time for weekends",
        default=False,
        db_default=False,
        help_text="A DORA deadline on a weekend or holiday stays as it is (RTS 2025/301 Art. 5).",
    )

    class Meta:
        abstract = True
