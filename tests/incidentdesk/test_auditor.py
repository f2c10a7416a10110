"""The auditor: what it finds it mends, writes down and mails; it beats while all is well."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from io import StringIO
from typing import Any

import pytest
import time_machine
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.test import Client

from cases.models import Incident
from incidentdesk.auditor import checks, ground, heart, rounds, telling
from incidentdesk.auditor.rounds import Auditor
from incidentdesk.dashboard import well
from incidentdesk.kernel import clocks, progress
from incidentdesk.kernel.aside import Aside
from incidentdesk.kernel.models import Finding, Progress, User
from notifications.models import ContactMethod, Escalation, Message
from tests.conftest import NOW, People, as_owner
from tests.embedded.conftest import ROOT, environment
from tests.hooks import Receiver, receiver
from tests.incidentdesk.conftest import text_of
from tests.sinks import SmtpSink, free_port, smtp_sink

pytestmark = pytest.mark.django_db
Declare = Callable[..., Incident]


@pytest.fixture(autouse=True)
def sink(settings: Any) -> Iterator[SmtpSink]:
    """The mail server that the desk sends through."""
    with smtp_sink() as running:
        settings.EMAIL_BACKEND = "notifications.channels.email.SmtpBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = running.host, running.port
        settings.HEARTBEAT_URL = ""
        yield running


@pytest.fixture
def hook() -> Iterator[Receiver]:
    """Who notices when the desk is silent."""
    with receiver() as running:
        yield running


@pytest.fixture
def all_move(db: None) -> None:
    """Every part has just finished a round."""
    for part in progress.LIMITS:
        progress.mark(part, always=True)


class Here(Aside):
    """Works in the thread that asks."""

    def ask(self, work: Callable[[], Any], *, seconds: float) -> Any:
        return work()


class Direct(Auditor):
    """Looks within the test's own transaction, and has done so for a day."""

    def __init__(self, **known: Any) -> None:
        super().__init__(**known)
        self.since = clocks.database_now() - timedelta(days=1)
        self._look = Here()

    def again(self) -> list[str]:
        """Another round, whatever the time; what is wrong."""
        self._round_at = self._beat_at = 0.0
        seen = self.step(at=NOW)
        assert seen is not None
        return seen.wrong


def letters(sink: SmtpSink) -> list[tuple[str, str]]:
    """To whom mail went, and what it says."""
    return [
        (str(one["To"]), one.get_body(("plain",)).get_content().replace("\r", ""))
        for one in sink.messages
    ]


def lose_the_ladder(declare: Declare) -> Incident:
    """An incident that nobody would ever be paged about."""
    incident = declare(at=clocks.database_now())
    Escalation.objects.all().delete()
    return incident


def test_what_is_lost_is_mended_written_down_mailed_once_and_then_over(
    declare: Declare, all_move: None, sink: SmtpSink, people: People
) -> None:
    incident, auditor = lose_the_ladder(declare), Direct()
    words = (
        f"{incident.reference} (SEV-{incident.severity}) is open, nobody has acknowledged it, and "
        "nobody would have been paged."
    )
    assert auditor.again() == [words]
    row = Finding.objects.get()
    assert (row.kind, row.about, row.words) == ("no page due", incident.about, words)
    assert (row.mended, row.rounds, row.pages) == ("Its ladder was begun.", 1, 1)
    assert Escalation.objects.get().state == "running"
    assert [to for to, _ in letters(sink)] == [people["administrator"].email]
    assert f"- {words} Its ladder was begun.\n" in letters(sink)[0][1]
    assert not progress.read()["auditor"].is_well
    assert Message.objects.count() == 0  # nothing went through the outbox, which may be dead
    assert auditor.again() == []
    row.refresh_from_db()
    assert row.cleared_at is not None
    assert progress.read()["auditor"].is_well
    assert len(sink.messages) == 1


def test_what_goes_on_or_comes_back_is_one_page_an_hour(
    declare: Declare, all_move: None, sink: SmtpSink
) -> None:
    auditor = Direct(web=f"127.0.0.1:{free_port()}")
    words = [f"The web at {auditor.web} does not answer (ConnectionRefusedError)."]
    assert [auditor.again() for _ in range(3)] == [words] * 3
    assert Finding.objects.values_list("rounds", "pages").get() == (3, 1)
    Finding.objects.update(cleared_at=clocks.database_now())  # it seemed to be over
    assert auditor.again() == words
    assert len(sink.messages) == 1
    Finding.objects.update(paged_at=clocks.database_now() - timedelta(hours=1))
    auditor.again()
    assert len(sink.messages) == 2
    ids = [message["Message-ID"] for message in sink.messages]
    assert ids[0] != ids[1]


