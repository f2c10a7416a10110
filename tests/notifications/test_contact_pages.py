"""The page “How you are reached”: adding a way, typing in its code, testing it, removing it."""

from __future__ import annotations

import re
from typing import Any

import pytest

from incidentdesk.kernel import clocks
from notifications.models import ContactMethod, Message
from tests.incidentdesk.conftest import queries_of, text_of
from tests.notifications.conftest import method

pytestmark = pytest.mark.django_db
LIST = "/admin/notifications/contactmethod/"
FORM = {"channel": "email", "address": "me@home.test", "label": "Home", "position": "1"}
FORM |= {"reach": "4", "zone": "UTC", "from_time": "", "until_time": ""}


def test_a_way_is_added_from_the_menu_and_used_once_its_code_was_typed_in(as_: Any) -> None:
    browser = as_("responder")
    assert f'href="{LIST}"' in browser.get("/admin/").content.decode()
    added = browser.post(f"{LIST}do/add/", FORM, follow=True)
    row = ContactMethod.objects.get()
    page = f"{LIST}{row.pk}/change/"
    assert added.redirect_chain[-1][0] == page
    assert "not verified" in text_of(added).lower()
    code = re.findall(r"\d{6}", Message.objects.get(kind="method_code").body_text)[0]
    wrong = browser.post(f"{LIST}{row.pk}/do/verify/", {"code": "x"}, follow=True)
    assert "That is not the code" in text_of(wrong)
    row.refresh_from_db()
    assert row.code_tries == 1
    right = browser.post(f"{LIST}{row.pk}/do/verify/", {"code": code}, follow=True)
    assert "pages go by it from now on" in text_of(right)
    browser.post(f"{LIST}{row.pk}/do/test/", {})
    assert "Last test" in text_of(browser.get(page))
    assert Message.objects.filter(kind="method_test", method=row).count() == 1
    browser.post(f"{LIST}{row.pk}/do/remove/", {})
    assert browser.get(page).status_code == 404


def test_the_secret_of_a_program_is_shown_once_and_an_address_never(as_: Any) -> None:
    browser = as_("responder")
    webhook = FORM | {"channel": "webhook", "address": "https://hooks.example.com/secret-path"}
    shown = text_of(browser.post(f"{LIST}do/add/", webhook, follow=True))
    assert len(re.findall(r"whsec_\S{44}", shown)) == 1
    row = ContactMethod.objects.get()
    for who in ("responder", "administrator"):
        for page in (LIST, f"{LIST}{row.pk}/change/", f"{LIST}{row.pk}/do/test/"):
            words = as_(who).get(page).content.decode()
            assert ("whsec_" in words, "secret-path" in words) == (False, False)


def test_what_cannot_be_is_refused_on_the_form_and_nothing_typed_is_lost(as_: Any) -> None:
    answer = as_("responder").post(f"{LIST}do/add/", FORM | {"address": "nonsense"})
    assert answer.status_code == 422
    assert "Give a mail address such as name@example.com." in text_of(answer)
    assert 'value="nonsense"' in answer.content.decode()


def test_one_sees_one_s_own_ways_and_an_administrator_tests_everybody_s(
    as_: Any, people: Any
) -> None:
    row = method(people["commander"], "Night phone", added_at=clocks.now())
    page = f"{LIST}{row.pk}/change/"
    found = {
        who: (browser.get(page).status_code, "Night phone" in text_of(browser.get(LIST)))
        for who in ("commander", "administrator", "responder")
        for browser in [as_(who)]
    }
    assert found == {
        "commander": (200, True),
        "administrator": (200, True),
        "responder": (404, False),
    }
    admin = as_("administrator")
    refused = admin.post(f"{LIST}{row.pk}/do/remove/", {})
    assert refused.status_code == 422
    assert admin.get(f"{LIST}{row.pk}/do/remove/").status_code == 409
    assert admin.post(f"{LIST}{row.pk}/do/test/", {}).status_code == 302
    assert Message.objects.get(kind="method_test").to_user == people["commander"]


def test_the_list_costs_the_same_for_one_way_and_for_nine(as_: Any, people: Any) -> None:
    browser = as_("commander")
    method(people["commander"])
    few = queries_of(browser, LIST)
    for _ in range(8):
        method(people["commander"])
    assert queries_of(browser, LIST) == few
