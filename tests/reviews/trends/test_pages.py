"""The page of trends and its file: who reaches them, what they cost, and what stands in them."""

from __future__ import annotations

import csv
import io
import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from cases.models import Category
from incidentdesk.kernel.models import AuditEvent
from reviews.trends import reading
from tests.reviews.trends.conftest import agreed

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("now")]
PAGE, FILE = "/admin/trends/", "/admin/trends/csv/"
NOT_COUNTED = re.compile(r"^(SAVEPOINT|RELEASE|ROLLBACK|BEGIN|COMMIT|SELECT set_config)", re.I)


def text_of(response):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.text))


def test_everybody_with_a_role_reads_it_and_nobody_else(as_, people, helix):
    assert {as_(key).get(PAGE).status_code for key in people if key != "helix"} == {200}
    partner = as_("helix")
    for address in (PAGE, FILE, f"{FILE}contain/"):
        assert partner.get(address).status_code == 302
        assert partner.get(address, follow=True).redirect_chain[-1][0].startswith("/portal/")
        assert Client().get(address)["Location"].startswith("/admin/login/")
        assert as_("responder").post(address).status_code == 405


def test_an_empty_desk_says_what_to_do(as_):
    page = text_of(as_("responder").get(PAGE))
    assert "No incident was opened in this period. Choose a longer one, or clear a filter." in page
    assert "Reviews agree them." in page
    assert "— 0 of 0" in page


def test_titles_say_what_is_seen_and_every_chart_is_a_table(as_, make):
    make(contained_at=42, severity=1, phase="mitigation", systems=("ledger",))
    response = as_("responder").get(PAGE)
    page = text_of(response)
    assert "SEV-1 contained in 42 min (median of 1; target 1 h; nothing to compare before)" in page
    assert "1 recorded. Counted from detection until it no longer grew." in page
    assert "exercises and what was dismissed are not in it" in page
    drawn = response.text.count("<figure")
    assert drawn == len(reading.CHARTS)
    empty = response.text.count('<p class="empty">')
    assert response.text.count('class="as-table"') == drawn - empty
    own = response.text.split('<div class="desk page trends">')[1].split("</main>")[0]
    assert "<script" not in own
    assert "http" not in own
    assert " style=" not in own


def test_filters_stay_in_the_address_and_what_cannot_be_is_said(as_, make):
    make(severity=1)
    browser = as_("responder")
    page = browser.get(f"{PAGE}?period=30&severity=1")
    assert '<option value="1" selected>SEV-1</option>' in page.text
    assert "/admin/trends/csv/?period=30&amp;severity=1" in page.text
    wrong = browser.get(f"{PAGE}?period=30&severity=9")
    assert "A severity is 1, 2, 3 or 4. The last 90 days are shown." in text_of(wrong)
    assert browser.get(f"{FILE}?severity=9").status_code == 400
    assert browser.get(f"{FILE}nothing/").status_code == 404


@pytest.mark.mistake(22)
def test_the_file_holds_what_the_page_shows_and_no_formula(as_, make, people):
    Category.objects.filter(key="outage").update(name="=cmd|' /C calc'!A0")
    make(contained_at=42, phase="mitigation", systems=("+ledger", "@gateway"))
    response = as_("responder").get(f"{FILE}?period=30")
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(response.content.decode("utf-8-sig"))))
    assert {row["chart"] for row in rows} <= set(reading.CHARTS)
    assert [
        (row["row"], row["value"])
        for row in rows
        if (row["chart"], row["figure"]) == ("contain", "median")
    ] == [("SEV-1", ""), ("SEV-2", "2520"), ("SEV-3", ""), ("SEV-4", "")]
    cells = [cell for row in rows for cell in row.values()]
    assert {"'=cmd|' /C calc'!A0", "'+ledger", "'@gateway"} <= set(cells)
    assert [cell for cell in cells if cell[:1] in "=+-@\t\r" and cell] == []
    one = as_("responder").get(f"{FILE}contain/?period=30").content.decode("utf-8-sig")
    assert {row["chart"] for row in csv.DictReader(io.StringIO(one))} == {"contain"}


def test_an_auditors_reading_and_every_export_is_recorded(as_):
    as_("responder").get(PAGE)
    assert not AuditEvent.objects.filter(detail__name__startswith=PAGE).exists()
    as_("auditor").get(f"{PAGE}?period=30")
    assert AuditEvent.objects.filter(action="read", detail__name=f"{PAGE}?period=30").count() == 1
    as_("responder").get(FILE)
    assert AuditEvent.objects.filter(action="exported", about="trends").count() == 1


def test_the_page_costs_the_same_with_one_and_with_twenty_incidents(as_, make, people, helix):
    browser = as_("responder")

    def cost():
        with CaptureQueriesContext(connection) as captured:
            assert browser.get(PAGE).status_code == 200
        return len([q for q in captured.captured_queries if not NOT_COUNTED.match(q["sql"])])

    browser.get(PAGE)  # the first request after a login loads more
    agreed(make(systems=("ledger",)), people["responder"], due=3, ended=4)
    with_one = cost()
    for number in range(19):
        incident = make(systems=(f"system {number}",), severity=1 + number % 4)
        agreed(incident, people["responder"], due=3, ended=4)
    assert cost() == with_one
    assert with_one <= len(reading.CHARTS) + 8
