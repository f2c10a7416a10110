"""What is deployed is what the desk starts: containers, units and proxy against the one list."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import get_commands

from incidentdesk import schedule
from incidentdesk.doctor import examining
from incidentdesk.embedded import parts
from incidentdesk.health import PROBES
from tests.embedded.conftest import ROOT

DEPLOY = ROOT / "deploy"
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
SETTINGS = set(
    re.findall(r"^\| `([A-Z_]+)`", (ROOT / "docs/settings.md").read_text(), re.MULTILINE)
)
SERVERS = {"database", "redis"}
OWN = {name: one for name, one in SERVICES.items() if name not in SERVERS}
SHM = ["--worker-tmp-dir", "/dev/shm"]


def started(bind: str, web: str, work: str) -> dict[str, list[str]]:
    """What the list says, without what depends on the machine that says it."""
    known = parts.commands(bind=bind, web=web, work=Path(work))
    return {name: [word for word in line if word not in SHM] for name, line in known.items()}


# --- containers -----------------------------------------------------------------------------------


def test_the_compose_file_is_one_by_the_specification() -> None:
    done = subprocess.run(
        [
            *(sys.executable, "-m", "check_jsonschema"),
            *("--builtin-schema", "vendor.compose-spec", str(DEPLOY / "compose.yaml")),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_every_process_has_a_container_with_its_very_command() -> None:
    wanted = started("0.0.0.0:8000", "web:8000", "/tmp")
    found = {name: one["command"] for name, one in OWN.items() if name != "migrations"}
    assert {n: [w for w in line if w not in SHM] for n, line in found.items()} == wanted
    migrate = OWN["migrations"]["command"]
    assert migrate[:2] == ["python", "manage.py"]
    assert migrate[2] in get_commands()


def test_every_queue_that_is_asked_for_has_a_container() -> None:
    served = {
        one["command"][one["command"].index("-Q") + 1]
        for one in OWN.values()
        if "-Q" in one["command"]
    }
    asked = {one["options"].get("queue", "default") for one in schedule.EVERY.values()}
    assert asked <= served == set(parts.QUEUES.values())


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_every_container_has_few_rights_and_writes_to_its_volumes_alone(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["user"] in ("10001:10001", "postgres", "redis")
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service
    assert all(str(port).startswith("127.0.0.1:") for port in service.get("ports", [])) or (
        name == "mail"
    )


@pytest.mark.parametrize("name", sorted(set(SERVICES) - {"migrations"}))
def test_every_container_says_whether_it_is_well_by_something_that_is_there(name: str) -> None:
    test = SERVICES[name]["healthcheck"]["test"]
    words = " ".join(test)
    if "doctor" in test:
        assert test[-1] in examining.LOOKS
    elif address := re.search(r"http://127\.0\.0\.1:8000(/\w+)", words):
        assert address[1] in PROBES
    elif "celery" in words:
        assert f"-d {name}@$$(hostname)" in words, "it asks for its own worker"
    else:
        assert name in {*SERVERS, "mail"}


def test_every_variable_of_a_container_is_a_documented_setting() -> None:
    given = {name for one in OWN.values() for name in one["environment"]}
    assert given - SETTINGS == set()
    owners = {name for name, one in OWN.items() if "DATABASE_OWNER_URL" in one["environment"]}
    assert owners == {"migrations"}, "nothing that runs can change a table"


def test_what_compose_asks_for_stands_in_the_example_and_no_password_is_preset() -> None:
    text = (DEPLOY / "compose.yaml").read_text()
    required = set(re.findall(r"\$\{(\w+):\?", text))
    example = dict(
        re.findall(r"^([A-Z_]+)=(.*)$", (DEPLOY / "env.example").read_text(), re.MULTILINE)
    )
    assert required <= set(example)
    secret = {name for name in required if "PASSWORD" in name or name == "SECRET_KEY"}
    assert {example[name] for name in secret} == {""}
    assert re.findall(r"\$\{\w*(?:PASSWORD|KEY)\w*:-", text) == []


# --- units ----------------------------------------------------------------------------------------


def unit(path: Path) -> dict[str, str]:
    lines = [line for line in path.read_text().splitlines() if "=" in line and line[0] != "#"]
    return dict(line.split("=", 1) for line in lines)


def test_every_process_has_a_unit_with_its_very_command() -> None:
    wanted = started("127.0.0.1:8000", "127.0.0.1:8000", "/run/incidentdesk-beat")
    found = {}
    for path in UNITS:
        python, *words = unit(path)["ExecStart"].replace("%%", "%").split()
        assert python == "/opt/incidentdesk/.venv/bin/python"
        name = path.stem.removeprefix("incidentdesk-")
        found[name] = ["python", *(word for word in words if word not in SHM)]
    assert found == wanted


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.stem)
def test_a_unit_is_run_by_an_account_of_its_own_and_writes_to_its_own_folder(path: Path) -> None:
    known = unit(path)
    assert known["User"] == "incidentdesk"
    assert (known["ProtectSystem"], known["NoNewPrivileges"]) == ("strict", "yes")
    assert known["CapabilityBoundingSet"] == ""
    assert known["Restart"] == "always"
    names = re.findall(r"([A-Z_]+)=", known["Environment"])
    assert {name for name in names if not name.startswith("PYTHON")} <= SETTINGS


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not here")
def test_systemd_takes_every_unit(tmp_path: Path) -> None:
    files = []
    for path in [*UNITS, DEPLOY / "systemd/incidentdesk.target"]:
        text = path.read_text().replace("/opt/incidentdesk/.venv/bin/python", sys.executable)
        (tmp_path / path.name).write_text(text)
        files.append(str(tmp_path / path.name))
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", *files],
        capture_output=True,
        text=True,
        check=False,
    )
    said = [line for line in done.stderr.splitlines() if "incidentdesk" in line]
    assert (done.returncode, said) == (0, [])


# --- proxy ----------------------------------------------------------------------------------------

NGINX = (DEPLOY / "nginx.conf").read_text()


def test_the_proxy_says_what_the_desk_relies_on() -> None:
    for header in ("Host $host", "X-Forwarded-Proto https", "X-Request-ID $request_id"):
        assert f"proxy_set_header {header};" in NGINX
    assert "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;" in NGINX


@pytest.mark.skipif(shutil.which("nginx", path="/usr/sbin:/usr/bin") is None, reason="no nginx")
def test_nginx_takes_its_configuration(tmp_path: Path) -> None:
    from tests.incidentdesk.doctor.test_outside import certificate

    file = certificate(tmp_path, days=10)
    conf = re.sub(r"/etc/ssl/incidentdesk/\w+\.pem", str(file), NGINX)
    conf = conf.replace("/var/log/nginx", str(tmp_path)).replace("listen [::]:", "# ")
    whole = f"pid {tmp_path}/pid; error_log stderr; events {{}} http {{ {conf} }}"
    (tmp_path / "nginx.conf").write_text(whole)
    done = subprocess.run(
        ["/usr/sbin/nginx", "-t", "-c", str(tmp_path / "nginx.conf")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
