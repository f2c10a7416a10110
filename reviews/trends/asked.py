"""Of which incidents trends are made: a period and the one before it, and what narrows them.

It is read from an address and written into one, so that a page can be kept and sent. Days are whole
days, UTC. The period before is as long and ends where this one begins.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from django.db.models import BooleanField, ExpressionWrapper, Q, QuerySet

from cases import queries
from cases.models import AffectedSystem, Category, Involvement, Phase, System
from cases.models.incident import IncidentQuerySet
from incidentdesk.kernel import clocks
from incidentdesk.kernel.access import Actor
from incidentdesk.kernel.errors import InvalidInput
from partners.models import Partner

DAY = timedelta(days=1)
PERIODS = {
    "30": "Last 30 days",
    "90": "Last 90 days",
    "365": "Last 365 days",
    "quarter": "This quarter",
    "last_quarter": "Last quarter",
}
USUAL = "90"
NAMES = ("period", "since", "until", "severity", "category", "partner", "system")
NO_CATEGORY = "none"
LONGEST = 10 * 366  # days
WEEKS_UP_TO = 200  # days; what is longer is told by months
LIST = "/admin/cases/incident/"


@dataclass(frozen=True)
class Asked:
    """What was asked for; ids are those of the rows that were named."""

    first: date
    last: date  # with it
    named: Mapping[str, str]  # as the address has it
    severity: int | None = None
    category_id: int | None = None
    is_without_category: bool = False
    partner_id: int | None = None
    system_id: int | None = None

    @property
    def days(self) -> int:
        """How long it is."""
        return (self.last - self.first).days + 1

    @property
    def since(self) -> datetime:
        """Its first moment."""
        return datetime.combine(self.first, time(), UTC)

    @property
    def until(self) -> datetime:
        """The moment at which it is over."""
        return clocks.end_of(self.last)

    @property
    def before(self) -> datetime:
        """The first moment of the period before."""
        return self.since - self.days * DAY

    @property
    def is_by_month(self) -> bool:
        """Whether it is too long to be told by weeks."""
        return self.days > WEEKS_UP_TO

    @property
    def is_narrowed(self) -> bool:
        """Whether it is about some of the incidents, by what they are."""
        return bool(self.narrowing)

    @property
    def narrowing(self) -> dict[str, str]:
        """The filters besides the period."""
        return {name: self.named[name] for name in NAMES[3:] if name in self.named}

    @property
    def words(self) -> str:
        """The period in words."""
        return f"{self.first:%-d %b %Y} to {self.last:%-d %b %Y}"

    @property
    def address(self) -> str:
        """What follows the question mark."""
        return urlencode(self.named)

    def incidents_url(self, **more: str) -> str:
        """The list of exactly the incidents that were counted; `more` narrows it further."""
        opened = f"{self.first}..{self.last}"
        asked = {"show": "all", "counted": "1", "opened": opened, **self.narrowing, **more}
        return f"{LIST}?{urlencode(asked)}"


def read(sent: Mapping[str, str], *, at: datetime) -> Asked:
    """What an address asks for; InvalidInput, in words, if it cannot be. Up to three queries."""
    named = {name: " ".join(sent[name].split()) for name in NAMES if sent.get(name, "").strip()}
    if any("\0" in value for value in named.values()):
        raise InvalidInput("The address holds a sign that no text has.")
    first, last = _days(named, today=at.date())
    return Asked(
        first=first,
        last=last,
        named=named,
        severity=_severity(named.get("severity", "")),
        is_without_category=named.get("category") == NO_CATEGORY,
        category_id=_category(named.get("category", "")),
        partner_id=_one(named.get("partner", ""), "partner", _partner),
        system_id=_one(named.get("system", ""), "system", _system),
    )


def _days(named: dict[str, str], *, today: date) -> tuple[date, date]:
    if "since" in named or "until" in named:
        named.pop("period", None)
        last = _day(named["until"]) if "until" in named else today
        first = _day(named["since"]) if "since" in named else last - 89 * DAY
        if first > last:
            raise InvalidInput("The period ends before it begins; check the two days.")
        if (last - first).days >= LONGEST:
            raise InvalidInput("A period may be ten years long; choose a later first day.")
        return first, last
    period = named.setdefault("period", USUAL)
    if period not in PERIODS:
        raise InvalidInput(f"There is no period {period}; there are {', '.join(PERIODS)}.")
    if period.isdigit():
        return today - (int(period) - 1) * DAY, today
    begins = date(today.year, 3 * ((today.month - 1) // 3) + 1, 1)
    if period == "quarter":
        return begins, today
    ended = begins - DAY
    return date(ended.year, ended.month - 2, 1), ended


def _day(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise InvalidInput("Write a day like 2026-03-04.") from None
    if not clocks.EARLIEST <= day.year <= clocks.LATEST:
        raise InvalidInput(f"A day lies between {clocks.EARLIEST} and {clocks.LATEST}.")
    return day


def _severity(text: str) -> int | None:
    if not text:
        return None
    if text not in {"1", "2", "3", "4"}:
        raise InvalidInput("A severity is 1, 2, 3 or 4.")
    return int(text)


def _category(key: str) -> int | None:
    if key == NO_CATEGORY:
        return None
    return _one(key, "category", lambda name: Category.objects.filter(key=name))


def _partner(name: str) -> QuerySet[Any]:
    return Partner.objects.filter(Q(code=name.upper()) | Q(name__iexact=name))


def _system(name: str) -> QuerySet[Any]:
    return System.objects.filter(name__iexact=name)


def _one(name: str, what: str, rows: Callable[[str], QuerySet[Any]]) -> int | None:
    if not name:
        return None
    pk = rows(name).values_list("pk", flat=True).first()
    if pk is None:
        raise InvalidInput(f"There is no {what} “{name[:80]}”; check its name.")
    return int(pk)


# --- the rows -------------------------------------------------------------------------------------


def real(asked: Asked, actor: Actor) -> IncidentQuerySet:
    """Every incident that this person may read and that fits, whenever it was opened.

    Without exercises; what was merged into another counts there, once.
    """
    merged = Q(dismissal="duplicate")
    return narrowed(queries.counted_for(actor).exclude(merged), asked).order_by()


def narrowed(rows: IncidentQuerySet, asked: Asked) -> IncidentQuerySet:
    """Those that fit, by what they are."""
    if asked.severity:
        rows = rows.filter(severity=asked.severity)
    if asked.is_without_category:
        rows = rows.filter(category=None)
    if asked.category_id:
        rows = rows.filter(category_id=asked.category_id)
    if asked.partner_id:
        listed = Involvement.objects.filter(partner_id=asked.partner_id)
        rows = rows.filter(pk__in=listed.values("incident"))
    if asked.system_id:
        affected = AffectedSystem.objects.filter(system_id=asked.system_id)
        rows = rows.filter(pk__in=affected.values("incident"))
    return rows


def counted(asked: Asked, actor: Actor) -> QuerySet[Any]:
    """The incidents that were opened in the period or the one before, without what was dismissed.

    Each with `is_now`: whether it belongs to the period itself.
    """
    rows = real(asked, actor).exclude(phase=Phase.DISMISSED)
    return in_both(rows, "opened_at", asked)


def in_both(rows: QuerySet[Any], column: str, asked: Asked) -> QuerySet[Any]:
    """The rows whose moment lies in the period or the one before, each with `is_now`."""
    within = rows.filter(**{f"{column}__gte": asked.before, f"{column}__lt": asked.until})
    is_now = Q(**{f"{column}__gte": asked.since})
    found: QuerySet[Any] = within.annotate(
        is_now=ExpressionWrapper(is_now, output_field=BooleanField())
    )
    return found


def of_incidents(rows: QuerySet[Any], path: str, asked: Asked, actor: Actor) -> QuerySet[Any]:
    """Rows that belong to incidents: of those that fit, where something narrows them."""
    if not asked.is_narrowed:
        return rows
    return rows.filter(**{f"{path}__in": real(asked, actor).values("pk")})
