"""Lists whose pages begin at a row instead of a count: page 4,000 costs what page 1 costs.

`?after=<id>` shows what follows that row in the list's order, `?until=<id>` what stands before it.
Nothing is counted. When the columns of the order run one way and are never empty, the comparison
is one of whole rows, which an index on these columns answers.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.core.paginator import Paginator
from django.db.models import BooleanField, F, Func, Model, Q, QuerySet, Value
from django.db.models.expressions import OrderBy
from django.http import HttpRequest
from unfold.views import ChangeList

from incidentdesk.kernel import ids

AFTER, UNTIL = "after", "until"


class _RowAfter(Func):
    """`(a, b) > (x, y)`, or `<` where the order falls."""

    output_field = BooleanField()
    conditional = True

    def __init__(self, *parts: Any, sign: str = ">", **extra: Any) -> None:
        super().__init__(*parts, **extra)
        self.sign = sign

    def as_sql(self, compiler: Any, connection: Any, *args: Any, **extra: Any) -> tuple[str, Any]:
        """The names on the left, the values on the right."""
        parts = [compiler.compile(part) for part in self.source_expressions]
        half = len(parts) // 2
        left, right = (", ".join(sql for sql, _ in side) for side in (parts[:half], parts[half:]))
        return f"({left}) {self.sign} ({right})", [p for _, params in parts for p in params]


class KeysetList(ChangeList):  # type: ignore[misc]
    """The admin's list with pages that begin at a row. Columns not in `sortable_by` never sort."""

    newer = older = ""  # the addresses of the pages before and after this one
    is_by_time = False

    def get_queryset(self, request: HttpRequest, *args: Any, **kwargs: Any) -> QuerySet[Any]:
        """Where the page begins is no filter, and no link to another filter takes it along."""
        for name in (AFTER, UNTIL):
            self.params.pop(name, None)
            self.filter_params.pop(name, None)
        found: QuerySet[Any] = super().get_queryset(request, *args, **kwargs)
        return found

    @property
    def chosen(self) -> dict[str, str]:
        """What the list was asked for, without the page."""
        return {name: value for name, value in self.params.items() if value}

    def get_ordering_field(self, field_name: Any) -> Any:
        """What a column sorts by, if it may be sorted by."""
        if self.sortable_by is not None and field_name not in self.sortable_by:
            return None
        return super().get_ordering_field(field_name)

    def get_ordering(self, request: HttpRequest, queryset: QuerySet[Any]) -> list[str]:
        """The order that was asked for, then the list's own the same way round, then the key."""
        asked = [_named(part) for part in super().get_ordering(request, queryset)]
        own = [_named(part) for part in self._get_default_ordering()]
        falls = asked[0].startswith("-")
        turn = own and own[0].startswith("-") != falls and asked[0] != own[0]
        names = [name for name in asked if name.lstrip("-") not in ("pk", "id")]
        names += [_turned(name) if turn else name for name in own if self._sorts(name)]
        last = next((n for n in own if n.lstrip("-") in ("pk", "id")), "-pk" if falls else "pk")
        names.append(_turned(last) if turn else last)
        found: dict[str, str] = {}
        for name in names:
            found.setdefault(name.lstrip("-"), name)
        return list(found.values())

    def get_results(self, request: HttpRequest) -> None:
        """The rows of this page, and whether there are any before and after it."""
        order = list(self.queryset.query.order_by)
        self.is_by_time = str(order[0]).lstrip("-").endswith("_at") and order[0].startswith("-")
        found, backwards = self.queryset, False
        for name in (AFTER, UNTIL):
            if row := self._row(request.GET.get(name, ""), order):
                backwards = name == UNTIL
                wanted = [_turned(part) for part in order] if backwards else order
                found = _beyond(self.queryset, wanted, row, self.model)
                break
        began = bool(row)
        rows = list(found[: self.list_per_page + 1])
        more = len(rows) > self.list_per_page
        rows = rows[: self.list_per_page]
        self.result_list = rows[::-1] if backwards else rows
        self._place(before=more if backwards else began, after=backwards or more)
        self.result_count = self.full_result_count = len(rows)  # nothing else is counted
        self.show_full_result_count = self.show_admin_actions = False
        self.can_show_all = self.multi_page = False
        self.paginator = Paginator(rows, self.list_per_page)

    @property
    def wider(self) -> dict[str, str] | None:
        """What a filter that nobody set left in, and the same list with all; None if none did."""
        for spec in self.filter_specs:
            said = getattr(spec, "looked_at", "")
            if said and spec.value() is None:
                url = self.get_query_string({spec.parameter_name: "all"})
                return {"looked_at": said, "url": str(url)}
        return None

    def _place(self, *, before: bool, after: bool) -> None:
        if not self.result_list:
            self.newer = self.get_query_string() if before else ""
            return
        first, last = self.result_list[0].pk, self.result_list[-1].pk
        self.newer = self.get_query_string({UNTIL: first}) if before else ""
        self.older = self.get_query_string({AFTER: last}) if after else ""

    def _row(self, asked: str, order: list[str]) -> tuple[Any, ...] | None:
        """The values of the order in the row that the page begins at, if one may see it."""
        if ids.of(asked) is None:
            return None
        names = [name.lstrip("-") for name in order]
        found: Any = self.root_queryset.filter(pk=asked).order_by().values_list(*names).first()
        return tuple(found) if found else None

    def _sorts(self, name: str) -> bool:
        return name.lstrip("-") not in ("pk", "id")


