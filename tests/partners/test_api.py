"""The partners' API: own incidents, notices, reports, requests, thread; nothing of others'."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from cases import drafting
from cases.models import NoticeCopy, Receipt, Remark, Report, ReportDraft, Request
from incidentdesk.api import door
from incidentdesk.api.door import api
from incidentdesk.kernel import access, clocks, grants
from incidentdesk.kernel import tokens as desk_tokens
from incidentdesk.kernel.access import SYSTEM
from incidentdesk.kernel.models import Token, User
from partners import directory, team, tokens
from partners.models import Contact
from tests.conftest import NOW, People
from tests.partners.conftest import TITLE, Both, Side, leaks

pytestmark = pytest.mark.django_db
ROOT = "/api/v1/partner"


class Program:
    """Calls the partners' API with one token."""

    def __init__(self, secret: str) -> None:
        self.secret, self.client = secret, Client(raise_request_exception=False)

    @property
    def headers(self) -> dict[str, str]:
        """Who it is."""
        return {"Authorization": f"Bearer {self.secret}"}

    def get(self, path: str, **query: Any) -> Any:
        """GET, with filters."""
        return self.client.get(f"{ROOT}{path}", query, headers=self.headers)

    def post(self, path: str, _key: str = "", **fields: Any) -> Any:
        """POST with these fields, if any, and a key."""
        headers = self.headers | ({"Idempotency-Key": _key} if _key else {})
        body = json.dumps(fields, default=str) if fields else ""
        return self.client.post(
            f"{ROOT}{path}", body, content_type="application/json", headers=headers
        )


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch) -> None:
    cache.clear()
    monkeypatch.setattr(clocks, "now", lambda: NOW + timedelta(hours=2))


def a_token(side: Side, *scopes: str, **known: Any) -> tuple[Token, str]:
    """A token of the side's person."""
    given = {"name": "status page", "scopes": scopes, "at": NOW, **known}
    return tokens.make(by=side.actor, **given)


@pytest.fixture
def program(both: Both) -> Callable[..., Program]:
    """`program(both.a, "act")` has a token of that side's person."""
    return lambda side, *scopes: Program(a_token(side, *scopes)[1])


def refused(answer: Any) -> tuple[int, str]:
    """Its status and sentence."""
    return answer.status_code, answer.json()["error"]


# --- what is read ---------------------------------------------------------------------------------


def test_own_incidents_are_listed_and_read_under_one_s_own_reference(both, program):
    answer = program(both.a).get("/incidents")
    (one,) = answer.json()["items"]
    assert one["reference"] == both.a.involvement.reference
    assert (one["title"], one["severity"], one["phase"]) == ("ALDER  view", 2, "identification")
    assert answer.json()["next"] is None
    single = program(both.a).get(f"/incidents/{both.a.involvement.reference}")
    assert single.json() == one
    assert leaks(answer.text, "BIRCH", TITLE, "undisclosed") == []


def test_a_list_goes_on_after_the_last_reference(both, program, many):
    many(both.a, 3)
    reads = program(both.a)
    seen, after = [], {}
    while True:
        page = reads.get("/incidents", limit=2, **after).json()
        seen += [one["reference"] for one in page["items"]]
        if page["next"] is None:
            break
        after = {"after": page["next"]}
    assert seen == [f"ALDER-2026-000{n}" for n in (4, 3, 2, 1)]
    assert refused(reads.get("/incidents", after=both.b.involvement.reference))[0] == 404
    (last,) = reads.get("/reports", limit=1).json()["items"]
    assert last["reference"] == "ALDER-REP-2026-0004"


def test_notices_are_numbered_from_the_first_and_read_as_they_were_sent(both, program, telling):
    telling.tell(both.a.involvement, "ALDER second notice")
    items = program(both.a).get(f"/incidents/{both.a.involvement.reference}/notices").json()
    assert [(one["number"], one["body"]) for one in items["items"]] == [
        (1, "ALDER notice"),
        (2, "ALDER second notice"),
    ]
    assert Receipt.objects.count() == 0  # a program that reads is no person who has read


def test_reports_requests_and_thread_are_read(both, program):
    reads = program(both.a)
    report = reads.get(f"/reports/{both.a.report.reference}").json()
    assert (report["state"], report["answer"]) == ("answered", "ALDER answer")
    request = reads.get(f"/requests/{both.a.asked.reference}").json()
    assert (request["question"], request["incident"]) == (
        "ALDER question",
        both.a.involvement.reference,
    )
    assert [(step["kind"], step["files"][0]["name"]) for step in request["steps"]] == [
        ("asked", "ALDER-list.csv")
    ]
    thread = reads.get(f"/incidents/{both.a.involvement.reference}/thread").json()
    assert [one["text"] for one in thread["items"]] == ["ALDER remark"]
    assert reads.get("/me").json() == {
        "name": "Person of Alder",
        "partner": "Alder Trading",
        "scopes": ["read"],
        "may_act": False,
    }


