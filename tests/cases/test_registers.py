"""The registers of cases on the desk: who changes them, what is recorded, keys shown once."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from cases.intake import sources
from cases.models import Category, Incident, Source, System, Target
from incidentdesk.kernel.errors import InvalidInput, NotAllowed
from incidentdesk.kernel.models import AuditEvent
from incidentdesk.kernel.shown_once import digest
from partners.models import Partner
from tests.conftest import NOW, People

pytestmark = pytest.mark.django_db
REGISTERS = ["category", "system", "target", "source"]


As = Callable[[str], Client]


def new_source(**changes: Any) -> dict[str, Any]:
    """What a browser posts for a new source."""
    fields = {"name": "prod-us", "format": "alertmanager", "impact": 2, "scope": 2}
    return {**fields, "category": "", "is_active": "on", **changes}


# What the page of a source posts besides: it has no label mappings.
NO_LINES = {"mappings-TOTAL_FORMS": "0", "mappings-INITIAL_FORMS": "0"}


def key_on(page: str) -> str:
    """The key that a page shows."""
    found = re.search(r"/intake/([\w-]+)/alertmanager", page)
    assert found
    return found[1]


@pytest.mark.parametrize("register", REGISTERS)
def test_everybody_at_the_desk_reads_and_only_the_administrator_adds(
    as_: As, people: People, register: str
) -> None:
    System.objects.create(name="ledger")
    Source.objects.create(name="prod-eu", format="alertmanager", key_digest="x")
    url = f"/admin/cases/{register}/"
    adds = set()
    for key in people:
        browser = as_(key)
        assert browser.get(url).status_code == 200
        if browser.get(f"{url}add/").status_code == 200:
            adds.add(key)
    assert adds == {"administrator"}


def test_a_change_is_recorded_and_a_reading_only_of_the_auditor(as_: As) -> None:
    system = System.objects.create(name="ledger")
    url = f"/admin/cases/system/{system.pk}/change/"
    posted = {"name": "ledger-eu", "kind": "service", "description": "", "is_active": "on"}
    as_("administrator").post(url, posted)
    (change,) = AuditEvent.objects.all()
    assert (change.action, change.about) == ("changed system", f"system:{system.pk}")
    as_("responder").get(url)
    assert AuditEvent.objects.count() == 1
    as_("auditor").get(url)
    assert AuditEvent.objects.order_by("-id")[0].action == "read"
    assert as_("auditor").post(url, posted).status_code == 403


def test_a_category_keeps_its_key_and_leads_to_its_playbook(as_: As) -> None:
    browser = as_("administrator")
    posted = {"name": "Cloud", "key": "cloud", "description": "", "position": 9, "is_active": "on"}
    browser.post("/admin/cases/category/add/", posted)
    made = Category.objects.get(key="cloud")
    url = f"/admin/cases/category/{made.pk}/change/"
    browser.post(url, {**posted, "key": "other", "name": "Clouds"})
    made.refresh_from_db()
    assert (made.key, made.name) == ("cloud", "Clouds")
    page = browser.get("/admin/cases/category/").content.decode()
    assert f"category__id__exact={made.pk}" in page
    assert "version 1: 23 tasks" in page


def test_a_category_that_every_partner_reads_names_none_of_them(as_: As, helix: Partner) -> None:
    browser = as_("administrator")
    posted = {"name": "Cloud", "key": "cloud", "description": "", "position": 9, "is_active": "on"}
    for changes, shown in (
        ({"name": "Links of helix markets"}, "Helix Markets"),
        ({"key": "helix-links"}, "Helix Markets"),
        ({"name": "As INC_2026_0001"}, "INC_2026_0001"),
    ):
        page = browser.post("/admin/cases/category/add/", {**posted, **changes}).content.decode()
        assert f"This would show {shown} to every partner; take it out." in page
    assert not Category.objects.filter(position=9).exists()
    page = browser.get("/admin/cases/category/add/").content.decode()
    assert "Every partner reads it, in the form in which it reports an incident." in page


def test_a_target_counts_from_the_next_incident_on(
    as_: As, declare: Callable[..., Incident]
) -> None:
    before = declare(impact=4, scope=4, urgency=3)
    target = Target.objects.get(severity=1, kind="acknowledge")
    posted = {"severity": 1, "kind": "acknowledge", "amount": 7, "counting": "minutes"}
    url = f"/admin/cases/target/{target.pk}/change/"
    as_("administrator").post(url, {**posted, "anchor": "detected_at"})
    after = declare(impact=4, scope=4, urgency=3)
    due = [i.deadlines.get(kind="acknowledge").due_at - NOW for i in (before, after)]
    assert [span.total_seconds() / 60 for span in due] == [5, 7]


def test_the_key_of_a_new_source_is_shown_once_and_works(as_: As) -> None:
    browser = as_("administrator")
    page = browser.post("/admin/cases/source/add/", new_source(), follow=True).content.decode()
    key = key_on(page)
    made = Source.objects.get(name="prod-us")
    assert made.key_digest == digest(key)
    for url in ("/admin/cases/source/", f"/admin/cases/source/{made.pk}/change/"):
        assert key not in browser.get(url).content.decode()
    assert key not in str(list(AuditEvent.objects.values()))
    answer = browser.post(f"/intake/{key}/alertmanager", "{}", content_type="application/json")
    assert answer.status_code == 400  # the key was right; the body was not


def test_a_source_keeps_its_format(as_: As, source: Source) -> None:
    url = f"/admin/cases/source/{source.pk}/change/"
    posted = new_source(name="prod-eu-2", format="pagerduty")
    as_("administrator").post(url, posted | NO_LINES)
    source.refresh_from_db()
    assert (source.name, source.format) == ("prod-eu-2", "alertmanager")


def test_a_signing_secret_is_given_kept_and_never_shown(as_: As) -> None:
    browser = as_("administrator")
    sentry = {"format": "sentry", "signing_secret": "hush-hush"}
    browser.post("/admin/cases/source/add/", new_source(**sentry))
    made = Source.objects.get(name="prod-us")
    url = f"/admin/cases/source/{made.pk}/change/"
    assert "hush-hush" not in browser.get(url).text
    assert "hush-hush" not in as_("auditor").get(url).text
    kept = new_source(name="prod-us-2", format="sentry", signing_secret="")
    browser.post(url, kept | NO_LINES)
    made.refresh_from_db()
    assert (made.name, made.signing_secret) == ("prod-us-2", "hush-hush")
    assert "hush-hush" not in str(list(AuditEvent.objects.values_list("detail")))
    page = browser.post(url, new_source(format="sentry", signing_secret="new") | NO_LINES).text
    made.refresh_from_db()
    assert (made.signing_secret, "new" in page) == ("new", False)


def test_a_secret_with_which_nobody_signs_is_refused(as_: As) -> None:
    sent = new_source(signing_secret="hush-hush")
    page = as_("administrator").post("/admin/cases/source/add/", sent).text
    assert "This format is not signed; leave it empty." in page
    assert "hush-hush" not in page
    assert not Source.objects.exists()


def test_only_those_who_keep_registers_make_sources(people: People) -> None:
    with pytest.raises(NotAllowed):
        sources.create(name="x", source_format="alertmanager", by=people.actor("responder"), at=NOW)
    with pytest.raises(InvalidInput, match="no format smoke-signal"):
        sources.create(
            name="x", source_format="smoke-signal", by=people.actor("administrator"), at=NOW
        )
    assert not Source.objects.exists()
