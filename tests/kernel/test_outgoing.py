"""Other people's servers are called on the public internet alone, and never for long."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from incidentdesk.kernel import networks, outgoing
from tests.certificates import certificate
from tests.hooks import Receiver, receiver


@pytest.fixture
def hook() -> Iterator[Receiver]:
    """A server on this machine."""
    with receiver() as running:
        yield running


def post(url: str, kind: outgoing.Kind = outgoing.PUBLIC, **caps: float) -> int:
    """A call with nothing much in it."""
    known = {"body": b"{}", "headers": {"Content-Type": "application/json"}}
    return outgoing.call("POST", url, kind, **known, caps=outgoing.Caps(**caps)).status


KINDS = pytest.mark.parametrize("kind", [outgoing.PUBLIC, outgoing.NAMED])


def answering(*addresses: str) -> Any:
    """A resolver that knows these addresses of any name."""

    def resolve(host: str, port: int, **known: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in addresses]

    return resolve


@pytest.mark.parametrize("address", ["93.184.215.14", "1.1.1.1", "2606:4700:4700::1111"])
def test_an_address_of_the_public_internet_may_be_called(address):
    assert networks.is_public(address) is True


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
    assert networks.is_public(address) is False


def test_this_machine_is_never_called_unless_tests_allow_it(hook: Receiver, settings: Any):
    https = hook.url.replace("http:", "https:")
    for url in (hook.url, https, https.replace("127.0.0.1", "localhost")):
        with pytest.raises(outgoing.NotPublic):
            post(url)
    settings.WEBHOOK_LOOPBACK = True
    assert post(hook.url) == 200
    assert len(hook.calls) == 1


def test_the_allowance_lets_in_this_machine_and_no_network(settings: Any, monkeypatch: Any):
    settings.WEBHOOK_LOOPBACK = True
    for address in ("10.0.0.1", "169.254.169.254", "127.0.0.2"):
        monkeypatch.setattr(socket, "getaddrinfo", answering(address))
        with pytest.raises(outgoing.NotPublic):
            post("http://name.test/")


@pytest.mark.asvs("1.3.6 13.2.4 13.2.5", 17)
@pytest.mark.mistake(11)
def test_a_name_with_one_inner_address_among_others_is_not_called(monkeypatch: Any):
    monkeypatch.setattr(socket, "getaddrinfo", answering("93.184.215.14", "10.0.0.1"))
    with pytest.raises(outgoing.NotPublic):
        post("https://name.test/")


def test_a_name_that_is_not_known_is_told_apart_from_an_inner_one_by_nothing():
    with pytest.raises(outgoing.NotPublic):
        post("https://nothing.invalid/")


def test_a_name_server_that_does_not_answer_is_not_waited_for(monkeypatch: Any):
    answers = threading.Event()

    def waiting(host: str, port: int, **known: Any) -> list[Any]:
        answers.wait(60)
        return answering("93.184.215.14")(host, port)

    monkeypatch.setattr(socket, "getaddrinfo", waiting)
    with pytest.raises(outgoing.NotPublic):
        post("https://name.test/", name=0.2)
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
@KINDS
def test_a_server_that_answers_a_byte_at_a_time_is_hung_up_on(
    hook: Receiver, settings: Any, kind: outgoing.Kind
):
    settings.WEBHOOK_LOOPBACK, hook.drip = True, True
    with pytest.raises(outgoing.Late):
        post(hook.url, kind, whole=0.5)


@KINDS
def test_a_body_that_never_ends_is_hung_up_on_too(
    hook: Receiver, settings: Any, kind: outgoing.Kind
):
    settings.WEBHOOK_LOOPBACK = True
    hook.is_endless = True
    with pytest.raises(outgoing.Late):
        outgoing.call("GET", hook.url, kind, caps=outgoing.Caps(whole=0.5, most=10_000))


@pytest.mark.asvs("15.3.2", 18)
@pytest.mark.fault("F16", "a redirect")
@KINDS
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_redirect_is_an_answer_and_is_not_followed(
    hook: Receiver, settings: Any, kind: outgoing.Kind, method: str
):
    settings.WEBHOOK_LOOPBACK = True
    hook.status, hook.location = 302, hook.url
    assert outgoing.call(method, hook.url, kind).status == 302
    assert len(hook.calls) == 1


@pytest.mark.asvs("1.3.6 13.2.4 13.2.5", 17)
@pytest.mark.parametrize(
    ("address", "may_be"),
    [
        ("10.1.2.3", True),
        ("127.0.0.1", True),
        ("93.184.215.14", True),
        ("fc00::1", True),
        ("169.254.169.254", False),
        ("::ffff:169.254.169.254", False),
        ("168.63.129.16", False),
        ("100.100.100.200", False),
        ("fd00:ec2::254", False),
        ("fe80::1", False),
        ("0.0.0.0", False),  # noqa: S104 -- an address to refuse
        ("224.0.0.1", False),
    ],
)
def test_a_setting_may_lead_inside_and_never_where_a_cloud_keeps_its_keys(
    monkeypatch: Any, address: str, may_be: bool
):
    assert networks.may_be_named(address) is may_be
    if not may_be:
        monkeypatch.setattr(socket, "getaddrinfo", answering("127.0.0.1", address))
        with pytest.raises(outgoing.NotPublic):
            post("http://prometheus.internal:9090/", outgoing.NAMED)


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/", "file:///etc/passwd", "http://", "name.test"])
@KINDS
def test_nothing_but_the_web_is_spoken(url: str, kind: outgoing.Kind):
    with pytest.raises(outgoing.NotPublic):
        post(url, kind)


def test_a_name_s_next_address_is_tried_where_the_first_does_not_answer(
    hook: Receiver, monkeypatch: Any
):
    answer = answering("127.0.0.3", "127.0.0.1")  # it listens on the second alone

    def resolve(host: str, port: int, *args: Any, **known: Any) -> list[Any]:
        return answering(host)(host, port) if host[0].isdigit() else answer(host, port)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    assert post(f"http://name.test:{hook.port}/hook", outgoing.NAMED) == 200


@KINDS
def test_no_proxy_of_the_environment_is_asked(
    hook: Receiver, settings: Any, monkeypatch: Any, kind: outgoing.Kind
):
    settings.WEBHOOK_LOOPBACK = True
    with receiver() as proxy:
        for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        assert post(hook.url, kind) == 200
        assert (len(hook.calls), proxy.calls) == (1, [])


def test_no_more_of_an_answer_is_read_than_is_wanted(hook: Receiver):
    hook.body = "x" * 200_000
    answer = outgoing.call(
        "POST", hook.url, outgoing.NAMED, body=b"{}", caps=outgoing.Caps(most=1000)
    )
    assert (len(answer.body), answer.is_cut) == (1000, True)
    assert outgoing.call("POST", hook.url, outgoing.NAMED, body=b"{}").body == b""


@contextlib.contextmanager
def streaming(head: bytes) -> Iterator[tuple[int, list[int]]]:
    """A server that answers with this and then does not stop: its port, and how much it sent."""
    sent = [0]
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer() -> None:
            with contextlib.suppress(OSError), listening.accept()[0] as one:
                one.recv(65_536)
                one.sendall(head)
                for _ in range(256):
                    sent[0] += one.send(b"x" * 1_000_000)

        thread = threading.Thread(target=answer)
        thread.start()
        yield listening.getsockname()[1], sent
        thread.join()


@KINDS
@pytest.mark.parametrize("most", [0, 10])
def test_a_part_of_negative_length_is_not_read_to_the_end_of_the_stream(
    settings: Any, kind: outgoing.Kind, most: int
):
    settings.WEBHOOK_LOOPBACK = True
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n"
    with streaming(head) as (port, sent):
        url = f"http://127.0.0.1:{port}/"
        if most:
            with pytest.raises(outgoing.Failed):
                outgoing.call("GET", url, kind, caps=outgoing.Caps(most=most))
        else:
            assert outgoing.call("GET", url, kind).status == 200
    assert sent[0] < 32_000_000, "what the buffers of two sockets hold, and no more"


@pytest.mark.parametrize("url", ["http://127.0.0.1:99999/", "http://[::1", "http://x:y/"])
@KINDS
def test_an_address_that_is_none_is_not_called(url: str, kind: outgoing.Kind):
    with pytest.raises(outgoing.NotPublic):
        post(url, kind)


def test_it_says_who_calls_and_nothing_of_its_version(hook: Receiver):
    post(hook.url, outgoing.NAMED)
    assert hook.calls[0][0]["user-agent"] == "incidentdesk"


# --- TLS ------------------------------------------------------------------------------------------


@pytest.mark.asvs("12.2.1 12.3.1 12.3.2 13.4.2 15.1.2", 40)
@KINDS
@pytest.mark.parametrize(
    ("days", "host", "is_known", "taken"),
    [
        (200, "localhost", True, True),
        (200, "localhost", False, False),
        (-1, "localhost", True, False),
        (200, "elsewhere.test", True, False),
    ],
    ids=["good", "signed by itself", "expired", "another's name"],
)
def test_a_server_is_told_nothing_unless_its_certificate_holds(
    settings: Any,
    tmp_path: Any,
    monkeypatch: Any,
    kind: outgoing.Kind,
    days: int,
    host: str,
    is_known: bool,
    taken: bool,
):
    settings.WEBHOOK_LOOPBACK = True
    file = certificate(tmp_path, days=days, host=host)
    if is_known:
        monkeypatch.setenv("SSL_CERT_FILE", str(file))
    with receiver(file) as server:
        url = f"https://localhost:{server.port}/hook"
        if taken:
            assert post(url, kind) == 200
        else:
            with pytest.raises(outgoing.Untrusted) as refused:
                post(url, kind)
            words = "No safe connection: the server's certificate does not hold."
            assert str(refused.value) == words
        assert len(server.calls) == int(taken)
