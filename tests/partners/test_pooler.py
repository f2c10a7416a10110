"""Behind a pooler that hands out one connection by transaction, everything works and the walls
between partners stand: nobody inherits a role, a partner or a statement from whoever was before.
"""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from django.db import connection, connections, transaction
from django.test import Client

from cases import jobs, verification
from cases.models import Checkpoint, Event, Incident, Source
from incidentdesk.kernel import prepared, snapshot
from incidentdesk.kernel.scope import partner_scope
from incidentdesk.kernel.shown_once import digest
from notifications import jobs as post
from tests.cases.intake.conftest import ALERTMANAGER, alert, call
from tests.conftest import PASSWORD, People
from tests.partners.conftest import TITLE, Both, Side, leaks
from tests.partners.test_routes import ROUTES, filled, foreign, own, said
from tests.servers import folder_of, running
from tests.sinks import free_port

PGBOUNCER = shutil.which("pgbouncer") or shutil.which("/usr/sbin/pgbouncer")
pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(PGBOUNCER is None, reason="pgbouncer is not installed on this machine"),
]
ROUNDS = 2
JSON: dict[str, Any] = {"content_type": "application/json"}


@pytest.fixture(params=[1, 2], ids=["one connection", "two connections"])
def pooler(request: pytest.FixtureRequest, both: Both) -> Iterator[int]:
    """The application's connections go through it from here on; answers how many it has."""
    known = connections["default"].settings_dict
    before = {name: known[name] for name in ("HOST", "PORT")}
    connections.close_all()
    with folder_of("postgres") as folder:
        port = free_port()
        command = configured(folder, port, known, size=request.param)
        with running(command, lambda: listens(port), **owner_of(before["HOST"], folder)):
            known.update(HOST="127.0.0.1", PORT=port)
            try:
                yield request.param
            finally:
                connections.close_all()
                known.update(before)


def configured(folder: Path, port: int, known: dict[str, Any], *, size: int) -> list[Any]:
    """How pgbouncer is started in front of the test's database."""
    (folder / "users").write_text(f'"{known["USER"]}" "{known["PASSWORD"]}"\n')
    place = f"host={known['HOST']} port={known['PORT'] or 5432} dbname={known['NAME']}"
    (folder / "pgbouncer.ini").write_text(
        f"""[databases]
{known["NAME"]} = {place}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = trust
auth_file = {folder}/users
pool_mode = transaction
default_pool_size = {size}
max_client_conn = 50
query_wait_timeout = 60
"""
    )
    return [PGBOUNCER, folder / "pgbouncer.ini"]


def owner_of(host: str, folder: Path) -> dict[str, Any]:
    """Whoever may reach the server's socket; root starts no pgbouncer."""
    if os.geteuid() != 0:
        return {}
    status = Path(host).stat() if host.startswith("/") else folder.stat()
    for file in (folder, *folder.iterdir()):
        os.chown(file, status.st_uid, status.st_gid)
    return {"user": status.st_uid, "group": status.st_gid, "extra_groups": []}


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def at_once(*works: Callable[[], Any]) -> list[Any]:
    """What each answers; in a thread and with a connection of its own, all at once."""
    barrier = Barrier(len(works))

    def run(work: Callable[[], Any]) -> Any:
        try:
            barrier.wait(30)
            return work()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(works)) as pool:
        return [one.result(300) for one in [pool.submit(run, work) for work in works]]


