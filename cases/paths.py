"""What an escalation path may ask of an incident, as the post office knows it: plain strings."""

from __future__ import annotations

from dataclasses import dataclass

from cases.models import Category, Incident, System
from partners.models import Partner

Choices = list[tuple[str, str]]


@dataclass(frozen=True)
class Hit:
    """Whom and what an incident hits: names of systems, codes of partners."""

    systems: tuple[str, ...] = ()
    partners: tuple[str, ...] = ()


NOTHING = Hit()


def hit(incident: Incident) -> Hit:
    """What is listed on it now. Two queries."""
    systems = incident.systems.order_by("system__name").values_list("system__name", flat=True)
    partners = incident.involvements.order_by("partner__code")
    return Hit(tuple(systems), tuple(partners.values_list("partner__code", flat=True)))


def choices() -> dict[str, Choices]:
    """What the form of a path offers: by the field's name, what is stored and how it reads. By
    settings.PATH_FACTS."""
    categories = Category.objects.order_by("name").values_list("key", "name")
    systems = System.objects.filter(is_active=True).order_by("name").values_list("name", "name")
    partners = Partner.objects.filter(is_active=True).order_by("name").values_list("code", "name")
    return {
        "categories": list(categories),
        "systems": list(systems),
        "partners": list(partners),
    }
