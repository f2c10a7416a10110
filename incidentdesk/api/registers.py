"""The other registers, people, and who the caller is."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from ninja import Router
from pydantic import BaseModel

from cases import queries
from cases.intake import sources
from cases.models import Alert, Category, Event, Source
from incidentdesk.api import fields, lists, sight
from incidentdesk.api.calls import do
from incidentdesk.api.door import REFUSALS
from incidentdesk.api.incidents import MESSAGE
from incidentdesk.api.lists import is_set
from incidentdesk.api.shapes import Shape
from incidentdesk.kernel import access, audit
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.models import AuditEvent, User
from notifications import queries as post
from notifications.models import Group, Message

router = Router(tags=["registers"])

SOURCE = Shape(Source, "id name format category=category__key impact scope is_active")
EVENT = Shape(Event, "id source=source__name received_at outcome said")
ALERT = Shape(
    Alert,
    "id incident_id incident=incident__reference source=source__name external_key group_key title"
    " labels first_at last_at count resolved_at",
)
CATEGORY = Shape(Category, "id key name description is_active")
PERSON = Shape(User, "id name email roles", name="Person")
GROUP = Shape(Group, "id name")
AUDIT = Shape(AuditEvent, "id at actor user_id action about detail")


def _logged(by: Actor) -> QuerySet[Message]:
    access.require(by, Permission.AUDIT_READ)
    return post.messages_visible_to(by)


class Me(BaseModel):
    """Who calls: the person, their roles, the token's scopes, and what follows, in words."""

    user_id: int
    name: str
    roles: list[str]
    scopes: list[str]
    may: list[str]


def _audited(model: Any) -> sight.Seen:
    """All rows, for those who may read the log; what auditors read is told to auditors only."""

    def rows(by: Actor) -> QuerySet[Any]:
        access.require(by, Permission.AUDIT_READ)
        found: QuerySet[Any] = model.objects.all()
        if model is AuditEvent and not by.is_auditor:
            return found.exclude(action__in=audit.READINGS)
        return found

    return rows


@router.get("/me", response={200: Me, 401: REFUSALS[401], 429: REFUSALS[429]}, operation_id="me")
def me(request: HttpRequest) -> dict[str, Any]:
    """Who this token is, and what it may do at this moment."""
    by: Actor = request.auth  # type: ignore[attr-defined]
    return {
        "user_id": by.user_id,
        "name": by.name,
        "roles": sorted(by.roles),
        "scopes": sorted(by.scopes or ()),
        "may": [permission.value for permission in Permission if permission in by.permissions],
    }


ALERT_FILTERS: dict[str, lists.Filter] = {
    "resolved": (bool, is_set("resolved_at")),
    "source": (fields.Word, "source__name"),
}
lists.rows(router, "/alerts", ALERT, queries.alerts_visible_to, filters=ALERT_FILTERS)
lists.rows(
    router,
    "/incidents/{incident_id}/alerts",
    ALERT,
    queries.alerts_visible_to,
    filters=ALERT_FILTERS,
)
lists.rows(router, "/categories", CATEGORY, sight.register(Category))
lists.rows(router, "/sources", SOURCE, sight.register(Source))
lists.rows(router, "/people", PERSON, sight.people, filters={"email": (fields.Word, "email")})
lists.rows(router, "/groups", GROUP, sight.register(Group))
lists.rows(
    router,
    "/messages",
    MESSAGE,
    _logged,
    filters={"state": (lists.choice(Message._meta.get_field("state")), "state")},
)
lists.rows(
    router,
    "/audit",
    AUDIT,
    _audited(AuditEvent),
    filters={"about": (fields.Word, "about"), "since": (fields.Moment, "at__gte")},
)
do(
    router,
    "registers",
    "/sources",
    sources.create,
    answer=SOURCE,
    plus="key",
    makes=True,
    source_format=Source.Format,
)
do(
    router,
    "registers",
    "/sources/{source_id}/renew-key",
    sources.renew_key,
    answer=SOURCE,
    plus="key",
)
do(
    router,
    "registers",
    "/sources/{source_id}/end-former-key",
    sources.end_former_key,
    answer=SOURCE,
)
do(
    router,
    "registers",
    "/sources/{source_id}/expressions",
    sources.change_expressions,
    answer=SOURCE,
)
do(router, "registers", "/sources/{source_id}/test", sources.send_test, answer=EVENT)