def test_a_person_of_two_partners_is_called_by_each_as_it_knows_them(both, program):
    user = both.b.user
    Contact.objects.create(partner=both.a.partner, user=user, name="Tia Berg", email=user.email)
    grants.grant(user, "act", both.a.partner)
    by = access.actor_for(user, partner_id=both.a.partner.pk)
    here = Program(tokens.make(name="x", scopes=["act"], by=by, at=NOW)[1])
    there = program(both.b, "act")
    for caller, side, name in ((here, both.a, "Tia Berg"), (there, both.b, "Person of Birch")):
        assert caller.get("/me").json()["name"] == name
        thread = f"/incidents/{side.involvement.reference}/thread"
        caller.post(thread, text="Hello.")
        assert caller.get(thread).json()["items"][-1]["author"] == name


def test_a_filter_that_is_not_known_is_refused(both, program):
    status, said = refused(program(both.a).get("/incidents", partner=both.b.partner.pk))
    assert (status, said) == (422, "There is no filter partner; there are after, limit, open.")


# --- what is done ---------------------------------------------------------------------------------


def test_a_notice_is_acknowledged_once_in_the_name_of_the_token_s_person(both, program):
    acts, path = program(both.a, "act"), f"/incidents/{both.a.involvement.reference}/notices/1"
    answer = acts.post(f"{path}/acknowledge")
    assert (answer.status_code, answer.json()["acknowledged_by"]) == (200, "Person of Alder")
    assert NoticeCopy.objects.get(pk=both.b.sent.pk).acknowledged_at is None
    assert refused(acts.post(f"{path}/acknowledge"))[0] == 409


def test_an_incident_is_reported_and_a_repeat_with_the_same_key_counts_once(both, program):
    acts = program(both.a, "act")
    given = {
        "title": "Fills twice",
        "description": "Two fills of one order.",
        "noticed_at": f"{NOW + timedelta(hours=20):%Y-%m-%dT%H:%M:%S}+20:00",  # as far as none is
        "category": "outage",
        "certainty": "likely",
    }
    drafting.keep(typed={"title": "Half a th"}, by=both.a.actor, at=NOW)
    answer = acts.post("/reports", _key="k", **given)
    made = Report.objects.get(title="Fills twice")
    assert (answer.status_code, answer.json()["reference"]) == (201, made.reference)
    assert (made.partner, made.reporter, made.category.key, made.certainty) == (
        both.a.partner,
        "Person of Alder",
        "outage",
        "likely",
    )
    assert ReportDraft.objects.get().title == "Half a th"  # its person goes on writing
    assert refused(acts.post("/reports", _key="k", **given))[0] == 409
    assert refused(acts.post("/reports", **{**given, "category": "nonsense"})) == (
        422,
        "There is no category nonsense; see /api/v1/partner/categories.",
    )


def test_the_thread_is_written_to_and_a_request_answered_in_parts_with_more_time(both, program):
    acts = program(both.a, "act")
    written = acts.post(f"/incidents/{both.a.involvement.reference}/thread", text="ALDER by API")
    assert written.status_code == 201
    assert Remark.objects.latest("pk").text == "ALDER by API"
    path = f"/requests/{both.a.asked.reference}"
    until = (NOW + timedelta(days=2)).isoformat()
    asked = acts.post(f"{path}/ask-for-time", until=until, reason="Holiday.")
    assert (asked.status_code, asked.json()["extension_reason"]) == (200, "Holiday.")
    acts.post(f"{path}/answer", text="Part one.", is_whole=False)
    whole = acts.post(f"{path}/answer", text="The rest.", is_whole=True).json()
    assert [step["kind"] for step in whole["steps"]] == ["asked", "extension", "part", "whole"]
    assert Request.objects.get(pk=both.a.asked.pk).state == "answered"


def test_after_a_part_a_program_says_that_this_was_all_without_a_word(both, program):
    acts, path = program(both.a, "act"), f"/requests/{both.a.asked.reference}/answer"
    assert refused(acts.post(path, text="", is_whole=True))[0] == 422
    acts.post(path, text="Part one.", is_whole=False)
    whole = acts.post(path, text="", is_whole=True)
    assert (whole.status_code, whole.json()["steps"][-1]["kind"]) == (200, "whole")
    assert Request.objects.get(pk=both.a.asked.pk).state == "answered"
    assert Request.objects.get(pk=both.b.asked.pk).state == "open"


def test_recovery_is_confirmed_only_while_it_is_asked_for(both, program):
    status, said = refused(
        program(both.a, "act").post(f"/incidents/{both.a.involvement.reference}/confirm-recovery")
    )
    assert status == 409
    assert leaks(said, "BIRCH") == []


