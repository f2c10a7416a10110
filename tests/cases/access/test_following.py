"""Following a log: nothing is left out and nothing told twice, whatever happens to the file."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from datetime import UTC
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from cases.access import following, sshd
from cases.access.tail import CHUNK, Tail
from cases.models import AccessEvent
from incidentdesk.kernel import clocks
from incidentdesk.kernel.errors import InvalidInput

SAID = "Mar  4 09:40:{:02} bastion sshd[{}]: Failed password for u{} from 203.0.113.9 port 5 ssh2\n"


def lines(*numbers: int) -> str:
    return "".join(SAID.format(n % 60, n, n) for n in numbers)


class Log:
    """A log, and one that follows it; `heard` is what arrived since, as account names."""

    def __init__(self, folder: Path) -> None:
        self.path, self.state = folder / "auth.log", folder / "state" / "place.json"
        self.path.touch()
        self.ids: set[str] = set()
        self.restart()

    def restart(self) -> None:
        self.tail = Tail(self.path, self.state)

    def write(self, *numbers: int, to: str = "") -> None:
        with (self.path.with_name(to) if to else self.path).open("a") as file:
            file.write(lines(*numbers))

    def heard(self) -> list[int]:
        """What is new, told once each."""
        found: list[dict] = []

        def deliver(body: bytes) -> None:
            found.extend(map(json.loads, body.splitlines()))

        following.follow(
            self.tail, sshd.Reader(UTC), deliver, sleep=lambda s: None, clock=clocks.now, once=True
        )
        fresh = [said for said in found if said["id"] not in self.ids]
        self.ids |= {said["id"] for said in fresh}
        return [int(said["actor"][1:]) for said in fresh]


@pytest.fixture
def log(tmp_path) -> Log:
    return Log(tmp_path)


def test_what_is_there_and_what_is_added_is_told_once(log):
    log.write(1, 2)
    assert log.heard() == [1, 2]
    assert log.heard() == []
    log.write(3)
    assert log.heard() == [3]


def test_half_a_line_waits_for_its_other_half(log):
    whole = lines(1)
    log.path.write_text(whole[:40])
    assert log.heard() == []
    with log.path.open("a") as file:
        file.write(whole[40:])
    assert log.heard() == [1]


def test_after_a_restart_it_goes_on_where_it_stood(log):
    log.write(1)
    assert log.heard() == [1]
    log.write(2)
    log.restart()
    assert log.heard() == [2]


def test_what_was_read_and_not_handed_over_is_read_again_under_the_same_name(log):
    log.write(1, 2)
    first = [line.id for line in log.tail.read()]
    log.restart()
    assert [line.id for line in log.tail.read()] == first


def test_a_rotated_log_is_read_to_its_end_and_then_the_new_one(log):
    log.write(1)
    assert log.heard() == [1]
    os.rename(log.path, log.path.with_name("auth.log.1"))
    log.write(2, to="auth.log.1")  # who writes had not heard of it yet
    log.write(3)
    assert log.heard() == [2, 3]


def test_rotations_while_nobody_followed_are_caught_up_with(log):
    log.write(1)
    assert log.heard() == [1]
    log.tail.close()
    log.write(2)
    for name, n in (("auth.log.2", 3), ("auth.log.1", 4)):
        os.rename(log.path, log.path.with_name(name))
        log.write(n)
        for age, path in enumerate(sorted(log.path.parent.glob("auth.log*"))):
            os.utime(path, (1e9 - age, 1e9 - age))
    log.restart()
    assert log.heard() == [2, 3, 4]


def test_a_rotated_log_that_is_deleted_while_it_is_looked_at_ends_nothing(log, monkeypatch):
    log.write(1)
    assert log.heard() == [1]
    log.write(9, to="auth.log.1")
    looks = Path.stat

    def once(path, **known):
        found = looks(path, **known)
        if path.name == "auth.log.1":
            path.unlink()
        return found

    monkeypatch.setattr(Path, "stat", once)
    log.restart()
    assert not log.path.with_name("auth.log.1").exists()
    assert not log.tail.is_lost
    log.write(9, to="auth.log.1")
    log.write(2)
    assert log.heard() == [2]  # and, having looked for what follows, goes on
    assert not log.path.with_name("auth.log.1").exists()


def test_a_log_that_is_emptied_in_place_is_read_anew(log):
    log.write(1, 2, 3)
    assert log.heard() == [1, 2, 3]
    log.path.write_text(lines(4))
    assert log.heard() == [4]
    log.tail.close()
    log.path.write_text(lines(5, 6))  # longer than it stood: its first line tells
    log.restart()
    assert log.tail.is_lost
    assert log.heard() == [5, 6]


def test_what_is_far_too_long_for_a_line_is_passed_over(log):
    log.path.write_text("x" * (CHUNK + 5) + "\n")
    log.write(1)
    assert log.heard() == [1]


# --- telling the desk -----------------------------------------------------------------------------


@pytest.fixture
def desk() -> Iterator[tuple[str, list[int | bytes], list[bytes]]]:
    """A server that answers with these statuses in turn, then 202: address, statuses, bodies. A
    status that is words is what a 200 says."""
    statuses: list[int | bytes] = []
    bodies: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status = statuses.pop(0) if statuses else 202
            said = b'{"lines": []}'
            if isinstance(status, bytes):
                status, said = 200, status
            if status == 202:
                bodies.append(body)
            self.send_response(status)
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *args) -> None:
            """Nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/intake/k/access", statuses, bodies
    server.shutdown()
    server.server_close()


