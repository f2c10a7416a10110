"""Who sees which button, and that a button that one does not see is refused as well."""

from __future__ import annotations

import pytest
from django.contrib import admin

from cases.models import Incident, Notice, Report
from incidentdesk.kernel.roles import ROLES
from tests.cases.admin.conftest import WRITES, address, page_of, sql_of, state_of, text_of

ACTIONS = {
    model: {action.name: action for action in admin.site.get_model_admin(model).desk_actions}
    for model in (Incident, Notice, Report)
}

# These stand on a line of the team, of a thread or of a tab, and only where they apply.
ON_A_LINE = {
    "accept_role",
    "decline_role",
    "leave_role",
    "hand_over",
    "need_no_answer",
    "hand_over_facts",  # to a partner that sees the incident
    "resend",  # a message that went
    "record_outcome",  # a clock of a party that a regime binds
    "record_anchor",
    "take_back_outcome",
}


def _shown(model, obj, actor):
    return {name for name, action in ACTIONS[model].items() if action.shown(obj, actor)}


@pytest.mark.parametrize("role", sorted(ROLES))
def test_a_role_sees_exactly_the_buttons_that_it_may_use(role, as_, people, incident_in):
    incident = incident_in("containment")
    actor = people.actor(role)
    found = as_(role).get(page_of(incident))
    words = found.content.decode()
    seen = {name for name in ACTIONS[Incident] if f'href="{address(incident, name)}' in words}
    wanted = _shown(Incident, incident, actor) - ON_A_LINE
    if role == "commander":
        wanted |= {"hand_over"}  # the command is held
    if incident.commander_id == actor.user_id:
        wanted -= {"take_command"}  # has it already
        assert incident.entries.filter(kind="update").exists()
    elif not incident.entries.filter(kind="update", user_id=actor.user_id).exists():
        wanted -= {"correct_entry"}  # it stands beside what one wrote oneself
    assert seen == wanted
    assert ("<textarea" in words) == ("post_update" in wanted)


@pytest.mark.asvs("8.3.1", 5)
@pytest.mark.parametrize("role", sorted(ROLES))
def test_a_button_that_is_not_shown_is_refused_and_changes_nothing(role, as_, people, incident_in):
    incident, browser, actor = incident_in("containment"), as_(role), people.actor(role)
    before = state_of(incident)
    for name, action in ACTIONS[Incident].items():
        if action.allowed(actor):
            continue
        form = {"text": "x", "reason": "x", "note": "x", "cause": "x", "severity": "1"}
        for answer in (
            browser.get(address(incident, name)),
            browser.post(address(incident, name), form),
            browser.post(address(incident, name), form, headers={"X-Dialog": "1"}),
        ):
            assert answer.status_code == 403, name
            assert f"{actor.name} may not {action.permission.value}" in text_of(answer)
    assert state_of(incident) == before


def test_an_auditor_has_no_button_at_all(as_, people, incident_in, walk):
    incident = incident_in("containment")
    notice = walk(incident).notify("first")
    browser = as_("auditor")
    for page in (page_of(incident), page_of(notice), "/admin/cases/incident/"):
        assert "data-dialog" not in browser.get(page).content.decode()


@pytest.mark.asvs("3.5.1 3.5.3", 34)
def test_opening_a_dialog_changes_nothing(people, as_, incident_in, walk, declare):
    incident = incident_in("containment")
    notice = walk(incident).notify("first")
    people["commander"].roles = list(ROLES)
    people["commander"].save()
    browser = as_("commander")
    dialogs = [address(incident, name) for name in ACTIONS[Incident]]
    dialogs += [address(notice, name) for name in ACTIONS[Notice]]
    dialogs.append("/admin/cases/incident/do/declare/")
    for dialog in dialogs:
        asked = sql_of(browser, dialog) + sql_of(browser, dialog, headers={"X-Dialog": "1"})
        assert [sql for sql in asked if WRITES.match(sql)] == [], dialog


def test_a_dialog_is_a_page_of_its_own_without_the_script(as_, incident_in):
    incident, browser = incident_in("containment"), as_("responder")
    alone = browser.get(address(incident, "add_task")).content.decode()
    assert "<html" in alone
    assert "<form" in alone
    in_place = browser.get(address(incident, "add_task"), headers={"X-Dialog": "1"})
    assert in_place.content.decode().lstrip().startswith("<form")


def test_a_dialog_that_does_not_exist_is_not_found(as_, incident_in):
    incident = incident_in("containment")
    assert as_("commander").get(address(incident, "close")).status_code == 404
    assert as_("commander").get("/admin/cases/incident/999999/do/page/").status_code == 404
    assert as_("commander").get("/admin/cases/incident/²/change/").status_code in (302, 404)


def test_a_page_takes_no_post(as_, incident_in):
    incident = incident_in("containment")
    before = state_of(incident)
    answer = as_("commander").post(page_of(incident), {"title": "Other", "phase": "closed"})
    assert answer.status_code == 404
    for path in ("/admin/cases/incident/add/", page_of(incident).replace("change", "delete")):
        assert as_("administrator").post(path, {"post": "yes"}).status_code == 403
    assert state_of(incident) == before
