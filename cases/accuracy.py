"""Accuracy: what in a notice differs from the record. A check list for the second person.

It flags and never decides: a figure may be right and not on record yet, and who approves says so.
Times are UTC.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from cases import naming, wording
from cases.models import AffectedSystem, Entry, Incident, Notice, NoticeCopy, System
from incidentdesk.kernel.errors import InvalidInput
from partners.models import Partner

_TIME = re.compile(r"(?<![\d:.])([01]?\d|2[0-3]):([0-5]\d)(?![\d:])")
_MONTH = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*"
_DATE = re.compile(rf"\b\d{{4}}-\d\d-\d\d\b|\b\d{{1,2}} {_MONTH}(?: \d{{4}})?\b")
# A number by itself: not a part of a name such as EU-1, v2 or SEV-2.
_FIGURE = re.compile(r"(?<![\w.,:/#-])\d+(?:[.,]\d+)*(?![\w:/-])")
_LISTED = re.compile(r"[-*+•–] |\d+[.)] ")
# The desk's own reference, however it is joined, and an address of the desk with a number in it.
_OWN = re.compile(
    r"(?<![A-Za-z0-9])INC[-_/\s]*\d{4}[-_/\s]*\d+|/admin/(?:[\w-]+/)+(?:\?\S*?=)?\d+", re.IGNORECASE
)
_SEVERITY = re.compile(r"\bSEV(?:ERITY)?[\s-]*([0-9])\b", re.IGNORECASE)
_TIMES = (
    "occurred_at",
    "detected_at",
    "aware_at",
    "acknowledged_at",
    "confirmed_at",
    "contained_at",
    "recovered_at",
    "resolved_at",
)


@dataclass
class Record:
    """What is on record of an incident, as a text may say it."""

    times: set[str] = field(default_factory=set)
    figures: set[str] = field(default_factory=set)
    systems: set[str] = field(default_factory=set)  # affected, by name
    other_systems: set[str] = field(default_factory=set)

    def read(self, text: str) -> None:
        """Times and figures that stand in a text of the record."""
        self.times.update(_times(text))
        self.figures.update(_figures(text))


def of(notice: Notice) -> list[str]:
    """What differs, in words, each once; of several texts with the partner who reads it. What
    nobody may wave through is told by `foreign`."""
    record = _record(notice.incident, notice)
    rows = notice.copies.select_related("partner", "involvement__partner")
    copies = list(rows.order_by("partner__name"))
    several = len({copy.body for copy in copies}) > 1
    found: dict[str, None] = {}
    for copy in copies:
        prefix = f"{copy.partner.name}: " if several else ""
        severity = copy.involvement.severity
        for words in check(copy.body, record, partner=copy.partner.name, severity=severity):
            found.setdefault(prefix + words)
        for words in _aged(notice, copy):
            found.setdefault(prefix + words)
    return list(found)


def check(
    text: str, record: Record, *, partner: str = "", severity: int | None = None
) -> list[str]:
    """What in this text differs from the record. `partner` reads it, of this severity for it."""
    whole, text = text, naming.plain(text)
    return [
        *(f"{t} is none of the recorded times" for t in _times(text) if t not in record.times),
        *(f"{n} is not a figure on record" for n in _figures(text) if n not in record.figures),
        *(
            f"{name} is not listed as affected"
            for name in _named(text, record.other_systems - record.systems)
        ),
        *(
            f"it says SEV-{said}, and for {partner or 'this partner'} it is SEV-{severity}"
            for said in dict.fromkeys(_SEVERITY.findall(text))
            if severity is not None and said != str(severity)
        ),
        *(f"nothing stands behind “{words}”" for words in _gaps(whole)),
    ]


def _aged(notice: Notice, copy: NoticeCopy) -> list[str]:
    """Placeholders that would be filled with something else now."""
    now = wording.values(notice.incident, copy.involvement, notice.next_update_at)
    if copy.is_own or wording.fill(notice.body, now) == copy.body:
        return []
    names = [name for name in wording.holes(notice.body) if now[name] not in copy.body]
    which = ", ".join(f"{{{name}}}" for name in names) or "the record"
    return [f"it was written before {which} changed"]


def _gaps(text: str) -> Iterator[str]:
    """Lines that announce something, as those of templates do, where no list comes after them."""
    paragraphs = [part.strip() for part in re.split(r"\n\s*\n", text.replace("\r", ""))]
    for part, after in zip(paragraphs, [*paragraphs[1:], ""], strict=True):
        line = part.rpartition("\n")[2].rpartition(". ")[2]
        if line.endswith(":") and not _LISTED.match(after):
            yield line


def require_own(partner: Partner | None, *texts: str) -> None:
    """Refuse words to this partner that name another one or the desk's own reference.

    For what leaves without a second person, whom a notice would have. One query.
    """
    if words := _shows(partner, "\n".join(texts), partners()):
        raise InvalidInput(words)


def foreign(notice: Notice) -> list[str]:
    """What has to come out of a notice before anybody may approve or send it, and whom it would
    be shown to. Two queries."""
    every = partners()
    copies = notice.copies.select_related("partner").order_by("partner__name")
    found = (_shows(copy.partner, copy.body, every) for copy in copies)
    return [words for words in found if words]


def require_each_own(notice: Notice) -> None:
    """Refuse a notice out of which something has to come."""
    if found := foreign(notice):
        raise InvalidInput(found[0])


def _shows(partner: Partner | None, text: str, partners: dict[str, str]) -> str:
    found = not_for(partner.name if partner else "", text, partners)
    whom = partner or "every partner"
    return f"This would show {' and '.join(found)} to {whom}; take it out." if found else ""


def not_for(reader: str, text: str, partners: dict[str, str]) -> list[str]:
    """What in a text is not for this partner: names of others, and the desk's own references."""
    text = naming.plain(text)
    return list(dict.fromkeys([*naming.others(text, partners, reader), *_OWN.findall(text)]))


