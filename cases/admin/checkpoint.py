"""Checkpoints of all timelines, and who is mailed them."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from cases import checkpoints, queries
from cases.models import Checkpoint, CheckpointRecipient
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.desk import DeskAdmin, RegisterAdmin


@admin.register(Checkpoint)
class CheckpointAdmin(DeskAdmin):
    """What all timelines looked like, once a day."""

    read_permission: ClassVar[Permission] = Permission.AUDIT_READ
    page_template = "admin/cases/checkpoint/page.html"
    list_display = ("number", "taken_at", "incidents", "entries", "broken")

    def visible(self, by: Actor) -> QuerySet[Checkpoint]:
        """All, to those who may read the audit trail."""
        return queries.checkpoints_visible_to(by)

    def page_context(self, request: HttpRequest, obj: Checkpoint) -> dict[str, Any]:
        """With the name of its file."""
        return {"checkpoint": obj, "file": checkpoints.file_name(obj)}


@admin.register(CheckpointRecipient)
class CheckpointRecipientAdmin(RegisterAdmin):
    """People who keep checkpoints where nobody who administers the database can write."""

    list_display = ("name", "email", "is_active")
    list_filter = ("is_active",)
    search_fields = ("name", "email")
