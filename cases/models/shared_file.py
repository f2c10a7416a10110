"""Files that a partner and the desk share: each part of something that one of them said."""

from __future__ import annotations

import uuid
from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import Q


class SharedFile(models.Model):
    """A file with its hash. It is never changed or deleted, and leaves as a download only.

    The file lies in the vault by its `key`; who brought it stands on what it is part of.
    """

    partner = models.ForeignKey("partners.Partner", models.PROTECT, related_name="+")
    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(max_length=200, help_text="As it was called when it was added.")
    size = models.PositiveBigIntegerField(help_text="Bytes.")
    sha256 = models.CharField(max_length=64)
    added_at = models.DateTimeField()
    step = models.ForeignKey("cases.RequestStep", models.PROTECT, null=True, related_name="files")
    procedure = models.ForeignKey(
        "cases.Procedure", models.PROTECT, null=True, related_name="files"
    )
    remark = models.ForeignKey("cases.Remark", models.PROTECT, null=True, related_name="files")
    report = models.ForeignKey("cases.Report", models.PROTECT, null=True, related_name="files")

    class Meta:
        ordering = ("id",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(sha256__regex="^[0-9a-f]{64}$"), name="shared_file_has_a_hash"
            ),
            models.CheckConstraint(condition=Q(size__gt=0), name="shared_file_is_not_empty"),
            models.CheckConstraint(
                condition=Q(step__isnull=False, remark=None, procedure=None, report=None)
                | Q(step=None, remark__isnull=False, procedure=None, report=None)
                | Q(step=None, remark=None, procedure__isnull=False, report=None)
                | Q(step=None, remark=None, procedure=None, report__isnull=False),
                name="shared_file_is_part_of_one_thing",
            ),
        ]
        triggers: ClassVar[list[pgtrigger.Trigger]] = [
            pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return self.name
