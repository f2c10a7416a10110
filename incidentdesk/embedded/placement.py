"""Under which account the servers run, and where that account can reach their data.

PostgreSQL refuses to run as root. Where root starts it (a bare container), it runs as `postgres`
or `nobody`; and where that account cannot enter the data folder (a checkout under a home of mode
0700), the servers' part of it lies under /var/lib, and the data folder remembers where.
"""

import os
import pwd
import secrets
import shutil
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from incidentdesk.embedded import processes
from incidentdesk.embedded.errors import EmbeddedError
from incidentdesk.embedded.layout import Layout
from incidentdesk.embedded.processes import Sign

SHELVES = (Path("/var/lib/incidentdesk"), Path("/var/tmp/incidentdesk"))  # noqa: S108


@dataclass(frozen=True)
class Account:
    """The account of the servers; `None` in its stead means: whoever we are."""

    uid: int
    gid: int

    def options(self) -> dict[str, Any]:
        """For subprocess: as this account, with none of our own groups."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []}


@dataclass(frozen=True)
class Place:
    """Where the servers of one data folder live, and as whom."""

    layout: Layout
    state: Path
    account: Account | None = None

    @property
    def cluster(self) -> str:
        """PostgreSQL's name for itself, in the title of each of its processes."""
        return f"desk-{self.layout.fingerprint}"

    @property
    def postgres_sign(self) -> Sign:
        """Tells its processes from others."""
        return Sign(self.cluster, self.postgres)

    @property
    def redis_sign(self) -> Sign:
        """The same of Redis, which shows its socket."""
        return Sign(str(self.layout.redis_socket), self.redis)

    @property
    def postgres(self) -> Path:
        """The cluster."""
        return self.state / "postgres"

    @property
    def redis(self) -> Path:
        """The log of Redis' writes."""
        return self.state / "redis"

    def options(self) -> dict[str, Any]:
        """What every server process is started with."""
        as_whom = self.account.options() if self.account else {}
        environment = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}
        return {"cwd": "/", "env": environment, "stdin": subprocess.DEVNULL, **as_whom}

    def own(self, folder: Path) -> Path:
        """Makes a folder that only the servers' account may enter."""
        folder.mkdir(mode=0o700, exist_ok=True)
        if self.account and folder.stat().st_uid != self.account.uid:
            os.chown(folder, self.account.uid, self.account.gid)
        return folder


def of(layout: Layout) -> Place:
    """Only to be called with the start lock held: it may make folders."""
    if os.geteuid() != 0:
        return Place(layout, layout.data_dir)
    remembered = pointed_at(layout.data_dir)
    if remembered and remembered.is_dir():
        _claim(remembered, layout.data_dir)
        return Place(layout, remembered, _account(remembered))
    account = _account(layout.data_dir)
    layout.data_dir.chmod(layout.data_dir.stat().st_mode | 0o711)
    if _enters(account, layout.data_dir):
        return Place(layout, layout.data_dir, account)
    return Place(layout, _relocate(layout), account)


def pointed_at(data_dir: Path) -> Path | None:
    """The folder that this data folder has remembered as the place of its servers."""
    try:
        return Path((data_dir / "servers-at").read_text().strip())
    except (FileNotFoundError, NotADirectoryError):
        return None


def shelved(data_dir: Path) -> Iterator[Path]:
    """All folders outside the data folder that were made for it, or that came with it."""
    for shelf in SHELVES:
        for folder in shelf.glob("*/"):
            owner = _owner_of(folder)
            moved = pointed_at(data_dir) == folder and not _points_at(owner, folder)
            if owner == data_dir or moved:
                yield folder


def end_servers(place: Place) -> None:
    """Ends whatever serves from a place that is about to be wiped."""
    processes.end_strays(place.redis_sign, signal.SIGTERM)
    processes.end_strays(place.postgres_sign, signal.SIGQUIT)


def _account(folder: Path) -> Account:
    """Who owns the database already; else the first of the usual accounts."""
    database = folder / "postgres"
    if database.exists() and database.stat().st_uid != 0:
        return Account(database.stat().st_uid, database.stat().st_gid)
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid)
    raise EmbeddedError(
        "PostgreSQL does not run as root, and there is no account `postgres` or `nobody`: "
        "run as an ordinary user, or set DATABASE_URL and REDIS_URL."
    )


def _enters(account: Account, folder: Path) -> bool:
    """Asked of the system itself: mode bits alone do not tell (access lists, mounts)."""
    command = ["/bin/sh", "-c", 'test -x "$0"', str(folder)]
    try:
        return subprocess.run(command, cwd="/", check=False, **account.options()).returncode == 0
    except OSError as error:
        raise EmbeddedError(
            f"PostgreSQL does not run as root, and root may not change the account here "
            f"({error.strerror}): run as an ordinary user, or set DATABASE_URL and REDIS_URL."
        ) from error


def _relocate(layout: Layout) -> Path:
    for orphan in list(shelved(layout.data_dir)):
        # The data folder is new: what it had here before was deleted with it.
        end_servers(Place(layout, orphan))
        shutil.rmtree(orphan, ignore_errors=True)
    for shelf in SHELVES:
        place = shelf / f"{layout.fingerprint}-{secrets.token_hex(3)}"
        try:
            shelf.mkdir(mode=0o755, parents=True, exist_ok=True)
            if shelf.stat().st_uid != 0:
                continue
            place.mkdir(mode=0o711)
        except OSError:
            continue
        (place / "made-for").write_text(f"{layout.data_dir}\n")
        pointer = layout.data_dir / "servers-at"
        draft = pointer.with_suffix(".new")
        draft.write_text(f"{place}\n")
        draft.rename(pointer)
        return place
    raise EmbeddedError(
        f"The database's account cannot enter {layout.data_dir}, and neither /var/lib nor /var/tmp "
        "can be written: set DATA_DIR to a folder that every account may enter."
    )


def _owner_of(folder: Path) -> Path | None:
    try:
        return Path((folder / "made-for").read_text().strip())
    except (FileNotFoundError, NotADirectoryError):
        return None


def _points_at(owner: Path | None, place: Path) -> bool:
    return owner is not None and pointed_at(owner) == place


def _claim(place: Path, data_dir: Path) -> None:
    """A moved data folder takes its servers along; a copied one must not share them."""
    owner = _owner_of(place)
    if owner == data_dir:
        return
    if _points_at(owner, place):
        raise EmbeddedError(
            f"{data_dir} is a copy of {owner}, whose database it would share: "
            "start it afresh with `make reset`."
        )
    (place / "made-for").write_text(f"{data_dir}\n")
