"""Notices and reports through their buttons: two people for a notice, one answer for a report."""

from __future__ import annotations

import html
import re

import pytest

from cases import notices
from cases.intake import reports
from cases.models import Incident, Notice, Report
from incidentdesk.kernel.access import actor_for
from incidentdesk.kernel.errors import Conflict
from tests.cases.admin.conftest import address, page_of, text_of
from tests.conftest import NOW


def _draft(browser, incident, **more):
    rows = [row.pk for row in incident.involvements.all()]
    form = {"kind": "first", "body": "Quotes are late.", "audience": rows} | more
    return browser.post(address(incident, "draft_notice"), form)


def test_a_notice_is_drafted_by_one_approved_by_another_and_sent(as_, incident_in, people):
    incident = incident_in("containment")
    people["communications"].roles = ["communications", "approver"]
    people["communications"].save()
    writer, approver = as_("communications"), as_("approver")
    assert _draft(writer, incident).status_code == 302
    notice = Notice.objects.get()
    own = writer.post(address(notice, "approve"))
    assert (own.status_code, "You drafted it; a second person approves it." in text_of(own)) == (
        422,
        True,
    )
    early = writer.post(address(notice, "send"))
    assert "waits for a second person's approval" in text_of(early)
    assert "Quotes are late." in text_of(approver.get(address(notice, "approve")))
    assert approver.post(address(notice, "approve")).status_code == 302
    assert writer.post(address(notice, "send")).status_code == 302
    notice.refresh_from_db()
    assert (notice.state, notice.approved_by) == ("sent", people["approver"])
    page = text_of(writer.get(page_of(notice)))
    assert "Helix Markets" in page
    assert "HELIX-" in page
    assert people["approver"].name in page


def test_the_draft_is_for_every_partner_unless_one_is_unticked(as_, incident_in):
    incident = incident_in("containment")
    browser = as_("communications")
    form = browser.get(address(incident, "draft_notice")).content.decode()
    assert form.count("checked") == incident.involvements.count() == 1
    refused = _draft(browser, incident, audience=[])
    assert (refused.status_code, Notice.objects.count()) == (422, 0)
    assert "Quotes are late." in text_of(refused)


def test_a_draft_to_nobody_says_what_to_tick(as_, incident_in):
    refused = _draft(as_("communications"), incident_in("containment"), kind="update", audience=[])
    assert refused.context["form"].errors == {
        "audience": [
            "Tick whom it goes to; a partner that has been told nothing yet gets a first notice "
            "before any other."
        ]
    }


def test_who_drafted_it_is_told_that_a_second_person_approves_it(as_, incident_in, people):
    _draft(as_("communications"), incident_in("containment"))
    notice = Notice.objects.get()
    said = "You drafted it; a second person approves it."
    answer = as_("communications").get(address(notice, "approve"))
    assert (answer.status_code, answer.context["refusal"]) == (403, said)
    people["communications"].roles = ["communications", "approver"]
    people["communications"].save()
    answer = as_("communications").get(address(notice, "approve"))
    assert (answer.status_code, answer.context["refusal"]) == (409, said)
    other = as_("responder").get(address(notice, "approve"))
    assert (other.status_code, "may not approve" in other.context["refusal"]) == (403, True)


def test_an_edit_is_a_new_draft_and_leads_there(as_, incident_in, walk):
    incident = incident_in("containment")
    browser = as_("communications")
    _draft(browser, incident)
    notice = Notice.objects.get()
    as_("approver").post(address(notice, "approve"))
    answer = browser.post(address(notice, "edit"), {"body": "Quotes are fine."})
    fresh = Notice.objects.get(replaces=notice)
    assert answer.headers["Location"] == page_of(fresh)
    assert (fresh.state, fresh.approved_by) == ("draft", None)
    assert "took its place" in text_of(browser.get(page_of(notice)))
    assert browser.post(address(fresh, "withdraw")).status_code == 302
    assert "data-dialog" not in browser.get(page_of(fresh)).content.decode()


def test_who_drafts_reads_the_check_list_before_anybody_is_asked(as_, incident_in):
    incident = incident_in("containment")
    browser = as_("communications")
    answer = _draft(browser, incident, body="All 41,000 quotes were late from 03:17.")
    differs = ["03:17 is none of the recorded times", "41000 is not a figure on record"]
    notice = Notice.objects.get()
    for page in (answer.headers["Location"], page_of(notice)):
        assert browser.get(page).context["flags"] == differs
        assert "Differs from the record: " + " ".join(differs) in text_of(browser.get(page))
    browser.post(address(notice, "withdraw"))
    assert browser.get(page_of(notice)).context["flags"] == []


