"""A partner, its contacts, and the counter of its own references."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q, Value
from django.db.models.functions import Lower

# What a financial entity may be (ITS (EU) 2025/302, field 1.4).
ENTITY_TYPES = [
    ("credit_institution", "credit institution"),
    ("payment_institution", "payment institution"),
    ("exempted_payment_institution", "exempted payment institution"),
    ("account_information_service_provider", "account information service provider"),
    ("electronic_money_institution", "electronic money institution"),
    ("exempted_electronic_money_institution", "exempted electronic money institution"),
    ("investment_firm", "investment firm"),
    ("crypto-asset_service_provider", "crypto-asset service provider"),
    ("issuer_of_asset-referenced_tokens", "issuer of asset-referenced tokens"),
    ("central_securities_depository", "central securities depository"),
    ("central_counterparty", "central counterparty"),
    ("trading_venue", "trading venue"),
    ("trade_repository", "trade repository"),
    ("manager_of_alternative_investment_fund", "manager of alternative investment funds"),
    ("management_company", "management company"),
    ("data_reporting_service_provider", "data reporting service provider"),
    ("insurance_and_reinsurance_undertaking", "insurance or reinsurance undertaking"),
    (
        "insurance_intermediary_reinsurance_intermediary_and_ancillary_insurance_intermediary",
        "insurance intermediary",
    ),
    (
        "institution_for_occupational_retirement_provision",
        "institution for occupational retirement provision",
    ),
    ("credit_rating_agency", "credit rating agency"),
    ("administrator_of_critical_benchmarks", "administrator of critical benchmarks"),
    ("crowdfunding_service_provider", "crowdfunding service provider"),
    ("securitisation_repository", "securitisation repository"),
]
_LEI = RegexValidator(r"^[A-Z0-9]{18}[0-9]{2}$", "A LEI has 18 letters or digits and two digits.")


class Partner(models.Model):
    """A company that 6MM runs trading infrastructure for. Grants stand on this row."""

    name = models.CharField(max_length=120, unique=True)
    code = models.CharField(
        max_length=12,
        unique=True,
        validators=[RegexValidator(r"^[A-Z][A-Z0-9]+$", "Capital letters and digits only.")],
        help_text="Begins the partner's own references: EXAMPLE-2026-0007.",
    )
    kind = models.CharField(
        max_length=10,
        choices=[("broker", "broker"), ("venue", "venue"), ("platform", "platform")],
        default="broker",
    )
    is_active = models.BooleanField(default=True)
    lei = models.CharField(
        "LEI", max_length=20, blank=True, db_default=Value(""), validators=[_LEI]
    )
    entity_types = ArrayField(
        models.CharField(max_length=90, choices=ENTITY_TYPES),
        blank=True,
        default=list,
        db_default=Value("{}"),
        help_text="What it is authorised as; stands in its facts packages.",
    )
    parent_name = models.CharField(
        "ultimate parent", max_length=120, blank=True, db_default=Value("")
    )
    parent_lei = models.CharField(
        "LEI of the parent", max_length=20, blank=True, db_default=Value(""), validators=[_LEI]
    )

    class Meta:
        ordering = ("name",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(lei="") | Q(lei__regex=r"^[A-Z0-9]{18}[0-9]{2}$"),
                name="partner_lei_has_its_shape",
            ),
            models.CheckConstraint(
                condition=Q(parent_lei="") | Q(parent_lei__regex=r"^[A-Z0-9]{18}[0-9]{2}$"),
                name="partner_parent_lei_has_its_shape",
            ),
        ]
        default_permissions = ()
        permissions = (
            ("act", "act for this partner"),
            ("administer", "administer this partner's people"),
            ("audit", "read as this partner's auditor"),
        )

    def __str__(self) -> str:
        return self.name


class Contact(models.Model):
    """A person at a partner. With a login they use the portal; notices go to their address."""

    partner = models.ForeignKey(Partner, models.PROTECT, related_name="contacts")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="contacts"
    )
    name = models.CharField(max_length=120)
    email = models.EmailField("e-mail")
    phone = models.CharField(max_length=40, blank=True)
    title = models.CharField(max_length=80, blank=True)
    gets_notices = models.BooleanField(default=True)
    is_active = models.BooleanField(default=True)

    class Meta:
        ordering = ("partner", "name")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint("partner", Lower("email"), name="contact_once_per_partner"),
        ]

    def __str__(self) -> str:
        return self.name


class ReferenceCounter(models.Model):
    """The last number of a partner's own references, by kind and year."""

    partner = models.ForeignKey(Partner, models.CASCADE)
    kind = models.CharField(max_length=10)
    year = models.PositiveSmallIntegerField()
    last = models.PositiveIntegerField(default=0)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["partner", "kind", "year"], name="counter_once"),
        ]

    def __str__(self) -> str:
        return f"{self.partner} {self.kind} {self.year}: {self.last}"
