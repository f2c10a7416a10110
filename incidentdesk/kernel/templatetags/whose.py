"""`{% organisation %}`: whose desk this is, as the settings name it. Known everywhere."""

from __future__ import annotations

from django import template
from django.conf import settings

register = template.Library()


@register.simple_tag
def organisation() -> str:
    """Its name."""
    return str(settings.ORGANISATION_NAME)
