"""Field history: which rows keep what stood in them before, and who is written down beside it.

The database writes it, in the same statement as the change (django-pghistory's triggers): no
door goes around it. An update keeps the row as it was before, so that making a row costs nothing
unless its making is tracked as well. Jobs and intake write without a context: "The desk".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import pghistory
from django.db.models import Index, Model
from django.http import HttpRequest, HttpResponseBase

from incidentdesk.kernel import callers

M = TypeVar("M", bound=type[Model])
# Where people change things. A link in a mail names its reader by a secret, which is not kept.
PLACES = ("/admin/", "/portal/", "/api/", "/ack/")
SECRET = "/ack/"  # noqa: S105 -- the address, not a password
_names: dict[str, str] = {}


def tracked(*, name: str, made: bool = True, exclude: tuple[str, ...] = ()) -> Callable[[M], M]:
    """Keep the history of a model. `name` is the field by which one of its rows is called.

    `made` also keeps that a row was made; without it many can be laid out at no cost. Secrets and
    what only machines count belong into `exclude`.
    """

    def track(model: M) -> M:
        key = model._meta.model_name or ""
        _names[model._meta.label] = name
        kept = {field.name for field in model._meta.local_fields} - set(exclude)
        indexes = [Index(fields=["pgh_obj", "pgh_id"], name=f"{key}_history")]
        if "incident" in kept:
            indexes.append(Index(fields=["incident", "pgh_created_at"], name=f"{key}_histories"))
        trackers: list[Any] = [pghistory.UpdateEvent(row=pghistory.Old), pghistory.DeleteEvent()]
        if made:
            trackers.append(pghistory.InsertEvent())
        wrapped: M = pghistory.track(
            *trackers,
            exclude=list(exclude),
            append_only=True,
            obj_field=pghistory.ObjForeignKey(related_name="+", db_index=False),
            context_field=pghistory.ContextJSONField(),
            context_id_field=None,  # type: ignore[arg-type]  # its default is one more column
            meta={"indexes": indexes},
        )(model)
        return wrapped

    return track


def name_field(model: type[Model]) -> str:
    """The field by which a row of a tracked model is called; '' if it keeps no history."""
    return _names.get(model._meta.label, "")


def event_model(model: type[Model]) -> Any:
    """The table that holds a tracked model's history."""
    return model.pgh_event_model  # type: ignore[attr-defined]


@dataclass(frozen=True)
class HistoryMiddleware:
    """While a person changes something, the database is told who it is and from where."""

    get_response: Callable[[HttpRequest], HttpResponseBase]

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer the request; reading needs no context, so it costs nothing."""
        place = next((p for p in PLACES if request.path_info.startswith(p)), "")
        if not place or request.method in ("GET", "HEAD", "OPTIONS"):
            return self.get_response(request)
        who = request.user if request.user.is_authenticated else None
        with pghistory.context(
            user=who and who.pk,
            name=who and str(who),
            path=place if place == SECRET else request.path[:300],
            ip=callers.address(request),
        ):
            return self.get_response(request)
