"""What lines of logs tell: sshd and sudo, nginx, and JSON lines. The shapes are real ones."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest

from cases.access import arrivals, nginx, sshd, told
from incidentdesk.kernel.errors import InvalidInput

NOW = datetime(2026, 3, 4, 9, 41, tzinfo=UTC)
CET = timezone(timedelta(hours=1))


def read(line: str, *, zone=UTC, now: datetime = NOW) -> list[tuple[str, str, str, str | None]]:
    """Action, outcome, account and address of what a line of auth.log tells."""
    found = sshd.Reader(zone).read(line, now=now)
    return [(one.action, one.outcome, one.actor, one.address) for one in found]


HEAD = "Mar  4 09:40:01 bastion sshd[812]: "
FAILED = HEAD + "Failed password for root from 203.0.113.9 port 51022 ssh2"


@pytest.mark.parametrize(
    ("said", "outcome", "actor", "address"),
    [
        ("Failed password for root from 203.0.113.9 port 5 ssh2", "failure", "root", "203.0.113.9"),
        (
            "Failed password for invalid user admin from 203.0.113.9 port 5 ssh2",
            "failure",
            "admin",
            "203.0.113.9",
        ),
        (
            "Failed publickey for git from 2001:db8::7 port 5 ssh2: RSA SHA256:nThbg6kXUpJWG",
            "failure",
            "git",
            "2001:db8::7",
        ),
        (
            "Failed keyboard-interactive/pam for a b from 10.0.0.1 port 5 ssh2",
            "failure",
            "a b",
            "10.0.0.1",
        ),
        (
            "Accepted publickey for deploy from 10.1.2.3 port 5 ssh2: ED25519 SHA256:abc",
            "success",
            "deploy",
            "10.1.2.3",
        ),
        ("User ops not allowed because account is locked", "barred", "ops", None),
        (
            "User ops from 10.1.2.3 not allowed because not listed in AllowUsers",
            "failure",
            "ops",
            "10.1.2.3",
        ),
        (
            "Connection closed by authenticating user root 203.0.113.9 port 5 [preauth]",
            "failure",
            "root",
            "203.0.113.9",
        ),
        (
            "Connection reset by invalid user pi 203.0.113.9 port 5 [preauth]",
            "failure",
            "pi",
            "203.0.113.9",
        ),
    ],
)
def test_sshd_tells_who_came_in_who_failed_and_who_is_barred(said, outcome, actor, address):
    assert read(HEAD + said) == [("ssh login", outcome, actor, address)]


@pytest.mark.parametrize(
    "line",
    [
        HEAD + "Invalid user admin from 203.0.113.9 port 5",  # its failure follows
        HEAD + "pam_unix(sshd:session): session opened for user root(uid=0) by (uid=0)",
        HEAD + "Connection closed by 203.0.113.9 port 5 [preauth]",
        "Mar  4 09:40:01 bastion CRON[99]: pam_unix(cron:session): session closed for user root",
        "Mar  4 09:40:01 bastion sudo: pam_unix(sudo:session): session opened for user root",
        "",
        "nonsense",
    ],
)
def test_what_is_no_access_is_passed_over(line):
    assert read(line) == []


def test_a_name_that_looks_like_the_words_of_sshd_puts_the_blame_on_nobody_else():
    typed = "x from 198.51.100.1 port 22 ssh2: y"
    line = HEAD + f"Failed password for invalid user {typed} from 203.0.113.9 port 5 ssh2"
    assert read(line) == [("ssh login", "failure", typed, "203.0.113.9")]


def test_a_repeated_message_counts_as_often_as_it_was_said():
    said = "Failed password for root from 203.0.113.9 port 5 ssh2"
    assert len(read(f"{HEAD}message repeated 3 times: [ {said}]")) == 3


def test_leaving_after_a_failure_is_not_one_more():
    reader = sshd.Reader(UTC)
    left = HEAD + "Connection closed by authenticating user root 203.0.113.9 port 51022 [preauth]"
    assert [len(reader.read(line, now=NOW)) for line in (FAILED, left, left)] == [1, 0, 0]


@pytest.mark.parametrize(
    ("line", "outcome", "detail"),
    [
        (
            "alice : TTY=pts/0 ; PWD=/home/alice ; USER=root ; COMMAND=/usr/bin/apt-get -p s3cret",
            "success",
            {"host": "bastion", "as": "root", "command": "/usr/bin/apt-get"},
        ),
        (
            "alice : 3 incorrect password attempts ; TTY=pts/2 ; USER=root ; COMMAND=/bin/sh",
            "failure",
            {"host": "bastion", "as": "root", "command": "/bin/sh"},
        ),
        (
            "alice : command not allowed ; TTY=pts/0 ; PWD=/ ; USER=db ; COMMAND=/bin/sh",
            "failure",
            {"host": "bastion", "as": "db", "command": "/bin/sh"},
        ),
    ],
)
def test_sudo_is_privileged_and_of_a_command_only_its_name_is_kept(line, outcome, detail):
    (found,) = sshd.Reader(UTC).read(f"Mar  4 09:40:01 bastion sudo:    {line}", now=NOW)
    assert (found.actor, found.action, found.outcome) == ("alice", "sudo", outcome)
    assert (found.is_privileged, found.detail) == (True, detail)


@pytest.mark.parametrize(
    ("stamp", "zone", "now", "at"),
    [
        ("Mar  4 09:40:01", CET, NOW, "2026-03-04T08:40:01+00:00"),
        (
            "Dec 31 23:59:59",
            UTC,
            datetime(2026, 1, 1, 0, 5, tzinfo=UTC),
            "2025-12-31T23:59:59+00:00",
        ),
        ("2026-03-04T09:40:01.123456+01:00", UTC, NOW, "2026-03-04T08:40:01.123456+00:00"),
        ("2026-03-04T09:40:01+0100", UTC, NOW, "2026-03-04T08:40:01+00:00"),
        ("2026-03-05T09:39:01+23:59", UTC, NOW, "2026-03-04T09:40:01+00:00"),
        ("0001-01-01T00:00:01+14:00", UTC, NOW, None),
        ("Feb 29 09:40:01", UTC, NOW, None),
    ],
)
def test_a_time_without_a_year_is_the_nearest_past_one_and_its_zone_the_reader_s(
    stamp, zone, now, at
):
    line = f"{stamp} bastion sshd-session[8]: Accepted password for a from 10.0.0.1 port 5 ssh2"
    found = sshd.Reader(zone).read(line, now=now)
    assert [one.at.isoformat() for one in found] == ([at] if at else [])


@pytest.mark.parametrize(
    ("user", "status", "outcome"),
    [
        ("maria", "200", "success"),
        ("maria", "304", "success"),
        ("maria", "401", "failure"),
        ("-", "401", "failure"),
        ("-", "403", "failure"),
        ("-", "200", None),
        ("maria", "500", None),
        ("-", "404", None),
    ],
)
def test_nginx_tells_of_those_with_a_name_and_of_those_refused(user, status, outcome):
    line = (
        f'203.0.113.9 - {user} [04/Mar/2026:10:40:01 +0100] "GET /reports/?key=s3cret HTTP/1.1" '
        f'{status} 153 "https://a.example/" "curl/8.5 \\"x\\""'
    )
    found = nginx.Reader(UTC).read(line, now=NOW)
    assert [one.outcome for one in found] == ([outcome] if outcome else [])
    for one in found:
        assert one.at.isoformat() == "2026-03-04T09:40:01+00:00"
        assert (one.actor, one.address) == (user.strip("-"), "203.0.113.9")
        assert one.detail["path"] == "/reports/"


def test_what_is_no_line_of_nginx_is_passed_over():
    for line in ("", "-", '203.0.113.9 - - [not a time] "GET /" 401 1', "x" * 10_000):
        assert nginx.Reader(UTC).read(line, now=NOW) == []


# --- JSON lines -----------------------------------------------------------------------------------


def line(**more) -> str:
    said = {"actor": "maria", "action": "login", "outcome": "failure", "at": NOW.isoformat()}
    return json.dumps(said | more)


def test_a_line_is_read_with_what_else_it_tells_within_bounds():
    many = {f"field{n}": n for n in range(50)}
    ((found,), bad) = arrivals.parse(
        line(ip="::ffff:203.0.113.9", session="s" * 900, Api_Token="hunter2", **many)
    )
    assert bad == []
    assert (found.address, found.network) == ("203.0.113.9", "203.0.113.0/24")
    assert (len(found.detail), len(found.detail["session"])) == (20, 300)
    assert found.detail["Api_Token"] == "…"
    assert told.network_of("2001:db8:1:2::3") == "2001:db8:1::/48"


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        ("{", "It is not valid JSON."),
        ("[" * 9_000, "It is not valid JSON."),
        ("[1]", "Each line has to be a JSON object."),
        (line(at="yesterday"), "at has to be a time with its zone, like 2026-03-04T09:41:00Z."),
        (line(at=None), "at has to be a time with its zone, like 2026-03-04T09:41:00Z."),
        (line(action=" "), "action has to say what was done, for instance login."),
        (line(outcome="perhaps"), "outcome has to be success, failure or barred."),
        (line(ip="bastion"), "ip has to be an IPv4 or IPv6 address, or be left out."),
    ],
)
def test_a_bad_line_is_named_by_its_number_and_the_others_are_read(bad, why):
    found, refused = arrivals.parse(f"{line()}\r\n\n{bad}\n{line(ip='10.0.0.1')}\n")
    assert [one.address for one in found] == [None, "10.0.0.1"]
    assert [(one.line, one.error) for one in refused] == [(3, why)]


def test_the_time_of_a_line_is_utc_whatever_its_zone():
    ((found,), _) = arrivals.parse(line(at="2026-03-05T09:40:00+23:59"))
    assert found.at.isoformat() == "2026-03-04T09:41:00+00:00"


def test_a_body_without_a_line_and_one_with_too_many_are_refused():
    for raw, why in (
        (" \n\n", "The body is empty; send one JSON object a line."),
        ("{}\n" * 5_001, "Send at most 5,000 lines at once."),
    ):
        with pytest.raises(InvalidInput, match=why):
            arrivals.parse(raw)


def test_a_line_s_key_is_its_own_id_or_its_place_in_the_body():
    ((one, two), _), ((same, _), _) = (arrivals.parse(f"{line()}\n{line()}") for _ in range(2))
    ((alone,), _), ((named,), _) = arrivals.parse(line()), arrivals.parse(line(id="a"))
    (_, renamed), _ = arrivals.parse(f"{line()}\n{line(id='a', port=2)}")
    assert one.key(1) == same.key(1)
    assert len({k.key(1) for k in (one, two, alone, named)} | {one.key(2)}) == 5
    assert named.key(1) == renamed.key(1)
    with pytest.raises(ValueError, match="a line that is stored has an id"):
        told.Told(NOW, "login", told.SUCCESS).key(1)
