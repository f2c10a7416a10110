"""Every address of the desk is asked for by everybody, once, on a desk as in production.

The rows hold hostile words in every field that takes words. What came back is kept, and the tests
of this folder look at it: who was let in, what headers came along, what was written.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.db import connection, transaction
from django.db.models import Model
from django.test import Client

from cases.models import Incident
from incidentdesk.isolation import canaries, cast, routes
from incidentdesk.isolation.cast import Cast
from incidentdesk.isolation.routes import Route, Values
from incidentdesk.kernel import access, clocks, tokens
from incidentdesk.kernel.models import User
from incidentdesk.kernel.roles import ROLES, scopes_of

HOST = "desk.example"
MARK = "xcanary"
HOSTILE = f"\"'><{MARK} onfocus={MARK}><!--{{{{7*7}}}}${{7*7}}"
PLAIN = ("the code", "address", "link", "version", "token", "contact's number", "file")
PRODUCTION = re.compile(
    r"^(SECURE_|SESSION_COOKIE_|CSRF_COOKIE_|CSRF_TRUSTED|X_FRAME|IS_HTTPS|ALLOWED_HOSTS|SITE_URL)"
)
WRITE = re.compile(r'\s*(?:INSERT INTO|UPDATE|DELETE FROM|TRUNCATE)\s+"?(\w+)', re.I)
# Where a machine posts to: no cookie is read there, so no other site can use somebody's.
MACHINES = ("api/", "intake/", "heartbeat/", "v2/", "hooks/")

DRAWN = ("pdf", "pdf/")  # drawn for seconds, and no page


@dataclass(frozen=True)
class Seen:
    """What one reader got at one address."""

    route: str
    path: str
    reader: str
    status: int
    heads: dict[str, str]
    cookies: dict[str, str]
    body: str
    wrote: frozenset[str]

    @property
    def where(self) -> str:
        """For the words of a failure."""
        return f"{self.reader}: {self.path} ({self.status})"

    @property
    def is_page(self) -> bool:
        """Whether a browser would show it."""
        return self.heads.get("Content-Type", "").startswith("text/html")


@dataclass
class Walked:
    """Everything that was asked."""

    every: list[Route]
    seen: list[Seen] = field(default_factory=list)

    def by(self, *readers: str) -> list[Seen]:
        """What these readers got."""
        return [one for one in self.seen if one.reader in readers]


def production() -> dict[str, Any]:
    """The settings of cookies and headers that the desk has behind HTTPS."""
    code = (
        "import json; from incidentdesk import settings as s;"
        "print(json.dumps({k: v for k, v in vars(s).items() if k.isupper()}, default=str))"
    )
    env = {**os.environ, "SITE_URL": f"https://{HOST}", "DJANGO_SETTINGS_MODULE": ""}
    out = subprocess.run(
        [sys.executable, "-c", code],
        env=env,
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        check=True,
    )
    every = json.loads(out.stdout.splitlines()[-1])
    return {name: value for name, value in every.items() if PRODUCTION.match(name)}


def walk() -> Walked:
    """Ask; the database is as before afterwards."""
    found = Walked([r for r in routes.every() if not r.text.startswith("static/")])
    with transaction.atomic():
        made = _assemble()
        values, readers = Values.of(made), _readers(made)
        for route in found.every:
            for name, client in readers.items():
                if not _is_their_affair(name, route):
                    continue
                for path in _paths(route, values, made):
                    found.seen.append(_ask(name, client, route, path))
        transaction.set_rollback(True)
    return found


def _assemble() -> Cast:
    """Two partners and what the desk knows of them, in hostile words wherever words may stand."""
    plain = canaries.Canaries.word

    def hostile(self: canaries.Canaries, place: str) -> str:
        word = plain(self, place)
        return word if any(part in place for part in PLAIN) else word + HOSTILE

    canaries.Canaries.word = hostile
    try:
        return cast.assemble(at=clocks.now())
    finally:
        canaries.Canaries.word = plain


def _readers(made: Cast) -> dict[str, Client]:
    """Nobody, somebody without any right, all of the desk's roles at once, a partner's people."""
    stranger = User.objects.create_user("stranger@desk.invalid", name="Stranger")
    staff = User.objects.create_user(
        "staff@desk.invalid", name=f"Staff{HOSTILE}", roles=sorted(ROLES)
    )
    by = access.actor_for(staff)
    scopes = [scope.key for scope in scopes_of(staff.roles)]
    _, secret = tokens.make(name="walk", scopes=scopes, by=by, at=clocks.now())
    found = {name: _browser() for name in ("nobody", "stranger", "staff", "contact")}
    found["stranger"].force_login(stranger)
    found["staff"].force_login(staff)
    found["contact"].force_login(made.a.users["administer"])
    found["program"] = _browser(Authorization=f"Bearer {secret}")
    partners = made.a.secrets["administer"]
    found["partner's program"] = _browser(Authorization=f"Bearer {partners}")
    return found


def _browser(**headers: str) -> Client:
    return Client(raise_request_exception=False, SERVER_NAME=HOST, headers=headers)


def _is_their_affair(name: str, route: Route) -> bool:
    """Those who may do nothing try all; the others what they have something to look for at."""
    text = route.text
    if name in ("nobody", "stranger"):
        return True
    if "program" in name:
        return text.startswith("api/v1/partner/" if "partner" in name else "api/v1/")
    if name == "contact":
        return text.startswith(("portal/", "accounts/", "ack/", "report/")) or not text
    return not text.startswith(MACHINES) and not text.endswith(DRAWN)


def _paths(route: Route, values: Values, made: Cast) -> Iterator[str]:
    """Its address with ids that there are: the newest row of a page's model, and each dialog."""
    model, row = _model_of(route.text), None
    if model is Incident:
        row = made.incident.pk
    elif model is not None and "object_id" in route.fits:
        row = model._default_manager.order_by("-pk").values_list("pk", flat=True).first()
    given = {name: _value(name, regex, row, values) for name, regex in route.fits.items()}
    for action in _actions(route, model):
        yield route.address(given | ({"action": action} if action else {}))