def test_a_page_that_was_not_taken_is_repeated_under_its_message_id(
    all_move: None, people: People, sink: SmtpSink
) -> None:
    auditor = Direct(web=f"127.0.0.1:{free_port()}")
    sink.refuse("451 4.3.0 Later", command="DATA", times=1)
    auditor.again()
    assert Finding.objects.get().paged_at is None
    rows = list(Finding.objects.all())
    auditor.again()
    assert telling.of_findings(rows, auditor.people) is True  # it died before it noted that
    first, second = (message["Message-ID"] for message in sink.messages)
    assert first == second
    assert str(first).startswith("<auditor.")


@pytest.mark.fault("F28", "the mail server is gone as well")
def test_administrators_are_told_by_chat_too_though_no_mail_goes(
    all_move: None, people: People, sink: SmtpSink, hook: Receiver, settings: Any
) -> None:
    settings.EMAIL_PORT = free_port()  # nothing listens there
    settings.WEBHOOK_LOOPBACK = True
    _chat(people["administrator"], f"json://127.0.0.1:{hook.port}/all", at=clocks.database_now())
    _chat(people["commander"], f"json://127.0.0.1:{hook.port}/no", at=clocks.database_now())
    auditor = Direct(web=f"127.0.0.1:{free_port()}")
    words = auditor.again()
    assert words == [f"The web at {auditor.web} does not answer (ConnectionRefusedError)."]
    (told,) = [json.loads(body)["message"] for _, body in hook.calls]
    assert told.startswith("The desk's auditor found something wrong:")
    assert words[0] in told
    assert Finding.objects.get().paged_at is not None  # it is not told again for an hour
    auditor.again()
    assert (len(hook.calls), sink.messages) == (1, [])


def _chat(user: User, url: str, *, at: datetime) -> None:
    ContactMethod.objects.create(
        user=user,
        channel="apprise",
        label="Chat",
        address=url,
        shown="JSON",
        position=1,
        added_at=at,
        verified_at=at,
    )


@pytest.mark.fault("F28", "the scheduler stops and the web lives on")
@pytest.mark.django_db(transaction=True)
def test_a_part_that_does_not_move_is_found_and_the_auditor_does_its_work(
    declare: Declare, all_move: None, people: People, sink: SmtpSink
) -> None:
    auditor = Auditor(since=clocks.database_now() - timedelta(days=1))
    declare(at=clocks.database_now(), impact=1, scope=1, urgency=1)
    Escalation.objects.update(path=None, next_action_at=clocks.database_now())

    def after_silence(seconds: int) -> tuple[list[str], list[str]]:
        """What a round finds then, and who had mail when all that it began is done."""
        silent_since = clocks.database_now() - timedelta(seconds=seconds)
        Progress.objects.filter(part="scheduler").update(at=silent_since)
        auditor._round_at = 0.0
        seen = auditor.step(at=NOW)
        auditor._work.ask(lambda: None, seconds=30)
        assert seen is not None
        return seen.wrong, [to for to, _ in letters(sink)]

    administrator = people["administrator"].email
    silent = "The scheduler has not finished a round in the last 60 s."
    assert after_silence(15) == ([], [])
    assert after_silence(21) == ([], [administrator])
    assert after_silence(61) == ([silent], [administrator] * 2)


def test_the_work_that_the_auditor_does_pages_and_sends(
    declare: Declare, sink: SmtpSink, people: People
) -> None:
    declare(at=clocks.database_now(), impact=1, scope=1, urgency=1)
    Escalation.objects.update(path=None, next_action_at=clocks.database_now())
    rounds._do_the_work()
    assert [to for to, _ in letters(sink)] == [people["administrator"].email]


