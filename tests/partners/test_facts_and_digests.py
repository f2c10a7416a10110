"""Facts packages and digests in the portal: each partner reads its own, as pages and as JSON."""

from __future__ import annotations

from typing import Any

import pytest

from incidentdesk.kernel import pdf
from tests.partners.conftest import Both, leaks

pytestmark = pytest.mark.django_db


def test_the_incident_leads_to_its_facts_which_say_what_is_known_and_what_is_not(
    both: Both,
) -> None:
    page = both.a.client.get(f"/portal/incidents/{both.a.involvement.reference}/").text
    address = f"/portal/facts/{both.a.package.reference}/"
    assert f'<a href="{address}">First facts package</a>' in page
    text = both.a.client.get(address).text
    assert "<dt>Your clients affected</dt><dd>17</dd>" in text
    assert '<dt>Your transactions affected</dt><dd><span class="mute">not known</span></dd>' in text
    assert "ALDER facts" in text
    assert "“initial” in JSON and the API" in text
    assert leaks(text, "BIRCH") == []


def test_the_same_comes_as_json_with_nothing_but_the_partner_s_own(both: Both) -> None:
    answer = both.a.client.get(f"/portal/facts/{both.a.package.reference}/json/")
    content: dict[str, Any] = answer.json()
    handed = content.pop("handed_over_at")
    assert handed.startswith(f"{both.a.package.handed_at:%Y-%m-%dT%H:%M:%S}")
    assert content == {
        "reference": both.a.package.reference,
        "stage": "initial",
        "label": "first",
        "incident": both.a.involvement.reference,
        "title": both.a.involvement.title,
        "severity": 2,
        "is_exercise": False,
        "what_happened": "ALDER facts",
        "affected_services": "ALDER services",
        "began_at": None,
        "ended_at": None,
        "is_estimate": False,
        "clients": 17,
        "clients_share": None,
        "transactions": None,
        "transactions_share": None,
        "value_eur": None,
        "downtime_minutes": None,
    }
    name = f'attachment; filename="{both.a.package.reference}.json"'
    assert answer.headers["Content-Disposition"] == name


def test_the_report_comes_as_it_was_handed_over_field_by_field_and_as_a_file(both: Both) -> None:
    client, package = both.a.client, both.a.package
    text = client.get(f"/portal/facts/{package.reference}/").text
    assert "<dt>3.4 " not in text  # it belongs to a later package
    assert "<dt>2.4 Description</dt><dd>ALDER facts</dd>" in text
    missing = "<dt>2.3 Date and time of classification as major</dt>"
    assert f'{missing}<dd><span class="mute">yours to add</span></dd>' in text
    answer = client.get(f"/portal/facts/{package.reference}/report.json")
    assert answer.json() == package.report
    assert answer.json()["incident"]["incidentDescription"] == "ALDER facts"
    assert leaks(answer.text + text, "BIRCH", "GLOBAL", "INC-") == []


def test_the_whole_comes_as_a_pdf_drawn_outside_the_scope(both: Both) -> None:
    if pdf.missing():
        pytest.skip(pdf.missing())
    answer = both.a.client.get(f"/portal/facts/{both.a.package.reference}/facts.pdf")
    assert answer["Content-Type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF-")


def test_the_first_page_leads_to_the_digests_and_each_tells_of_its_partner_s_own(
    both: Both,
) -> None:
    client, digest = both.a.client, both.a.digest
    address = f"/portal/digests/{digest.reference}/"
    assert f'href="{address}"' in client.get("/portal/").text
    assert f'href="{address}"' in client.get("/portal/digests/").text
    text = client.get(address).text
    line = digest.lines.get()
    assert (line.title in text, line.meaning in text) == (True, True)
    assert leaks(text.replace("ALDER small", ""), "BIRCH", "INC-") == []


def test_another_s_are_not_there(both: Both) -> None:
    for path in (
        f"/portal/facts/{both.b.package.reference}/",
        f"/portal/facts/{both.b.package.reference}/json/",
        f"/portal/facts/{both.b.package.reference}/report.json",
        f"/portal/facts/{both.b.package.reference}/facts.pdf",
        f"/portal/digests/{both.b.digest.reference}/",
    ):
        assert both.a.client.get(path).status_code == 404
        wanted = 302 if path.endswith(".pdf") and pdf.missing() else 200
        assert both.b.client.get(path).status_code == wanted
