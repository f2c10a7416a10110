"""TLS to the database, Redis and a mailbox: who has no certificate that holds gets nothing."""

from __future__ import annotations

import imaplib
import os
import shutil
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import kombu
import pytest
from django.core.cache.backends.redis import RedisCache
from django.db import OperationalError
from django.db.utils import ConnectionHandler
from redis.exceptions import RedisError

from cases.intake.mail import mailbox
from incidentdesk import environment, tls
from tests.certificates import certificate
from tests.incidentdesk.test_production import refusal, started
from tests.servers import POSTGRES, account, folder_of, postgres, running
from tests.sinks import free_port

PEERS = pytest.mark.parametrize(
    ("peer", "is_taken"),
    [("good", True), ("expired", False), ("elsewhere", False), ("unknown", False)],
)
REDIS = shutil.which("redis-server")


@pytest.fixture(scope="module")
def files() -> Iterator[dict[str, Path]]:
    """A certificate for each kind of peer; \"unknown\" is good, and of no authority we know."""
    with folder_of("postgres") as folder:
        made = {
            "good": certificate(folder, days=30),
            "expired": certificate(folder, days=-1),
            "elsewhere": certificate(folder, days=30, host="elsewhere.test"),
        }
        made["unknown"] = folder / "unknown.pem"
        shutil.copy(made["good"], made["unknown"])
        (folder / "other").mkdir()
        certificate(folder / "other", days=29).replace(folder / "other.pem")
        (folder / "other").rmdir()
        for file in folder.iterdir():
            file.chmod(0o600)
            if who := account("postgres"):
                os.chown(file, who["user"], who["group"])
        yield made


def authority(peer: str, files: dict[str, Path]) -> Path:
    """What the desk is told to believe."""
    return files[peer].with_name("other.pem") if peer == "unknown" else files[peer]


# --- PostgreSQL -----------------------------------------------------------------------------------


