"""Who is let in, how often, and what is said to those who are not."""

from __future__ import annotations

import json
import logging
from datetime import timedelta

import pytest
from django.test import Client

from cases.models import Entry, Incident
from incidentdesk.api import door, sight
from incidentdesk.demo import cast
from incidentdesk.kernel import clocks
from incidentdesk.kernel.models import AuditEvent, SentForm, Token
from partners import tokens as partner_tokens
from tests.conftest import NOW

pytestmark = pytest.mark.django_db
JSON = "application/json"


def test_without_a_token_that_works_there_is_one_answer(program, people, clock):
    caller = program("commander")
    logged_in = Client()
    logged_in.force_login(people["commander"])
    nobody = [
        Client().get("/api/v1/incidents"),
        logged_in.get("/api/v1/incidents"),  # a session says nothing here
        logged_in.post("/api/v1/incidents", "{}", content_type=JSON),
        Client().get("/api/v1/incidents", headers={"Authorization": "Basic ZGVzazp4"}),
        Client().get("/api/v1/incidents", headers={"Authorization": "Bearer desk_guessed"}),
        Client().get(f"/api/v1/incidents?token={caller.secret}"),
    ]
    clock(NOW + timedelta(days=90))
    nobody.append(caller.get("/incidents"))
    for answer in nobody:
        assert answer.status_code == 401
        assert answer["WWW-Authenticate"] == 'Bearer realm="desk"'
        assert answer.json() == {
            "error": "Send a token that works as “Authorization: Bearer desk_…”; "
            "make one at the desk."
        }


def test_a_call_says_who_it_is_and_what_it_may(program):
    assert program("approver", scopes=["read"]).get("/me").json()["may"] == [
        "read incidents, alerts, notices and reviews"
    ]
    assert program("auditor").get("/me").json() == {
        "user_id": Token.objects.latest("pk").user_id,
        "name": "Auditor",
        "roles": ["auditor"],
        "scopes": ["audit", "read"],
        "may": [
            "read incidents, alerts, notices and reviews",
            "read the audit trail and the message log",
        ],
    }


@pytest.mark.asvs("2.4.1", 11)
def test_a_token_calls_so_often_and_no_more(program, monkeypatch, clock):
    monkeypatch.setattr(door, "CALLS_A_MINUTE", 2)
    caller, other = program("commander"), program("responder")
    assert [caller.get("/me").status_code for _ in range(3)] == [200, 200, 429]
    refused = caller.get("/me")
    assert int(refused["Retry-After"]) == 60
    assert refused.json() == {"error": "This token may call 2 times a minute; go on in 60 s."}
    assert other.get("/me").status_code == 200
    clock(NOW + timedelta(minutes=1))
    assert caller.get("/me").status_code == 200


def test_what_describes_the_calls_names_no_partner_to_strangers(db):
    text = Client().get("/api/v1/partner/openapi.json").content.decode()
    known = [word for code, name, *_ in cast.PARTNERS for word in (code, name)]
    assert [word for word in known if word.lower() in text.lower()] == []


def test_the_desk_s_own_calls_are_described_to_its_staff_and_their_tokens_alone(
    program, people, helix
):
    staff, partner = Client(), Client()
    staff.force_login(people["auditor"])
    partner.force_login(people["helix"])
    by = people.contact("helix", helix)
    _, theirs = partner_tokens.make(name="x", scopes=["act"], by=by, at=clocks.now())
    asked = {
        "staff": (staff, {}),
        "token": (Client(), program("responder").headers),
        "partner": (partner, {}),
        "partner's token": (Client(), {"Authorization": f"Bearer {theirs}"}),
        "nobody": (Client(), {}),
    }
    wanted = {
        "staff": 200,
        "token": 200,
        "partner": 403,
        "partner's token": 401,
        "nobody": 401,
    }
    for path in ("/api/v1/openapi.json", "/api/v1/docs"):
        found = {who: c.get(path, headers=headers) for who, (c, headers) in asked.items()}
        assert {who: response.status_code for who, response in found.items()} == wanted
        refused = [r.json() for r in found.values() if r.status_code != 200]
        assert refused == [{"error": door.FOR_STAFF}] * 3


@pytest.mark.asvs("14.2.1 14.3.2", 37)
def test_answers_are_kept_by_nobody_on_the_way(program):
    assert program("commander").get("/me")["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ("{", 400, "The body is not JSON; check it."),
        ("\xff", 400, "The body is not JSON; check it."),
        ("[" * 100_000, 400, "The body is not JSON; check it."),
        ('{"text": NaN}', 400, "The body is not JSON; check it."),
        ("", 422, "The body: is needed."),
        ("[]", 422, None),
        ("{}", 422, "text: is needed."),
        ('{"text": "x", "kind": "move"}', 422, "kind: is not known here; leave it out."),
        ('{"text": 1}', 422, "text: input should be a valid string."),
        ('{"text": "a\\u0000b"}', 422, None),
        ('{"text": "a\\ud800b"}', 422, None),
        (json.dumps({"text": "x" * 60_000}), 422, None),
        (json.dumps({"text": "x" * 600_000}), 413, None),
        ('{"text": "  "}', 422, None),
    ],
)
def test_a_body_that_cannot_work_is_refused_in_words_and_changes_nothing(
    program, declare, body, status, said
):
    incident = declare()
    before = Entry.objects.count()
    caller = program("responder")
    raw = body.encode("latin-1") if body == "\xff" else body
    answer = caller.client.post(
        f"/api/v1/incidents/{incident.pk}/post-update",
        raw,
        content_type=JSON,
        headers=caller.headers,
    )
    assert (answer.status_code, list(answer.json())) == (status, ["error"])
    assert said is None or answer.json()["error"] == said
    assert Entry.objects.count() == before


