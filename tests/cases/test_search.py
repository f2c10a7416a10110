"""Search: by all that was written about an incident, and by nothing that was not."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection

from cases import disclosure, response, restriction, search
from cases.models import Incident
from incidentdesk.kernel.access import SYSTEM, Actor
from tests.conftest import NOW


def _found(words: str, by: Actor = SYSTEM) -> set[str]:
    rows, _ = search.narrow(Incident.objects.order_by("-opened_at", "-id"), words, actor=by)
    return set(rows.values_list("title", flat=True))


@pytest.fixture
def three(declare, people):
    made = declare(title="Stale prices", description="Customers see yesterday's quotes.")
    response.post_update(
        incident_id=made.pk,
        text="Feed handler on quote-gw-eu-2 restarted; sequence 4711.",
        by=people.actor("responder"),
        at=NOW,
    )
    declare(title="Settlement file mismatch", description="Forty rows differ.")
    declare(title="Login failures", description="From 198.51.100.7, many accounts.")
    return made


@pytest.mark.parametrize(
    ("words", "titles"),
    [
        ("price", {"Stale prices"}),
        ("PRICES stale", {"Stale prices"}),
        ("yesterday", {"Stale prices"}),
        ("restarted", {"Stale prices"}),
        ("quote-gw-eu-2", {"Stale prices"}),
        ("quote-gw-eu-3", set()),
        ('"settlement file"', {"Settlement file mismatch"}),
        ('"file settlement"', set()),
        ("198.51.100.7", {"Login failures"}),
        ("198.51.100.8", set()),
        ("settlement or login", {"Settlement file mismatch", "Login failures"}),
        ("stale settlement", set()),
        ("nowhere", set()),
        ("the", set()),
        ("'; DROP TABLE cases_incident; --", set()),
        ("\\ ( & | ! :* %s", set()),
    ],
)
def test_an_incident_is_found_by_what_was_written(words, titles, three):
    assert _found(words) == titles


def test_an_incident_is_found_by_its_own_reference_and_by_its_partners(three, people, helix):
    row = disclosure.add_partner(
        incident_id=three.pk,
        partner_id=helix.pk,
        title="Delayed",
        meaning="Wait.",
        severity=2,
        by=people.actor("commander"),
        at=NOW,
    )
    disclosure.disclose(
        incident_id=three.pk, involvement_id=row.pk, by=people.actor("commander"), at=NOW
    )
    row.refresh_from_db()
    assert row.reference.startswith("HELIX-")
    for asked in (three.reference, three.reference.lower(), row.reference, f" {row.reference} "):
        assert _found(asked) == {"Stale prices"}


def test_words_that_very_many_hold_are_looked_for_among_the_newest_and_it_is_said(
    three, declare, monkeypatch
):
    for number in range(4):
        declare(title=f"Stale again {number}", at=NOW + timedelta(minutes=1 + number))
    monkeypatch.setattr(search, "NEWEST", 3)
    held = search._FOUND.replace(str(search.FEW + 1), "3")
    monkeypatch.setattr(search, "_FOUND", held)
    monkeypatch.setattr(search, "FEW", 2)
    rows, is_cut = search.narrow(
        Incident.objects.order_by("-opened_at", "-id"), "stale", actor=SYSTEM
    )
    assert is_cut
    assert [row.title for row in rows] == [f"Stale again {n}" for n in (3, 2, 1)]
    few, is_cut = search.narrow(
        Incident.objects.order_by("-opened_at", "-id"), "login", actor=SYSTEM
    )
    assert not is_cut
    assert [row.title for row in few] == ["Login failures"]


def test_words_that_many_hold_are_looked_for_everywhere_where_that_is_quick(three, monkeypatch):
    monkeypatch.setattr(search, "_FOUND", search._FOUND.replace(str(search.FEW + 1), "1"))
    monkeypatch.setattr(search, "FEW", 0)
    rows, is_cut = search.narrow(
        Incident.objects.order_by("-opened_at", "-id"), "restarted", actor=SYSTEM
    )
    assert not is_cut
    assert [row.title for row in rows] == ["Stale prices"]


def test_the_words_are_kept_by_the_database_also_when_the_title_changes(three):
    Incident.objects.filter(pk=three.pk).update(title="Crossed book")
    assert _found("crossed") == {"Crossed book"}
    assert _found("stale") == set()


def test_a_text_too_long_to_be_searched_is_kept_all_the_same(three, people):
    long = " ".join(f"word{n}" for n in range(60_000))
    response.post_update(incident_id=three.pk, text=long, by=people.actor("responder"), at=NOW)
    assert _found("word7") == {"Stale prices"}


@pytest.mark.parametrize("hidden", [0, 2])
def test_indexes_answer_the_search(three, declare, people, hidden):
    by = people.actor("commander")
    for _ in range(hidden):
        restricted = declare(title="Insider").pk
        restriction.restrict(incident_id=restricted, user_ids=[], reason="x", by=by, at=NOW)
    says, values = search._said("leapsecond", people.actor("responder"))
    assert len(values) == (4 if hidden else 1)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        asked = ["leapsecond", *values, "X", "X", "X"]
        cursor.execute("EXPLAIN " + search._FOUND.format(says=says), asked)
        plan = "\n".join(row[0] for row in cursor.fetchall())
    for name in (
        "incident_words",
        "entry_words",
        "involvement_by_reference",
        "report_by_reference",
    ):
        assert name in plan


@pytest.mark.parametrize("most", [6_000, 0])
def test_an_entry_is_found_by_the_words_that_its_reader_reads(declare, people, most, monkeypatch):
    monkeypatch.setattr(search, "FEW", most)
    hidden, other, by = declare(title="Insider"), declare(title="Public"), people.actor("commander")
    for name in (hidden.reference, hidden.reference.lower()):
        response.post_update(incident_id=other.pk, text=f"Smells like {name}.", by=by, at=NOW)
    restriction.restrict(incident_id=hidden.pk, user_ids=[], reason="x", by=by, at=NOW)
    number = hidden.reference.removeprefix("INC-2026-")
    reader = people.actor("responder")
    for words in (hidden.reference, hidden.reference.lower(), f"smells {number}"):
        assert _found(words, by) - {"Insider"} == {"Public"}
        assert _found(words, reader) - {"Insider"} == set()
    assert _found("smells", reader) == {"Public"}
    assert _found("smells restricted", reader) == set()
