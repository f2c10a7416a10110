"""The register of partners on the desk: contacts, and who may use the portal."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from incidentdesk.kernel import grants
from incidentdesk.kernel.models import AuditEvent, User
from partners import directory
from partners.models import Contact, Partner
from tests.conftest import NOW, People

pytestmark = pytest.mark.django_db
URL = "/admin/partners/partner/"


@pytest.fixture
def administrator(people: People) -> Client:
    """A browser of the administrator."""
    browser = Client()
    browser.force_login(people["administrator"])
    return browser


@pytest.fixture
def mails(settings: Any, tmp_path: Path) -> Callable[[], int]:
    """How many mails were sent."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    settings.EMAIL_FILE_PATH = str(tmp_path)
    return lambda: len(list(tmp_path.iterdir()))


def posted(*contacts: tuple[str, str], **changes: Any) -> dict[str, Any]:
    """What a browser posts for a partner with these new contacts."""
    fields = {"name": "Tidewater FX", "code": "TIDE", "kind": "broker", "is_active": "on"}
    fields |= {"contacts-TOTAL_FORMS": str(len(contacts)), "contacts-INITIAL_FORMS": "0"}
    for number, (name, email) in enumerate(contacts):
        row = {"name": name, "email": email, "gets_notices": "on", "is_active": "on"}
        fields |= {f"contacts-{number}-{field}": value for field, value in row.items()}
    return fields | changes


def test_a_partner_is_added_with_its_contacts(administrator: Client) -> None:
    administrator.post(f"{URL}add/", posted(("Tia", "tia@tide.test")))
    tide = Partner.objects.get(code="TIDE")
    assert [contact.name for contact in tide.contacts.all()] == ["Tia"]
    assert AuditEvent.objects.get().action == "added partner"


def test_a_code_is_chosen_once(administrator: Client, helix: Partner) -> None:
    fields = posted(name="Helix", code="OTHER")
    fields["contacts-TOTAL_FORMS"] = "0"
    administrator.post(f"{URL}{helix.pk}/change/", fields)
    helix.refresh_from_db()
    assert (helix.name, helix.code) == ("Helix", "HELIX")


def test_a_contact_gets_a_login_with_one_right_and_a_link(
    administrator: Client, helix: Partner, mails: Callable[[], int]
) -> None:
    contact = Contact.objects.create(partner=helix, name="Tia", email="tia@helix.test")
    url = f"{URL}{helix.pk}/give_login/"
    assert "tia@helix.test" in administrator.get(url).content.decode()
    assert not User.objects.filter(email="tia@helix.test").exists()
    answer = {"contact": contact.pk, "right": "audit", "mails_link": "on"}
    page = administrator.post(url, answer, follow=True).content.decode()
    tia = User.objects.get(email="tia@helix.test")
    assert grants.granted(tia.pk, helix) == frozenset({"audit"})
    assert mails() == 1
    assert "reads as its auditor" in page
    event = AuditEvent.objects.get()
    assert (event.action, event.detail["to"]) == ("gave a login", "tia@helix.test")


def test_the_use_case_itself_records_who_gave_which_login(helix: Partner, people: People) -> None:
    contact = Contact.objects.create(partner=helix, name="Tia", email="tia@helix.test")
    by = people.actor("administrator")
    directory.give_login(contact_id=contact.pk, right="act", by=by, at=NOW)
    event = AuditEvent.objects.get()
    assert (event.at, event.user_id, event.action) == (NOW, by.user_id, "gave a login")
    assert event.about == f"partner:{helix.pk}"
    assert event.detail == {"name": "Helix Markets", "to": "tia@helix.test", "right": "act"}


def test_no_login_for_staff_nor_for_another_partners_contact(
    administrator: Client, helix: Partner, norrbank: Partner, people: People
) -> None:
    url = f"{URL}{helix.pk}/give_login/"
    staff = Contact.objects.create(partner=helix, name="Rob", email=people["responder"].email)
    page = administrator.post(url, {"contact": staff.pk, "right": "act"}).content.decode()
    assert "works at the desk and cannot be a partner&#x27;s contact too" in page
    other = norrbank.contacts.get()
    assert administrator.post(url, {"contact": other.pk, "right": "act"}).status_code == 422
    assert grants.granted(people["norrbank"].pk, helix) == frozenset()


def test_only_those_who_keep_registers_give_logins(helix: Partner, people: People) -> None:
    may = set()
    for key in ("responder", "commander", "communications", "approver", "security", "auditor"):
        browser = Client()
        browser.force_login(people[key])
        assert browser.get(f"{URL}{helix.pk}/change/").status_code == 200
        if browser.get(f"{URL}{helix.pk}/give_login/").status_code == 200:
            may.add(key)
    assert may == set()


def test_the_list_counts_contacts_and_logins(administrator: Client, helix: Partner) -> None:
    Contact.objects.create(partner=helix, name="Tia", email="tia@helix.test")
    (row,) = administrator.get(URL).context["cl"].result_list
    assert (row.contact_count, row.login_count) == (2, 1)
