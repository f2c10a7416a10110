"""Tasks, playbooks and systems on the desk: buttons at the row, my tasks, drafts, the catalogue."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cases import playbooks, response, tasks
from cases.models import Category, Playbook, System, Task
from incidentdesk.kernel import clocks
from incidentdesk.kernel.models import AuditEvent
from tests.cases.admin.conftest import address, page_of, sql_of, text_of
from tests.conftest import NOW

IN_PLACE = {"X-Dialog": "1"}
TASKS = "/admin/cases/task/"


@pytest.fixture
def incident(incident_in):
    return incident_in("containment")


@pytest.fixture
def add(incident, people):
    """`add("Text", …)`: a task of the present phase, added by the commander."""

    def call(text: str, **given) -> Task:
        by = people.actor("commander")
        given = {"phase": "containment", "at": NOW, **given}
        return tasks.add(incident_id=incident.pk, text=text, by=by, **given)

    return call


# --- the tab --------------------------------------------------------------------------------------


def test_the_tab_says_whose_a_task_is_until_when_and_what_is_missing(as_, incident, add, people):
    owner = {"owner_id": people["responder"].pk, "due_at": NOW + timedelta(minutes=5)}
    task = add("Turn the key", needs_evidence=True, needs_second_person=True, **owner)
    page = as_("responder").get(page_of(incident), {"tab": "tasks"})
    words = text_of(page)
    assert "Turn the key evidence second person" in words
    assert "Responder · due 4 Mar" in words
    assert "late · missing: evidence, a second person" in words
    html = page.content.decode()
    assert f'id="task-{task.pk}"' in html
    for name in ("done", "assign", "waive"):
        assert f'href="{address(task, name)}" data-dialog' in html
    for name in ("confirm", "reopen"):
        assert address(task, name) not in html
    assert (
        address(task, "done")
        not in as_("auditor").get(page_of(incident), {"tab": "tasks"}).content.decode()
    )


def test_a_single_task_is_done_confirmed_and_reopened_where_it_stands(as_, incident, add):
    task = add("See it", needs_second_person=True)
    first, second = as_("responder"), as_("commander")
    answer = first.post(address(task, "done"), {"note": "Seen."}, headers=IN_PLACE)
    assert answer.headers["X-Location"] == f"{incident.url}?tab=tasks#task-{task.pk}"
    tab = {"tab": "tasks"}
    assert address(task, "confirm") not in first.get(page_of(incident), tab).content.decode()
    page = second.get(page_of(incident), tab)
    assert address(task, "confirm") in page.content.decode()
    assert "waits for a second person to confirm it" in text_of(page)
    own = first.post(address(task, "confirm"), {"note": ""})
    assert (own.status_code, "You ended this task yourself" in text_of(own)) == (422, True)
    assert second.post(address(task, "confirm"), {"note": "Pool."}).status_code == 302
    assert "by Incident commander: Pool." in text_of(second.get(page_of(incident), tab))
    assert second.post(address(task, "reopen"), {"reason": "Back."}).status_code == 302
    task.refresh_from_db()
    assert task.state == "open"


def test_a_refusal_says_what_is_missing_and_keeps_what_was_typed(as_, add):
    task = add("Save the logs", needs_evidence=True)
    browser = as_("responder")
    assert "needs evidence first" in text_of(browser.get(address(task, "done"), headers=IN_PLACE))
    answer = browser.post(address(task, "done"), {"note": "See CHG-1."}, headers=IN_PLACE)
    assert answer.status_code == 422
    assert "attach a file to the task" in text_of(answer)
    assert "See CHG-1." in text_of(answer)
    waived = browser.post(address(task, "waive"), {"note": "Gone."}, headers=IN_PLACE)
    assert "only a commander waives it" in text_of(waived)


def test_a_task_is_given_with_a_time_and_offered_to_whoever_asks(as_, incident, add, people):
    task = add("Call the vendor")
    browser = as_("responder")
    offered = browser.get(address(task, "assign"), headers=IN_PLACE).content.decode()
    assert f'<option value="{people["responder"].pk}" selected>' in offered
    for key in ("auditor", "communications"):
        assert f'<option value="{people[key].pk}"' not in offered
    due = clocks.now() + timedelta(hours=2)
    form = {"owner": people["commander"].pk, "due_at": due.strftime("%Y-%m-%dT%H:%M")}
    browser.post(address(task, "assign"), form)
    task.refresh_from_db()
    assert (task.owner, task.due_at) == (
        people["commander"],
        due.replace(second=0, microsecond=0),
    )
    assert browser.post(address(task, "assign"), {"owner": "", "due_at": ""}).status_code == 302
    task.refresh_from_db()
    assert (task.owner, task.due_at) == (None, None)


# --- my tasks -------------------------------------------------------------------------------------


def order(words: str, *texts: str) -> list[str]:
    return sorted((text for text in texts if text in words), key=words.index)


def test_one_s_own_come_first_overdue_then_due_then_the_rest(as_, add, people):
    me, other = people["responder"].pk, people["commander"].pk
    soon = clocks.now() + timedelta(days=400)
    add("Mine without a time", owner_id=me)
    add("Mine and due", owner_id=me, due_at=soon)
    add("Mine and late", owner_id=me, due_at=NOW + timedelta(minutes=1))
    add("Theirs and late", owner_id=other, due_at=NOW + timedelta(minutes=1))
    add("Mine and to come", owner_id=me, phase="recovery")
    add("Nobody to come", phase="recovery")
    browser = as_("responder")
    words = text_of(browser.get(TASKS))
    mine = ["Mine and late", "Mine and due", "Mine without a time", "Mine and to come"]
    assert order(words, *mine, "Theirs and late", "Nobody to come", "Confirm blast radius") == [
        *mine,
        "Theirs and late",
        "Confirm blast radius",
    ]
    assert "late" in words
    assert order(text_of(browser.get(TASKS, {"whose": "mine"})), *mine, "Theirs and late") == mine
    nobody = text_of(browser.get(TASKS, {"whose": "nobody"}))
    assert order(nobody, *mine, "Theirs and late", "Nobody to come", "Confirm blast radius") == [
        "Confirm blast radius"
    ]


def test_tasks_are_filtered_by_phase_and_incident(as_, incident, add, incident_in, people):
    add("Here")
    there = incident_in("containment", title="Another one")
    by = people.actor("commander")
    tasks.add(incident_id=there.pk, phase="containment", text="There", by=by, at=NOW)
    browser = as_("responder")
    for asked, shown in (
        ({"incident": there.pk}, ["There"]),
        ({"phase": "recovery"}, []),
        ({"phase": "containment"}, ["Here", "There"]),
        ({"incident": "nonsense"}, ["Here", "There"]),
        ({"incident": "9" * 30}, ["Here", "There"]),
        ({"q": there.reference}, ["There"]),
    ):
        rows = browser.get(TASKS, asked).content.decode().split('id="result_list"')
        found = [text for text in ("Here", "There") if f">{text}</span>" in rows[-1]]
        assert found == shown, asked


def test_what_waits_for_a_second_person_has_a_list(as_, incident, add, people):
    task = add("See it", needs_second_person=True)
    step = {"incident_id": incident.pk, "by": people.actor("commander"), "at": NOW}
    tasks.end(**step, task_ids=[task.pk], state="done", note="x")
    asked = {"whose": "confirm"}
    assert "See it" in text_of(as_("responder").get(TASKS, asked))
    assert "See it" not in text_of(as_("commander").get(TASKS, asked))
    assert "See it" not in text_of(as_("responder").get(TASKS))


def test_a_button_of_the_list_comes_back_to_the_list(as_, add):
    task = add("Call the vendor")
    browser = as_("responder")
    assert f"{address(task, 'done')}?stay=on" in browser.get(TASKS).content.decode()
    answer = browser.post(
        f"{address(task, 'done')}?stay=on", {"note": "Rang.", "stay": "on"}, headers=IN_PLACE
    )
    assert answer.headers["X-Location"] == TASKS


def test_the_sidebar_counts_one_s_own(as_, add, people):
    add("Mine", owner_id=people["responder"].pk)
    add("Nobody's")
    for key, number in (("responder", "1"), ("security", "0")):
        page = as_(key).get(TASKS).content.decode()
        badge = page.split('data-waiting="cases.Task"')[1].split("</span>")[0]
        assert badge.rsplit(">", 1)[1].strip() == number


def test_my_tasks_cost_the_same_at_1_and_30_of_them(as_, add, people, walk, incident):
    def one(number: int) -> None:
        task = add(f"Task {number}", owner_id=people["responder"].pk, needs_evidence=True)
        walk(incident).prove(task_id=task.pk)

    browser = as_("responder")
    one(0)
    few = len(sql_of(browser, TASKS))
    for number in range(1, 30):
        one(number)
    assert few == len(sql_of(browser, TASKS)) <= 15


# --- playbooks ------------------------------------------------------------------------------------


@pytest.fixture
def outage(db) -> Category:
    return Category.objects.get(key="outage")


def test_a_playbook_reads_like_a_checklist_for_everybody(as_, people, outage):
    url = page_of(playbooks.current(outage.pk))
    for key in people:
        words = text_of(as_(key).get(url))
        assert "Open the supplier ticket with reference evidence" in words
        assert "All-clear notice partner" in words
    assert "0 incidents started with it" in words
    assert "Start a draft" in text_of(as_("administrator").get(url))
    assert "Start a draft" not in text_of(as_("commander").get(url))


def form_of(draft: Playbook, **changes: str) -> dict[str, str]:
    """What a browser sends of a draft's form as it stands."""
    lines = list(draft.tasks.order_by("phase", "position", "id"))
    form = {"note": draft.note, "tasks-TOTAL_FORMS": str(len(lines))}
    form |= {"tasks-INITIAL_FORMS": str(len(lines)), "tasks-MAX_NUM_FORMS": "1000"}
    for number, line in enumerate(lines):
        form |= {f"tasks-{number}-id": str(line.pk), f"tasks-{number}-playbook": str(draft.pk)}
        form |= {
            f"tasks-{number}-{n}": str(getattr(line, n)) for n in ("phase", "position", "text")
        }
        for mark in ("needs_evidence", "needs_second_person", "is_partner_facing"):
            if getattr(line, mark):
                form[f"tasks-{number}-{mark}"] = "on"
    return {**form, **changes}


