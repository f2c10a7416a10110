"""The indexes of incidents: one for each order and filter of the list, and for what waits."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

_OPEN = ~Q(phase__in=["closed", "dismissed"])
NEWEST = ["-opened_at", "-id"]

INDEXES: list[models.Index] = [
    models.Index(fields=NEWEST, name="incident_newest"),
    models.Index(fields=NEWEST, condition=_OPEN, name="incident_open_newest"),
    models.Index(fields=["category", *NEWEST], name="incident_by_category"),
    models.Index(fields=["commander", *NEWEST], name="incident_by_commander"),
    models.Index(fields=["severity", "opened_at", "id"], name="incident_by_severity"),
    models.Index(fields=["severity", "-opened_at"], condition=_OPEN, name="incident_open"),
    models.Index(
        fields=["opened_at"],
        condition=Q(acknowledged_at=None) & _OPEN,
        name="incident_unacknowledged",
    ),
    models.Index(fields=["id"], condition=Q(is_restricted=True), name="incident_restricted"),
    models.Index(
        fields=["silent_at", "id"],
        condition=Q(silent_at__isnull=False) & _OPEN,
        name="incident_silent",
    ),
    models.Index(
        fields=["classify_at", "id"],
        condition=Q(classify_at__isnull=False) & _OPEN,
        name="incident_to_classify",
    ),
]
