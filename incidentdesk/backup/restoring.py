"""A desk out of a backup: into an empty database and an empty folder, verified before it is used.

What happened after the backup is not in it. Its senders and people do not know that, so every
number goes on far behind the last one, everybody logs in anew, and the administrators are told.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.db import connections, transaction

from cases import verification
from incidentdesk.backup import archive, contents, keys, programs
from incidentdesk.backup.errors import BackupError
from incidentdesk.backup.progress import Progress
from incidentdesk.kernel import audit, seals, snapshot
from incidentdesk.kernel.access import SYSTEM
from incidentdesk.kernel.models import Session, User
from notifications import ladder, outbox

SKIPPED = 1000  # numbers that may have been given out since the backup, of each kind


@dataclass(frozen=True)
class Restored:
    """What there is now, and from when."""

    made_at: datetime
    rows: int
    files: int
    timelines: int
    faults: list[str]  # of timelines and of the audit trail, in words


def restore(
    path: Path, *, keys_file: Path | None, moved: bool, progress: Progress, at: datetime
) -> Restored:
    """Make this empty desk the one of the backup.

    `moved` says that nothing happened since the backup: the old desk stood still. Raises
    BackupError; what is asked of the file and of this place is asked before anything is written.
    """
    progress.begin("Reading the backup")
    told = archive.about(path)
    _require_known(told)
    _require_empty()
    _require_roles(told)
    keys.take(keys_file, wanted=told["key"])
    with tempfile.TemporaryDirectory(dir=path.parent) as work:
        dump = Path(work) / archive.DATABASE
        archive.database(path, dump)
        progress.begin("The database")
        programs.run(
            "pg_restore",
            *("--single-transaction", "--exit-on-error", "--no-owner"),
            *("--dbname", programs.owner()["NAME"], dump),
        )
    _require_counts(told["counts"])
    progress.begin("Its files")
    files = archive.files(path, Path(settings.MEDIA_ROOT), progress)
    progress.begin("Migrations since")
    call_command("migrate", database="owner", interactive=False, verbosity=0)
    made_at = datetime.fromisoformat(told["made_at"])
    _begin_anew(made_at, moved=moved, at=at)
    progress.begin("Verifying the timelines and the audit trail")
    with snapshot.one_moment():
        faults = [*verification.faults(), *(broken.words for broken in seals.faults())]
        timelines = sum(1 for _ in verification.heads_now())
    return Restored(made_at, sum(told["counts"].values()), files, timelines, faults)


def _require_known(told: dict[str, Any]) -> None:
    if contents.unknown_migrations(told["migrations"]):
        raise BackupError("A newer version of the desk made this backup: install that version.")


def _require_empty() -> None:
    """Nothing of a desk may be there: what is restored replaces nothing."""
    programs.owner()
    if tables := contents.counts(connections["owner"]):
        raise BackupError(
            f"This database holds {len(tables)} tables already: restore into an empty one. Of the "
            "desk that keeps its own servers, `make reset` wipes it."
        )
    folder = Path(settings.MEDIA_ROOT)
    if folder.exists() and any(folder.iterdir()):
        raise BackupError(f"{folder} holds files already: empty it, or set another MEDIA_ROOT.")


def _require_roles(told: dict[str, Any]) -> None:
    """The rights and policies in the backup name roles, which belong to the server."""
    if gone := contents.missing_roles(connections["owner"], told["roles"]):
        raise BackupError(
            f"The backup's rights name roles that this server lacks ({', '.join(gone)}): create "
            "them as they were, and restore again."
        )
    if contents.roles() != told["roles"]:
        raise BackupError(
            "The backup's roles are "
            + ", ".join(f"{name} {role}" for name, role in told["roles"].items())
            + "; connect as these in DATABASE_URL and DATABASE_OWNER_URL."
        )


def _require_counts(wanted: dict[str, int]) -> None:
    found = contents.counts(connections["owner"])
    if wrong := sorted(name for name in wanted | found if wanted.get(name) != found.get(name)):
        raise BackupError(
            f"What was restored is not what was backed up: {', '.join(wrong)} differ. Empty the "
            "database and restore again."
        )


def _begin_anew(made_at: datetime, *, moved: bool, at: datetime) -> None:
    """Sessions end. What was numbered since the backup is out there: no number comes twice."""
    with transaction.atomic(using="owner"):
        Session.objects.using("owner").all().delete()
        if not moved:
            _skip_numbers()
    with transaction.atomic():
        gap = {} if moved else {"made_at": made_at.isoformat()}
        audit.record(by=SYSTEM, at=at, action="restored from a backup", about="desk", **gap)
        if not moved:
            outbox.queue_many(
                [_letter(person, made_at, at) for person in ladder.administrators()], at=at
            )


def _skip_numbers() -> None:
    """Every sequence, references of incidents among them, and each partner's own counters."""
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "SELECT setval(format('%%I.%%I', schemaname, sequencename)::regclass,"
            " coalesce(last_value, 0) + %s) FROM pg_sequences WHERE schemaname = 'public'",
            [SKIPPED],
        )
        cursor.execute("UPDATE partners_referencecounter SET last = last + %s", [SKIPPED])


def _letter(to: User, made_at: datetime, at: datetime) -> outbox.Draft:
    return outbox.Draft(
        kind="restored",
        to=to,
        about="",
        dedupe_key=f"restored:{at:%Y%m%d%H%M%S}:{to.pk}",
        context={"made_at": made_at, "restored_at": at, "skipped": SKIPPED, "url": "/admin/"},
    )