def test_a_draft_is_started_edited_published_and_every_step_is_recorded(as_, outage):
    browser, first = as_("administrator"), playbooks.current(outage.pk)
    answer = browser.post(address(first, "change"), headers=IN_PLACE)
    draft = outage.playbooks.get(version=2)
    edit = f"/admin/cases/playbook/{draft.pk}/edit/"
    assert answer.headers["X-Location"] == edit
    page = browser.get(edit).content.decode()
    assert "Open the supplier ticket" in page
    assert 'name="tasks-TOTAL_FORMS" value="23"' in page  # no empty row that has to be filled in
    reworded = "Confirm the blast radius: region, zone, component, partners"
    form = form_of(draft, **{"tasks-0-text": reworded, "tasks-1-DELETE": "on"})
    assert browser.post(edit, form).headers["Location"] == page_of(draft)
    words = text_of(browser.get(page_of(draft)))
    assert f"Reworded Containment {reworded} was: Confirm blast radius: region" in words
    assert "Gone Containment Shift traffic" in words
    assert browser.post(address(draft, "publish"), {"note": "Shorter."}).status_code == 302
    assert playbooks.current(outage.pk) == draft
    assert browser.get(edit).headers["Location"] == page_of(draft)
    assert browser.post(edit, form).headers["Location"] == page_of(draft)
    assert "Start a draft" not in text_of(browser.get(page_of(first)))
    actions = AuditEvent.objects.filter(about=f"playbook:{draft.pk}").order_by("pk")
    assert [event.action for event in actions] == [
        "started a draft of a playbook",
        "changed playbook",
        "published a playbook",
    ]


