"""Receipts: the proof of which person at a partner saw which notice, and who acknowledged it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from cases import labels
from cases.models import NoticeCopy, Receipt
from incidentdesk.kernel import access
from incidentdesk.kernel.access import Actor, Permission


@transaction.atomic
def note_opened(*, copy_ids: Sequence[int], by: Actor, at: datetime) -> int:
    """A person at the partner has these notices on the screen; the first time of each is kept.

    Answers how many they are. `by` reads for that partner; what it was not sent is none.
    """
    rows = NoticeCopy.objects.filter(
        labels.readable_by(by), pk__in=copy_ids, partner_id=by.tenant_id, sent_at__isnull=False
    )
    copies = list(rows.select_related("partner"))
    access.require(by, Permission.PARTNER_READ, copies[0].partner if copies else None)
    Receipt.objects.bulk_create(
        [
            Receipt(copy=copy, user_id=by.person_id, name=by.name[:120], opened_at=at)
            for copy in copies
        ],
        ignore_conflicts=True,
    )
    return len(copies)


def acknowledged(copy: NoticeCopy, *, by: Actor, at: datetime) -> None:
    """This person acknowledges it; who never opened it in the portal has opened it by that."""
    receipt = Receipt(
        copy=copy, user_id=by.person_id, name=by.name[:120], opened_at=at, acknowledged_at=at
    )
    Receipt.objects.bulk_create(
        [receipt],
        update_conflicts=True,
        unique_fields=["copy", "user"],
        update_fields=["acknowledged_at"],
    )
