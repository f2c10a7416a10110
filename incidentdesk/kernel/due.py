"""Rows that a job works off one by one, beside other workers: what one holds is passed over by the
others, and what fails stays for the next run and holds up nobody.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import TypeVar

from django.db import transaction
from django.db.models import Model, QuerySet

from incidentdesk import logs

Row = TypeVar("Row", bound=Model)
Answer = TypeVar("Answer")
logger = logging.getLogger(__name__)


def each(
    rows: QuerySet[Row],
    step: Callable[[Row], Answer],
    *,
    most: int,
    order: Sequence[str] = ("pk",),
    of: Sequence[str] = ("self",),
) -> list[Answer]:
    """Take `step` with every one of `rows`, `most` at most, locked and in a transaction of its own;
    what each step answered. A row is taken once; of which tables it is locked says `of`.

    A step that fails is undone and logged; once `most` have failed, the rest waits for the next
    run. An error without a row, such as a database that is away, is the caller's.
    """
    answers: list[Answer] = []
    seen: list[object] = []
    locked = rows.order_by(*order).select_for_update(of=of, no_key=True, skip_locked=True)
    while len(answers) < most > len(seen) - len(answers):
        row: Row | None = None
        with logs.apart():
            try:
                with transaction.atomic(durable=True):
                    row = locked.exclude(pk__in=seen).first()
                    if row is None:
                        return answers
                    answer = step(row)
            except Exception:
                if row is None:
                    raise
                logger.exception("%s %s failed; it is tried again", row._meta.verbose_name, row.pk)
            else:
                answers.append(answer)
        seen.append(row.pk)
    return answers
