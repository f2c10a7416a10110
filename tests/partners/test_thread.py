"""The thread on the incident's page in the portal."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from cases import thread
from cases.models import Remark, SharedFile
from incidentdesk.kernel import grants
from tests.partners.conftest import Both, Telling, leaks
from tests.partners.test_queries import cost

pytestmark = pytest.mark.django_db


def page_of(both: Both) -> str:
    """Alder's page of the incident."""
    return f"/portal/incidents/{both.a.involvement.reference}/"


def test_each_partner_reads_its_own_thread(both: Both, telling: Telling) -> None:
    for side in (both.a, both.b):
        thread.write(
            incident_id=both.incident.pk,
            involvement_id=side.involvement.pk,
            text=f"{side.word} answer of the desk",
            by=telling.people.actor("communications"),
            at=telling.tick(),
        )
    text = both.a.client.get(page_of(both)).text
    assert "ALDER remark" in text
    assert "ALDER answer of the desk" in text
    assert "<b>The response team</b>" in text
    assert telling.people["communications"].name not in text
    assert not leaks(text, "BIRCH")


def test_writing_with_files(both: Both) -> None:
    typed = {"text": "Two orders.", "uploads": [SimpleUploadedFile("orders.csv", b"a,b")]}
    response = both.a.client.post(f"{page_of(both)}write/", typed, follow=True)
    assert response.redirect_chain == [(f"{page_of(both)}#thread", 302)]
    assert "The response team is told." in response.text
    made = Remark.objects.latest("id")
    assert (made.text, made.partner, made.author) == (
        "Two orders.",
        both.a.partner,
        "Person of Alder",
    )
    file = SharedFile.objects.get(remark=made)
    assert f"/portal/files/{file.key}/" in response.text
    assert both.b.client.get(f"/portal/files/{file.key}/").status_code == 404


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"text": " "}, "Write something or add a file"),
        ({"text": "kept " * 2_001}, "Keep it to 10,000 characters"),
        ({"text": "kept", "uploads": SimpleUploadedFile("x.txt", b"")}, "is empty"),
    ],
)
def test_a_refusal_says_why_and_keeps_what_was_typed(
    both: Both, typed: dict[str, str], sentence: str
) -> None:
    before = both.a.rows()
    response = both.a.client.post(f"{page_of(both)}write/", typed)
    assert response.status_code == 422
    assert sentence in response.text
    assert "kept" in response.text or typed["text"] == " "
    assert both.a.rows() == before


def test_an_auditor_of_the_partner_reads_it_and_writes_nothing(both: Both) -> None:
    grants.revoke(both.a.user, "act", both.a.partner)
    grants.grant(both.a.user, "audit", both.a.partner)
    client = both.a.client
    assert "ALDER remark" in client.get(page_of(both)).text
    assert client.post(f"{page_of(both)}write/", {"text": "x"}).status_code == 403
    assert Remark.objects.filter(partner=both.a.partner).count() == 1


def test_the_page_keeps_to_its_budget(both: Both, telling: Telling) -> None:
    client = both.a.client
    few = len(cost(client, page_of(both)))
    assert few <= 15
    for number in range(20):
        thread.reply(
            involvement_id=both.a.involvement.pk,
            text=f"ALDER {number}",
            uploads=[SimpleUploadedFile("x.txt", b"x")],
            by=both.a.actor,
            at=telling.tick(),
        )
    assert len(cost(client, page_of(both))) <= few + 1  # the files, once there are any
