"""Turns a kind and its context into subject, text and HTML. Writes nothing, sends nothing.

A kind is a folder `templates/email/<kind>/` with subject.txt, body.txt and body.html. Every
template also gets `site_url` and, if the context has a `url`, the same as an absolute `link`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from django.conf import settings
from django.template import Context, Engine
from django.utils import timezone

from incidentdesk.kernel.times import UTC_ZONE, Times

SUBJECT_LENGTH = 200
# Control characters other than tab and line feed: PostgreSQL refuses NUL, readers show none.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True)
class Rendered:
    """What will be stored, and later sent, word by word."""

    subject: str
    text: str
    html: str


def render(kind: str, context: Mapping[str, Any], *, zone: str = UTC_ZONE) -> Rendered:
    """Render all three templates of `kind` now; times are told in this zone, which is named."""
    with timezone.override(Times(zone).tz):
        return _rendered(kind, context)


def _rendered(kind: str, context: Mapping[str, Any]) -> Rendered:
    values = {**context, "site_url": settings.SITE_URL}
    if "url" in context:
        values["link"] = absolute(str(context["url"]))
    return Rendered(
        subject=one_line(_render(f"email/{kind}/subject.txt", values, escape=False)),
        text=clean(_render(f"email/{kind}/body.txt", values, escape=False)),
        html=clean(_render(f"email/{kind}/body.html", values, escape=True)),
    )


def short(kind: str, context: Mapping[str, Any]) -> Rendered:
    """For chats and phones: the subject, and below it the link that matters most.

    What a subject must not say, since others read it in the log, stands in a `short.txt`.
    """
    subject = one_line(_render(f"email/{kind}/subject.txt", context, escape=False))
    link = context.get("ack_link") or (absolute(str(context["url"])) if "url" in context else "")
    names = [f"email/{kind}/{name}.txt" for name in ("short", "subject")]
    template = Engine.get_default().select_template(names)
    said = one_line(template.render(Context(dict(context), autoescape=False)))
    return Rendered(subject, clean(f"{said}\n{link}").strip(), "")


def for_program(kind: str, context: Mapping[str, Any], *, at: datetime) -> Rendered:
    """For a program: what the mail is written from, as Standard Webhooks lay it out."""
    subject = one_line(_render(f"email/{kind}/subject.txt", context, escape=False))
    data = {**context, "subject": subject}
    if "url" in context:
        data["url"] = absolute(str(context["url"]))
    stamp = at.isoformat().replace("+00:00", "Z")
    body = {"type": f"desk.{kind}", "timestamp": stamp, "data": data}
    return Rendered(subject, json.dumps(body, ensure_ascii=False, default=str), "")


def absolute(url: str) -> str:
    """`url` with the desk's address before it, unless it has one."""
    return url if url.startswith(("http://", "https://")) else f"{settings.SITE_URL}{url}"


def one_line(text: str) -> str:
    """A subject: one line of bounded length, whatever somebody typed into a title."""
    # split() also cuts at CR, LF, the C1 and the Unicode line ends: no header can be smuggled in.
    line = " ".join(_CONTROL.sub(" ", text).split())
    return line if len(line) <= SUBJECT_LENGTH else f"{line[: SUBJECT_LENGTH - 1].rstrip()}…"


def clean(text: str) -> str:
    """Text without the characters that a database or a mail reader refuses."""
    return _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip() + "\n"


def _render(name: str, values: Mapping[str, Any], *, escape: bool) -> str:
    template = Engine.get_default().get_template(name)
    return cast(str, template.render(Context(dict(values), autoescape=escape)))
