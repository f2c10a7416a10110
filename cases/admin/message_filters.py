"""The filters of the message log. None of them reads the whole table to offer its choices."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from cases import queries
from cases.admin.filters import ChoiceFilter, TypedFilter
from incidentdesk.kernel.desk import actor
from incidentdesk.kernel.models import User
from notifications.channels import CHANNELS
from notifications.models import Message

Found = QuerySet[Message]
_CHANNELS = {"email": "Mail", "apprise": "Chat or phone", "webhook": "Webhook"}


class StateFilter(ChoiceFilter):
    """What became of it."""

    title = "State"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Every state."""
        return [(key, label.capitalize()) for key, label in Message.State.choices]

    def queryset(self, request: HttpRequest, queryset: Found) -> Found:
        """Those in that state."""
        return queryset.filter(state=self.value()) if self.value() else queryset


class KindFilter(ChoiceFilter):
    """What it tells: a page, or one of the kinds of mail."""

    title = "Kind"
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The kinds that have a text."""
        folder = settings.BASE_DIR / "templates" / "email"
        kinds = sorted(one.name for one in folder.iterdir() if one.is_dir())
        return [(kind, kind.replace("_", " ").capitalize()) for kind in kinds]

    def queryset(self, request: HttpRequest, queryset: Found) -> Found:
        """Those of that kind."""
        return queryset.filter(kind=self.value()) if self.value() else queryset


class PageFilter(ChoiceFilter):
    """Whether it pages somebody."""

    title = "Page"
    parameter_name = "is_page"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """One or the other."""
        return [("1", "Pages"), ("0", "Other messages")]

    def queryset(self, request: HttpRequest, queryset: Found) -> Found:
        """Pages, or all the rest."""
        return queryset.filter(is_page=self.value() == "1") if self.value() else queryset


class ChannelFilter(ChoiceFilter):
    """By which way it goes."""

    title = "By"
    parameter_name = "channel"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The channels there are."""
        return [(key, _CHANNELS.get(key, key)) for key in CHANNELS]

    def queryset(self, request: HttpRequest, queryset: Found) -> Found:
        """Those by that channel."""
        return queryset.filter(channel=self.value()) if self.value() else queryset


class PersonFilter(TypedFilter):
    """One person of the desk by name or address, or whatever else it went to."""

    title = "Person"
    parameter_name = "person"

    def queryset(self, request: HttpRequest, queryset: Found) -> Found:
        """Those to that person or address."""
        if not self.typed:
            return queryset
        named = Q(name__icontains=self.typed) | Q(email__iexact=self.typed)
        people = list(User.objects.filter(named).values_list("pk", flat=True)[:50])
        return queryset.filter(Q(to_user__in=people) | Q(to_address__iexact=self.typed))


class IncidentFilter(TypedFilter):
    """One incident, by its reference; one that may not be read is like none."""

    title = "Incident"
    parameter_name = "incident"

    def queryset(self, request: HttpRequest, queryset: Found) -> Found:
        """Those about it."""
        if not self.typed:
            return queryset
        seen = queries.visible_to(actor(request)).filter(reference__iexact=self.typed)
        about = [incident.about for incident in seen]
        return queryset.filter(about__in=about)


FILTERS = (StateFilter, KindFilter, PageFilter, ChannelFilter, PersonFilter, IncidentFilter)