def test_only_who_keeps_registers_opens_the_form_of_a_draft(as_, outage, people):
    draft = playbooks.start_draft(category_id=outage.pk, by=people.actor("administrator"), at=NOW)
    url = f"/admin/cases/playbook/{draft.pk}/edit/"
    for key in people:
        expected = 200 if key == "administrator" else 404
        assert as_(key).get(url).status_code == expected, key
        if key != "administrator":
            before = list(draft.tasks.values())
            assert as_(key).post(url, form_of(draft, note="x")).status_code == 404
            assert list(draft.tasks.values()) == before
    assert as_("administrator").get("/admin/cases/playbook/add/").status_code == 403


def test_the_list_shows_what_is_in_force_and_drafts_and_older_ones_on_request(as_, outage, people):
    keep = {"by": people.actor("administrator"), "at": NOW}
    draft = playbooks.start_draft(category_id=outage.pk, **keep)
    draft.tasks.first().delete()
    playbooks.publish(playbook_id=draft.pk, note="One line less.", **keep)
    playbooks.start_draft(category_id=outage.pk, **keep)
    browser, url = as_("administrator"), "/admin/cases/playbook/"
    words = text_of(browser.get(url, {"category__id__exact": outage.pk}))
    assert ("2 (in force)" in words, "3 (draft)" in words) == (True, True)
    assert "The first version." not in words
    everything = text_of(browser.get(url, {"category__id__exact": outage.pk, "show": "all"}))
    assert "The first version." in everything


def test_playbook_pages_cost_the_same_at_1_and_30_rows(as_, outage, people):
    browser, keep = as_("auditor"), {"by": people.actor("administrator"), "at": NOW}
    draft = playbooks.start_draft(category_id=outage.pk, **keep)
    paths = ["/admin/cases/playbook/?show=all", page_of(draft)]
    few = [len(sql_of(browser, path)) for path in paths]
    for number in range(30):
        extra = {"phase": "recovery", "position": 50 + number, "text": f"Line {number}"}
        draft.tasks.create(**extra)
        other = Category.objects.create(key=f"c{number}", name=f"Category {number}")
        playbooks.start_draft(category_id=other.pk, **keep)
    assert few == [len(sql_of(browser, path)) for path in paths]
    assert max(few) <= 15