def test_a_draft_says_what_comes_first_with_the_way_there(as_, declare, incident_in):
    browser, bare = as_("communications"), declare()
    page = browser.get(address(bare, "draft_notice")).content.decode()
    way = f'<a href="{address(bare, "add_partner")}" data-dialog>list one first</a>'
    assert f"No partner is listed on this incident yet; {way}." in page
    incident = incident_in("containment")
    assert "look at it" not in browser.get(address(incident, "draft_notice")).content.decode()
    _draft(browser, incident)
    notice = Notice.objects.get()
    page = browser.get(address(incident, "draft_notice")).content.decode()
    assert (
        "There is a first notice to Helix Markets already, which waits for approval: "
        f'<a href="{page_of(notice)}">look at it</a> before you write another.'
    ) in page
    browser.post(address(notice, "withdraw"))
    assert "look at it" not in browser.get(address(incident, "draft_notice")).content.decode()


@pytest.mark.parametrize("is_edited", [False, True])
def test_a_dialog_of_a_withdrawn_notice_says_so_and_offers_nothing(as_, incident_in, is_edited):
    incident = incident_in("containment")
    writer, approver = as_("communications"), as_("approver")
    _draft(writer, incident)
    notice = Notice.objects.get()
    if is_edited:
        writer.post(address(notice, "edit"), {"body": "Quotes are fine."})
    else:
        writer.post(address(notice, "withdraw"))
    said = "This notice was withdrawn; nobody gets it."
    if is_edited:
        said = "This notice was withdrawn for an edit; the new draft took its place."
    for browser, name in ((approver, "approve"), (writer, "send"), (writer, "edit")):
        shown = browser.get(address(notice, name))
        assert (shown.status_code, said in text_of(shown)) == (409, True)
        assert "Quotes are late." not in text_of(shown)
        assert _submits(shown) == 0
    late = writer.post(address(notice, "edit"), {"body": "Typed too late."})
    assert ("Typed too late." in text_of(late), _submits(late)) == (True, 0)


def _submits(response):
    form = response.content.decode().split('class="dialog"')[-1]
    return form.split("</form>")[0].count('type="submit"')


@pytest.fixture
def report(people, helix):
    """Helix reports something."""
    return reports.report(
        title="Fills missing",
        description="Forty.",
        noticed_at=NOW,
        by=actor_for(people["helix"], partner_id=helix.pk),
        at=NOW,
    )


def test_a_report_becomes_an_incident(as_, report):
    form = {"shown_title": "Fills missing", "impact": "2", "scope": "2", "urgency": ""}
    browser = as_("communications")
    asked = browser.post(address(report, "accept"), form)
    assert (asked.status_code, Incident.objects.count()) == (422, 0)
    answer = browser.post(address(report, "accept"), form | {"shown_severity": "3"})
    incident = Incident.objects.get()
    assert answer.headers["Location"] == incident.url
    assert (incident.impact, incident.urgency, incident.detection) == (2, None, "partner")


def test_a_report_is_attached_to_an_open_incident(as_, report, declare):
    incident, browser = declare(), as_("communications")
    said = {"shown_title": "Fills missing", "meaning": "Forty of yours.", "shown_severity": "4"}
    wrong = browser.post(address(report, "attach"), {"reference": "INC-1999-0001", **said})
    assert "no open incident INC-1999-0001" in text_of(wrong)
    right = browser.post(
        address(report, "attach"), {"reference": incident.reference.lower(), **said}
    )
    assert right.headers["Location"] == incident.url
    assert incident.involvements.get(partner=report.partner).severity == 4


def test_triage_begins_with_the_report_s_title_and_with_nothing_that_is_ours_to_say(as_, report):
    for action in ("accept", "attach"):
        form = as_("communications").get(address(report, action)).context["form"]
        begun = {name: form[name].value() for name in form.fields if "shown" in name}
        assert begun == {"shown_title": "Fills missing", "shown_severity": None}
        assert form["meaning"].value() is None


def test_a_report_is_declined_with_an_answer_and_only_once(as_, report):
    browser = as_("communications")
    assert browser.post(address(report, "decline"), {"answer": " "}).status_code == 422
    assert browser.post(address(report, "decline"), {"answer": "Fixed."}).status_code == 302
    again = browser.post(address(report, "decline"), {"answer": "No."})
    assert (again.status_code, "was triaged already" in text_of(again)) == (422, True)
    report.refresh_from_db()
    assert (report.state, report.answer) == (Report.State.DECLINED, "Fixed.")
    assert "data-dialog" not in browser.get(page_of(report)).content.decode()


def test_who_may_not_triage_is_refused(as_, report):
    answer = as_("responder").post(address(report, "accept"), {})
    assert (answer.status_code, Incident.objects.count()) == (403, 0)


