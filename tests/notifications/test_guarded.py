"""Other people's servers are called on the public internet alone, and never for long."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from notifications.channels import guarded
from tests.hooks import Receiver, receiver


@pytest.fixture
def hook() -> Iterator[Receiver]:
    """A server on this machine."""
    with receiver() as running:
        yield running


def post(url: str) -> int:
    """A call with nothing much in it."""
    return guarded.post(url, body=b"{}", headers={"Content-Type": "application/json"})


def answering(*addresses: str) -> Any:
    """A resolver that knows these addresses of any name."""

    def resolve(host: str, port: int, **known: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in addresses]

    return resolve


@pytest.mark.parametrize("address", ["93.184.215.14", "1.1.1.1", "2606:4700:4700::1111"])
def test_an_address_of_the_public_internet_may_be_called(address):
    assert guarded.is_public(address) is True


@pytest.mark.asvs("1.3.6 13.2.4 13.2.5", 17)
@pytest.mark.mistake(11)
@pytest.mark.mistake(15)
@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.9.9.9",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "169.254.169.254",
        "0.0.0.0",  # noqa: S104 -- an address to refuse
        "224.0.0.1",
        "239.255.255.250",
        "255.255.255.255",
        "240.0.0.1",
        "192.0.2.1",
        "198.18.0.1",
        "::",
        "::1",
        "fe80::1",
        "fe80::1%eth0",
        "fc00::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:93.184.215.14",
        "::127.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b::a00:1",
        "2002:7f00:1::",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",
        "2001:db8::1",
    ],
)
def test_any_other_address_may_not(address):
    assert guarded.is_public(address) is False


def test_this_machine_is_never_called_unless_tests_allow_it(hook: Receiver, settings: Any):
    https = hook.url.replace("http:", "https:")
    for url in (hook.url, https, https.replace("127.0.0.1", "localhost")):
        with pytest.raises(guarded.NotPublic):
            post(url)
    settings.WEBHOOK_LOOPBACK = True
    assert post(hook.url) == 200
    assert len(hook.calls) == 1


def test_the_allowance_lets_in_this_machine_and_no_network(settings: Any, monkeypatch: Any):
    settings.WEBHOOK_LOOPBACK = True
    for address in ("10.0.0.1", "169.254.169.254", "127.0.0.2"):
        monkeypatch.setattr(socket, "getaddrinfo", answering(address))
        with pytest.raises(guarded.NotPublic):
            post("http://name.test/")


@pytest.mark.asvs("1.3.6 13.2.4 13.2.5", 17)
@pytest.mark.mistake(11)
def test_a_name_with_one_inner_address_among_others_is_not_called(monkeypatch: Any):
    monkeypatch.setattr(socket, "getaddrinfo", answering("93.184.215.14", "10.0.0.1"))
    with pytest.raises(guarded.NotPublic):
        post("https://name.test/")


def test_a_name_that_is_not_known_is_told_apart_from_an_inner_one_by_nothing():
    with pytest.raises(guarded.NotPublic):
        post("https://nothing.invalid/")


def test_a_name_server_that_does_not_answer_is_not_waited_for(monkeypatch: Any):
    answers = threading.Event()

    def waiting(host: str, port: int, **known: Any) -> list[Any]:
        answers.wait(60)
        return answering("93.184.215.14")(host, port)

    monkeypatch.setattr(socket, "getaddrinfo", waiting)
    monkeypatch.setattr(guarded, "NAME_SECONDS", 0.2)
    with pytest.raises(guarded.NotPublic):
        post("https://name.test/")
    answers.set()


@pytest.mark.asvs("1.3.6 13.2.4 13.2.5", 17)
@pytest.mark.mistake(15)
def test_the_call_goes_to_the_very_address_that_was_looked_at(
    hook: Receiver, settings: Any, monkeypatch: Any
):
    settings.WEBHOOK_LOOPBACK = True
    asked: list[str] = []
    resolve = answering("127.0.0.1")

    def once(host: str, port: int, **known: Any) -> list[Any]:
        if host == "127.0.0.1":  # the call itself, which asks for no name any more
            return resolve(host, port)
        asked.append(host)
        return resolve(host, port) if len(asked) == 1 else answering("10.0.0.1")(host, port)

    def asking(host: Any, port: int, *args: Any, **known: Any) -> list[Any]:
        return once(host, port)

    monkeypatch.setattr(socket, "getaddrinfo", asking)
    assert post(f"http://name.test:{hook.port}/hook") == 200
    assert asked == ["name.test"]
    assert hook.calls[0][0]["host"] == f"name.test:{hook.port}"


@pytest.mark.fault("F16", "a byte at a time")
def test_a_server_that_answers_a_byte_at_a_time_is_hung_up_on(
    hook: Receiver, settings: Any, monkeypatch: Any
):
    settings.WEBHOOK_LOOPBACK, hook.drip = True, True
    monkeypatch.setattr(guarded, "WHOLE_SECONDS", 0.5)
    with pytest.raises(Exception) as ended:  # noqa: PT011 -- whatever it waited for
        post(hook.url)
    assert not isinstance(ended.value, guarded.NotPublic)


@pytest.mark.asvs("15.3.2", 18)
@pytest.mark.fault("F16", "a redirect")
def test_a_redirect_is_an_answer_and_is_not_followed(hook: Receiver, settings: Any):
    settings.WEBHOOK_LOOPBACK = True
    hook.status, hook.location = 302, hook.url
    assert post(hook.url) == 302
    assert len(hook.calls) == 1
