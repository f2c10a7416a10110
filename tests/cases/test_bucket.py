"""Files in a bucket that speaks S3: kept, read, verified and swept as on a disk."""

from __future__ import annotations

import socket
import sys
import tracemalloc
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import boto3
import pytest
from django.core.files.base import ContentFile

from cases import custody, evidence, vault
from cases.models import Evidence
from incidentdesk import buckets
from incidentdesk.kernel import clocks
from incidentdesk.kernel.errors import Conflict
from tests.conftest import NOW
from tests.incidentdesk.test_production import refusal
from tests.servers import running
from tests.sinks import free_port

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def server() -> Iterator[int]:
    """A server that speaks S3, by itself."""
    port = free_port()

    def listens() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", port]
    with running(command, listens):
        yield port


@pytest.fixture
def bucket(server: int, settings: Any) -> Any:
    """Empty, and where the desk keeps its files."""
    name = f"desk-{uuid4().hex}"
    known = {"aws_access_key_id": "key", "aws_secret_access_key": "word"}
    s3 = boto3.resource(
        "s3", endpoint_url=f"http://127.0.0.1:{server}", region_name="us-east-1", **known
    )
    made = s3.create_bucket(Bucket=name)
    use(settings, f"s3+http://key:word@127.0.0.1:{server}/{name}/own")
    return made


def use(settings: Any, url: str) -> None:
    settings.STORAGES = {**settings.STORAGES, **buckets.storage(url, [])}


def add(incident: Any, people: Any, content: bytes = b"status: ok\n") -> Evidence:
    return evidence.add(
        incident_id=incident.pk,
        upload=ContentFile(content, name="../status.txt"),
        title="Pool status",
        collector="Ada",
        collected_at=NOW,
        by=people.actor("commander"),
        at=NOW,
    )


def names(bucket: Any) -> list[str]:
    return [one.key for one in bucket.objects.all()]


def test_a_file_goes_into_the_bucket_and_leaves_as_a_download_of_the_desk_s(
    bucket: Any, declare: Any, people: Any, as_: Any
) -> None:
    piece = add(declare(), people, b"<script>alert(1)</script>" * 40_000)
    key = piece.key.hex
    assert names(bucket) == [f"own/evidence/{key[:2]}/{key}"]
    assert [file for file in vault.folder().rglob("*") if file.is_file()] == []
    assert b"".join(vault.read(piece.key)) == b"<script>alert(1)</script>" * 40_000
    by = people.actor("commander")
    assert evidence.verify(evidence_id=piece.pk, by=by, at=NOW) is True
    opened = evidence.open_file(evidence_id=piece.pk, purpose="downloaded", by=by, at=NOW)
    assert isinstance(opened, custody.Opened)
    assert b"".join(opened.chunks())[:8] == b"<script>"


def test_a_large_file_is_never_held_whole(bucket: Any) -> None:
    key, size = uuid4(), 24 * 1024 * 1024
    bucket.put_object(Key=f"own/evidence/{key.hex[:2]}/{key.hex}", Body=bytes(size))
    assert next(vault.read(key)) == bytes(vault.CHUNK)
    tracemalloc.start()
    try:
        assert sum(map(len, vault.read(key))) == size
        assert sum(map(len, vault.zipped({}, [("a.bin", key)]))) < size
        assert vault.sha256(key) != ""
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 4 * 1024 * 1024


def test_a_file_that_was_changed_or_taken_out_of_the_bucket_is_found(
    bucket: Any, declare: Any, people: Any
) -> None:
    piece, by = add(declare(), people), people.actor("commander")
    [one] = bucket.objects.all()
    one.put(Body=b"status: fine\n")
    assert evidence.verify(evidence_id=piece.pk, by=by, at=NOW) is False
    one.delete()
    assert evidence.verify(evidence_id=piece.pk, by=by, at=NOW) is False
    with pytest.raises(Conflict, match="is not where it was kept"):
        evidence.open_file(evidence_id=piece.pk, purpose="downloaded", by=by, at=NOW)
    with pytest.raises(OSError, match=r"File does not exist|bucket"):
        list(vault.read(piece.key))


def test_what_no_row_speaks_of_is_swept_and_the_rest_stays(
    bucket: Any, declare: Any, people: Any
) -> None:
    piece = add(declare(), people)
    vault.store(uuid4(), [b"left over"], most=100, too_large="x")
    assert len(names(bucket)) == 2
    later = clocks.database_now() + timedelta(days=3)
    assert evidence.sweep(at=later) == 1
    assert names(bucket) == [f"own/evidence/{piece.key.hex[:2]}/{piece.key.hex}"]
    vault.remove(piece.key)
    assert names(bucket) == []


def test_a_bucket_that_is_away_or_refuses_takes_nothing_and_says_so(
    bucket: Any, settings: Any, declare: Any, people: Any
) -> None:
    incident = declare()
    for url in (
        f"s3+http://k:w@127.0.0.1:{free_port()}/x",
        settings_of(settings, "no-such-bucket"),
    ):
        use(settings, url)
        with pytest.raises(Conflict) as refused:
            add(incident, people)
        assert str(refused.value) == vault.NO_ROOM
        assert vault.is_there(uuid4()) is False
    assert Evidence.objects.count() == 0
    assert [file for file in vault.folder().rglob("*") if file.is_file()] == []


def settings_of(settings: Any, name: str) -> str:
    host = settings.STORAGES["evidence"]["OPTIONS"]["endpoint_url"].removeprefix("http://")
    return f"s3+http://key:word@{host}/{name}"


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("https://s3.invalid/bucket", "FILES_URL must look like s3://KEY:SECRET@"),
        ("s3://key:s3cret-word@s3.invalid", "FILES_URL must look like s3://KEY:SECRET@"),
        ("s3+http://key:s3cret-word@s3.invalid/b", "FILES_URL leads to s3.invalid in clear: "),
        ("s3://key:s3cret-word@s3.invalid/b?acl=public", "FILES_URL takes ?region=… and ?style="),
    ],
)
def test_an_address_that_means_nothing_or_is_in_clear_stops_the_start(url: str, said: str) -> None:
    line = refusal(FILES_URL=url)
    assert line.startswith(said)
    assert "s3cret-word" not in line