def test_a_desk_that_is_away_is_tried_again_ever_more_rarely_and_nothing_is_lost(desk):
    url, statuses, bodies = desk
    statuses += [503, 500, 429]
    waits, said = [], []
    sender = following.Sender(url, sleep=waits.append, say=said.append)
    sender.deliver(b"one")
    sender.deliver(b"two")
    assert (bodies, waits) == ([b"one", b"two"], [1, 2, 4])
    assert said == [
        "The desk does not take it (HTTP 503); trying again.",
        "The desk takes it again.",
    ]


def test_what_answers_and_is_no_desk_has_not_taken_it(desk):
    url, statuses, bodies = desk
    statuses += [b"{}", b"[]", b'{"lines": 2}', b'{"lines": [3]}', b"<p>Log in here</p>"]
    said = []
    following.Sender(url, sleep=lambda s: None, say=said.append).deliver(b"one")
    assert bodies == [b"one"]
    assert said == [
        "The desk does not take it (what answers there is no desk); trying again.",
        "The desk takes it again.",
    ]


def test_a_wrong_key_ends_it_and_what_cannot_be_read_does_not(desk):
    url, statuses, bodies = desk
    statuses += [400, 404]
    sender = following.Sender(url, sleep=lambda s: None, say=lambda s: None)
    sender.deliver(b"bad")
    with pytest.raises(InvalidInput, match="The desk has no source with this key"):
        sender.deliver(b"one")
    assert bodies == []


@pytest.mark.django_db(transaction=True)
def test_the_command_tells_a_running_desk_and_a_second_run_adds_nothing(
    live_server, logs, tmp_path, capsys
):
    file = tmp_path / "auth.log"
    file.write_text(lines(*range(12)) + "Mar  4 09:41:00 bastion CRON[1]: nothing\n")
    to = ["--to", live_server.url, "--key", "key-access", "--zone", "UTC", "--once"]
    for run in range(2):  # the second without what the first remembered
        call_command("follow_log", str(file), *to, "--state", str(tmp_path / f"{run}.json"))
    assert capsys.readouterr().out.count("12 events told.") == 2
    assert AccessEvent.objects.count() == 12
    assert set(AccessEvent.objects.values_list("source__name", "address")) == {
        ("bastions", "203.0.113.9")
    }


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["apache", "{}"], "Say follow_log sshd FILE, follow_log nginx FILE or follow_log FILE."),
        (["sshd", "/nowhere/auth.log"], "There is no file /nowhere/auth.log."),
        (["{}"], "No line of {} tells of an access yet; say which log it is, sshd or nginx."),
        (
            ["sshd", "{}", "--zone", "Moon"],
            "There is no zone Moon; say it like Europe/Berlin or UTC.",
        ),
        (["sshd", "{}", "--to", "desk"], "desk/intake/k/access is no address of a desk; it begins"),
    ],
)
def test_what_it_cannot_do_is_said_in_one_sentence(words, said, tmp_path):
    file = tmp_path / "log"
    file.touch()
    with pytest.raises(CommandError) as refused:
        call_command("follow_log", *(w.replace("{}", str(file)) for w in words), "--key", "k")
    assert str(refused.value).startswith(said.replace("{}", str(file)))


def test_without_a_key_it_says_which_it_needs(tmp_path):
    (tmp_path / "log").touch()
    with pytest.raises(CommandError, match="Give the key of a source of the format access"):
        call_command("follow_log", "sshd", str(tmp_path / "log"))