# --- who may not ----------------------------------------------------------------------------------


def of_birch(both: Both) -> list[tuple[str, str, dict[str, Any]]]:
    """Every call that names something, with what is Birch's."""
    incident = f"/incidents/{both.b.involvement.reference}"
    request, until = f"/requests/{both.b.asked.reference}", NOW + timedelta(days=2)
    return [
        ("get", incident, {}),
        ("get", f"{incident}/notices", {}),
        ("get", f"{incident}/notices/1", {}),
        ("post", f"{incident}/notices/1/acknowledge", {}),
        ("post", f"{incident}/confirm-recovery", {}),
        ("get", f"{incident}/thread", {}),
        ("post", f"{incident}/thread", {"text": "Hello."}),
        ("get", f"/reports/{both.b.report.reference}", {}),
        ("get", request, {}),
        ("post", f"{request}/answer", {"text": "Mine.", "is_whole": True}),
        ("post", f"{request}/ask-for-time", {"until": until, "reason": "Mine."}),
    ]


@pytest.mark.asvs("8.2.2", 1)
@pytest.mark.parametrize("scopes", [(), ("act",)])
def test_what_is_another_s_is_not_there(both, program, scopes):
    calls, before = program(both.a, *scopes), both.b.rows()
    for method, path, fields in of_birch(both):
        strange = path.replace("BIRCH", "NOBODY")
        answer = getattr(calls, method)(path, **fields)
        nothing = getattr(calls, method)(strange, **fields)
        assert (answer.status_code, answer.json()) == (404, nothing.json()), path
        assert leaks(answer.text, "BIRCH") == [], path
    assert both.b.rows() == before


def test_a_token_that_only_reads_changes_nothing(both, program):
    reads, path = program(both.a), f"/incidents/{both.a.involvement.reference}"
    status, said = refused(reads.post(f"{path}/notices/1/acknowledge"))
    assert (status, said) == (
        403,
        "Person of Alder may not act for this partner: acknowledge, report; this token has no "
        "scope for it.",
    )
    assert refused(reads.post(f"{path}/thread", text="Hello."))[0] == 403


def test_an_auditor_s_token_only_reads(both):
    directory.set_right(both.a.user, "audit", both.a.partner, by=SYSTEM, at=NOW)
    with pytest.raises(Exception, match="a token of yours can only read"):
        a_token(both.a, "act")
    reads = Program(a_token(both.a)[1])
    assert reads.get("/incidents").status_code == 200
    path = f"/incidents/{both.a.involvement.reference}/notices/1/acknowledge"
    assert refused(reads.post(path))[0] == 403


def test_a_token_keeps_no_right_that_its_person_lost(both):
    acts = Program(a_token(both.a, "act")[1])
    directory.set_right(both.a.user, "audit", both.a.partner, by=SYSTEM, at=NOW)
    path = f"/incidents/{both.a.involvement.reference}/notices/1/acknowledge"
    assert refused(acts.post(path))[0] == 403


def test_a_desk_s_token_opens_nothing_here_and_a_partner_s_nothing_at_the_desk(
    both, people: People
):
    _, secret = desk_tokens.make(name="x", scopes=[], by=people.actor("commander"), at=NOW)
    assert Program(secret).get("/incidents").status_code == 401
    _, ours = a_token(both.a, "act")
    client, headers = Client(), {"Authorization": f"Bearer {ours}"}
    for path in ("/api/v1/me", "/api/v1/incidents", "/api/v1/partners"):
        assert client.get(path, headers=headers).status_code == 401, path


def test_without_a_token_nothing_answers_and_the_sentence_says_where_to_make_one(both):
    assert refused(Client().get(f"{ROOT}/incidents")) == (
        401,
        "Send a token that works as “Authorization: Bearer partner_…”; make one in the portal, "
        "under Tokens.",
    )
    assert both.a.client.get(f"{ROOT}/incidents").status_code == 401  # a cookie is nobody


def test_a_session_s_other_partner_is_not_the_token_s(both, program):
    grants.grant(both.a.user, "act", both.b.partner)
    answer = program(both.a).get("/incidents")
    assert [one["reference"] for one in answer.json()["items"]] == [both.a.involvement.reference]


def administrator(side: Side) -> access.Actor:
    """An administrator of the same partner."""
    user = User.objects.create_user(f"boss@{side.word.lower()}.test", name="Boss")
    Contact.objects.create(partner=side.partner, user=user, name="Boss", email=user.email)
    grants.grant(user, "administer", side.partner)
    return access.actor_for(user, partner_id=side.partner.pk)


