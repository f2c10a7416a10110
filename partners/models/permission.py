"""The direct-foreign-key table of the grants on partners; read and written by kernel.grants."""

from __future__ import annotations

from django.db import models
from guardian.models import UserObjectPermissionBase

from partners.models.partner import Partner


class PartnerUserObjectPermission(UserObjectPermissionBase):
    """One person's right on one partner: `act`, `administer` or `audit`."""

    content_object = models.ForeignKey(Partner, models.CASCADE)