def _actions(route: Route, model: type[Model] | None) -> list[str]:
    """The dialogs that open at this address; one that there is not, if it is no address of any."""
    if model is None or "action" not in route.fits:
        return [""]
    desk = admin.site.get_model_admin(model)
    of_all = "object_id" not in route.fits
    return [a.name for a in getattr(desk, "list_actions" if of_all else "desk_actions", ())] or [""]


def _value(name: str, regex: str, row: Any, values: Values) -> str:
    if row is not None and name == "object_id":
        return str(row)
    model = _named(name.removesuffix("_id"))
    if name.endswith("_id") and model is not None:
        newest = model._default_manager.order_by("-pk").values_list("pk", flat=True).first()
        if newest is not None and re.fullmatch(regex, str(newest)):
            return str(newest)
    fitting = values.fitting(regex, own=False, most=1) or routes._listed(regex)
    return fitting[0] if fitting else "1"


def _model_of(text: str) -> type[Model] | None:
    parts = text.split("/")
    try:
        return apps.get_model(parts[1], parts[2]) if parts[0] == "admin" else None
    except (LookupError, IndexError):
        return None


def _named(name: str) -> type[Model] | None:
    return next((m for m in apps.get_models() if m._meta.model_name == name.replace("_", "")), None)


def _ask(name: str, client: Client, route: Route, path: str) -> Seen:
    """One GET, taken back; the cookies that were there stay."""
    wrote: set[str] = set()

    def note(execute: Any, sql: Any, params: Any, many: bool, context: Any) -> Any:
        if found := WRITE.match(str(sql)):
            wrote.add(found[1])
        return execute(sql, params, many, context)

    kept = {key: morsel.value for key, morsel in client.cookies.items()}
    with transaction.atomic():
        with connection.execute_wrapper(note):
            answer = client.get(path, secure=True)
        body = answer.getvalue().decode("utf-8", "replace")
        transaction.set_rollback(True)
    cookies = {key: morsel.OutputString() for key, morsel in answer.cookies.items()}
    client.cookies.clear()
    client.cookies.load(kept)
    heads = dict(answer.items())
    return Seen(route.text, path, name, answer.status_code, heads, cookies, body, frozenset(wrote))
