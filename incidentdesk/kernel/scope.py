"""The partner scope: the context in which a partner's reads run, and the middleware around it.

For `/portal/` the middleware resolves the session to an actor for ONE partner and opens a
transaction in which the database role is the portal's. A view that has proved its object visible
inside the scope and wants to change something answers `Afterwards(...)`: the middleware leaves the
scope and only then calls the use case, as the application.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import cast

from django.conf import settings
from django.contrib import messages
from django.db import connection, transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import redirect

from incidentdesk.kernel import access, grants
from incidentdesk.kernel.errors import DeskError
from incidentdesk.kernel.models import User

PORTAL = "/portal/"
CHOOSE = "/accounts/partner/"
SESSION_KEY = "partner_id"

_READ = "SELECT current_setting('app.partner_id', true), current_setting('role')"
_SET = "SELECT set_config('app.partner_id', %s, true), set_config('role', %s, true)"


@contextmanager
def partner_scope(partner_id: int) -> Iterator[None]:
    """Run reads as the portal's database role for this partner; always inside a transaction.

    On the way out the former role comes back; on an exception the rollback brings it back.
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(_READ)
            before = cursor.fetchone()
            cursor.execute(_SET, [str(int(partner_id)), settings.PORTAL_ROLE])
        yield
        with connection.cursor() as cursor:
            cursor.execute(_SET, [before[0] or "", before[1]])


class Afterwards(HttpResponseRedirect):
    """Answer of a portal view: leave the scope, run the use case, say how it went, go on.

    `run` returns the sentence to show (or nothing); a DeskError is shown and `otherwise` is where
    the person lands then (default: the same place).
    """

    def __init__(
        self, run: Callable[[], str | None], *, to: str, otherwise: str | None = None
    ) -> None:
        super().__init__(to)
        self.run = run
        self.otherwise = otherwise or to

    def finish(self, request: HttpRequest) -> HttpResponse:
        """Call the use case as the application; outside the scope."""
        try:
            said = self.run()
        except DeskError as error:
            messages.error(request, str(error))
            return HttpResponseRedirect(self.otherwise)
        if said:
            messages.success(request, said)
        return HttpResponseRedirect(self.url)


class ScopeMiddleware:
    """Gives every request its `actor`; runs the portal inside the partner scope."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not request.path.startswith(PORTAL):
            return self.get_response(request)
        if not request.user.is_authenticated:
            return redirect(f"{settings.LOGIN_URL}?next={request.path}")
        user = request.user
        ids = grants.tenant_ids(user.pk)
        partner_id = request.session.get(SESSION_KEY) if len(ids) > 1 else next(iter(ids), None)
        if partner_id not in ids:
            return _without_partner(user, ids)
        return self._scoped(request, user, cast(int, partner_id), several=len(ids) > 1)

    def _scoped(
        self, request: HttpRequest, user: User, partner_id: int, *, several: bool
    ) -> HttpResponseBase:
        # All that needs the application's role is loaded before the scope is entered.
        request.actor = access.actor_for(user, partner_id=partner_id)  # type: ignore[attr-defined]
        request.partner = grants.tenant_model()._default_manager.get(pk=partner_id)  # type: ignore[attr-defined]
        request.serves_several = several  # type: ignore[attr-defined]
        request.session.get(SESSION_KEY)
        with partner_scope(partner_id):
            response = self.get_response(request)
            if response.streaming:
                raise RuntimeError("A portal answer must not stream: it would outlive its scope.")
        if isinstance(response, Afterwards):
            return response.finish(request)
        return response


def _without_partner(user: User, ids: list[int]) -> HttpResponseBase:
    """Staff go to the desk, a person of several partners picks one, a stranger finds nothing."""
    if ids:
        return redirect(CHOOSE)
    if user.is_staff:
        return redirect("/admin/")
    raise Http404
