"""The image's own steps, run on a bare folder with what the image is given, and nothing else."""

from __future__ import annotations

import re
import secrets
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tests.embedded.conftest import ROOT
from tests.sinks import free_port

DOCKERFILE = (ROOT / "deploy/Dockerfile").read_text()
IGNORE = (ROOT / "deploy/Dockerfile.dockerignore").read_text()


def steps() -> list[tuple[str, str]]:
    """Instructions of the last stage with what follows them, in order."""
    lines = re.sub(r"\\\n", "", DOCKERFILE.rpartition("\nFROM ")[2])
    return [
        (line.split()[0], line.split(maxsplit=1)[1])
        for line in lines.splitlines()[1:]
        if line and line[0] != "#"
    ]


def environment(folder: Path) -> dict[str, str]:
    """What the image sets, with this Python and a data folder of the test's."""
    words = " ".join(rest for name, rest in steps() if name == "ENV").split()
    known = dict(word.split("=", 1) for word in words)
    known["PATH"] = f"{Path(sys.executable).parent}:/usr/bin:/bin"
    known["DATA_DIR"] = str(folder / "data")
    return known


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder /desk as the image has it once it is built."""
    folder = tmp_path_factory.mktemp("image")
    for line in IGNORE.splitlines():
        if line.startswith("!"):
            source, to = ROOT / line[1:], folder / "desk" / line[1:]
            if source.is_dir():
                shutil.copytree(source, to, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                to.parent.mkdir(exist_ok=True)
                shutil.copy(source, to)
    [collect] = [rest for name, rest in steps() if name == "RUN" and "manage.py" in rest]
    done = subprocess.run(
        ["/bin/sh", "-c", collect],
        cwd=folder / "desk",
        env=environment(folder),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder


def test_it_holds_what_runs_and_no_history_tests_or_secrets(image: Path) -> None:
    found = {path.name for path in (image / "desk").iterdir()}
    assert found == {line[1:] for line in IGNORE.splitlines() if line[0] == "!"} | {"var"}
    assert "COPY . ." in DOCKERFILE
    assert IGNORE.splitlines()[1] == "*", "all that is not named stays out"


def test_it_ends_as_an_account_that_is_not_root() -> None:
    names = [name for name, _ in steps()]
    assert dict(steps())["USER"] == "10001:10001"
    assert "RUN" not in names[names.index("USER") :]


def test_its_web_answers_with_the_static_files_that_it_collected(image: Path) -> None:
    port = free_port()
    command = eval(dict(steps())["CMD"])  # noqa: S307 -- a list of words, ours
    command[command.index("--bind") + 1] = f"127.0.0.1:{port}"
    settings = {
        "SITE_URL": "https://desk.example",
        "TRUSTED_PROXIES": "1",
        "SECRET_KEY": secrets.token_urlsafe(50),
        "DATABASE_URL": f"postgresql://desk_app:x@127.0.0.1:{free_port()}/incidentdesk",
        "REDIS_URL": f"redis://127.0.0.1:{free_port()}/0",
        "EMAIL_URL": "smtp://127.0.0.1",
    }
    process = subprocess.Popen(
        command, cwd=image / "desk", env={**environment(image), **settings}, stderr=subprocess.PIPE
    )
    try:
        assert _answer(port, "/healthz") == 200
        assert _answer(port, "/readyz") == 503, "there is no database"
        page = (image / "desk/var/static/staticfiles.json").read_text()
        [name] = re.findall(r'"desk\.css": "([^"]+)"', page)
        assert _answer(port, f"/static/{name}") == 200
    finally:
        process.terminate()
        _, said = process.communicate(timeout=30)
    assert b"Traceback" not in said, said.decode()[-2000:]


def _answer(port: int, path: str) -> int:
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}{path}",
        headers={"Host": "desk.example", "X-Forwarded-Proto": "https"},
    )
    end = time.monotonic() + 60
    while True:
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            assert time.monotonic() < end
            time.sleep(0.3)
