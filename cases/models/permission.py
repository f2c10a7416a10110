"""The direct-foreign-key table of the grants on incidents; read and written by kernel.grants."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from guardian.models import UserObjectPermissionBase

from cases.models.incident import Incident


class IncidentUserObjectPermission(UserObjectPermissionBase):
    """One person's right to open one restricted incident; read and written by kernel.grants."""

    content_object = models.ForeignKey(Incident, models.CASCADE)
    granted_at = models.DateTimeField(null=True)
    granted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
