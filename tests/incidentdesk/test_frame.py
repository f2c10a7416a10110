"""The frame of every page: one heading, what a field refers to is there, and plain words."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from cases.models import Incident
from tests.incidentdesk.conftest import text_of

pytestmark = pytest.mark.django_db
As = Callable[[str], Client]


def _pages() -> list[str]:
    """The list and, where there is one, the empty form of everything on the desk."""
    names = [f"admin:{m._meta.app_label}_{m._meta.model_name}" for m in admin.site._registry]
    return [reverse(f"{name}_{kind}") for name in names for kind in ("changelist", "add")]


def _lacks(page: str) -> set[str]:
    """The names that a page's fields refer to and that nothing on it has."""
    named = set(re.findall(r'\bid="([^"]+)"', page))
    wanted = re.findall(r'\baria-(?:describedby|labelledby)="([^"]+)"', page)
    return {one for names in wanted for one in names.split()} - named


def test_every_list_and_form_has_one_heading_and_what_its_fields_refer_to(as_: As) -> None:
    browser, faults, forms = as_("administrator"), {}, 0
    for url in _pages():
        answer = browser.get(url, follow=True)
        page = answer.content.decode()
        if answer.status_code != 200:  # not for administrators, or not added by a form
            continue
        forms += "_helptext" in page
        if page.count("<h1") != 1 or _lacks(page):
            faults[url] = (page.count("<h1"), _lacks(page))
    assert faults == {}
    assert forms > 3


def test_a_page_of_the_desk_has_its_own_heading_alone(
    as_: As, incident_in: Callable[..., Incident]
) -> None:
    incident, browser = incident_in("containment"), as_("commander")
    own = f"/admin/cases/incident/{incident.pk}/"
    paths = ("change/", "who/", "do/evaluate/", "do/begin_mitigation/")
    pages = ["/admin/", "/admin/cases/severitymatrix/", *(own + path for path in paths)]
    found = [browser.get(url, follow=True).content.decode() for url in pages]
    assert [page.count("<h1") for page in found] == [1] * len(pages)
    assert [_lacks(page) for page in found] == [set()] * len(pages)


def test_an_empty_list_offers_to_add_only_to_who_may(as_: As) -> None:
    said = {
        (role, name): re.findall(
            r"Nothing here\.(?: Add \w+)?", text_of(as_(role).get(f"/admin/{name}/"))
        )
        for role in ("administrator", "auditor")
        for name in ("cases/source", "cases/report")
    }
    assert said == {
        ("administrator", "cases/source"): ["Nothing here. Add source"],
        ("administrator", "cases/report"): ["Nothing here."],
        ("auditor", "cases/source"): ["Nothing here."],
        ("auditor", "cases/report"): ["Nothing here."],
    }
    words = text_of(as_("auditor").get("/admin/cases/report/?q=fills&state=all"))
    assert "Nothing fits. Clear the search and the filters" in words


def test_a_yes_and_a_no_are_words(as_: As) -> None:
    page = as_("administrator").get("/admin/cases/category/")
    assert "close_small" not in page.content.decode()
    assert "yes" in text_of(page)


def test_the_list_of_incidents_refers_to_its_help_only_where_it_stands(
    as_: As, declare: Callable[..., Incident]
) -> None:
    browser, url = as_("commander"), "/admin/cases/incident/"
    found = [browser.get(url).content.decode().count("find-help")]
    declare()
    found.append(browser.get(url).content.decode().count("find-help"))
    assert found == [2, 0]
