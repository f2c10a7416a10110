"""`{% when at %}`: a time as its reader wants it, and as a program reads it. Known everywhere."""

from __future__ import annotations

from datetime import date, datetime

from django import template
from django.template.context import Context
from django.utils import timezone
from django.utils.safestring import SafeString

from incidentdesk.kernel import clocks
from incidentdesk.kernel.times import Times, clock

register = template.Library()


@register.simple_tag(takes_context=True)
def when(
    context: Context, at: datetime | date | None, shape: str = "moment", *, zone: bool = False
) -> str:
    """A moment or a day, as `<time>`; nothing where there is none.

    `shape` is one of those of `Times.words`; `short` leaves out the year only if it is this one.
    `zone` adds which clock that is, as UTC+01:00, where the page does not say it once for all.
    """
    if not at:
        return ""
    times: Times = context.get("times") or Times()
    shown = timezone.localtime(at) if isinstance(at, datetime) else at
    if shape == "short" and shown.year != timezone.localtime(clocks.now()).year:
        shape = "moment"
    words = times.words(shown, shape)
    if zone and isinstance(shown, datetime):
        words += f" {clock(shown)}"
    lang = f' lang="{times.language}"' if times.language else ""
    shown_as = f'<time datetime="{shown.isoformat()}"{lang}>{words}</time>'
    return SafeString(shown_as)  # nosec B703 -- digits, and words of Babel's


register.filter("clock", clock, expects_localtime=True)
