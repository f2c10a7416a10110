"""`verify_timeline`: a whole chain passes, a broken one is named, and the exit code says so."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from django.core.management import CommandError, call_command

from cases.management.commands import verify_timeline
from cases.models import Entry, Incident
from tests.conftest import as_owner

pytestmark = pytest.mark.django_db(transaction=True)
Declare = Callable[..., Incident]


def run(*words: str) -> tuple[str, str]:
    """What the command prints, and its progress."""
    out, err = io.StringIO(), io.StringIO()
    call_command("verify_timeline", *words, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def tamper(statement: str, *values: object) -> None:
    """As somebody who owns the tables and switched the guards off would."""
    with as_owner() as cursor:
        cursor.execute("ALTER TABLE cases_entry DISABLE TRIGGER USER")
        cursor.execute(statement, values)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # or they wait, and nothing is altered
        cursor.execute("ALTER TABLE cases_entry ENABLE TRIGGER USER")


def fault(*words: str) -> str:
    """What it says of broken chains before it ends with an error."""
    out = io.StringIO()
    with pytest.raises(CommandError) as ended:
        call_command("verify_timeline", *words, stdout=out)
    assert ended.value.returncode == 1
    return out.getvalue() + str(ended.value)


def test_whole_chains_pass(incident_in: Callable[[str], Incident], declare: Declare) -> None:
    incident_in("recovery")
    declare()
    assert run()[0] == "2 timelines verified; every chain is whole.\n"


def test_an_empty_desk_passes(db: None) -> None:
    assert "0 timelines verified" in run()[0]


def test_a_changed_text_is_named(incident_in: Callable[[str], Incident], declare: Declare) -> None:
    incident = incident_in("containment")
    whole = declare()
    tamper(
        "UPDATE cases_entry SET body = 'Nothing happened.' WHERE incident_id = %s AND sequence = 3",
        incident.pk,
    )
    said = fault()
    assert f"{incident.reference}: the text of entry 3 was changed." in said
    assert "1 fault in 2 timelines" in said
    assert run(whole.reference)[0].startswith("1 timeline verified")


def test_a_removed_entry_is_named(incident_in: Callable[[str], Incident]) -> None:
    incident = incident_in("containment")
    tamper("DELETE FROM cases_entry WHERE incident_id = %s AND sequence = 2", incident.pk)
    assert f"{incident.reference}: entry 2 is missing." in fault()


def test_a_shortened_timeline_is_named(incident_in: Callable[[str], Incident]) -> None:
    incident = incident_in("containment")
    last = Entry.objects.filter(incident=incident).order_by("-sequence")[0]
    tamper("DELETE FROM cases_entry WHERE id = %s", last.pk)
    assert "the newest entries are missing" in fault(incident.reference.lower())


def test_an_unknown_reference_is_refused(db: None) -> None:
    with pytest.raises(CommandError, match="no incident INC-2026-9999"):
        run("INC-2026-9999")


def test_what_takes_long_shows_how_far_it_is(
    declare: Declare, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verify_timeline, "PATIENCE", -1.0)
    declare()
    declare()
    assert run()[1].splitlines()[-1] == "2 of 2 timelines verified …"
