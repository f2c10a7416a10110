"""Filters of the desk's lists: the first choice is what a list shows by itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.http import HttpRequest


class ChoiceFilter(admin.SimpleListFilter):
    """A filter with a name for its default (`first`) instead of “All”."""

    first = "Any"
    looked_at = ""  # what its default leaves in, for a list that finds nothing; `all` is the rest

    def choices(self, changelist: Any) -> Iterator[Any]:
        """The default first, then the others."""
        value, name = self.value(), self.parameter_name or ""
        yield {
            "selected": value is None,
            "query_string": changelist.get_query_string(remove=[name]),
            "display": self.first,
        }
        for key, label in self.lookup_choices:
            yield {
                "selected": value == str(key),
                "query_string": changelist.get_query_string({name: key}),
                "display": label,
            }


class TypedFilter(ChoiceFilter):
    """A filter whose value is typed: there are too many to choose from."""

    is_typed = True
    names = ""  # of what the browser asks for names that fit

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """None; what was typed counts."""
        return []

    def has_output(self) -> bool:
        """It is there without choices."""
        return True

    @property
    def typed(self) -> str:
        """What was typed."""
        return (self.value() or "").strip()
