"""The partner scope: the context in which a partner's reads run, and the middleware around it.

For `/portal/` the middleware resolves the session to an actor for ONE partner and opens a
transaction in which the database role is the portal's. A view that has proved its object visible
inside the scope and wants to change something answers `Afterwards(...)`: the middleware leaves the
scope and only then calls the use case, as the application.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, NamedTuple, cast
from urllib.parse import quote, urlsplit

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import ObjectDoesNotExist, PermissionDenied
from django.db import connection, transaction
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseNotAllowed,
    HttpResponseRedirect,
)
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.cache import add_never_cache_headers

from incidentdesk.kernel import access, audit, clocks, grants, once, sealed, times
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.errors import GONE, DeskError, note
from incidentdesk.kernel.models import User
from incidentdesk.kernel.times import Times

PORTAL = "/portal/"
CHOOSE = "/accounts/partner/"
SESSION_KEY = "partner_id"
VIEWING_KEY = "viewed_partner_id"
LOOKED = "viewed the portal as"
REFUSE = "refuse"  # on a request whose form is not taken in: what answers it
NOT_SENT = (
    "You were logged out meanwhile, and what you wrote was not sent. Go back in your browser to "
    "copy it before you log in."
)
ONLY_LOOKING = (
    "You view this as a partner does, and nothing can be changed so; go back to the desk."
)

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


class ScopedRequest(HttpRequest):
    """A request as the portal gets it: one person, who works for one partner."""

    actor: Actor
    partner: Any
    may_act: bool
    serves_several: bool
    times: Times  # in which its pages show them, and its forms are read
    is_viewed: bool  # somebody of the desk looks on, as the partner sees it
    after_scope: list[Callable[[], object]]  # what is noted of a reading, as the application


class Landing(NamedTuple):
    """Where a person lands once the use case has run, and the sentence shown there."""

    to: str
    said: str


class Afterwards(HttpResponseRedirect):
    """Answer of a portal view: leave the scope, run the use case, say how it went, go on.

    `run` answers the sentence to show (or nothing), or a Landing if only the use case knows where
    to go on. A DeskError is given to `refused`, which runs in the scope again and shows the form
    as it was typed; without it the sentence is shown at `otherwise` (default: the same place).
    `repeated` runs in the place of the use case if the very form was sent before.
    """

    def __init__(
        self,
        run: Callable[[], str | Landing | None],
        *,
        to: str,
        otherwise: str | None = None,
        refused: Callable[[DeskError], HttpResponse] | None = None,
        repeated: Callable[[], object] | None = None,
    ) -> None:
        super().__init__(to)
        self.run, self.repeated = run, repeated
        self.otherwise = otherwise or to
        self.refused = refused

    def finish(self, request: ScopedRequest) -> HttpResponse:
        """Call the use case as the application; outside the scope, and once for each form."""
        try:
            with once.claimed(request):
                said = self.run()
        except once.SentAlready:
            if self.repeated is not None:
                self.repeated()
            messages.info(request, once.SAID)
            return HttpResponseRedirect(self.url)
        except DeskError as error:
            return self._refuse(request, error)
        except ObjectDoesNotExist:
            return self._refuse(request, DeskError(GONE))
        landing = said if isinstance(said, Landing) else Landing(self.url, said or "")
        if landing.said:
            messages.success(request, landing.said)
        return HttpResponseRedirect(landing.to)

    def _refuse(self, request: ScopedRequest, error: DeskError) -> HttpResponse:
        note(request, error)
        if self.refused is None:
            messages.error(request, str(error))
            return HttpResponseRedirect(self.otherwise)
        with partner_scope(request.partner.pk), timezone.override(request.times.tz):
            return self.refused(error)


class Outside(HttpResponse):
    """Answer of a portal view that found a file to be its reader's own: leave the scope, and only
    then stream it, without the database. A DeskError is shown at `otherwise`."""

    def __init__(self, make: Callable[[], HttpResponseBase], *, otherwise: str) -> None:
        super().__init__()
        self.make, self.otherwise = make, otherwise

    def finish(self, request: HttpRequest) -> HttpResponseBase:
        """What is handed out."""
        try:
            return self.make()
        except DeskError as error:
            messages.error(request, str(error))
            return HttpResponseRedirect(self.otherwise)


class ScopeMiddleware:
    """Gives every portal request its `actor`; runs the portal inside the partner scope."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer the request; what the portal shows is never kept by a cache."""
        # The address as the resolver sees it: a prefix in front of the desk changes nothing.
        if not request.path_info.startswith(PORTAL):
            return self.get_response(request)
        response = self._answer(request)
        if isinstance(response, HttpResponseNotAllowed):
            allowed = response.headers["Allow"]
            response = render(request, "portal/form_only.html", status=405)
            response.headers["Allow"] = allowed
        add_never_cache_headers(response)
        return response

    def _answer(self, request: HttpRequest) -> HttpResponseBase:
        if not request.user.is_authenticated:
            if hasattr(request, REFUSE):
                return cast(HttpResponseBase, getattr(request, REFUSE)())
            # Who never was logged in has lost nothing, and is no reason to begin a session.
            if request.method == "POST" and settings.SESSION_COOKIE_NAME in request.COOKIES:
                messages.warning(request, NOT_SENT)
            return redirect_to_login(_here(request))
        user = request.user
        if user.is_staff and VIEWING_KEY in request.session:
            return self._viewed(request, user, request.session[VIEWING_KEY])
        held = grants.tenants(user.pk)
        ids = list(held)
        partner_id = _chosen(request, ids)
        if partner_id not in ids:
            return _without_partner(request, user, ids)
        return self._scoped(request, user, partner_id, held)

    def _scoped(
        self, request: HttpRequest, user: User, partner_id: int, held: dict[int, frozenset[str]]
    ) -> HttpResponseBase:
        # All that needs the application's role is loaded before the scope is entered.
        scoped = _known(request, user, partner_id, held)
        scoped.after_scope = []
        if hasattr(request, REFUSE):
            return cast(HttpResponseBase, getattr(request, REFUSE)())
        if request.method == "POST" and not once.is_for(request, partner_id):
            return render(request, "portal/another_partner.html", status=409)
        response = self._inside(scoped)
        for write in scoped.after_scope:
            write()
        if isinstance(response, (Afterwards, Outside)):
            return response.finish(scoped)
        return response

    def _viewed(self, request: HttpRequest, user: User, partner_id: int) -> HttpResponseBase:
        """A member of staff looks at a page as this partner sees it. Each look is recorded."""
        if request.method not in ("GET", "HEAD"):
            raise PermissionDenied(ONLY_LOOKING)
        staff = access.actor_for(user)
        is_there = grants.tenant_model()._default_manager.filter(pk=partner_id).exists()
        if not is_there or not access.allows(staff, Permission.INCIDENT_READ):
            return redirect("/admin/")
        partner, _, _ = times.working_for(user.pk, partner_id)
        about, page = f"partner:{partner_id}", request.get_full_path()
        line: dict[str, Any] = {"action": LOOKED, "about": about, "name": str(partner)}
        audit.record(by=staff, at=clocks.now(), **line, page=page[:300])
        scoped = cast(ScopedRequest, request)
        scoped.partner, scoped.may_act = partner, False
        scoped.serves_several, scoped.is_viewed, scoped.times = False, True, Times()
        scoped.after_scope = []  # that somebody of the desk looked is noted above, and no more
        seen_as = access.actor_for(user, partner_id=partner_id)
        scoped.actor = replace(seen_as, withheld=sealed.withheld(staff, partner_id))
        response = self._inside(scoped)
        if isinstance(response, Afterwards):
            raise PermissionDenied(ONLY_LOOKING)
        return response.finish(scoped) if isinstance(response, Outside) else response

    def _inside(self, request: ScopedRequest) -> HttpResponseBase:
        """Answer within the partner's scope, and in its person's time."""
        with partner_scope(request.partner.pk), timezone.override(request.times.tz):
            response = self.get_response(request)
            if response.streaming:
                raise RuntimeError("A portal answer must not stream: it would outlive its scope.")
        return response


