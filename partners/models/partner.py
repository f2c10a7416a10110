"""A partner, its contacts, and the counter of its own references."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.db.models.functions import Lower


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

    class Meta:
        ordering = ("name",)
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
