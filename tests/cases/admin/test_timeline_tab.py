"""The timeline tab and the history tab: what is shown, in words, and what may be done with it."""

from __future__ import annotations

import re

import pytest

from cases import response, timeline, workflow
from cases.models import Checkpoint, CheckpointRecipient, Entry
from tests.cases.admin.conftest import address, page_of, text_of
from tests.conftest import NOW

pytestmark = pytest.mark.django_db
Kind = Entry.Kind


@pytest.fixture
def told(declare, people, helix):
    """An incident under command with an update, a page and a line about a partner."""
    incident = declare()
    workflow.take_command(incident_id=incident.pk, by=people.actor("commander"), at=NOW)
    by = people.actor("responder")
    timeline.record(incident, Kind.UPDATE, "Rolled **back**.\n- one", by=by, at=NOW)
    timeline.record(incident, Kind.PAGE, "Paged Ada.", by=by, at=NOW)
    timeline.record(incident, Kind.PARTNER, "Asked.", by=by, at=NOW, partner_id=helix.pk)
    return incident


def shown(browser, incident, query: str = "") -> list[int]:
    """The numbers of the entries on the page, as they stand."""
    page = browser.get(f"{page_of(incident)}?tab=timeline{query}")
    assert page.status_code == 200
    return [int(number) for number in re.findall(r'<li id="e(\d+)"', page.content.decode())]


def test_an_update_is_shown_as_it_was_meant(as_, told):
    page = as_("commander").get(page_of(told)).content.decode()
    assert "<p>Rolled <strong>back</strong>.</p>\n<ul>\n<li>one</li>\n</ul>" in page


def test_what_a_partner_says_puts_no_name_over_an_address(as_, told, people, helix):
    """Nor does a mail or a tool, and staff go on writing Markdown."""
    said = "[Approve the notice](http://evil.example/x)"
    by = people.contact("helix", helix)
    for kind in (Kind.PARTNER, Kind.ALERT, Kind.OPENED, Kind.UPDATE):
        timeline.record(told, kind, said, by=by, at=NOW, partner_id=helix.pk)
    page = as_("commander").get(page_of(told)).content.decode()
    link = '<a href="http://evil.example/x" rel="noopener nofollow">'
    shown_plain = f"<p>[Approve the notice]({link}http://evil.example/x</a>)</p>"
    assert (page.count(shown_plain), page.count(f"{link}Approve the notice</a>")) == (3, 1)


def test_what_somebody_types_does_not_run(as_, declare, people):
    incident = declare(title="<script>alert(1)</script>")
    evil = '<img src=x onerror=alert(1)> [x](javascript:alert(1)) "><script>alert(2)</script>'
    by = people.actor("responder")
    response.post_update(incident_id=incident.pk, text=evil, by=by, at=NOW)
    browser = as_("commander")
    for tab in ("timeline", "history"):
        page = browser.get(f"{page_of(incident)}?tab={tab}").content.decode()
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert 'href="javascript' not in page


def test_links_show_some_kinds_of_entries(as_, told):
    browser = as_("responder")
    kinds = dict(told.entries.values_list("sequence", "kind"))
    everything = sorted(kinds, reverse=True)
    assert shown(browser, told) == everything
    for key, wanted in {
        "updates": {"update"},
        "moves": {"opened"},
        "partners": {"partner"},
        "pages": {"page"},
        "work": set(),
        "nonsense": set(kinds.values()),
    }.items():
        expected = [number for number in everything if kinds[number] in wanted]
        assert shown(browser, told, f"&kind={key}") == expected, key
    nothing = text_of(browser.get(f"{page_of(told)}?tab=timeline&kind=work"))
    assert "Nothing of this kind yet. Show all entries" in nothing


def test_the_address_of_an_entry_leads_to_it_however_long_the_timeline_grows(as_, told, people):
    browser, by = as_("responder"), people.actor("responder")
    page = browser.get(page_of(told)).content.decode()
    assert '<a class="no" href="?tab=timeline&amp;before=e2#e2" data-copy' in page
    for number in range(120):
        timeline.record(told, Kind.UPDATE, str(number), by=by, at=NOW)
    assert shown(browser, told, "&before=e2") == [2, 1]
    assert len(shown(browser, told)) == 50
    older = browser.get(f"{page_of(told)}?tab=timeline&kind=updates").content.decode()
    assert re.search(r'href="\?tab=timeline&amp;kind=updates&amp;before=\d+">Older', older)


def test_it_says_who_else_sees_an_entry(as_, told):
    page = as_("responder").get(page_of(told)).content.decode()
    entries = re.findall(r'<li id="e(\d+)".*?</li>', page, re.S)
    texts = dict(zip(entries, re.findall(r'<li id="e\d+".*?</div></li>', page, re.S), strict=True))
    partner = str(told.entries.get(kind="partner").sequence)
    assert "Helix Markets" in texts[partner]
    assert ">internal<" not in texts[partner]
    others = [text for number, text in texts.items() if number != partner]
    assert all(">internal<" in text and "Helix" not in text for text in others)


