"""A list below one form that finds and filters, in place of the theme's sheet of filters."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest

from incidentdesk.kernel import keyset


class FoundList(keyset.KeysetList):
    """What the form says: what was asked for, and what can be."""

    def get_results(self, request: HttpRequest) -> None:
        """The form above the list holds the filters, not the theme's sheet."""
        super().get_results(request)
        self.has_filters = False

    @property
    def asked(self) -> str:
        """The same as an address has it."""
        return urlencode(sorted(self.chosen.items()))

    @property
    def fields(self) -> list[dict[str, Any]]:
        """The filters as the form shows them."""
        return [
            {
                "name": spec.parameter_name,
                "label": spec.title,
                "value": self.chosen.get(spec.parameter_name, ""),
                "is_typed": getattr(spec, "is_typed", False),
                "names": getattr(spec, "names", ""),
                "first": spec.first,
                "choices": spec.lookup_choices,
            }
            for spec in self.filter_specs
        ]

    @property
    def filters_on(self) -> int:
        """How many filters are set, to something that the filter knows."""
        return sum(
            bool(field["value"]) and (field["is_typed"] or field["value"] in dict(field["choices"]))
            for field in self.fields
        )
