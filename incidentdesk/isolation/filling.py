"""Rows and words that no use case of `cast.py` makes: made from the model, field by field."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db import DatabaseError, transaction
from django.db.models import Field, ForeignKey, Model

from incidentdesk.isolation import reach
from incidentdesk.isolation.canaries import LONG_AGO
from incidentdesk.kernel.models import User
from partners.models import Partner

if TYPE_CHECKING:
    from incidentdesk.isolation.people import Side

# Fields of words that hold none of a person's: one of a fixed few, or a reference of its own.
FIXED = {
    "cases.Involvement.phase": "one of the phases",
    "cases.NoticeCopy.tlp": "one of the labels",
    "partners.Preferences.zone": "one of the time zones",
    "cases.SharedFile.sha256": "a digest of what the file holds",
    "partners.Delivery.event_id": "of the desk's own making",
}


def fill(side: Side) -> list[str]:
    """See that each table that the portal can reach has a row of this partner's, and each of its
    fields of words a word of its own. Answers, in sentences, where that could not be done."""
    missing = []
    for model in reach.readable_models():
        if not reach.rows_of(model, side.partner).exists():
            missing += make(model, side)
        missing += _put_words(model, side)
    return missing


def make(model: type[Model], side: Side) -> list[str]:
    """One more row of this partner's; answers, in a sentence, if that could not be done."""
    values = {
        one.attname: _value(one, side) for one in model._meta.concrete_fields if not one.primary_key
    }
    try:
        with transaction.atomic():
            model._default_manager.create(**{k: v for k, v in values.items() if v is not None})
    except (DatabaseError, ValidationError, ValueError, TypeError) as error:
        first = str(error).splitlines()[0]
        return [f"no {model._meta.label} could be made ({first}): make one in isolation/cast.py"]
    return []


def _value(one: Field[Any, Any], side: Side) -> Any:
    """Something for a field: a row of the same partner's, a word, a time, a number."""
    if isinstance(one, ForeignKey):
        return _target(one, side)
    kind = one.get_internal_type()
    if one in reach.text_fields(one.model):
        limit = one.max_length or 100
        return side.words.word(f"{one.model._meta.label}.{one.name}")[:limit]
    if one.has_default() or (one.db_default is not None and kind != "DateTimeField"):
        return None if not one.choices else one.get_default()
    if one.choices:
        return next(iter(one.flatchoices))[0]
    plain = {"DateTimeField": LONG_AGO, "DateField": LONG_AGO.date(), "BooleanField": False}
    plain |= {"JSONField": {}, "ArrayField": []}
    return plain.get(kind, 1 if "Integer" in kind else None)


def _target(one: ForeignKey[Any, Any], side: Side) -> Any:
    to: Any = one.related_model
    if to is Partner:
        return side.partner.pk
    if to is User:
        return side.users["act"].pk
    if to in reach.paths():
        shown = reach.rows_of(to, side.partner)
        return shown.values_list("pk", flat=True).first()
    return None if one.null else to._default_manager.values_list("pk", flat=True).first()


def _put_words(model: type[Model], side: Side) -> Iterator[str]:
    """Each readable field of words holds a word of this partner's in at least one row."""
    columns = reach.readable_columns()[model._meta.db_table]
    rows = reach.rows_of(model, side.partner)
    for one in reach.text_fields(model):
        label = f"{model._meta.label}.{one.name}"
        if one.column not in columns or label in FIXED:
            continue
        if rows.filter(**{f"{one.name}__icontains": side.words.salt}).exists():
            continue
        word = side.words.word(label)[: one.max_length or 100]
        try:
            with transaction.atomic():
                changed = rows.filter(pk=rows.values("pk")[:1]).update(**{one.name: word})
        except DatabaseError:
            changed = 0
        if not changed:
            yield f"{label} holds no word of {side.words.whose}: put one there in isolation/cast.py"