def test_the_heart_beats_only_while_all_move_and_nothing_is_wrong(
    declare: Declare, all_move: None, hook: Receiver, settings: Any
) -> None:
    settings.HEARTBEAT_URL = hook.url
    auditor = Direct()
    auditor.again()
    assert len(hook.calls) == 1
    lose_the_ladder(declare)
    auditor.again()
    assert len(hook.calls) == 1
    auditor.again()
    assert len(hook.calls) == 2
    for part in ("intake", "scheduler", "sender"):
        Progress.objects.filter(part=part).update(at=clocks.database_now() - timedelta(minutes=6))
        auditor.since = (
            clocks.database_now()
        )  # it has just begun: not yet a finding, but no beat either
        assert auditor.again() == []
        assert len(hook.calls) == 2
        progress.mark(part, always=True)


def test_a_beat_that_fails_is_logged_and_costs_no_more_than_its_limit(
    hook: Receiver, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook.status = 500
    assert heart.beat(hook.url) is False
    assert "HTTP 500" in caplog.text
    assert heart.beat(f"http://127.0.0.1:{free_port()}/") is False
    assert "could not be reached" in caplog.text
    monkeypatch.setattr(heart, "SECONDS", 0.2)
    hook.status, hook.seconds = 200, 1.0
    assert heart.beat(hook.url) is False
    assert "did not answer in time" in caplog.text


def test_a_check_that_fails_is_a_finding_and_stops_no_other(
    declare: Declare, all_move: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(**known: Any) -> Iterator[Any]:
        raise KeyError("secret")
        yield

    lose_the_ladder(declare)
    monkeypatch.setattr(checks, "CHECKS", (broken, *checks.CHECKS))
    found = Direct().again()
    assert found[0] == "The check “broken” failed: KeyError."
    assert len(found) == 2


@pytest.mark.fault("F9", "a table is locked; the auditor does not hang and mails after a minute")
@pytest.mark.django_db(transaction=True)
def test_a_database_that_does_not_answer_is_mailed_after_a_minute_and_once_an_hour(
    people: People, sink: SmtpSink, caplog: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    auditor = Auditor()
    assert auditor.step(at=NOW) is not None
    monkeypatch.setattr(rounds, "ANSWER_SECONDS", 0.2)
    monkeypatch.setattr(rounds, "AWAY_SECONDS", 0.5)
    sink.messages.clear()
    with as_owner() as cursor:
        cursor.execute("LOCK TABLE kernel_progress")
        assert auditor.step(at=NOW) is None
        assert "the auditor cannot look at the desk: Hangs" in caplog.text
        assert sink.messages == []
        for _ in range(3):
            auditor.step(at=NOW)
        assert [to for to, _ in letters(sink)] == [people["administrator"].email]
        assert "While that lasts the desk takes nothing in and pages nobody." in letters(sink)[0][1]
    monkeypatch.undo()
    auditor._round_at = 0.0
    assert auditor.step(at=NOW) is not None
    assert auditor.away_from is None


def test_what_it_found_stands_on_the_desk_for_those_who_read_the_audit_trail(
    declare: Declare, all_move: None, as_: Callable[[str], Client], people: People
) -> None:
    empty = text_of(as_("auditor").get("/admin/kernel/finding/"))
    assert "The auditor looks every minute and has never found anything wrong." in empty
    secret = declare(title="Insider", is_restricted=True, at=clocks.database_now())
    Escalation.objects.all().delete()
    Direct(web=f"127.0.0.1:{free_port()}").again()
    listed = text_of(as_("administrator").get("/admin/kernel/finding/"))
    assert "does not answer (ConnectionRefusedError)." in listed
    assert "Restricted (SEV-" not in listed
    assert "Restricted (SEV-" in text_of(as_("auditor").get("/admin/kernel/finding/"))
    assert secret.reference not in listed
    row = Finding.objects.get(kind="silent web")
    page = text_of(as_("administrator").get(f"/admin/kernel/finding/{row.pk}/change/"))
    assert "So it is now" in page
    sealed = Finding.objects.get(kind="no page due")
    assert as_("administrator").get(f"/admin/kernel/finding/{sealed.pk}/change/").status_code == 404
    assert as_("responder").get("/admin/kernel/finding/").status_code == 403
    parts = text_of(as_("auditor").get("/admin/kernel/progress/"))
    assert "scheduler" in parts
    with time_machine.travel(clocks.now() + timedelta(minutes=3), tick=False):
        assert "silent for 3 min" in text_of(as_("auditor").get("/admin/kernel/progress/"))


def test_the_command_says_what_one_look_finds(all_move: None, monkeypatch: Any) -> None:
    monkeypatch.setattr(rounds, "Auditor", Direct)
    out = StringIO()
    call_command("audit", "--once", stdout=out)
    assert out.getvalue() == "All is well.\n"
    Progress.objects.filter(part="sender").delete()
    with pytest.raises(CommandError, match=r"1 found wrong."):
        call_command("audit", "--once", stdout=out)
    assert "The sender has not finished a round in the last 60 s." in out.getvalue()
    with pytest.raises(CommandError, match="--web must look like"):
        call_command("audit", "--web", "nowhere")


def test_a_malformed_heartbeat_address_stops_the_start_and_is_not_repeated() -> None:
    for url in ("hc-ping.com/secret", "ftp://hc-ping.com/secret", "https:///secret"):
        run = subprocess.run(
            [sys.executable, "manage.py", "check"],
            cwd=ROOT,
            env=environment(HEARTBEAT_URL=url),
            capture_output=True,
            text=True,
            check=False,
        )
        assert (run.returncode, run.stderr) == (
            1,
            "incidentdesk: HEARTBEAT_URL must look like https://hc-ping.com/your-check.\n",
        )


# --- what the desk stands on ----------------------------------------------------------------------


def kinds() -> list[str]:
    return list(Finding.objects.filter(cleared_at=None).values_list("kind", flat=True))


def test_redis_that_is_away_is_found_and_is_over_once_it_answers(
    all_move: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*args: Any, **kwargs: Any) -> None:
        raise ConnectionError

    auditor = Direct()
    with monkeypatch.context() as patched:
        patched.setattr(cache, "get", away, raising=False)
        words = "Redis does not answer (ConnectionError). Pages go on, some seconds later."
        assert auditor.again() == [words]
    assert auditor.again() == []


def test_a_disk_that_is_full_is_found_before_nothing_can_be_attached(
    all_move: None, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.MEDIA_ROOT = "/srv/desk/not/yet"
    auditor, free = Direct(), 10**8
    usage = type("Usage", (), {"free": free})
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage)
    assert auditor.again() == []
    usage.free = free - 1
    assert auditor.again() == [
        "The disk for files is full: 100 MB are free at /srv/desk/not/yet. Nothing can be attached."
    ]


def test_a_clock_that_is_not_the_database_s_is_named_by_the_parts_that_have_it(
    all_move: None,
) -> None:
    auditor = Direct()
    with time_machine.travel(clocks.now() + timedelta(minutes=5)):
        progress.mark("scheduler", always=True)
        differs = "The clock differs from the database's by more than 30 s:"
        assert auditor.again() == [f"{differs} auditor, scheduler."]
        assert not progress.read()["scheduler"].is_well
    assert auditor.again() == [f"{differs} scheduler."]
    progress.mark("scheduler", always=True)
    assert auditor.again() == []
    assert progress.read()["scheduler"].is_well


def test_the_clock_of_the_web_is_read_from_its_answer(
    all_move: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = clocks.database_now()
    for off, found in ((-29, []), (-31, ["web"]), (31, ["web"]), (0, [])):
        web_said = at + timedelta(seconds=off)
        faults = list(ground.wrong_clocks(web_said, at=at))
        names = [fault.words.rpartition(": ")[2].rstrip(".") for fault in faults]
        assert names == found, off


def test_whoever_looks_at_the_first_page_sees_what_is_wrong_with_the_desk_and_no_incident_in_it(
    declare: Declare, all_move: None, as_: Callable[[str], Client]
) -> None:
    responder = as_("responder")
    assert "● The desk itself is well" in text_of(responder.get("/admin/"))
    secret = declare(title="Insider", is_restricted=True, at=clocks.database_now())
    Escalation.objects.all().delete()
    Direct(web=f"127.0.0.1:{free_port()}").again()
    assert sorted(kinds()) == ["no page due", "silent web"]
    page = text_of(responder.get("/admin/"))
    assert "The desk itself is well" not in page
    assert "does not answer (ConnectionRefusedError)." in page
    assert "nobody would have been paged" not in page
    assert secret.reference not in page
    Finding.objects.update(cleared_at=clocks.database_now())
    silent_since = clocks.database_now() - timedelta(seconds=151)
    Progress.objects.filter(part="auditor").update(at=silent_since)
    assert well.UNSEEN in text_of(responder.get("/admin/"))