def lend_menu(request: HttpRequest) -> None:
    """Give a person's own page outside of the portal, as that of the password, the portal's menu
    and times. It stays outside of the scope; staff, and who has to choose a partner, have none."""
    user = request.user
    if not user.is_authenticated or user.is_staff:
        return
    held = grants.tenants(user.pk)
    partner_id = _chosen(request, list(held))
    if partner_id in held:
        _known(request, user, partner_id, held)


def _chosen(request: HttpRequest, ids: list[int]) -> int | None:
    """Who chose a partner and has lost it chooses anew: what was typed for it goes to no other."""
    chosen: int | None = request.session.get(SESSION_KEY)
    return chosen if chosen or len(ids) > 1 else next(iter(ids), None)


def _known(
    request: HttpRequest, user: User, partner_id: int, held: dict[int, frozenset[str]]
) -> ScopedRequest:
    """The request with who works for whom, as the menu and the views know it."""
    scoped = cast(ScopedRequest, request)
    scoped.partner, scoped.times, called = times.working_for(user.pk, partner_id)
    scoped.actor = access.actor_for(user, partner_id=partner_id, called=called)
    scoped.may_act = access.gives(held[partner_id], Permission.PARTNER_ACT)
    scoped.serves_several, scoped.is_viewed = len(held) > 1, False
    return scoped


def _here(request: HttpRequest) -> str:
    """Where to come back to after a detour; a POST cannot be repeated: the page it came from."""
    if request.method in ("GET", "HEAD"):
        return request.get_full_path()
    came_from = urlsplit(request.headers.get("Referer", ""))
    is_ours = came_from.netloc == request.get_host() and came_from.path.startswith(PORTAL)
    return came_from.path if is_ours else PORTAL


def _without_partner(request: HttpRequest, user: User, ids: list[int]) -> HttpResponseBase:
    """Staff go to the desk, a person of several partners picks one; whoever is on no team finds
    nothing, and reads why and whom to ask."""
    if ids:
        return redirect(f"{CHOOSE}?next={quote(_here(request))}")
    if user.is_staff:
        return redirect("/admin/")
    return render(request, "portal/nobodys.html", status=404)
