"""Where one data folder keeps its things, its passwords, and the addresses of its servers.

Nothing is started here, and only the standard library is imported: the settings read it.
"""

import contextlib
import hashlib
import json
import os
import secrets
import tempfile
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

from incidentdesk.embedded.errors import EmbeddedError

DATABASE = "incidentdesk"
PORT = "5432"  # names the socket file; nothing listens on TCP
ROLES = {"app": "desk_app", "owner": "desk_owner"}
SECRETS = ("secret_key", "postgres", "desk_owner", "desk_app")

# A socket's whole path may have 107 bytes (103 on macOS), `/.s.PGSQL.5432` included.
LONGEST_SOCKET_FOLDER = 80


class Layout:
    """The paths and addresses that belong to one data folder."""

    def __init__(self, data_dir: Path) -> None:
        """Nothing is made on disk until a secret is asked for."""
        self.data_dir = Path(data_dir).expanduser().resolve()
        self.mail_dir = self.data_dir / "mail"
        self.media_dir = self.data_dir / "media"
        self.static_dir = self.data_dir / "static"
        self.log_dir = self.data_dir / "log"
        self.secrets_file = self.data_dir / "secrets.json"

    def __repr__(self) -> str:
        return f"Layout({str(self.data_dir)!r})"

    @property
    def fingerprint(self) -> str:
        """Ten characters that tell this data folder from every other on the machine."""
        return hashlib.sha256(os.fsencode(self.data_dir)).hexdigest()[:10]

    @cached_property
    def socket_dir(self) -> Path:
        """The folder of both sockets: the same for every process, whatever its environment.

        Servers of root run under another account, which may not reach the data folder; and a
        socket's path has a low limit. The temporary folder is written out because TMPDIR and
        XDG_RUNTIME_DIR differ between a login, a cron job and a container.
        """
        if os.geteuid() == 0 and os.access("/run", os.W_OK):
            return Path("/run") / f"incidentdesk-{self.fingerprint}"
        near = self.data_dir / "run"
        if os.geteuid() != 0 and len(os.fsencode(near)) <= LONGEST_SOCKET_FOLDER:
            return near
        return Path("/tmp") / f"desk-{os.geteuid()}-{self.fingerprint}"  # noqa: S108

    @property
    def redis_socket(self) -> Path:
        """Where Redis listens, for the broker and the cache."""
        return self.socket_dir / "redis.sock"

    @property
    def redis_url(self) -> str:
        """The broker, as Celery reads it."""
        return f"redis+socket://{quote(str(self.redis_socket))}?virtual_host=0"

    @property
    def cache_url(self) -> str:
        """The cache, as redis-py reads it: the same server, another database."""
        return f"unix://{quote(str(self.redis_socket))}?db=1"

    @property
    def secret_key(self) -> str:
        """Django's: it signs sessions and links, so it outlives restarts."""
        return self.secret("secret_key")

    @property
    def database_url(self) -> str:
        """For programs other than ours (psql, pg_dump): as the application."""
        return self._url("app")

    @property
    def database_owner_url(self) -> str:
        """The same as the owner of the tables."""
        return self._url("owner")

    def database(self, role: Literal["app", "owner"]) -> dict[str, Any]:
        """Django's connection settings for the application or for the owner of the tables."""
        return {
            "NAME": DATABASE,
            "USER": ROLES[role],
            "PASSWORD": self.secret(ROLES[role]),
            "HOST": str(self.socket_dir),
            "PORT": PORT,
        }

    def secret(self, name: str) -> str:
        """One of `SECRETS`, made with all the others when the first one is asked for."""
        return self._secrets[name]

    def take_key(self, key: str) -> None:
        """Put another SECRET_KEY in the place of this one, for the processes that start after."""
        kept = self._secrets | {"secret_key": key}
        with self._draft(kept) as draft:
            draft.replace(self.secrets_file)
        del self._secrets

    def make_data_dir(self) -> None:
        """Makes the folder, for its owner alone."""
        try:
            self.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise EmbeddedError(
                f"The data folder {self.data_dir} cannot be made ({error.strerror}): "
                "set DATA_DIR to a folder that you may write to."
            ) from error

    def _url(self, role: Literal["app", "owner"]) -> str:
        host = quote(str(self.socket_dir), safe="")
        return f"postgres://{ROLES[role]}:{self.secret(ROLES[role])}@{host}:{PORT}/{DATABASE}"

    @cached_property
    def _secrets(self) -> dict[str, str]:
        try:
            return self._read_secrets()
        except FileNotFoundError:
            self.make_data_dir()
            self._write_secrets()
            return self._read_secrets()

    def _read_secrets(self) -> dict[str, str]:
        try:
            found = json.loads(self.secrets_file.read_text())
            return {name: str(found[name]) for name in SECRETS}
        except (ValueError, KeyError, TypeError) as error:
            raise EmbeddedError(
                f"{self.secrets_file} is damaged: put the file back from a copy, "
                "or start afresh with `make reset`."
            ) from error
        except PermissionError as error:
            raise EmbeddedError(
                f"{self.secrets_file} belongs to another user: "
                "run as that user, or set DATA_DIR to a folder of your own."
            ) from error

    def _write_secrets(self) -> None:
        """Whole or not at all, and only once: a link fails where another process came first."""
        made = {name: secrets.token_hex(24) for name in SECRETS}
        made["secret_key"] = secrets.token_urlsafe(50)
        with self._draft(made) as draft, contextlib.suppress(FileExistsError):
            os.link(draft, self.secrets_file)

    @contextlib.contextmanager
    def _draft(self, content: dict[str, str]) -> Iterator[Path]:
        """A file beside the real one, on disk as a whole; it is gone when the block ends."""
        try:
            handle, name = tempfile.mkstemp(dir=self.data_dir, prefix=".secrets-")
        except OSError as error:
            raise EmbeddedError(
                f"The data folder {self.data_dir} cannot be written ({error.strerror}): "
                "set DATA_DIR to a folder that you may write to."
            ) from error
        draft = Path(name)
        try:
            with os.fdopen(handle, "w") as file:
                json.dump(content, file)
                file.flush()
                os.fsync(file.fileno())
            yield draft
        finally:
            draft.unlink(missing_ok=True)
