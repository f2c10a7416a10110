"""A program for each role: it has a token and calls the API as a machine does."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from incidentdesk.kernel import clocks, tokens
from incidentdesk.kernel.roles import TOKEN_SCOPES, scopes_of
from tests.conftest import NOW, People

ROOT = "/api/v1"


class Program:
    """Calls the API with one token."""

    def __init__(self, secret: str) -> None:
        self.secret, self.client = secret, Client(raise_request_exception=False)

    @property
    def headers(self) -> dict[str, str]:
        """Who it is."""
        return {"Authorization": f"Bearer {self.secret}"}

    def get(self, path: str, **query: Any) -> Any:
        """GET, with filters."""
        return self.client.get(f"{ROOT}{path}", query, headers=self.headers)

    def post(self, path: str, _key: str = "", **fields: Any) -> Any:
        """POST with these fields, if any, and a key."""
        headers = self.headers | ({"Idempotency-Key": _key} if _key else {})
        body = json.dumps(fields) if fields else ""
        return self.client.post(
            f"{ROOT}{path}", body, content_type="application/json", headers=headers
        )


@pytest.fixture(autouse=True)
def _clean_cache() -> None:
    cache.clear()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[datetime], None]:
    """`clock(moment)`: from now on the desk's clock stands there."""

    def stand_at(moment: datetime) -> None:
        monkeypatch.setattr(clocks, "now", lambda: moment)

    return stand_at


@pytest.fixture
def program(people: People, clock: Callable[[datetime], None]) -> Callable[..., Program]:
    """`program("commander")` has a token of the commander with all scopes that they may give."""
    clock(NOW)

    def make(who: str, *, scopes: Iterable[str] | None = None) -> Program:
        theirs = [scope.key for scope in scopes_of(people[who].roles)]
        wanted = theirs if scopes is None else list(scopes)
        assert set(wanted) <= set(TOKEN_SCOPES)
        _, secret = tokens.make(
            name=f"of {who}", scopes=wanted, by=people.actor(who), at=clocks.now()
        )
        return Program(secret)

    return make
