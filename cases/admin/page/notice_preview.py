"""A notice as each partner will see it: the mail and the place in its portal.

Both are written by what writes them for the partner, so that a preview cannot differ.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.template.loader import render_to_string

from cases import dispatch
from cases.models import Notice, NoticeCopy
from notifications.rendering import Rendered


@dataclass(frozen=True)
class View:
    """What one partner will see; `to` are the addresses of the mail."""

    copy: NoticeCopy
    to: list[str]
    mail: Rendered
    portal: str


def of(notice: Notice, *, now: datetime) -> list[View]:
    """One view a partner, by name."""
    copies = notice.copies.select_related("partner__terms", "involvement__incident")
    return [_view(copy, now) for copy in copies.order_by("partner__name")]


def _view(copy: NoticeCopy, now: datetime) -> View:
    people = dispatch.addressees(copy)
    shown = {"notice": copy, "involvement": copy.involvement, "at": copy.sent_at or now}
    return View(
        copy,
        [contact.email for contact in people],
        dispatch.preview(copy),
        render_to_string("portal/incidents/preview.html", shown),
    )