def test_tokens_end_when_the_person_is_removed_and_those_for_another_partner_stay(both):
    grants.grant(both.a.user, "act", both.b.partner)
    other = access.actor_for(both.a.user, partner_id=both.b.partner.pk)
    _, kept = tokens.make(name="other", scopes=[], by=other, at=NOW)
    _, ours = a_token(both.a)
    contact = both.a.partner.contacts.get(user=both.a.user)
    team.remove(contact_id=contact.pk, by=administrator(both.a), at=NOW)
    assert Program(ours).get("/me").status_code == 401
    assert Program(kept).get("/me").json()["partner"] == "Birch Trading"


@pytest.mark.parametrize("end", ["revoked", "expired", "right taken", "partner off", "login off"])
def test_a_token_ends_with_each_of_these(both, monkeypatch, end):
    token, secret = a_token(both.a, days=30)
    assert Program(secret).get("/me").status_code == 200
    if end == "revoked":
        tokens.revoke(token_id=token.pk, by=both.a.actor, at=NOW)
    elif end == "expired":
        monkeypatch.setattr(clocks, "now", lambda: NOW + timedelta(days=30))
    elif end == "right taken":
        grants.revoke(both.a.user, "act", both.a.partner)
    elif end == "partner off":
        both.a.partner.is_active = False
        both.a.partner.save()
    else:
        User.objects.filter(pk=both.a.user.pk).update(is_active=False)
    assert Program(secret).get("/me").status_code == 401


def test_only_the_own_tokens_are_seen_and_an_administrator_sees_the_partner_s(both):
    mine, _ = a_token(both.a)
    a_token(both.b)
    boss = administrator(both.a)
    tokens.make(name="of the boss", scopes=[], by=boss, at=NOW)
    assert list(tokens.tokens_of(both.a.actor)) == [mine]
    held = [(token.name, token.holder) for token in tokens.tokens_of(boss)]
    assert held == [("status page", "Person of Alder"), ("of the boss", "Boss")]


@pytest.mark.asvs("2.4.1", 11)
def test_a_token_calls_so_often_and_no_more(both, program, monkeypatch):
    monkeypatch.setattr(door, "CALLS_A_MINUTE", 2)
    reads = program(both.a)
    assert [reads.get("/me").status_code for _ in range(3)] == [200, 200, 429]


def test_the_description_names_no_call_of_the_desk(both):
    schema = Client().get(f"{ROOT}/openapi.json").json()
    assert sorted(schema["paths"]) == sorted(
        f"{ROOT}{path}"
        for path in (
            "/categories",
            "/facts/{reference}",
            "/facts/{reference}/report",
            "/feed",
            "/files/{key}",
            "/incidents",
            "/incidents/{reference}",
            "/incidents/{reference}/confirm-recovery",
            "/incidents/{reference}/facts",
            "/incidents/{reference}/files",
            "/incidents/{reference}/notices",
            "/incidents/{reference}/notices/{number}",
            "/incidents/{reference}/notices/{number}/acknowledge",
            "/incidents/{reference}/thread",
            "/me",
            "/reports",
            "/reports/{reference}",
            "/requests",
            "/requests/{reference}",
            "/requests/{reference}/answer",
            "/requests/{reference}/ask-for-time",
        )
    )
    assert [path for path in api.get_openapi_schema()["paths"] if path.startswith(ROOT + "/")] == []


def test_as_many_tokens_work_for_each_partner_whoever_has_them(both):
    user = both.a.user
    Contact.objects.create(partner=both.b.partner, user=user, name="A", email="a@birch.test")
    grants.grant(user, "act", both.b.partner)
    for_b = access.actor_for(user, partner_id=both.b.partner.pk)
    for number in range(desk_tokens.MOST):
        tokens.make(name=f"x{number}", scopes=[], by=both.a.actor, at=NOW)
    with pytest.raises(Exception, match="You have 20 tokens in use"):
        tokens.make(name="one more", scopes=[], by=both.a.actor, at=NOW)
    tokens.make(name="the first", scopes=[], by=for_b, at=NOW)


def test_head_is_answered_as_get_is_without_the_body(both):
    headers = {"Authorization": f"Bearer {a_token(both.a)[1]}"}
    for path, secret in (
        ("/incidents", headers),
        (f"/incidents/{both.b.involvement.reference}", headers),
        ("/nothing", headers),
        ("/incidents", {}),
    ):
        got, head = (ask(f"{ROOT}{path}", headers=secret) for ask in (Client().get, Client().head))
        same = ("Content-Type", "Cache-Control", "WWW-Authenticate")
        assert head.status_code == got.status_code
        assert [head.get(name) for name in same] == [got.get(name) for name in same]
        assert (head.content, head["Content-Length"]) == (b"", str(len(got.content)))
    assert Client().head("/intake/x/alertmanager").status_code != 200
