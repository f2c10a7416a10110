"""Files in a bucket that speaks S3, where FILES_URL names one. `cases.vault` asks for it by name,
as a storage, so that nothing of it is loaded where there is none.

What goes wrong there is an OSError, as with a disk. Nobody is ever given a link to the bucket:
files leave the desk through the desk, which asks who may have them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from boto3.exceptions import Boto3Error
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from django.core.files import File
from storages.backends.s3 import S3Storage

CHUNK = 256 * 1024
CONFIG = {
    "connect_timeout": 5,
    "read_timeout": 30,
    "retries": {"max_attempts": 2},
    "proxies": {},  # none is asked, whatever the environment says
    "signature_version": "s3v4",
    "request_checksum_calculation": "when_required",  # not all that speak S3 know the newer ones
    "response_checksum_validation": "when_required",
}


class Bucket(S3Storage):  # type: ignore[misc]
    """django-storages' storage, with limits of time and without links."""

    def __init__(self, *, style: str = "path", **given: Any) -> None:
        config = Config(**CONFIG, s3={"addressing_style": style})
        super().__init__(**given, client_config=config, default_acl=None, file_overwrite=True)

    def url(self, *args: Any, **known: Any) -> str:
        """There is none."""
        raise NotImplementedError("Files leave through the desk.")

    def put(self, name: str, file: Path) -> None:
        """Store a file that lies here; under its name there is none yet."""
        with _as_a_disk(), file.open("rb") as content:
            self.save(name, File(content, name=name))

    def pieces(self, name: str) -> Iterator[bytes]:
        """It, as it comes: `open` would hold it whole. OSError if it is not there."""
        with _as_a_disk():
            stored = self.bucket.Object(self._normalize_name(name)).get()
            with closing(stored["Body"]) as body:
                yield from body.iter_chunks(CHUNK)

    def is_there(self, name: str) -> bool:
        """Whether it is kept; OSError if that cannot be said."""
        with _as_a_disk():
            return bool(self.exists(name))

    def remove(self, name: str) -> None:
        """Take it away."""
        with _as_a_disk():
            self.delete(name)

    def old(self, prefix: str, *, before: datetime) -> Iterator[str]:
        """The names of files that were stored before this time."""
        whole = self._normalize_name(prefix)
        with _as_a_disk():
            for one in self.bucket.objects.filter(Prefix=whole):
                if one.last_modified < before:
                    yield str(one.key).rsplit("/", 1)[-1]


@contextmanager
def _as_a_disk() -> Iterator[None]:
    try:
        yield
    except (BotoCoreError, Boto3Error, ClientError) as error:
        raise OSError(f"the bucket does not do it ({type(error).__name__})") from error
