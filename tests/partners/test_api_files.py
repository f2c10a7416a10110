"""The partners' API hands out facts packages and files: one's own, and nothing of others'."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.test import Client

from cases.models import SharedFile
from incidentdesk.kernel import clocks
from tests.partners.conftest import Both, Side, leaks
from tests.partners.test_api import ROOT, Program, a_token

pytestmark = pytest.mark.django_db


@pytest.fixture
def a(both: Both) -> Program:
    """A program of A's that only reads."""
    return Program(a_token(both.a, at=clocks.now())[1])


def test_the_facts_of_an_incident_read_as_in_the_portal(both: Both, a: Program):
    (one,) = a.get(f"/incidents/{both.a.involvement.reference}/facts").json()["items"]
    assert one == a.get(f"/facts/{both.a.package.reference}").json()
    page = both.a.client.get(f"/portal/facts/{both.a.package.reference}/json/").json()
    assert {**page, "handed_over_at": 0} == {
        **{key: one[key] for key in page},
        "handed_over_at": 0,
    }
    assert (one["stage"], one["label"], one["clients"]) == ("initial", "first", 17)
    assert leaks(str(one), "BIRCH") == []


def test_the_report_of_a_package_comes_with_what_is_missing(both: Both, a: Program):
    found = a.get(f"/facts/{both.a.package.reference}/report").json()
    assert found == {
        "reference": both.a.package.reference,
        "stage": "initial",
        "report": both.a.package.report,
        "missing": both.a.package.missing,
    }
    assert {"number": "2.1", "name": "Reference of the financial entity", "whose": "partner"} in (
        found["missing"]
    )
    assert leaks(str(found), "BIRCH", "GLOBAL", "INC-") == []


def test_the_files_of_an_incident_are_listed_and_loaded_byte_by_byte(both: Both, a: Program):
    items = a.get(f"/incidents/{both.a.involvement.reference}/files").json()["items"]
    assert {one["name"] for one in items} == {"ALDER-list.csv"}
    for one in items:
        answer = a.get(f"/files/{one['key']}")
        assert answer.status_code == 200
        assert len(answer.getvalue()) == one["size"]
        assert answer["Content-Type"] == "application/octet-stream"
        assert answer["Content-Disposition"].startswith("attachment; ")
        assert one["link"].endswith(f"/portal/files/{one['key']}/")


def test_a_report_names_its_files(both: Both, a: Program):
    found = a.get(f"/reports/{both.a.report.reference}").json()
    own = SharedFile.objects.filter(report=both.a.report).values_list("name", flat=True)
    assert [one["name"] for one in found["files"]] == list(own)
    assert found in a.get("/reports").json()["items"]


def others(side: Side) -> list[str]:
    """Every address of these that is somebody's."""
    keys = SharedFile.objects.filter(partner=side.partner).values_list("key", flat=True)
    assert keys
    return [
        f"/incidents/{side.involvement.reference}/facts",
        f"/facts/{side.package.reference}/report",
        f"/incidents/{side.involvement.reference}/files",
        f"/facts/{side.package.reference}",
        *(f"/files/{key}" for key in keys),
    ]


def test_another_s_are_not_there_and_junk_is_answered_alike(both: Both, a: Program):
    for path in others(both.b):
        assert a.get(path).status_code == 404, path
    assert a.get(f"/files/{uuid4()}").json() == {"error": "There is no such file."}
    for path in others(both.a):
        assert a.get(path).status_code == 200, path
        assert Client().get(f"{ROOT}{path}").status_code == 401, path
