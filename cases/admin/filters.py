"""Filters of the desk's lists: the first choice is what a list shows by itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.contrib import admin


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