def test_a_correction_is_made_at_the_entry_and_both_name_each_other(as_, told, people):
    entry = told.entries.get(body__startswith="Rolled")
    link = f"{address(told, 'correct_entry')}?entry={entry.sequence}"
    for key, offered in {"responder": True, "commander": True, "security": False}.items():
        assert (link in as_(key).get(page_of(told)).content.decode()) is offered, key
    browser = as_("responder")
    form = browser.get(link).content.decode()
    assert "Rolled **back**.\n- one</textarea>" in form
    answer = browser.post(link, {"entry": entry.sequence, "text": "Rolled forward."})
    assert answer.status_code == 302
    made = told.entries.get(kind="correction")
    page = text_of(browser.get(page_of(told)))
    assert f"Corrects # {entry.sequence}" in page or f"Corrects #{entry.sequence}" in page
    assert f"Corrected by Responder in #{made.sequence}" in page


def test_a_refused_correction_keeps_what_was_typed(as_, told):
    link = address(told, "correct_entry")
    answer = as_("responder").post(link, {"entry": 1, "text": "Typed."})
    assert answer.status_code == 422
    assert "Only updates are corrected" in text_of(answer)
    assert "Typed.</textarea>" in answer.content.decode()
    assert as_("responder").get(f"{link}?entry=x").status_code == 200
    assert as_("responder").get(f"{link}?entry=99").status_code == 200


def test_a_text_that_was_taken_out_is_shown_as_such(as_, told):
    entry = told.entries.get(body__startswith="Rolled")
    browser = as_("commander")
    link = address(told, "blank_entry")
    answer = browser.post(link, {"entry": entry.sequence, "reason": "A name."})
    assert answer.status_code == 302
    page = browser.get(page_of(told))
    assert "Rolled" not in page.content.decode()
    assert "The text was taken out for privacy. Why: #" in text_of(page)
    assert "was taken out. Reason: A name." in text_of(page)
    assert as_("responder").post(link, {"entry": 1, "reason": "x"}).status_code == 403


# --- history --------------------------------------------------------------------------------------


def test_the_history_tab_says_what_changed_by_whom_and_from_where(as_, told, people):
    browser = as_("commander")
    browser.post(address(told, "record_cause"), {"cause": "A <b>lock</b>."})
    page = browser.get(f"{page_of(told)}?tab=history")
    words = text_of(page)
    assert "Incident “Stale prices” changed" in words
    assert "cause — → A <b>lock</b>." in words
    assert f"Incident commander · {address(told, 'record_cause')} · 127.0.0.1" in words
    assert "<b>lock</b>" not in page.content.decode()


def test_the_history_of_one_incident_holds_nothing_of_another(as_, incident_in, declare, people):
    mine = incident_in("review")
    other = declare(title="Other one")
    by = people.actor("commander")
    response.record_cause(incident_id=other.pk, cause="Canary", by=by, at=NOW)
    browser, seen, address = as_("commander"), "", f"{page_of(mine)}?tab=history"
    for _ in range(20):
        page = browser.get(address)
        seen += text_of(page)
        older = re.search(r'href="(\?tab=history&amp;before=[^"]+)">Older', page.content.decode())
        if not older:
            break
        address = page_of(mine) + older[1].replace("&amp;", "&")
    assert "Canary" not in seen
    assert "Other one" not in seen
    for what in ("Task “", "Notice “", "Involvement “", "Affected system “", "Deadline “"):
        assert what in seen, what


def test_other_objects_have_a_page_of_their_history(as_, incident_in, people):
    incident = incident_in("review")
    notice = incident.notices.first()
    browser = as_("commander")
    where = f"/admin/cases/notice/{notice.pk}/history/"
    assert where in browser.get(page_of(notice)).content.decode()
    words = text_of(browser.get(where))
    assert "state approved → sent" in words
    system = incident.systems.first().system
    page = f"/admin/cases/system/{system.pk}/history/"
    assert "System “quote-gw-eu-2” added" in text_of(browser.get(page))
    assert browser.get("/admin/cases/notice/999999/history/").status_code == 404
    assert browser.get(f"/admin/partners/partner/{notice.copies.first().partner_id}/history/")
    alert = browser.get("/admin/cases/checkpoint/1/history/")
    assert alert.status_code in (403, 404)


# --- checkpoints ----------------------------------------------------------------------------------


def test_checkpoints_are_read_by_those_who_read_the_audit_trail(as_):
    made = Checkpoint.objects.create(
        number=1, taken_at=NOW, incidents=2, entries=6, broken=1, heads_hash="a" * 64, hash="b" * 64
    )
    for key in ("security", "administrator", "auditor"):
        assert as_(key).get("/admin/cases/checkpoint/").status_code == 200
        words = text_of(as_(key).get(page_of(made)))
        assert "1 fault found" in words
        assert "b" * 64 in words
    assert as_("responder").get("/admin/cases/checkpoint/").status_code == 403
    assert as_("responder").get(page_of(made)).status_code in (403, 404)


def test_recipients_are_a_register(as_):
    data = {"name": "Ada", "email": "ada@audit.example", "is_active": "on"}
    page = "/admin/cases/checkpointrecipient/add/"
    assert as_("administrator").post(page, data).status_code == 302
    assert CheckpointRecipient.objects.get().email == "ada@audit.example"
    again = as_("administrator").post(page, data | {"email": "ADA@audit.example"})
    assert again.status_code == 200
    assert as_("responder").post(page, data).status_code == 403
