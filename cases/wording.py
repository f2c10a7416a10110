"""The words of a notice: a closed set of placeholders, filled for each partner.

No template engine: a name in braces that is in the set is replaced by plain text, and everything
else stays as it was typed. A name that looks like a placeholder and is none is refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime

from cases.models import Incident, Involvement, NoticeTemplate, Phase
from incidentdesk.kernel.errors import InvalidInput

# What may stand in braces, and what becomes of it.
PLACEHOLDERS = {
    "partner": "the partner's name",
    "title": "the title for this partner",
    "meaning": "what it means for this partner",
    "severity": "the severity for this partner: SEV-2",
    "phase": "the phase: Containment",
    "started": "when it began",
    "detected": "when we detected it",
    "contained": "since when it is contained",
    "recovered": "since when service is back",
    "next_update": "until when the next update is promised",
}
UNKNOWN = "not known yet"
NO_MEANING = "We do not know yet what it means for you."
_HOLE = re.compile(r"(?<![{$])\{([a-z_]+)\}(?!\})")


def named() -> str:
    """All placeholders, as they are typed."""
    return ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)


def require_text(body: str) -> None:
    """Refuse a notice that says nothing."""
    if not body.strip():
        raise InvalidInput("A notice needs a text.")


def require_known(text: str) -> None:
    """Refuse a text with a placeholder that there is not."""
    strange = [name for name in _HOLE.findall(text) if name not in PLACEHOLDERS]
    if strange:
        raise InvalidInput(f"There is no placeholder {{{strange[0]}}}; there are {named()}.")


def holes(text: str) -> list[str]:
    """The placeholders in a text, each once."""
    return [name for name in dict.fromkeys(_HOLE.findall(text)) if name in PLACEHOLDERS]


def fill(text: str, values: Mapping[str, str]) -> str:
    """The text with its placeholders replaced, once: what was put in is not looked at again."""
    return _HOLE.sub(lambda hole: values.get(hole[1], hole[0]), text)


def values(
    incident: Incident, involvement: Involvement, next_update_at: datetime | None
) -> dict[str, str]:
    """What the placeholders mean for one partner at this moment."""
    return {
        "partner": involvement.partner.name,
        "title": involvement.title,
        "meaning": involvement.meaning or NO_MEANING,
        "severity": f"SEV-{involvement.severity}",
        "phase": Phase(involvement.phase).label,
        "started": _when(involvement.started_at),
        "detected": _when(incident.detected_at),
        "contained": _when(incident.contained_at),
        "recovered": _when(incident.recovered_at),
        "next_update": _when(next_update_at) if next_update_at else "no further update is planned",
    }


def template(kind: str, category_id: int | None) -> str:
    """The text that a draft of this kind begins with; "" if there is none."""
    fits = NoticeTemplate.objects.filter(kind=kind).exclude(category__isnull=False)
    own = NoticeTemplate.objects.filter(kind=kind, category=category_id or 0)
    found = own.first() or fits.first()
    return found.body if found else ""


def _when(moment: datetime | None) -> str:
    return f"{moment:%-d %b %Y %H:%M} UTC" if moment else UNKNOWN
