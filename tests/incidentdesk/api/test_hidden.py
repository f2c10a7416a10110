"""A restricted incident has no name and no door in the API for those who are not let in."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.files.base import ContentFile

from cases import disclosure, evidence, notices, response, restriction, workflow
from cases.intake import alerts
from cases.intake.signal import Action, Signal
from cases.models import Alert, Incident, Notice
from cases.splitting import split
from incidentdesk.kernel import people as register
from tests.conftest import NOW

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(hours=1)
NEW = {
    "title": "Late fills",
    "detection": "staff",
    "detected_by": "the night shift",
    "detected_at": "2026-03-04T09:40:00Z",
}


@pytest.fixture
def hide(people):
    """`hide(incident)`: from now on only its commander sees it."""

    def restricted(incident: Incident) -> Incident:
        by = people.actor("commander")
        restriction.restrict(incident_id=incident.pk, user_ids=[], reason="x", by=by, at=LATER)
        return Incident.objects.get(pk=incident.pk)

    return restricted


@pytest.mark.mistake(8)
@pytest.mark.parametrize("field", ["split_from_id", "is_restricted"])
def test_a_declaration_neither_names_a_parent_nor_shuts_others_out(declare, hide, program, field):
    hidden = hide(declare(title="Insider"))
    value = {"split_from_id": hidden.pk, "is_restricted": True}[field]
    answer = program("responder").post("/incidents", **NEW, **{field: value})
    assert answer.status_code == 422
    assert hidden.reference not in answer.content.decode()
    assert Incident.objects.count() == 1


def test_what_was_merged_into_a_restricted_one_does_not_name_it(declare, hide, people, program):
    target, merged = hide(declare(title="Insider")), declare(title="Public")
    by = people.actor("commander")
    workflow.dismiss(
        incident_id=merged.pk, reason="Same.", duplicate_of=target.reference, by=by, at=LATER
    )
    for path in ("", "/timeline", "/moves"):
        answer = program("responder").get(f"/incidents/{merged.pk}{path}")
        assert answer.status_code == 200
        assert target.reference not in answer.content.decode()
    row = program("responder").get(f"/incidents/{merged.pk}").json()
    assert row["duplicate_of"] == "a restricted incident"
    open_to = program("commander").get(f"/incidents/{merged.pk}").json()
    assert open_to["duplicate_of"] == target.reference


def test_a_part_does_not_name_what_it_was_split_from(hide, people, source, program):
    signals = [Signal(Action.FIRE, "a", "a", "One"), Signal(Action.FIRE, "b", "a", "Two")]
    alerts.receive(source=source, raw="{}", signals=signals, at=NOW)
    moved = Alert.objects.latest("pk")
    parent = moved.incident
    by = people.actor("commander")
    part = split(incident_id=parent.pk, alert_ids=[moved.pk], title="B", reason="r", by=by, at=NOW)
    hide(parent)
    for path in ("", f"/{part.pk}", f"/{part.pk}/timeline"):
        assert (
            parent.reference not in program("responder").get(f"/incidents{path}").content.decode()
        )


@pytest.mark.asvs("8.2.3", 4)
def test_an_entry_that_mentions_it_comes_without_name_and_without_salt(
    declare, hide, people, program
):
    hidden, other = hide(declare(title="Insider")), declare(title="Public")
    text = f"Looks like {hidden.reference}."
    response.post_update(incident_id=other.pk, text=text, by=people.actor("commander"), at=LATER)
    *before, entry = program("responder").get(f"/incidents/{other.pk}/timeline").json()["items"]
    assert (entry["body"], entry["salt"]) == ("Looks like a restricted incident.", "")
    assert before[0]["salt"] != ""
    *_, entry = program("commander").get(f"/incidents/{other.pk}/timeline").json()["items"]
    assert entry["body"] == text
    assert entry["salt"] != ""


def test_no_search_finds_what_mentions_it_by_its_name(declare, hide, people, program):
    hidden, other = hide(declare(title="Insider")), declare(title="Public")
    text = f"Looks like {hidden.reference}."
    response.post_update(incident_id=other.pk, text=text, by=people.actor("commander"), at=LATER)
    found = {}
    for role in ("responder", "commander"):
        items = program(role).get(f"/incidents?q={hidden.reference}").json()["items"]
        found[role] = sorted(item["title"] for item in items)
    assert found == {"responder": [], "commander": ["Insider", "Public"]}


def test_a_chain_of_custody_does_not_name_what_the_piece_was_moved_out_of(
    declare, hide, people, program
):
    hidden, other = declare(title="Insider"), declare(title="Public")
    step = {"incident_id": hidden.pk, "by": people.actor("commander"), "at": NOW}
    piece = evidence.add(
        **step,
        upload=ContentFile(b"x", name="x.txt"),
        title="Extract",
        collector="Responder",
        collected_at=NOW,
    )
    workflow.dismiss(**step, reason="Same.", duplicate_of=other.reference)
    workflow.reopen(**step, reason="Not the same.")
    hide(hidden)
    named = {"responder": "a restricted incident", "commander": hidden.reference}
    for role, name in named.items():
        *_, moved = program(role).get(f"/evidence/{piece.pk}/custody").json()["items"]
        assert moved["detail"] == f"with {name} into {other.reference}"


def test_a_draft_does_not_take_the_place_of_another_incidents_notice(
    declare, helix, people, program
):
    by = people.actor("commander")
    parts = []
    for title in ("One", "Two"):
        incident = declare(title=title)
        parts.append(
            disclosure.add_partner(
                incident_id=incident.pk,
                partner_id=helix.pk,
                title="T",
                meaning="M",
                severity=2,
                by=by,
                at=NOW,
            )
        )
    of, other = parts
    first = notices.draft(
        incident_id=of.incident_id,
        kind="first",
        body="Words",
        involvement_ids=[of.pk],
        by=by,
        at=NOW,
    )
    answer = program("communications").post(
        f"/incidents/{other.incident_id}/notices",
        kind="first",
        body="Other",
        involvement_ids=[other.pk],
        replaces_id=first.pk,
    )
    assert answer.status_code == 422
    assert list(Notice.objects.values_list("pk", "state")) == [(first.pk, "draft")]


@pytest.mark.parametrize("way", ["switched off and on", "given a password"])
def test_a_token_ends_with_its_persons_login_and_does_not_come_back(people, program, way):
    caller, person = program("responder"), people["responder"]
    assert caller.get("/me").status_code == 200
    by = people.actor("administrator")
    if way == "given a password":
        register.set_password(
            user_id=person.pk, password="another-lantern-night-9", by=by, at=LATER
        )
    else:
        for is_active in (False, True):
            register.change(
                user_id=person.pk,
                email=person.email,
                name=person.name,
                roles=person.roles,
                is_active=is_active,
                by=by,
                at=LATER,
            )
    assert caller.get("/me").status_code == 401


def test_a_token_gives_no_partner_a_login(helix, program):
    answer = program("administrator").post("/contacts/1/give-login", right="administer")
    assert answer.status_code == 404