# --- systems --------------------------------------------------------------------------------------


@pytest.fixture
def ledger(helix) -> System:
    system = System.objects.create(name="ledger", is_critical=True)
    system.partners.add(helix)
    return system


def test_a_system_s_page_shows_its_incidents_and_who_depends_on_it(as_, ledger, declare, people):
    by = people.actor("responder")
    for title in ("First", "Second"):
        incident = declare(title=title)
        response.add_system(
            incident_id=incident.pk, system_id=ledger.pk, down_since=NOW, by=by, at=NOW
        )
    url = f"/admin/cases/system/{ledger.pk}/change/"
    for key in ("administrator", "auditor"):
        words = text_of(as_(key).get(url))
        assert "2 open incidents list this system: look for one cause." in words
        assert ("First" in words, "Second" in words) == (True, True)
        assert "Helix Markets" in words
    row = as_("auditor").get("/admin/cases/system/").content.decode()
    assert '<span class="warn">2</span>' in row


def test_the_catalogue_keeps_kind_owner_and_dependents(as_, ledger, people, helix, norrbank):
    url = f"/admin/cases/system/{ledger.pk}/change/"
    browser = as_("administrator")
    page = browser.get(url).content.decode()
    owners = page.split('name="owner"')[1].split("</select>")[0]
    assert f'value="{people["responder"].pk}"' in owners
    assert f'value="{people["helix"].pk}"' not in owners
    form = {"name": "ledger", "kind": "data", "owner": people["responder"].pk}
    browser.post(url, {**form, "is_active": "on", "partners": [norrbank.pk]})
    ledger.refresh_from_db()
    assert (ledger.kind, ledger.owner, ledger.is_critical) == ("data", people["responder"], False)
    assert list(ledger.partners.all()) == [norrbank]


def test_naming_a_system_proposes_its_partners_with_a_link_to_list_each(
    as_, ledger, incident, helix, norrbank, people
):
    ledger.partners.add(norrbank)
    browser = as_("commander")
    answer = browser.post(address(incident, "add_system"), {"system": ledger.pk}, follow=True)
    assert "ledger is listed. Not listed yet and depending on it: Norrbank Securities." in text_of(
        answer
    )
    link = f"{address(incident, 'add_partner')}?partner={norrbank.pk}"
    assert f'href="{link}"' in answer.content.decode()
    dialog = browser.get(link, headers=IN_PLACE).content.decode()
    assert f'<option value="{norrbank.pk}" selected>' in dialog
    seen = as_("responder").get(page_of(incident))
    assert "Norrbank Securities ledger" in text_of(seen)
    assert link not in seen.content.decode()


def test_a_system_is_isolated_down_up_again_and_restored_at_its_row(as_, incident, people, walk):
    affected = incident.systems.get()
    walk(incident).prove(affected_id=affected.pk)
    browser, row = as_("responder"), {"affected": affected.pk}
    steps = [
        ("down", {"down_since": "2026-03-04T09:50"}),
        ("isolate", {"how": "Out of the pool.", "checked_by": people["security"].pk}),
        ("up_again", {}),
        ("restore", {"how": "Back in.", "checked_by": ""}),
        ("affected_again", {"how": "It flaps."}),
    ]
    for name, form in steps:
        answer = browser.post(address(incident, name), {**row, **form})
        assert answer.status_code == 302, (name, text_of(answer))
        words = text_of(browser.get(page_of(incident), {"tab": "systems"}))
        assert "evidence: Pool status" in words
        assert ("down since 4 Mar 09:50" in words) == (name in ("down", "isolate"))
        assert ("checked by Security lead" in words) == (name in ("isolate", "up_again"))
    affected.refresh_from_db()
    assert (affected.state, affected.how) == ("affected", "It flaps.")


def test_system_pages_cost_the_same_at_1_and_30_rows(as_, ledger, declare, people):
    browser, by = as_("auditor"), people.actor("responder")

    def one(number: int) -> None:
        System.objects.create(name=f"System {number}")
        incident = declare(title=f"Incident {number}")
        response.add_system(incident_id=incident.pk, system_id=ledger.pk, by=by, at=NOW)

    paths = ["/admin/cases/system/", f"/admin/cases/system/{ledger.pk}/change/"]
    one(0)
    few = [len(sql_of(browser, path)) for path in paths]
    for number in range(1, 30):
        one(number)
    assert few == [len(sql_of(browser, path)) for path in paths]
    assert max(few) <= 15
