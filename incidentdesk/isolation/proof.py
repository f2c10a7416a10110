"""The whole proof, in one transaction that is taken back: each wall alone, then the walk.

The routes are walked twice: as they are, and with the portal's reads as the application, which
sees the rows of both, so that nothing but the queries themselves keeps the partners apart.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from django.db import transaction
from django.test import override_settings

from incidentdesk.api.partner.door import partner_api
from incidentdesk.isolation import cast as casting
from incidentdesk.isolation import forms, routes, walls
from incidentdesk.isolation.asking import Asker, Reader
from incidentdesk.isolation.cast import Cast
from incidentdesk.isolation.people import RIGHTS
from incidentdesk.isolation.routes import Values
from incidentdesk.isolation.walk import SCOPED, Finding, Walk, differences
from incidentdesk.kernel import database
from notifications import outbox

WITHOUT = ", without the database's wall"
Say = Callable[[str], None]


@dataclass
class Proof:
    """What was asked and what was found."""

    routes: int = 0
    questions: int = 0
    findings: list[Finding] = field(default_factory=list)


def prove(*, say: Say, at: datetime, only: str = "") -> Proof:
    """Everything, or of the routes only those that begin with `only`. Leaves no row, no mail."""
    proof = Proof()
    with _apart() as mails, outbox.quiet(), transaction.atomic():
        say("filling two partners with words that stand nowhere else")
        cast = casting.assemble(at=at)
        for finding in _all(cast, Path(mails), proof, say, only):
            if finding not in proof.findings:
                proof.findings.append(finding)
        transaction.set_rollback(True)
    return proof


@contextmanager
def _apart() -> Iterator[str]:
    """Mails, files and the shared cache of the proof are its own, and gone with it."""
    with tempfile.TemporaryDirectory(prefix="desk-proof-") as folder:
        mails = Path(folder) / "mail"
        mails.mkdir()
        with override_settings(
            EMAIL_BACKEND="notifications.channels.eml.EmailBackend",
            EMAIL_FILE_PATH=str(mails),
            MEDIA_ROOT=Path(folder) / "media",
            CACHES={"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}},
            PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
        ):
            yield str(mails)


def _all(cast: Cast, mails: Path, proof: Proof, say: Say, only: str) -> Iterator[Finding]:
    for said in cast.unfilled:
        yield Finding("the two partners", "the proof", said)
    say("the database alone: every query unfiltered")
    for said in walls.database(cast):
        yield Finding("row-level security", "any person of a partner", said)
    say("the queries alone: as the application, which sees both")
    for said in walls.python(cast):
        yield Finding("the portal's window", "any person of a partner", said)
    every = routes.every(only)
    proof.routes = len(every)
    yield from _walk(cast, mails, proof, say, every, RIGHTS)
    inside = [route for route in every if route.text.startswith(SCOPED)]
    with override_settings(PORTAL_ROLE=database.app_role()):  # whose filters ask for no right
        yield from _walk(cast, mails, proof, say, inside, RIGHTS[1:2], WITHOUT)


def _walk(
    cast: Cast,
    mails: Path,
    proof: Proof,
    say: Say,
    every: list[routes.Route],
    rights: tuple[str, ...],
    wall: str = "",
) -> Iterator[Finding]:
    say(f"walking {len(every)} routes{wall}")

    def counted() -> None:
        proof.questions += 1
        if proof.questions % 500 == 0:
            say(f"{proof.questions} questions asked")

    cookies = [Reader.of(None, "somebody not logged in")]
    cookies += [Reader.of(cast.b.users[right], right) for right in rights]
    programs = [Reader.with_token("", "a program without a token")]
    programs += [Reader.with_token(cast.b.secrets[right], right) for right in rights]
    bodies = forms.bodies(partner_api.get_openapi_schema())
    for readers, is_api in ((cookies, False), (programs, True)):
        part = [route for route in every if route.text.startswith("api/") is is_api]
        walk = Walk(cast, Asker(cast, mails), readers, Values.of(cast), wall, counted)
        walk.bodies = bodies if is_api else {}
        yield from walk.findings(part)
        yield from differences(walk, part)
