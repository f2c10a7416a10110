"""What the tests of access logs share: a source, posting to it, and sshd's lines."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from cases.access import judging
from cases.models import Incident, Source
from incidentdesk.kernel import clocks
from incidentdesk.kernel.shown_once import digest

TO = "/intake/key-access/access"
ATTACKER = "203.0.113.9"
Post = Callable[..., HttpResponse]
# Three hours ago, to the hour, read once, so that lines made before the full hour and after it fit.
A_WHILE_AGO = clocks.now().replace(minute=0, second=0, microsecond=0) - timedelta(hours=3)


def line(minute: float = 0, **more: Any) -> dict[str, Any]:
    """A failed login of `root` from the attacker, so many minutes from a while ago."""
    at = A_WHILE_AGO + timedelta(minutes=minute)
    said = {"actor": "root", "action": "ssh login", "outcome": "failure", "ip": ATTACKER}
    return said | {"at": at.isoformat(), **more}


@pytest.fixture
def logs(db: None) -> Source:
    """A source of access events with the key `key-access`."""
    return Source.objects.create(name="bastions", format="access", key_digest=digest("key-access"))


@pytest.fixture
def post(client: Client, logs: Source) -> Post:
    """`post(line(…), line(…))` as JSON lines; text is sent as it is."""

    def send(*lines: Any, to: str = TO) -> HttpResponse:
        body = "\n".join(one if isinstance(one, str) else json.dumps(one) for one in lines)
        return client.post(to, data=body, content_type="application/x-ndjson")

    return send


@pytest.fixture
def told(post: Post) -> Callable[..., list[Incident]]:
    """`told(line(…), …)`: sent and judged; answers the incidents there are then."""

    def send(*lines: Any) -> list[Incident]:
        if lines:
            assert post(*lines).status_code == 202
        judging.judge(at=clocks.now())
        return list(Incident.objects.order_by("pk"))

    return send