def test_a_draft_begins_with_the_template_of_its_kind_and_promises_the_next_update(
    as_, incident_in
):
    incident = incident_in("containment")
    browser = as_("communications")
    form = browser.get(address(incident, "draft_notice"))
    assert "A service that you use is disturbed: {title}." in text_of(form)
    assert '<button class="link" name="again" value="correction"' in form.content.decode()
    other = browser.get(address(incident, "draft_notice") + "?kind=correction")
    assert "We correct what we wrote about {title}." in text_of(other)
    wrong = _draft(browser, incident, body="Dear {name}")
    assert (wrong.status_code, "There is no placeholder {name}" in text_of(wrong)) == (422, True)
    assert "Dear {name}" in text_of(wrong)


def test_a_preview_shows_what_each_partner_will_see_by_mail_and_in_the_portal(as_, incident_in):
    incident = incident_in("containment")
    row = incident.involvements.get()
    browser = as_("communications")
    own = {f"own_{row.pk}": "Fills of {partner} are late."}
    answer = _draft(browser, incident, **own)
    notice = Notice.objects.get()
    assert answer.headers["Location"] == f"/admin/cases/notice/{notice.pk}/preview/"
    page = browser.get(answer.headers["Location"]).content.decode()
    frames = [html.unescape(text) for text in re.findall(r'srcdoc="([^"]*)"', page)]
    assert [frame.rstrip().endswith("</html>") for frame in frames] == [True, True]
    assert page.count("Fills of Helix Markets are late.") >= 3  # mail, its plain text, portal
    assert "contact@helix.test" in page
    assert "Quotes are late." not in page
    assert "Fills of {partner} are late." not in page
    form = browser.get(address(notice, "edit"))
    assert "Quotes are late." in text_of(form)
    assert "Fills of Helix Markets are late." in text_of(form)


def test_who_approves_ticks_what_differs_from_the_record(as_, incident_in):
    incident = incident_in("containment")
    _draft(as_("communications"), incident, body="At 23:11, 17 orders were lost.")
    notice, browser = Notice.objects.get(), as_("approver")
    form = text_of(browser.get(address(notice, "approve")))
    assert "23:11 is none of the recorded times" in form
    assert "17 is not a figure on record" in form
    refused = browser.post(address(notice, "approve"))
    assert refused.status_code == 422
    assert "Look at each line, and say that the text is right." in text_of(refused)
    assert browser.post(address(notice, "approve"), {"checked": "on"}).status_code == 302
    assert Notice.objects.get().state == "approved"


def test_what_the_commander_sends_alone_is_plain_on_the_notice_and_in_the_list(as_, incident_in):
    incident = incident_in("containment")
    _draft(as_("communications"), incident)
    notice, browser = Notice.objects.get(), as_("commander")
    form = {"reason": "Orders are lost by the minute."}
    answer = browser.post(address(notice, "send_in_emergency"), form, follow=True)
    assert [message.level_tag for message in answer.context["messages"]] == ["warning"]
    page = text_of(browser.get(page_of(notice)))
    assert "Warning: sent without a second person's approval by" in page
    assert "Orders are lost by the minute." in page
    assert "without approval" in text_of(browser.get(f"{incident.url}?tab=notices"))
    assert as_("communications").post(address(notice, "send_in_emergency"), form).status_code == 403


NAMES = "This would show Norrbank Securities to Helix Markets; take it out."


def test_what_names_another_partner_is_no_line_to_tick(as_, incident_in, people, norrbank):
    """It says what to do, and offers neither a tick nor a button that would be refused."""
    incident = incident_in("containment")
    _draft(as_("communications"), incident, body="At 23:11, as at Norrbank Securities.")
    notice, browser = Notice.objects.get(), as_("commander")
    for who, action in ((as_("approver"), "approve"), (browser, "send_in_emergency")):
        dialog = who.get(address(notice, action))
        assert (dialog.status_code, f"{NAMES} Edit the notice." in text_of(dialog)) == (409, True)
        assert 'name="checked"' not in dialog.content.decode()
    page = browser.get(page_of(notice))
    assert f"It cannot go out as it is. {NAMES} Edit the notice." in text_of(page)
    assert page.context["flags"] == ["23:11 is none of the recorded times"]
    assert list(page.context["buttons"]) == ["edit", "withdraw"]


def test_what_was_approved_and_changed_since_offers_no_send_and_says_why(
    as_, incident_in, people, norrbank
):
    incident = incident_in("containment")
    writer = as_("communications")
    _draft(writer, incident)
    notice = Notice.objects.get()
    as_("approver").post(address(notice, "approve"))
    fine = writer.get(page_of(notice))
    assert (list(fine.context["buttons"]), fine.context["stuck"]) == (
        ["send", "edit", "withdraw"],
        "",
    )
    incident.involvements.update(title="No quotes")
    with pytest.raises(Conflict) as refused:
        notices.send(notice_id=notice.pk, by=people.actor("communications"), at=NOW)
    for where in (page_of(notice), f"{page_of(notice).removesuffix('change/')}preview/"):
        page = writer.get(where)
        assert f"It has to be approved again. {refused.value}" in text_of(page)
        assert list(page.context["buttons"]) == ["edit", "withdraw"]
