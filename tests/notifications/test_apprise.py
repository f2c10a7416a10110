"""Chats and phones through Apprise: which addresses, where calls go, and what an answer means."""

from __future__ import annotations

import json
import socket
import time
from typing import Any

import apprise as library
import pytest

from incidentdesk.kernel.errors import InvalidInput
from notifications.channels import Outcome, apprise, bounded
from notifications.models import Message
from tests.hooks import Receiver, receiver

INSIDE = """
file dbus qt kde glib gnome macosx windows syslog rsyslog mqtt mailto xml form http https growl kodi
snmp email exec
"""


def call(url: str) -> Any:
    """What becomes of a short text to this address."""
    message = Message(body_text="SEV-1 INC-7: Stale\nhttp://localhost:8000/ack/x/")
    return apprise.ChatCall(message, url).answer()


def local(hook: Receiver) -> str:
    """The server on this machine as Apprise's plain JSON service."""
    return f"json://127.0.0.1:{hook.port}/hook"


def test_every_service_of_the_list_is_one_that_the_library_has() -> None:
    known = {
        name
        for entry in library.Apprise().details()["schemas"]
        for name in (*(entry["protocols"] or ()), *(entry["secure_protocols"] or ()))
    }
    assert (apprise.SAFE | apprise.PLAIN) - known == set()


@pytest.mark.parametrize("scheme", INSIDE.split())
def test_nothing_that_touches_this_machine_or_its_network_is_on_the_list(scheme: str) -> None:
    with pytest.raises(InvalidInput, match="chat or phone service"):
        apprise.checked(f"{scheme}://host/path")


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("tgram://123456789:abcdefg_hijklmnop/12315544/", "Telegram"),
        ("twilio://AC" + "a" * 32 + ":" + "b" * 32 + "@15551230000/15551230001", "Twilio"),
        ("ntfys://ntfy.example.com/topic", "ntfy"),
    ],
)
def test_an_address_names_its_service_and_nothing_more(url: str, name: str) -> None:
    assert apprise.checked(url) == name


def test_a_text_is_taken_as_it_stands(hook: Receiver) -> None:
    answer = call(local(hook))
    assert answer.outcome is Outcome.ACCEPTED
    sent = json.loads(hook.calls[0][1])
    assert (sent["title"], sent["message"]) == (
        "",
        "SEV-1 INC-7: Stale\r\nhttp://localhost:8000/ack/x/".replace("\r", ""),
    )


@pytest.mark.parametrize(
    ("status", "outcome"),
    [(500, Outcome.LATER), (429, Outcome.LATER), (404, Outcome.REFUSED), (401, Outcome.REFUSED)],
)
def test_what_an_answer_means(hook: Receiver, status: int, outcome: Outcome) -> None:
    hook.status = status
    answer = call(local(hook))
    assert answer.outcome is outcome
    assert answer.words == f"The service did not take it (error {status})."


@pytest.mark.asvs("1.3.6 13.2.4 13.2.5", 17)
@pytest.mark.mistake(11)
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "10.0.0.1", "169.254.169.254", "[::1]"])
def test_nothing_inside_is_called(host: str) -> None:
    with receiver() as inside:
        answer = call(f"jsons://{host}:{inside.port}/hook")
        assert (answer.outcome, inside.calls) == (Outcome.LATER, [])
    assert answer.words == "The name leads to no address of the public internet."


@pytest.mark.asvs("15.3.2", 18)
def test_a_redirect_leads_nowhere_inside(hook: Receiver) -> None:
    """The first call is let through by its port; where it leads is looked at once more."""
    with receiver() as inside:
        hook.status, hook.location = 302, inside.url
        leash = bounded.Leash(lambda address: _only(hook.port, address))
        plugin = library.Apprise.instantiate(local(hook))
        with bounded.within(5.0, leash):
            assert plugin.notify(body="x") is False
        leash.let_go()
        assert (len(hook.calls), inside.calls) == (1, [])


def _only(port: int, address: Any) -> None:
    if address[1] != port:
        raise ConnectionRefusedError


def test_a_host_that_the_operator_named_may_be_inside(settings: Any) -> None:
    with receiver() as inside:
        settings.CHAT_HOSTS = [f"127.0.0.1:{inside.port}"]
        assert call(local(inside)).outcome is Outcome.ACCEPTED


def test_a_server_that_never_ends_is_hung_up(hook: Receiver, monkeypatch: Any) -> None:
    monkeypatch.setattr(apprise, "WHOLE_SECONDS", 0.3)
    hook.drip, begun = True, time.monotonic()
    answer = call(local(hook))
    assert (answer.outcome, time.monotonic() - begun < 5) == (Outcome.LATER, True)
    assert answer.words == "The service did not answer within ten seconds."


def test_a_leash_holds_what_runs_inside_and_nothing_else(hook: Receiver) -> None:
    leash = bounded.Leash(lambda address: _only(0, address))
    with bounded.within(5.0, leash), pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", hook.port))
    socket.create_connection(("127.0.0.1", hook.port)).close()


def test_a_way_that_was_removed_is_not_called() -> None:
    assert call("").outcome is Outcome.REFUSED


def test_an_address_of_several_people_is_refused() -> None:
    several = "twilio://AC" + "a" * 32 + ":" + "b" * 32 + "@15551234567/15557654321/15557654322"
    with pytest.raises(InvalidInput, match="Give one number, chat or channel in an address"):
        apprise.checked(several)


def test_what_the_library_says_of_a_number_is_in_no_answer() -> None:
    said = ["Failed to send Twilio notification to +4915112345: error=21211."]
    answer = apprise._answer(False, said, "", is_late=False)
    assert (answer.outcome, answer.words) == (
        Outcome.REFUSED,
        "The service did not take it (error 21211).",
    )