def asked(sql: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchone()[0]


def walked(side: Side, other: str, paths: list[str]) -> dict[str, list[str]]:
    """What a partner's person reads of the other on these pages; one that breaks counts as well."""
    found: dict[str, list[str]] = {}
    side.client.raise_request_exception = False
    for path in paths * ROUNDS:
        answer = side.client.get(path)
        words = leaks(said(answer), other, TITLE, "undisclosed", "unsent")
        if words or answer.status_code >= 500:
            found[path] = [str(answer.status_code), *words]
    return found


@pytest.mark.asvs("8.4.1", 2)
def test_two_partners_who_share_a_connection_never_see_each_other(pooler: int, both: Both) -> None:
    ours, theirs = own(both), foreign(both)
    mine = [path for route in ROUTES for path in filled(route, ours)]
    his = [path for route in ROUTES for path in filled(route, theirs)]
    found = at_once(
        lambda: walked(both.a, "BIRCH", mine + his),
        lambda: walked(both.b, "ALDER", his + mine),
    )
    assert found == [{}, {}]
    assert "ALDER notice" in both.a.client.get("/portal/").text
    assert "BIRCH notice" in both.b.client.get("/portal/").text


@pytest.mark.asvs("8.4.1", 2)
def test_whoever_comes_next_finds_neither_a_role_nor_a_partner(pooler: int, both: Both) -> None:
    """With a control: what would be set for the session is what the next one does find."""
    asked("SELECT set_config('desk.probe', 'left', false)")
    where = at_once(lambda: asked("SELECT pg_backend_pid()"))
    if pooler == 1:
        assert where == [asked("SELECT pg_backend_pid()")]  # it is the same connection
        assert at_once(lambda: asked("SELECT current_setting('desk.probe', true)")) == ["left"]
    application = connections["default"].settings_dict["USER"]
    with partner_scope(both.a.partner.pk):
        assert asked("SELECT current_user") != application
    as_whom = (
        "SELECT current_user || coalesce(nullif(current_setting('app.partner_id', true), ''), '')"
    )
    assert at_once(lambda: asked(as_whom), lambda: asked(as_whom)) == [application] * 2
    with pytest.raises(ZeroDivisionError), partner_scope(both.a.partner.pk):
        raise ZeroDivisionError
    assert at_once(lambda: asked(as_whom)) == [application]


def test_no_statement_is_left_with_a_connection(pooler: int, both: Both, people: People) -> None:
    assert prepared.is_pooled() is True
    for _ in range(3):
        assert people.actor("commander").user_id is not None
        both.a.client.get("/portal/")
    assert asked("SELECT count(*) FROM pg_prepared_statements") == 0
    assert asked("SELECT count(*) FROM pg_cursors") == 0


def test_alerts_are_taken_in_worked_off_and_shown(pooler: int, both: Both, people: People) -> None:
    Source.objects.create(
        name="Own Alertmanager", format="alertmanager", key_digest=digest("key-alertmanager")
    )

    def deliver(number: int) -> int:
        client, known = Client(), f"Queue{number}"
        sent = [
            client.post(ALERTMANAGER, call(alert(known, status=state), group=known), **JSON)
            for state in ("firing", "firing", "resolved")
        ]
        return max(one.status_code for one in sent)

    def work() -> int:
        for job in (jobs.open_pending, jobs.warn, post.deliver, post.escalate):
            job()
        return 202

    works = [lambda number=number: deliver(number) for number in range(4)]
    assert at_once(*works, work, work) == [202] * 6
    assert Event.objects.filter(source__name="Own Alertmanager").count() == 12
    browser = Client()
    browser.force_login(people["commander"])
    reference = Incident.objects.order_by("-pk")[0]
    keeper = Client()
    keeper.force_login(people["administrator"])
    for path in ("/admin/", "/admin/cases/incident/"):
        assert browser.get(path).status_code == 200, path
    assert keeper.get("/admin/partners/partner/add/").status_code == 200  # a form with choices
    page = f"/admin/cases/incident/{reference.pk}/change/"
    assert [browser.get(page).status_code for _ in range(3)] == [200] * 3


def test_people_log_in_and_change_things(pooler: int, both: Both, people: People) -> None:
    def log_in() -> int:
        browser = Client()
        form = {"login": people["commander"].email, "password": PASSWORD}
        return browser.post("/accounts/login/", form).status_code

    assert at_once(log_in, log_in) == [302, 302]


def test_long_readings_are_read_in_parts_within_one_moment(pooler: int, both: Both) -> None:
    jobs.take_checkpoint()
    with snapshot.one_moment():
        assert list(verification.faults()) == []
        rows = snapshot.streamed(Incident.objects.order_by("pk").values_list("pk"), batch=1)
        next(rows)
        assert asked("SELECT count(*) FROM pg_cursors") == 1  # the server holds the rest
        rows.close()
    assert verification.fault_of_checkpoints() is None  # by itself it is read at once
    assert Checkpoint.objects.count() == 1
    with transaction.atomic():
        assert asked("SELECT count(*) FROM pg_cursors") == 0
