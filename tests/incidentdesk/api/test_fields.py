"""From a signature to what a program may send."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from incidentdesk.api import fields
from incidentdesk.kernel.access import Actor
from tests.conftest import NOW


@dataclass(frozen=True)
class Support:
    """What a value rests on."""

    words: str = ""
    alert_id: int | None = None


@dataclass(frozen=True)
class Found:
    """What was found out."""

    impact: int | None
    supports: Mapping[str, Support]
    tags: tuple[str, ...] = ()
    doubts: Mapping[str, Support] = field(default_factory=dict)


def judge(
    *, incident_id: int, found: Found, task_ids: Sequence[int] = (), by: Actor, at: datetime
) -> None:
    """A use case."""


def wait(*, until: date | None = None, loud: bool = False, by: Actor, at: datetime) -> None:
    """Another, which needs nothing."""


GIVEN = fields.arguments(judge, without={"incident_id"}, kinds={})
BODY = GIVEN.schema("judge_fields")


def _filled(**sent: Any) -> dict[str, Any]:
    return GIVEN.filled(BODY.model_validate(sent))


def test_a_dataclass_is_its_fields_and_parts_of_it_are_built():
    assert _filled(supports={"impact": {"words": "x"}}, tags=["a"], task_ids=[1]) == {
        "task_ids": [1],
        "found": Found(None, {"impact": Support("x")}, ["a"]),
    }


@pytest.mark.asvs("15.3.3", 6)
@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"supports": {"impact": {"wrds": "x"}}},
        {"supports": {"impact": {"alert_id": 0}}},
        {"supports": {"impact": {"words": "a\0"}}},
        {"supports": {}, "impact": 5},
        {"supports": {}, "impact": True},
        {"supports": {}, "task_ids": ["1"]},
        {"supports": {}, "by": "me"},
        {"supports": {}, "at": NOW.isoformat()},
        {"supports": {}, "incident_id": 1},
    ],
)
def test_what_a_signature_does_not_take_is_refused(sent):
    with pytest.raises(ValidationError):
        _filled(**sent)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("2026-03-05T09:40:00+23:59", "2026-03-04T09:41:00+00:00"),
        ("2026-03-03T09:42:00-23:59", "2026-03-04T09:41:00+00:00"),
        ("1990-01-01T00:00:00+14:00", "1989-12-31T10:00:00+00:00"),
        ("2026-03-04T09:41:00+24:00", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("9999-12-31T23:59:59-14:00", None),
    ],
)
def test_a_time_is_utc_whatever_offset_it_carries(said, meant):
    reader = TypeAdapter(fields.Moment)
    if meant:
        assert reader.validate_python(said).isoformat() == meant
    else:
        with pytest.raises(ValidationError):
            reader.validate_python(said)


def test_where_everything_has_a_default_nothing_need_be_sent():
    given = fields.arguments(wait, without=(), kinds={})
    assert (given.may_be_left_out, GIVEN.may_be_left_out) == (True, False)
    assert given.filled(None) == {"until": None, "loud": False}