def _record(incident: Incident, notice: Notice) -> Record:
    """A fixed number of queries, whatever the length of the timeline."""
    record = Record()
    moments = [getattr(incident, name) for name in _TIMES]
    rows = AffectedSystem.objects.filter(incident=incident).select_related("system")
    for row in rows:
        record.systems.add(row.system.name)
        moments += [row.down_since, row.changed_at]
    said = incident.entries.filter(kind=Entry.Kind.SYSTEM).order_by()
    moments += said.values_list("at", flat=True)  # isolated, restored: the row keeps the last
    involved = list(incident.involvements.all())
    moments += [row.started_at for row in involved] + [notice.next_update_at]
    record.times = {f"{moment:%H:%M}" for moment in moments if moment}
    for text in _texts(incident, [row.meaning for row in involved]):
        record.read(text)
    for compared, differs in incident.reconciliations.values_list("compared", "differences"):
        record.figures |= {str(compared), str(differs)}
    record.other_systems = set(System.objects.values_list("name", flat=True))
    return record


def partners() -> dict[str, str]:
    """Every partner: name → code. One query."""
    return dict(Partner.objects.values_list("name", "code"))


def _texts(incident: Incident, meanings: Iterable[str]) -> Iterator[str]:
    """All that was written down, but for notices: they are no record of what happened."""
    yield from (incident.title, incident.description, incident.cause, incident.residual_exposure)
    yield from meanings
    entries = incident.entries.exclude(kind__in=[Entry.Kind.NOTICE, Entry.Kind.BLANKING])
    yield from entries.order_by().values_list("body", flat=True)


def _times(text: str) -> list[str]:
    return list(dict.fromkeys(f"{int(hour):02d}:{minute}" for hour, minute in _TIME.findall(text)))


def _figures(text: str) -> list[str]:
    """Numbers without their separators of thousands: 41,000 is 41000."""
    plain = text
    for known in (_OWN, _SEVERITY, _TIME, _DATE):
        plain = known.sub(" ", plain)
    found = (re.sub(r"[,.](?=\d{3}\b)", "", number) for number in _FIGURE.findall(plain))
    return list(dict.fromkeys(found))


def _named(text: str, names: Iterable[str]) -> list[str]:
    words = text.casefold()
    return sorted(
        name
        for name in names
        if re.search(rf"(?<![\w-]){re.escape(name.casefold())}(?![\w-])", words)
    )
