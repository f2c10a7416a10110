"""A second click on the desk does nothing twice, with or without JavaScript, at once or later."""

from __future__ import annotations

import re

import pytest
from django.contrib import admin
from django.contrib.messages.storage.fallback import FallbackStorage
from django.test import Client, RequestFactory

from cases.admin.system import SystemAdmin
from cases.models import Entry, Incident, System, Task
from incidentdesk.kernel.errors import GONE, Conflict
from incidentdesk.kernel.models import AuditEvent, SentForm
from incidentdesk.kernel.once import SAID
from incidentdesk.sessions import SessionStore
from tests.cases.admin.conftest import address, page_of, text_of

IN_PLACE = {"X-Dialog": "1"}


def _value(response, *, form="") -> str:
    """The one-time value that the page rendered with its form."""
    page = response.content.decode()
    return re.search(r'name="once" value="([\w-]{20,})"', page[page.index(form) :]).group(1)


@pytest.mark.django_db
@pytest.mark.parametrize("headers", [{}, IN_PLACE])
def test_a_dialog_that_is_sent_twice_runs_once_and_says_so(headers, as_, incident_in):
    incident, browser = incident_in("containment"), as_("responder")
    value = _value(browser.get(address(incident, "add_task"), headers=headers))
    form = {"phase": "containment", "text": "Call the vendor", "once": value}
    first = browser.post(address(incident, "add_task"), form, headers=headers)
    second = browser.post(address(incident, "add_task"), form, headers=headers)
    assert Task.objects.filter(text="Call the vendor").count() == 1
    assert first.status_code == second.status_code
    led = [a.headers.get("X-Location") or a.headers["Location"] for a in (first, second)]
    assert led == [page_of(incident)] * 2
    assert SAID in text_of(browser.get(page_of(incident)))


@pytest.mark.django_db
def test_a_refused_form_can_be_corrected_and_sent_again(as_, incident_in):
    incident, browser = incident_in("containment"), as_("commander")
    refused = browser.post(address(incident, "begin_mitigation"), {"once": "a"})
    assert refused.status_code == 422
    assert not SentForm.objects.exists()
    assert _value(refused)
    again = browser.post(address(incident, "begin_mitigation"), {"once": "a"})
    assert again.status_code == 422
    assert "has to wait" in text_of(again)


@pytest.mark.django_db
def test_a_second_click_is_told_so_although_its_choice_is_gone_by_now(as_, incident_in):
    incident, browser = incident_in("containment"), as_("responder")
    task = incident.tasks.filter(phase="containment").first()
    form = {"tasks": [task.pk], "state": "done", "note": "Done in the pool.", "once": "a"}
    assert browser.post(address(incident, "end_tasks"), form).status_code == 302
    answer = browser.post(address(incident, "end_tasks"), form, follow=True)
    assert answer.redirect_chain == [(page_of(incident), 302)]
    assert SAID in text_of(answer)


@pytest.mark.django_db
def test_the_timelines_own_form_posts_once_and_other_words_are_another_update(as_, incident_in):
    incident, browser = incident_in("containment"), as_("responder")
    value = _value(browser.get(page_of(incident)), form='class="post"')
    for text in ("Gap since 09:38", "Gap since 09:38", "Gap closed"):
        browser.post(address(incident, "post_update"), {"text": text, "once": value})
    updates = Entry.objects.filter(incident=incident, body__startswith="Gap").order_by("sequence")
    assert [entry.body for entry in updates] == ["Gap since 09:38", "Gap closed"]


@pytest.mark.django_db
def test_a_mail_that_follows_the_commit_is_sent_once(as_, people, mailoutbox):
    browser, url = as_("administrator"), f"/admin/kernel/user/{people['responder'].pk}/mail_link/"
    form = {"once": _value(browser.get(url))}
    browser.post(url, form)
    browser.post(url, form)
    assert len(mailoutbox) == 1
    assert AuditEvent.objects.filter(action="mailed a password link to").count() == 1


@pytest.mark.django_db
def test_a_register_s_form_saves_once_and_a_refused_one_can_be_corrected(as_):
    browser, url = as_("administrator"), "/admin/cases/system/add/"
    form = {"name": "", "kind": "service", "once": _value(browser.get(url))}
    refused = browser.post(url, form)
    assert (refused.status_code, bool(_value(refused))) == (200, True)
    form["name"] = "order-router"
    assert browser.post(url, form).status_code == 302
    second = browser.post(url, form, follow=True)
    assert second.redirect_chain == [("/admin/cases/system/", 302)]
    assert SAID in text_of(second)
    assert (System.objects.count(), SentForm.objects.count()) == (1, 1)
    assert AuditEvent.objects.filter(action="added system").count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("late", "said"), [(Conflict("Somebody was faster."), "Somebody was faster."), (None, GONE)]
)
def test_what_a_register_learns_only_while_saving_is_a_sentence(late, said, people):
    class Late(SystemAdmin):
        def save_model(self, request, obj, form, change):
            raise late or System.DoesNotExist

    system = System.objects.create(name="order-router")
    url = f"/admin/cases/system/{system.pk}/change/"
    request = RequestFactory().post(url, {"name": "order-router-2", "kind": "service", "once": "a"})
    request.user, request.session = people["administrator"], SessionStore()
    request._messages = FallbackStorage(request)
    request._dont_enforce_csrf_checks = True
    answer = Late(System, admin.site).changeform_view(request, str(system.pk))
    assert (answer.status_code, answer["Location"]) == (302, url)
    assert [str(message) for message in request._messages] == [said]
    assert not SentForm.objects.exists()
    assert System.objects.get().name == "order-router"


@pytest.mark.asvs("2.3.4", 10)
@pytest.mark.django_db(transaction=True)
def test_of_four_clicks_at_once_one_declares(people, at_once):
    form = {"title": "Orders rejected", "once": "the-same"}

    def click():
        browser = Client()
        browser.force_login(people["responder"])
        return browser.post("/admin/cases/incident/do/declare/", form)

    answers = at_once([click] * 4)
    assert [answer.status_code for answer in answers] == [302] * 4
    incident = Incident.objects.get()
    assert sorted(answer.headers["Location"] for answer in answers) == [
        *["/admin/cases/incident/"] * 3,
        incident.url,
    ]