def walk(rows: QuerySet[Any], *, size: int = 1_000) -> Iterator[Any]:
    """All rows in their order, a page at a time, without holding a transaction open."""
    order = [str(name) for name in rows.query.order_by]
    page = list(rows[:size])
    while page:
        yield from page
        if len(page) < size:
            return
        last = tuple(getattr(page[-1], name.lstrip("-")) for name in order)
        page = list(_beyond(rows, order, last, rows.model)[:size])


def _named(part: Any) -> str:
    """A part of an order by name. Empty values stand where PostgreSQL puts them by itself."""
    if not isinstance(part, OrderBy):
        return str(part)
    if part.nulls_first if not part.descending else part.nulls_last:
        raise ValueError(f"A list cannot go by {part}: keep empty values where they stand.")
    column: Any = part.expression
    return f"{'-' if part.descending else ''}{column.name}"


def _turned(name: str) -> str:
    return name[1:] if name.startswith("-") else f"-{name}"


def _beyond(
    rows: QuerySet[Any], order: list[str], row: tuple[Any, ...], model: type[Model]
) -> QuerySet[Any]:
    """The rows that follow `row` in `order`."""
    names = [name.lstrip("-") for name in order]
    falls = {name.startswith("-") for name in order}
    if len(falls) == 1 and not any(_may_be_empty(model, name) for name in names):
        pairs = zip(names, row, strict=True)
        values = [Value(value, output_field=_field(model, name)) for name, value in pairs]
        sign = "<" if falls == {True} else ">"
        return rows.filter(_RowAfter(*map(F, names), *values, sign=sign)).order_by(*order)
    wanted, same = Q(pk__in=()), Q()
    for name, value in zip(order, row, strict=True):
        wanted |= same & _past(name, value)
        plain = name.lstrip("-")
        same &= Q(**{f"{plain}__isnull": True}) if value is None else Q(**{plain: value})
    return rows.filter(wanted).order_by(*order)


def _past(name: str, value: Any) -> Q:
    """Past `value` in one column; empty ones stand last, or first where it falls."""
    plain = name.lstrip("-")
    if name.startswith("-"):
        if value is None:
            return Q(**{f"{plain}__isnull": False})
        return Q(**{f"{plain}__lt": value})
    if value is None:
        return Q(pk__in=())
    return Q(**{f"{plain}__gt": value}) | Q(**{f"{plain}__isnull": True})


def _field(model: type[Model], name: str) -> Any:
    return model._meta.pk if name == "pk" else model._meta.get_field(name)


def _may_be_empty(model: type[Model], name: str) -> bool:
    try:
        return bool(getattr(_field(model, name), "null", True))
    except FieldDoesNotExist:  # an annotation, or a column of another table
        return True