@pytest.mark.asvs("12.2.1 12.3.1 12.3.2 13.4.2 15.1.2", 40)
@PEERS
@pytest.mark.skipif(POSTGRES is None, reason="PostgreSQL is not installed on this machine")
def test_a_database_whose_certificate_does_not_hold_is_not_logged_in_to(
    files: dict[str, Path], peer: str, is_taken: bool, django_db_blocker: Any
) -> None:
    with (
        django_db_blocker.unblock(),
        postgres(ssl="on", ssl_cert_file=files[peer], ssl_key_file=files[peer]) as port,
    ):
        url = f"postgresql://postgres:x@localhost:{port}/postgres"
        trusted = authority(peer, files)
        found = environment.database(f"{url}?sslmode=verify-full&sslrootcert={trusted}", "X")
        connection = ConnectionHandler({"default": found})["default"]
        try:
            if not is_taken:
                with pytest.raises(OperationalError, match="certificate"):
                    connection.ensure_connection()
                return
            with connection.cursor() as cursor:
                cursor.execute("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
                assert cursor.fetchall() == [(True,)]
        finally:
            connection.close()


# --- Redis ----------------------------------------------------------------------------------------


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.asvs("12.2.1 12.3.1 12.3.2 13.4.2 15.1.2", 40)
@PEERS
@pytest.mark.skipif(REDIS is None, reason="redis-server is not installed on this machine")
def test_a_redis_whose_certificate_does_not_hold_gets_no_job_and_no_count(
    files: dict[str, Path], peer: str, is_taken: bool
) -> None:
    port, file = free_port(), files[peer]
    command: list[Any] = [
        REDIS,
        "--port",
        0,
        "--tls-port",
        port,
        "--bind",
        "127.0.0.1",
        "--save",
        "",
    ]
    command += ["--tls-cert-file", file, "--tls-key-file", file, "--tls-ca-cert-file", file]
    command += ["--tls-auth-clients", "no"]
    url = f"rediss://localhost:{port}/0?ssl_ca_certs={authority(peer, files)}"
    with running(command, lambda: listens(port), **account("postgres")):
        assert broker_takes(url) is is_taken
        assert cache_takes(url) is is_taken


@pytest.mark.asvs("12.2.1 12.3.1 12.3.2 13.4.2 15.1.2", 40)
@pytest.mark.skipif(REDIS is None, reason="redis-server is not installed on this machine")
def test_an_authority_that_nobody_named_is_not_believed_by_the_broker(
    files: dict[str, Path],
) -> None:
    port, file = free_port(), files["good"]
    command: list[Any] = [
        REDIS,
        "--port",
        0,
        "--tls-port",
        port,
        "--bind",
        "127.0.0.1",
        "--save",
        "",
    ]
    command += ["--tls-cert-file", file, "--tls-key-file", file, "--tls-ca-cert-file", file]
    command += ["--tls-auth-clients", "no"]
    with running(command, lambda: listens(port), **account("postgres")):
        assert broker_takes(f"rediss://localhost:{port}/0") is False
        assert cache_takes(f"rediss://localhost:{port}/0") is False


def broker_takes(url: str) -> bool:
    """Whether Celery would put a job there; if not, it is the certificate's fault."""
    options = {"max_retries": 0, "socket_connect_timeout": 2, "socket_timeout": 5}
    why = ""
    with kombu.Connection(url, ssl=tls.of_broker(url), transport_options=options) as broker:
        try:
            queue = broker.SimpleQueue("desk-test")
            queue.put({"a": 1})
            queue.close()
        except (*broker.connection_errors, kombu.exceptions.OperationalError) as error:
            why = f"{error} {error.__cause__}"
    return _taken(why)


def cache_takes(url: str) -> bool:
    """Whether a count of tries would be kept there; if not, it is the certificate's fault."""
    cache: Any = RedisCache(url, {"OPTIONS": {"socket_timeout": 2}})
    why = ""
    try:
        cache.set("tries", 1)
    except RedisError as error:
        why = str(error)
    finally:
        cache.close()
    return _taken(why)


def _taken(why: str) -> bool:
    assert not why or "certificate" in why.lower()
    return not why


# --- a mailbox ------------------------------------------------------------------------------------


@pytest.mark.asvs("12.2.1 12.3.1 12.3.2 13.4.2 15.1.2", 40)
@PEERS
def test_a_mailbox_whose_certificate_does_not_hold_is_not_told_the_password(
    files: dict[str, Path], peer: str, is_taken: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[bytes] = []
    monkeypatch.setenv("SSL_CERT_FILE", str(authority(peer, files)))
    with answering(files[peer], said) as port:
        place = mailbox.named(f"imaps://desk:s3cret-word@localhost:{port}/INBOX")
        refusal = imaplib.IMAP4.error if is_taken else ssl.SSLCertVerificationError
        with pytest.raises(refusal):
            mailbox.poll(place)
    assert any(b"s3cret-word" in line for line in said) is is_taken


@contextmanager
def answering(file: Path, said: list[bytes]) -> Iterator[int]:
    """Enough of a mail server to be greeted and told a password, which is never the right one."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)

    def talk(caller: socket.socket) -> None:
        with suppress(OSError), context.wrap_socket(caller, server_side=True) as safe:
            safe.sendall(b"* OK IMAP4rev1\r\n")
            for line in safe.makefile("rb"):
                said.append(line)
                tag, word = line.split()[:2]
                if word == b"CAPABILITY":
                    safe.sendall(b"* CAPABILITY IMAP4rev1\r\n" + tag + b" OK done\r\n")
                else:
                    safe.sendall(tag + (b" OK bye\r\n" if word == b"LOGOUT" else b" NO never\r\n"))

    def serve() -> None:
        with suppress(OSError):
            while True:
                talk(listening.accept()[0])

    listening = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=serve, daemon=True).start()
    try:
        yield int(listening.getsockname()[1])
    finally:
        listening.close()


# --- what does not start --------------------------------------------------------------------------

FAR = "postgresql://desk_app:s3cret-word@db.invalid/incidentdesk"


@pytest.mark.asvs("12.2.1 12.3.1 12.3.2 13.4.2 15.1.2", 40)
@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"DATABASE_URL": FAR}, "DATABASE_URL leads to db.invalid without a certificate"),
        ({"DATABASE_URL": f"{FAR}?sslmode=require"}, "DATABASE_URL leads to db.invalid without"),
        ({"DATABASE_URL": f"{FAR}?sslmode=verify-ca"}, "DATABASE_URL leads to db.invalid without"),
        ({"DATABASE_OWNER_URL": FAR}, "DATABASE_OWNER_URL leads to db.invalid without"),
        ({"REDIS_URL": "redis://:s3cret-word@redis.invalid"}, "REDIS_URL leads to redis.invalid "),
        (
            {"REDIS_URL": "rediss://redis.invalid?ssl_cert_reqs=none"},
            "REDIS_URL leads to redis.invalid without a certificate that is checked: ",
        ),
        (
            {"REDIS_URL": "rediss://redis.invalid?ssl_check_hostname=False"},
            "REDIS_URL leads to redis.invalid without a certificate that is checked: ",
        ),
    ],
)
def test_a_desk_that_others_reach_talks_to_no_server_elsewhere_that_proves_nothing(
    changed: dict[str, str], said: str
) -> None:
    line = refusal(**changed)
    assert line.startswith(said)
    assert "PLAINTEXT_HOSTS" in line
    assert "s3cret-word" not in line


@pytest.mark.parametrize(
    "changed",
    [
        {"DATABASE_URL": FAR, "PLAINTEXT_HOSTS": "db.invalid"},
        {"REDIS_URL": "redis://redis.invalid:6380/0", "PLAINTEXT_HOSTS": "redis.invalid:6380"},
        {"DATABASE_URL": "postgresql:///incidentdesk", "REDIS_URL": "redis+socket:///run/r.sock"},
        {"DATABASE_URL": "postgresql://a@127.0.0.1/desk", "REDIS_URL": "redis://localhost/0"},
    ],
    ids=["named database", "named Redis", "sockets", "this machine"],
)
def test_it_does_to_one_that_is_near_or_that_whoever_runs_it_named(changed: dict[str, str]) -> None:
    done = started("-c", "import incidentdesk.settings", **changed)
    assert (done.returncode, done.stderr) == (0, "")
