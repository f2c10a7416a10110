"""A review, and a report to a partner, as Markdown: plain text that other tools take in.

What people typed stays as they typed it, but for what would be a tag.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from cases.models import NoticeCopy
from reviews import causes


def of_review(known: Mapping[str, Any], *, by: str, at: datetime) -> str:
    """The internal form, from the content of its page."""
    review, incident = known["review"], known["incident"]
    lines = [
        f"# Review of {incident.reference}: {_line(incident.title)}",
        f"TLP:{incident.tlp} · SEV-{incident.severity} · {review.get_state_display()}"
        + (f", approved by {_line(review.approved_by)}" if review.is_approved else ""),
        f"As of {_when(at)}, taken by {_line(by)}. Internal: not for partners.",
        *_part("Took part", _took_part(known)),
        *(line for row in known["findings"] for line in _part(row.label, [_text(row.text)])),
        *_part(f"Why it happened ({review.get_method_display()})", [_whys(known["branches"])]),
        *_part("Controls and policies", _controls(known["controls"])),
        *_part("Preventive actions", _actions(known["actions"])),
        *_part("Documents to update", _documents(known["documents"], review)),
        *_part("Lessons", (f"- {_line(row.text)}" for row in known["lessons"])),
        *_part("Time in each phase", _phases(known["phases"])),
        *_part("Severity", (f"- {_when(row.at)} {_line(row.body)}" for row in known["severities"])),
        *_part(
            "Late",
            (f"- {_line(row.label)}: {row.words}" for row in known["late"] + known["late_notices"]),
        ),
        *_part(
            "Gates waived, and notices sent without approval",
            (
                f"- {_line(row.words)}: {_line(row.reason)} ({_line(row.by)}, {_when(row.at)})"
                for row in known["waived"] + known["alone"]
            ),
        ),
        *_part("Temporary fixes", (_fix(row) for row in known["fixes"])),
        *_part("Partners told", (_told(row) for row in known["told"])),
        *(line for row in known["for_partners"] for line in _part(row.label, [_text(row.text)])),
    ]
    return "\n\n".join(lines) + "\n"


def of_report(copy: NoticeCopy) -> str:
    """The partner form: what this partner reads, and nothing else."""
    involvement = copy.involvement
    sent = f"sent {_when(copy.sent_at)}" if copy.sent_at else "not sent yet"
    return (
        "\n\n".join(
            [
                f"# {involvement.reference}: {_line(involvement.title)}",
                f"{copy.get_kind_display().capitalize()} for {_line(copy.partner.name)} · "
                f"SEV-{involvement.severity} for you · TLP:{copy.tlp} · {sent}",
                _text(copy.body),
            ]
        )
        + "\n"
    )


def _part(title: str, lines: Iterable[str]) -> list[str]:
    """A heading and what stands below it, lists without gaps; a dash where there is nothing."""
    return [f"## {title}", "\n".join(lines) or "–"]


def _took_part(known: Mapping[str, Any]) -> Iterator[str]:
    if known["review"].facilitator:
        yield f"- {_line(known['review'].facilitator)} (facilitator)"
    yield from (f"- {_line(row)}" for row in known["attendees"])


def _whys(branches: Iterable[causes.Node]) -> str:
    return "\n".join(
        f"{'  ' * (node.depth - 1)}- {_line(node.cause.text)} ({node.cause.get_kind_display()}"
        f"{', **root cause**' if node.cause.is_root else ''})"
        for node in causes.walked(branches)
    )


def _controls(rows: Iterable[Any]) -> Iterator[str]:
    for row in rows:
        yield f"- {_line(row)}" + (f". To change: {_line(row.note)}" if row.note else "")


def _actions(rows: Iterable[Any]) -> Iterator[str]:
    for row in rows:
        note = f". {_line(row.note)}" if row.note else ""
        yield (
            f"- [{'x' if not row.is_open else ' '}] {_line(row.title)} ({row.get_kind_display()}, "
            f"{_line(row.owner)}, due {row.due_on:%-d %b %Y}, {row.get_state_display()}){note}"
        )


def _documents(rows: Iterable[Any], review: Any) -> Iterator[str]:
    if review.no_documents_reason:
        yield f"None needs it: {_line(review.no_documents_reason)}"
    for row in rows:
        due = f", due {row.due_on:%-d %b %Y}" if row.due_on else ""
        link = f" <{row.link}>" if row.link else ""
        proof = f". {_line(row.proof)}" if row.proof else ""
        yield (
            f"- [{' ' if row.is_open else 'x'}] {_line(row.title)}{link} "
            f"({row.get_kind_display()}, {_line(row.owner)}{due}){proof}"
        )


def _phases(rows: Iterable[Any]) -> Iterator[str]:
    for row in rows:
        yield f"- {row.label}: {row.words}" + (f" ({row.target})" if row.target else "")


def _fix(row: Any) -> str:
    until = f", until {row.expires_on:%-d %b %Y}" if row.expires_on else ""
    owner = f", {_line(row.owner)}" if row.owner else ""
    what = f"{_line(row.change_reference)}: {_line(row.text)}"
    return f"- {what} ({row.get_state_display()}{owner}{until})"


def _told(row: Any) -> str:
    sent = "; ".join(f"{copy.get_kind_display()} {_when(copy.sent_at)}" for copy in row.copies)
    return f"- {_line(row.involvement.partner.name)}: {sent or 'nothing'}"


def _when(at: datetime) -> str:
    return f"{at:%-d %b %Y %H:%M} UTC"


def _text(value: Any) -> str:
    return str(value).replace("\r\n", "\n").replace("<", "&lt;")


def _line(value: Any) -> str:
    return " ".join(_text(value).split())
