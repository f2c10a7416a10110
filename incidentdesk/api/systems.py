"""Systems: the register, and what is affected in an incident."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Q, Value
from ninja import Router

from cases import response, sheets
from cases.models import AffectedSystem, System
from incidentdesk.api import fields, lists, sight
from incidentdesk.api.calls import do
from incidentdesk.api.shapes import Shape

router = Router(tags=["systems"])

_CODES: Any = ArrayAgg(
    "partners__code",
    filter=Q(partners__isnull=False),
    order_by="partners__code",
    default=Value([]),
)
SYSTEM = Shape(
    System,
    "id name description kind owner=owner__name owner_id is_critical is_active",
    more={"partners": (_CODES, list[str])},
)
AFFECTED = Shape(
    AffectedSystem,
    "id incident_id system=system__name system_id state how down_since changed_at"
    " changed_by=changed_by__name checked_by=checked_by__name",
)
OF_ONE = "/incidents/{incident_id}/systems"

lists.rows(
    router,
    "/systems",
    SYSTEM,
    sight.register(System),
    filters={
        "name": (fields.Word, "name"),
        "is_critical": (bool, "is_critical"),
        "is_active": (bool, "is_active"),
    },
)
do(router, "registers", "/systems/import", sheets.import_systems, text=fields.File)
lists.rows(router, OF_ONE, AFFECTED, sight.of_incident(AffectedSystem))
do(router, "respond", OF_ONE, response.add_system, answer=AFFECTED, makes=True)
do(
    router,
    "respond",
    f"{OF_ONE}/{{affected_id}}/change",
    response.change_system,
    answer=AFFECTED,
    state=["isolated", "restored"],
)
do(router, "respond", f"{OF_ONE}/{{affected_id}}/set-down", response.set_down, answer=AFFECTED)
