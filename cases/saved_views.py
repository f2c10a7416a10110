"""A person's own views of the list of incidents: kept under a name, and forgotten again."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from cases.models import SavedView
from incidentdesk.kernel import access
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.errors import InvalidInput, NotFound

MOST = 12


@transaction.atomic
def keep(*, name: str, query: str, by: Actor, at: datetime) -> SavedView:
    """Keep what the list was asked for under a name; a view of that name is replaced."""
    access.require(by, Permission.INCIDENT_READ)
    name = " ".join(name.split())
    if not name or len(name) > 40:
        raise InvalidInput("A view needs a name of at most 40 characters.")
    if len(query) > 1000:
        raise InvalidInput("This view asks for too much to be kept; take some words out.")
    others = SavedView.objects.filter(user=by.person_id).exclude(name=name)
    if others.count() >= MOST:
        raise InvalidInput(f"You have {MOST} views; forget one that you no longer use.")
    kept, _ = SavedView.objects.update_or_create(
        user_id=by.person_id, name=name, defaults={"query": query, "saved_at": at}
    )
    return kept


@transaction.atomic
def forget(*, view_id: int, by: Actor, at: datetime) -> str:
    """Forget one of one's own views; answers its name."""
    access.require(by, Permission.INCIDENT_READ)
    view = SavedView.objects.filter(pk=view_id, user=by.person_id).first()
    if view is None:
        raise NotFound("You have no such view; it may be forgotten already.")
    view.delete()
    return view.name