def test_a_time_carries_its_offset(program, declare):
    incident = declare()
    caller = program("responder")

    def recovered(moment):
        return caller.post(f"/incidents/{incident.pk}/record-recovery", recovered_at=moment)

    assert "needs an offset" in recovered("2026-03-04T09:41:00").json()["error"]
    for wrong in (1772617260, "1772617260", "yesterday", "0001-01-01T00:00:00+14:00", None):
        assert recovered(wrong).status_code == 422
    done = recovered("2026-03-04T10:41:00+01:00").json()
    assert done["recovered_at"] == "2026-03-04T09:41:00Z"


def test_unknown_addresses_and_methods_are_refused_as_json(program):
    caller = program("commander")
    for path in ("/api", "/api/", "/api/v1/", "/api/v1/nothing", "/api/v2/incidents"):
        answer = caller.client.get(path, headers=caller.headers, follow=True)
        assert answer.status_code == 404, path
    assert list(caller.get("/nothing").json()) == ["error"]
    answer = caller.client.delete("/api/v1/incidents", headers=caller.headers)
    assert (answer.status_code, sorted(answer["Allow"].split(", "))) == (405, ["GET", "POST"])
    assert "does not take DELETE" in answer.json()["error"]
    assert caller.get("/incidents", phse="review").json()["error"].startswith("There is no filter")
    said = caller.get("/incidents/999", phse="review").json()["error"]
    assert said == "There is no filter phse; there is none."
    assert caller.get("/incidents", severity="5").status_code == 422
    assert caller.get("/incidents", q="a\0b").status_code == 422
    assert caller.get("/incidents?limit=1&limit=2").status_code == 422
    assert caller.get("/incidents/999").json() == {"error": "There is no incident 999."}
    assert caller.get(f"/incidents/{10**400}").status_code in (404, 422)


@pytest.mark.asvs("16.3.1-16.3.4 16.5.1-16.5.3", 39)
@pytest.mark.mistake(4)
def test_what_nobody_thought_of_is_logged_and_shown_to_nobody(program, monkeypatch, caplog):
    def broken(by):
        raise RuntimeError("a secret")

    caller = program("commander")
    monkeypatch.setitem(sight.SEEN, "incident_id", broken)
    with caplog.at_level(logging.ERROR):
        answer = caller.get("/incidents/1")
    assert answer.status_code == 500
    assert answer.json() == {"error": "Something went wrong at the desk; nothing was changed."}
    assert "a secret" in caplog.text


def test_a_key_counts_once_for_a_person_and_an_address(program, declare):
    one, two = declare(), declare(title="Another")
    caller, other = program("responder"), program("commander")
    path = f"/incidents/{one.pk}/post-update"
    assert caller.post(path, "k1", text="It is back.").status_code == 201
    again = caller.post(path, "k1", text="It is back.")
    assert (again.status_code, again.json()) == (
        409,
        {"error": "This was sent already; nothing was done twice."},
    )
    assert caller.post(path, "k1", text="Other words.").status_code == 409
    assert caller.post(path, "k2", text="It is back.").status_code == 201
    assert other.post(path, "k1", text="It is back.").status_code == 201
    assert caller.post(f"/incidents/{two.pk}/post-update", "k1", text="x").status_code == 201
    assert caller.post(path, text="It is back.").status_code == 201
    assert one.entries.filter(kind="update").count() == 4
    assert SentForm.objects.count() == 4


def test_a_refusal_takes_the_key_back(program, declare):
    path = f"/incidents/{declare().pk}/post-update"
    caller = program("responder")
    assert caller.post(path, "k1", text=" ").status_code == 422
    assert caller.post(path, "k1", text="It is back.").status_code == 201
    assert caller.post(path, "k" * 201, text="It is back.").status_code == 422


def test_an_auditor_s_reading_is_recorded_and_nobody_else_s(program, declare):
    incident = declare()
    auditor, commander = program("auditor"), program("commander")
    for caller in (commander, auditor):
        caller.get(f"/incidents/{incident.pk}")
        caller.get("/incidents", severity="2")
        caller.get(f"/incidents/{incident.pk}/timeline")
    read = AuditEvent.objects.filter(action="read").order_by("id")
    assert [(e.actor, e.about, e.detail) for e in read] == [
        ("Auditor", f"incident:{incident.pk}", {}),
        ("Auditor", "incidents", {"filters": {"severity": ["2"]}}),
        ("Auditor", f"incidents/{incident.pk}/timeline", {"filters": {}}),
    ]


def test_a_role_that_is_taken_back_is_gone_from_the_next_call(program, people, declare):
    incident = declare()
    caller = program("commander")
    assert caller.post(f"/incidents/{incident.pk}/take-command").status_code == 200
    people["commander"].roles = ["responder"]
    people["commander"].save()
    refused = caller.post(f"/incidents/{incident.pk}/dismiss", reason="No.")
    assert (refused.status_code, list(refused.json())) == (403, ["error"])
    people["commander"].is_active = False
    people["commander"].save()
    assert caller.get("/me").status_code == 401
    assert Incident.objects.get(pk=incident.pk).phase == "identification"


def test_the_documentation_is_the_desk_s_own_and_loads_nothing_from_elsewhere(client, people):
    client.force_login(people["commander"])
    page = client.get("/api/v1/docs")
    text = page.content.decode()
    assert page.status_code == 200
    assert "//cdn" not in text
    assert "https://" not in text
    assert client.get("/api/v1/openapi.json").json()["openapi"].startswith("3.1")
