"""Contract terms: how soon a partner is to be told, how, and by which regimes it is bound."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar

from django.db import models
from django.db.models import F, Q, Value

from partners.models.partner import Partner
from partners.models.supervision import Supervised


def _none_sooner(milder: int) -> Q:
    """A milder severity is told no sooner than a worse one, where times were agreed for both."""
    name = f"notice_sev{milder}"
    fits = Q(**{name: None})
    later = Q()
    for worse in range(1, milder):
        later &= Q(**{f"notice_sev{worse}": None}) | Q(**{f"{name}__gte": F(f"notice_sev{worse}")})
    return fits | later


class Terms(Supervised):
    """What was agreed with one partner. The database gives each partner a row with the defaults.

    Notice is counted in minutes from detection, by the severity for the partner; none means that
    no time was agreed. An administrator writes what the contract says.
    """

    class Carries(models.TextChoices):
        TEXT = "text", "the text"
        LINK = "link", "only a link"

    partner = models.OneToOneField(Partner, models.CASCADE, related_name="terms")
    notice_sev1 = models.PositiveIntegerField("SEV-1", null=True, blank=True, db_default=Value(60))
    notice_sev2 = models.PositiveIntegerField("SEV-2", null=True, blank=True, db_default=Value(120))
    notice_sev3 = models.PositiveIntegerField("SEV-3", null=True, blank=True, db_default=Value(240))
    notice_sev4 = models.PositiveIntegerField("SEV-4", null=True, blank=True)
    acknowledge_minutes = models.PositiveIntegerField(
        "acknowledged within (minutes)", db_default=Value(60)
    )
    mail_carries = models.CharField(
        "a mail carries", max_length=4, choices=Carries.choices, db_default=Value("text")
    )
    facts_initial_hours = models.PositiveIntegerField(
        "first facts package within (hours)", db_default=Value(3)
    )
    facts_interim_hours = models.PositiveIntegerField(
        "interim facts package within (hours)", db_default=Value(48)
    )
    facts_final_days = models.PositiveIntegerField(
        "final facts package within (days)", db_default=Value(20)
    )

    class Meta:
        ordering = ("partner__name",)
        verbose_name = "contract terms"
        verbose_name_plural = "contract terms"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                name="terms_leave_time",
                condition=(Q(notice_sev1=None) | Q(notice_sev1__gte=1))
                & (Q(notice_sev2=None) | Q(notice_sev2__gte=1))
                & (Q(notice_sev3=None) | Q(notice_sev3__gte=1))
                & (Q(notice_sev4=None) | Q(notice_sev4__gte=1))
                & Q(acknowledge_minutes__gte=1),
                violation_error_message="Leave a minute or more for each notice and for its "
                "acknowledgement.",
            ),
            models.CheckConstraint(
                name="terms_tell_the_worse_first",
                condition=_none_sooner(2) & _none_sooner(3) & _none_sooner(4),
                violation_error_message="A milder severity cannot be due for notice sooner than a "
                "worse one; put the minutes in order from SEV-1 to SEV-4.",
            ),
            models.CheckConstraint(
                name="terms_facts_in_order",
                condition=Q(facts_initial_hours__gte=1)
                & Q(facts_interim_hours__gte=F("facts_initial_hours"))
                & Q(facts_final_days__gte=F("facts_interim_hours") / 24.0),
                violation_error_message="Facts packages come in order, an hour after confirmation "
                "at the earliest: the first, then the interim one, then the final one (in days).",
            ),
        ]

    def __str__(self) -> str:
        return str(self.partner)

    def notice_within(self, severity: int) -> timedelta | None:
        """How long after detection the partner has its first notice; None: no time was agreed."""
        minutes: int | None = getattr(self, f"notice_sev{severity}")
        return None if minutes is None else timedelta(minutes=minutes)

    def facts_within(self) -> dict[str, timedelta]:
        """How long after confirmation the partner has each facts package, by its stage."""
        return {
            "initial": timedelta(hours=self.facts_initial_hours),
            "interim": timedelta(hours=self.facts_interim_hours),
            "final": timedelta(days=self.facts_final_days),
        }

    @property
    def acknowledged_within(self) -> timedelta:
        """How long it may take until somebody there has acknowledged a notice."""
        return timedelta(minutes=self.acknowledge_minutes)
