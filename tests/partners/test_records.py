"""One incident to keep, as PDF and JSON: what its partner sees of it, and that it was taken."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable
from typing import Any

import pytest
from django.test import Client

from cases.models import Receipt
from incidentdesk.isolation.canaries import readable
from incidentdesk.kernel import pdf
from incidentdesk.kernel.models import AuditEvent
from partners.portal.views import records
from tests.partners.conftest import TITLE, Both, Telling, leaks
from tests.partners.test_queries import cost
from tests.partners.test_team import person

pytestmark = pytest.mark.django_db
ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


def address(both: Both, kind: str) -> str:
    """Alder's record."""
    return f"/portal/incidents/{both.a.involvement.reference}/record.{kind}"


def taken() -> list[tuple[str, str]]:
    """Who took which kind."""
    lines = AuditEvent.objects.filter(action=records.TAKEN).order_by("id")
    return [(line.actor, line.detail["kind"]) for line in lines]


def test_the_json_holds_what_the_partner_sees_and_nothing_else(both: Both) -> None:
    response = both.a.client.get(address(both, "json"))
    name = f'attachment; filename="{both.a.involvement.reference}.json"'
    assert response["Content-Disposition"] == name
    found = response.json()
    assert found["partner"] == {"code": "ALDER", "name": "Alder Trading"}
    assert set(found) == {
        "format",
        "taken_at",
        "taken_by",
        "partner",
        "incident",
        "notices",
        "facts",
        "thread",
        "requests",
    }
    assert [one["body"] for one in found["notices"]] == ["ALDER notice"]
    assert [one["text"] for one in found["thread"]] == ["ALDER remark"]
    assert [one["question"] for one in found["requests"]] == ["ALDER question"]
    (said,) = found["requests"][0]["said"]
    assert [file["name"] for file in said["files"]] == ["ALDER-list.csv"]
    assert not leaks(response.text, "BIRCH", TITLE, "undisclosed", "unsent")
    assert [key for key in _keys(found) if key == "id" or key.endswith("_id")] == []


def test_the_json_holds_the_facts_that_were_handed_over(both: Both) -> None:
    found = both.a.client.get(address(both, "json")).json()
    alone = both.a.client.get(f"/portal/facts/{both.a.package.reference}/json/").json()
    assert found["facts"] == [alone]
    assert (alone["stage"], alone["label"]) == ("initial", "first")


def test_every_time_in_json_is_written_in_one_way(both: Both) -> None:
    both.a.user.refresh_from_db()
    both.a.client.post("/portal/preferences/", {"zone": "Asia/Tokyo", "style": "iso"})
    found = both.a.client.get(address(both, "json")).json()
    times = [one for one in _texts(found) if re.match(r"\d{4}-\d\d-\d\d", one)]
    assert len(times) > 8
    assert [one for one in times if not ISO.fullmatch(one)] == []
    assert list(found["incident"]["phase_times"]) == list(both.a.involvement.phase_times)


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    inside = value.values() if isinstance(value, dict) else value
    return [text for one in inside for text in _texts(one)] if isinstance(inside, Iterable) else []


def _keys(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [*value, *(key for one in value.values() for key in _keys(one))]
    return [key for one in value for key in _keys(one)] if isinstance(value, list) else []


def test_the_pdf_says_the_same(both: Both, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[str] = []
    monkeypatch.setattr(pdf, "missing", lambda: "")
    monkeypatch.setattr(pdf, "draw", lambda html: drawn.append(html) or b"%PDF-1.7")
    response = both.a.client.get(address(both, "pdf"))
    assert (response.content, response["Content-Type"]) == (b"%PDF-1.7", "application/pdf")
    (html,) = drawn
    for word in ("ALDER notice", "ALDER remark", "ALDER question", "ALDER  meaning"):
        assert word in html
    package = both.a.package
    assert f"<b>First facts package {package.reference}</b>" in html
    assert "<dt>Your clients affected</dt><dd>17</dd>" in html
    reached = list(both.a.involvement.phase_times)
    assert html.count("<dt>Confirmed</dt>") == int(reached[-1] != "identification")
    assert not leaks(html, "BIRCH", TITLE, "undisclosed", "unsent")


@pytest.mark.skipif(bool(pdf.missing()), reason="this machine has no Pango")
def test_a_pdf_is_drawn(both: Both) -> None:
    content = both.a.client.get(address(both, "pdf")).content
    assert content.startswith(b"%PDF")
    assert not leaks(readable(content), "BIRCH")


def test_where_none_can_be_drawn_one_sentence_says_so(
    both: Both, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pdf, "missing", lambda: pdf.MISSING)
    response = both.a.client.get(address(both, "pdf"), follow=True)
    assert "A PDF needs Pango on the server" in response.text
    assert response.redirect_chain == [(f"/portal/incidents/{both.a.involvement.reference}/", 302)]
    assert taken() == []
    monkeypatch.setattr(pdf, "missing", lambda: "")
    monkeypatch.setattr(records, "LONGEST", 1)
    response = both.a.client.get(address(both, "pdf"), follow=True)
    assert "A PDF of so long a record would take too long" in response.text


def test_who_comes_while_another_is_drawn_waits_for_it(
    both: Both, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pdf, "missing", lambda: "")
    monkeypatch.setattr(pdf, "draw", lambda html: b"%PDF-1.7")
    with records._drawing:
        monkeypatch.setattr(records, "PATIENCE", 0.01)
        response = both.a.client.get(address(both, "pdf"), follow=True)
        assert records.BUSY in response.text
        assert "another" not in records.BUSY.lower()
        assert response.redirect_chain == [
            (f"/portal/incidents/{both.a.involvement.reference}/", 302)
        ]
    monkeypatch.setattr(records, "PATIENCE", 30)
    records._drawing.acquire()
    threading.Timer(0.2, records._drawing.release).start()
    assert both.a.client.get(address(both, "pdf")).content == b"%PDF-1.7"
    with records._line, records._line:
        response = both.a.client.get(address(both, "pdf"), follow=True)
        assert records.BUSY in response.text
    assert both.a.client.get(address(both, "pdf")).content == b"%PDF-1.7"


def test_that_it_was_taken_is_on_record_and_its_notices_were_seen(both: Both) -> None:
    boss = person(both.a, "audit", "Ada")
    boss.client.get(address(both, "json"))
    assert taken() == [("Ada", "JSON")]
    seen = Receipt.objects.filter(user=boss.user).values_list("copy_id", flat=True)
    assert list(seen) == [both.a.sent.pk]


def test_another_s_record_is_not_there(both: Both) -> None:
    for reference in (both.b.involvement.reference, both.incident.reference, "ALDER-2026-0999"):
        for kind in ("pdf", "json"):
            path = f"/portal/incidents/{reference}/record.{kind}"
            assert both.a.client.get(path).status_code == 404
    assert Client().get(address(both, "json")).status_code == 302
    assert taken() == []


def test_it_costs_as_many_queries_however_much_was_said(both: Both, telling: Telling) -> None:
    client = both.a.client
    few = cost(client, address(both, "json"))
    for number in range(5):
        telling.tell(both.a.involvement, f"ALDER told {number}")
        telling.ask(both.a, both.a.involvement)
    assert len(cost(client, address(both, "json"))) == len(few)
