"""From where a request comes: what proxies of ours wrote counts, what a caller wrote does not."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from django.conf import settings as configured
from django.core.cache import cache
from django.test import Client, RequestFactory

from cases.models import AccessEvent
from incidentdesk import apps
from incidentdesk.kernel import callers
from tests.conftest import PASSWORD, People

PROXY = "10.0.0.5"


def seen(settings: Any, proxies: int, header: str | None) -> str:
    """The address that counts."""
    settings.TRUSTED_PROXIES = proxies
    headers = {} if header is None else {"X-Forwarded-For": header}
    return callers.address(RequestFactory(REMOTE_ADDR=PROXY, headers=headers).get("/"))


@pytest.mark.asvs("4.1.3 15.3.4", 35)
@pytest.mark.parametrize(
    ("proxies", "header", "address"),
    [
        (0, None, PROXY),
        (0, "198.51.100.7", PROXY),
        (1, None, PROXY),
        (1, "198.51.100.7", "198.51.100.7"),
        (1, "1.1.1.1, 8.8.8.8,198.51.100.7", "198.51.100.7"),
        (2, "1.1.1.1, 198.51.100.7, 10.0.0.9", "198.51.100.7"),
        (2, "10.0.0.9", PROXY),  # around one of them
        (1, "1.1.1.1, 198.51.100.7:4711", "198.51.100.7"),
        (1, "2001:DB8:0::1", "2001:db8::1"),
        (1, "[2001:db8::1]:4711", "2001:db8::1"),
        (1, "1.1.1.1, nonsense", PROXY),
        (1, "1.1.1.1,", PROXY),
        (1, "[", PROXY),
    ],
)
def test_only_what_our_proxies_wrote_counts(
    settings: Any, proxies: int, header: str | None, address: str
) -> None:
    assert seen(settings, proxies, header) == address


def test_a_socket_without_an_address_is_no_failure(settings: Any) -> None:
    settings.TRUSTED_PROXIES = 0
    assert callers.address(RequestFactory(REMOTE_ADDR="").get("/")) == ""


def tries(number: int, header: str) -> str:
    """A wrong try at the login, each for another account."""
    client = Client(REMOTE_ADDR=PROXY, headers={"X-Forwarded-For": header.format(number)})
    known = {"login": f"nobody{number}@alder.test", "password": "wrong"}
    return client.post("/accounts/login/", known).text


@pytest.mark.asvs("4.1.3 15.3.4", 35)
@pytest.mark.parametrize(
    ("proxies", "header", "is_one_caller"),
    [
        (0, "198.51.100.{}", True),  # made up by the caller
        (1, "198.51.100.{}, 192.0.2.1", True),  # its left part was
        (1, "1.1.1.1, 198.51.100.{}", False),  # as the proxy saw them
    ],
)
def test_tries_are_counted_by_the_address_that_counts(
    db: None, settings: Any, proxies: int, header: str, is_one_caller: bool
) -> None:
    cache.clear()
    settings.TRUSTED_PROXIES = proxies
    refused = ["Too many tries" in tries(number, header) for number in range(12)]
    assert refused == [False] * 10 + [is_one_caller] * 2


def test_logins_calls_and_changes_are_noted_with_it(people: People, settings: Any) -> None:
    cache.clear()
    settings.TRUSTED_PROXIES = 1
    headers = {"X-Forwarded-For": "1.1.1.1, 198.51.100.7"}
    client = Client(REMOTE_ADDR=PROXY, headers=headers)
    client.post("/accounts/login/", {"login": people["responder"].email, "password": PASSWORD})
    Client(REMOTE_ADDR=PROXY, headers={**headers, "Authorization": "Bearer desk_nonsense"}).get(
        "/api/v1/incidents"
    )
    noted = AccessEvent.objects.order_by("id").values_list("action", "address")
    assert list(noted) == [("login", "198.51.100.7"), ("api", "198.51.100.7")]


@pytest.mark.parametrize("value", ["-1", "x", "10", "1.5"])
def test_a_number_of_proxies_that_is_none_stops_the_start(value: str) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", "import incidentdesk.settings"],
        env={"TRUSTED_PROXIES": value, "PATH": ""},
        cwd=configured.BASE_DIR,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 1
    assert f"TRUSTED_PROXIES must be a whole number from 0 to 9, not “{value}”." in ran.stderr


def test_https_without_a_proxy_is_warned_of(settings: Any) -> None:
    found = []
    for settings.IS_HTTPS, settings.TRUSTED_PROXIES in ((False, 0), (True, 1), (True, 0)):
        found.append([one.id for one in apps.proxies_are_counted()])
    assert found == [[], [], ["incidentdesk.W001"]]
