"""The public holidays of a place, as the library of that name knows them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import lru_cache

import holidays as known

from incidentdesk.kernel.errors import InvalidInput


def between(place: str, first: date, last: date) -> set[date]:
    """The holidays of a place, in all the years from that of the day before `first` to that of the
    day after `last`; none for a place that the library does not know any more."""
    try:
        years = range(first.year - 1, last.year + 2)
        return {day for year in years for day in _of(place, year)}
    except InvalidInput:
        return set()


def require_known(place: str) -> None:
    """InvalidInput, with a sentence, for a place of which no holidays are known."""
    _of(place, 2026)


@lru_cache(maxsize=256)
def _of(place: str, year: int) -> Mapping[date, str]:
    country, _, region = place.partition("-")
    try:
        if region or len(country) == 2:
            return dict(known.country_holidays(country, subdiv=region or None, years=year))
        return dict(known.financial_holidays(country, years=year))
    except (NotImplementedError, AttributeError, KeyError) as error:
        raise InvalidInput(
            f"No holidays are known for “{place}”; write a country like DE, a region like DE-BE or "
            "an exchange like XNYS."
        ) from error
