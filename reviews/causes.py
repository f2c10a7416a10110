"""The analysis of causes: a tree of whys with several branches, kept while the review is a draft.

The texts of the review sum it up; what the tree says is read on the page and in print.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction

from cases.models import Entry
from incidentdesk.kernel import access
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.errors import InvalidInput
from reviews import drafting
from reviews.models import Cause, Review
from reviews.models.cause import DEEPEST, MOST

LONGEST = 500


@dataclass
class Node:
    """A cause with what lies below it; a page adds the line that shows it, and hints."""

    cause: Cause
    depth: int
    below: list[Node] = field(default_factory=list)
    entry: Entry | None = None
    hints: list[str] = field(default_factory=list)


def tree(causes: Iterable[Cause]) -> list[Node]:
    """The branches, each in the order in which it was written. `causes` in the order of their ids,
    in which a cause comes after the one that it stands below."""
    found: dict[int, Node] = {}
    branches: list[Node] = []
    for cause in causes:
        above = found.get(cause.parent_id or 0)
        found[cause.pk] = node = Node(cause, above.depth + 1 if above else 1)
        (above.below if above else branches).append(node)
    return branches


def walked(branches: Iterable[Node]) -> Iterable[Node]:
    """Every node, each before what lies below it."""
    for node in branches:
        yield node
        yield from walked(node.below)


@transaction.atomic
def add(
    *,
    review_id: int,
    text: str,
    kind: str,
    parent_id: int | None = None,
    is_root: bool = False,
    entry_id: int | None = None,
    by: Actor,
    at: datetime,
) -> Cause:
    """Answer a why: below the cause `parent_id`, or as the first of a new branch.

    `entry_id` is the line of the incident's timeline that shows it.
    """
    review = drafting.locked(review_id, by=by)
    access.require(by, Permission.REVIEW_WRITE)
    drafting.require_draft(review, by=by, at=at)
    _require_room(review, parent_id)
    cause = Cause(review=review, parent_id=parent_id, added_at=at)
    _put(cause, text, kind, is_root=is_root, entry_id=entry_id)
    cause.save(force_insert=True)
    drafting.note(review, f"Cause added ({_said(cause)}): {cause.text}", by=by, at=at)
    return cause


@transaction.atomic
def edit(
    *,
    cause_id: int,
    text: str,
    kind: str,
    is_root: bool = False,
    entry_id: int | None = None,
    by: Actor,
    at: datetime,
) -> Cause:
    """Say a cause otherwise. It stays where it stands in the tree."""
    cause = drafting.locked_part(Cause, cause_id, by=by)
    access.require(by, Permission.REVIEW_WRITE)
    drafting.require_draft(cause.review, by=by, at=at)
    before = (cause.text, cause.kind, cause.is_root, cause.entry_id)
    _put(cause, text, kind, is_root=is_root, entry_id=entry_id)
    if before != (cause.text, cause.kind, cause.is_root, cause.entry_id):
        cause.save()
        drafting.note(cause.review, f"Cause changed ({_said(cause)}): {cause.text}", by=by, at=at)
    return cause


@transaction.atomic
def remove(*, cause_id: int, by: Actor, at: datetime) -> None:
    """Take back a cause of a draft, with all that lies below it."""
    cause = drafting.locked_part(Cause, cause_id, by=by)
    access.require(by, Permission.REVIEW_WRITE)
    drafting.require_draft(cause.review, by=by, at=at)
    gone, _ = cause.delete()
    below = f", with {gone - 1} below it" if gone > 1 else ""
    drafting.note(cause.review, f"Cause taken back{below}: {cause.text}", by=by, at=at)


def _require_room(review: Review, parent_id: int | None) -> None:
    above = dict(review.causes.values_list("pk", "parent_id"))
    if parent_id is not None and parent_id not in above:
        raise InvalidInput("The cause above is gone by now; look at the page again.")
    if len(above) >= MOST:
        raise InvalidInput(
            f"{MOST} causes are the most that anybody can follow; take back what explains nothing."
        )
    depth, step = 0, parent_id
    while step is not None:
        depth, step = depth + 1, above[step]
    if depth >= DEEPEST:
        raise InvalidInput(
            f"{DEEPEST} whys below each other are the most; say more in the last one, or begin "
            "another branch."
        )


def _put(cause: Cause, text: str, kind: str, *, is_root: bool, entry_id: int | None) -> None:
    if kind not in Cause.Kind.values:
        raise InvalidInput(
            "A cause lies with people, a process, technology, the environment or a third party; "
            "choose one."
        )
    if entry_id is not None and not cause.review.incident.entries.filter(pk=entry_id).exists():
        raise InvalidInput("What shows a cause is a line of this incident's own timeline.")
    cause.text = drafting.words(text, lacks="Say in a sentence why it happened.", limit=LONGEST)
    cause.kind, cause.is_root, cause.entry_id = kind, is_root, entry_id


def _said(cause: Cause) -> str:
    root = ", root cause" if cause.is_root else ""
    return f"{cause.get_kind_display()}{root}"
