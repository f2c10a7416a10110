"""What went out about an incident, on one page: in order, with every try, for who may see it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from cases import response, restriction, story, workflow
from cases.models import Incident
from incidentdesk.kernel.models import AuditEvent
from notifications import escalation
from notifications.models import Message, MessageEvent
from tests.cases.admin.conftest import address, sql_of, text_of
from tests.conftest import NOW
from tests.notifications.conftest import path

pytestmark = pytest.mark.django_db
WORD = "ZEBRA"


def story_of(incident: Incident) -> str:
    """The address of the page."""
    return f"/admin/cases/incident/{incident.pk}/story/"


def seconds(number: int) -> datetime:
    """So many seconds after it was declared."""
    return NOW + timedelta(seconds=number)


def page(incident: Incident, people: Any, whom: str, at: datetime = NOW) -> Message:
    """A page by hand."""
    response.page(
        incident_id=incident.pk,
        user_ids=[people[whom].pk],
        group_ids=[],
        note="Look.",
        by=people.actor("commander"),
        at=at,
    )
    return Message.objects.filter(kind="page").latest("pk")


def log(message: Message, *events: tuple[int, str, str]) -> None:
    """What happened to a message: (seconds, what, answer)."""
    for number, event, detail in events:
        MessageEvent.objects.create(message=message, at=seconds(number), event=event, detail=detail)


def lines(answer: Any) -> list[Any]:
    """The lines of the page."""
    return list(answer.context_data["lines"])


@pytest.fixture
def taken(declare, people) -> Incident:
    """Paged by its path, then by hand, then acknowledged."""
    path((0, [people["responder"]]))
    incident = declare(impact=4, scope=4, urgency=3)
    escalation.run_due(at=seconds(1))
    page(incident, people, "security", seconds(30))
    workflow.acknowledge(incident_id=incident.pk, by=people.actor("commander"), at=seconds(60))
    return incident


def test_pages_steps_and_acknowledgements_stand_in_the_order_in_which_they_happened(
    as_, people, taken
):
    found = lines(as_("responder").get(story_of(taken)))
    assert [(line.whom, line.way) if line.message else line.words for line in found] == [
        "Step 1 after 0 min: Responder",
        ("Responder", "mail, responder@desk.test"),
        "Paged Security lead. Look.",
        ("Security lead", "mail, security@desk.test"),
        "Incident commander acknowledged.",
    ]
    assert [line.at for line in found] == [seconds(n) for n in (1, 1, 30, 30, 60)]


def test_every_try_is_told_with_the_server_s_answer_and_the_same_answer_once(as_, people, declare):
    incident = declare()
    row = page(incident, people, "security")
    log(
        row,
        (1, "retry", "451 later"),
        (6, "retry", "451 later"),
        (21, "retry", "421 busy"),
        (51, "sent", "250 queued as 7F3"),
        (70, "bounced", "550 no such user"),
    )
    (line,) = [line for line in lines(as_("responder").get(story_of(incident))) if line.message]
    assert [(one.words, one.detail, one.count) for one in line.tries] == [
        ("queued", "", 1),
        ("not taken, tried again", "451 later", 2),
        ("not taken, tried again", "421 busy", 1),
        ("handed over", "250 queued as 7F3", 1),
        ("came back", "550 no such user", 1),
    ]
    said = text_of(as_("responder").get(story_of(incident)))
    assert "not taken, tried again 2 times 451 later" in said


def test_a_contact_stands_with_the_partner_and_a_program_with_its_partner_s_name(
    as_, people, incident_in, helix
):
    incident = incident_in("mitigation")
    Message.objects.create(
        kind="incident.moved",
        channel="webhook",
        line=f"partner:{helix.pk}",
        to_address="https://helix.test/hook",
        subject="incident.moved",
        about=incident.about,
        dedupe_key="webhook:1",
        message_id="<w@desk.test>",
        state="failed",
        created_at=NOW + timedelta(days=1),
    )
    found = [line for line in lines(as_("responder").get(story_of(incident))) if line.message]
    notice = next(line for line in found if line.message.kind == "notice")
    assert (notice.whom, notice.way) == (
        "Helix Markets contact (Helix Markets)",
        "mail, contact@helix.test",
    )
    assert (found[-1].whom, found[-1].way, found[-1].colour) == (
        "Helix Markets",
        "webhook, https://helix.test/hook",
        "bad",
    )


@pytest.fixture
def closed(declare, people) -> Incident:
    """Restricted to the commander, with pages that named it before."""
    incident = declare(title=f"{WORD} title")
    page(incident, people, "commander")
    workflow.acknowledge(incident_id=incident.pk, by=people.actor("commander"), at=NOW)
    restriction.restrict(
        incident_id=incident.pk,
        user_ids=[people["commander"].pk],
        reason="Perhaps one of us.",
        by=people.actor("commander"),
        at=NOW,
    )
    return incident


def test_the_story_of_a_restricted_incident_is_for_those_it_is_open_to(as_, people, closed, taken):
    paper = f"{story_of(closed)}?print"
    for role in ("responder", "security", "communications", "administrator"):
        browser = as_(role)
        assert [browser.get(url).status_code for url in (story_of(closed), paper)] == [404, 404]
        assert WORD not in browser.get(story_of(taken)).content.decode()
    assert WORD in as_("commander").get(story_of(closed)).content.decode()
    assert WORD in as_("commander").get(paper).content.decode()


def test_what_mentions_a_hidden_incident_does_not_name_it(as_, people, closed, taken):
    row = page(taken, people, "security", seconds(90))
    Message.objects.filter(pk=row.pk).update(subject=f"As in {closed.reference}: look")
    assert closed.reference not in as_("responder").get(story_of(taken)).content.decode()
    assert "As in a restricted incident: look" in text_of(as_("responder").get(story_of(taken)))
    assert closed.reference in as_("commander").get(story_of(taken)).content.decode()


def test_what_was_merged_into_it_is_told_as_well(as_, people, taken, declare):
    twin = declare(title="The same again")
    page(twin, people, "security", seconds(120))
    workflow.dismiss(
        incident_id=twin.pk,
        reason="The same.",
        duplicate_of=taken.reference,
        by=people.actor("commander"),
        at=seconds(200),
    )
    seen = as_("responder").get(story_of(taken))
    assert {line.message.about for line in lines(seen) if line.message} == {
        taken.about,
        twin.about,
    }
    Message.objects.update(state="sent", next_try_at=None, next_way_at=None, sent_at=NOW)
    again = as_("responder").get(story_of(taken)).content.decode()
    theirs = Message.objects.get(about=twin.about, kind="page")
    assert f"?message={theirs.pk}" not in again


def test_an_auditor_s_reading_is_recorded(as_, people, taken):
    as_("auditor").get(story_of(taken))
    assert AuditEvent.objects.get(user_id=people["auditor"].pk).about == f"incident:{taken.pk}"


def test_an_incident_of_which_nothing_went_out_says_what_one_can_do(as_, people, declare):
    incident = declare(impact=1, scope=1, urgency=1)
    said = text_of(as_("responder").get(story_of(incident)))
    assert "Nothing went out about this incident yet. Page someone" in said
    assert "Page someone" not in text_of(as_("auditor").get(story_of(incident)))


def _whole(incident: Incident, people: Any, size: int, *, step: str) -> list[Any]:
    """All lines, a page of this size at a time, forwards or backwards."""
    by = people.actor("commander")
    found = story.of(incident, by, size=size)
    rows = [found.lines]
    if step == "before":
        last = story.of(incident, by, size=1_000).lines[-1].mark
        found = story.of(incident, by, until=str(last), size=size)
        rows = [story.of(incident, by, size=1_000).lines[-1:], found.lines]
    while mark := getattr(found, step):
        asked = {"after": mark} if step == "after" else {"until": mark}
        found = story.of(incident, by, size=size, **asked)
        rows.append(found.lines)
    if step == "before":
        rows.reverse()
    return [str(line.mark) for page_of in rows for line in page_of]


@pytest.mark.parametrize("step", ["after", "before"])
@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_pages_of_it_leave_out_nothing_and_repeat_nothing_also_at_one_moment(
    people, taken, size, step
):
    for number in range(5):
        Message.objects.create(
            kind="task",
            to_address="a@desk.test",
            subject=f"Message {number}",
            about=taken.about,
            dedupe_key=f"m:{number}",
            message_id=f"<m{number}@desk.test>",
            state="suppressed",
            created_at=seconds(60),
        )
    whole = [str(line.mark) for line in story.of(taken, people.actor("commander")).lines]
    assert len(set(whole)) == len(whole) > 8
    assert _whole(taken, people, size, step=step) == whole


@pytest.mark.parametrize("mark", ["1.2", "a.b.c", "1.2.3.4", "9" * 30 + ".1.1", "-1.0.0", "%00"])
def test_a_mark_that_is_none_shows_the_first_page(as_, people, taken, mark):
    first = [line.words for line in lines(as_("responder").get(story_of(taken)))]
    found = lines(as_("responder").get(f"{story_of(taken)}?after={mark}"))
    assert [line.words for line in found] == first


def test_it_costs_the_same_for_a_few_lines_and_for_many(as_, people, incident_in):
    incident = incident_in("mitigation")
    page(incident, people, "security")
    browser = as_("responder")
    browser.get(story_of(incident))
    few = len(sql_of(browser, story_of(incident)))
    for number in range(40):
        log(page(incident, people, "security", seconds(70 * number)), (1, "sent", "250 ok"))
    assert len(sql_of(browser, story_of(incident))) == few


def test_it_is_led_to_from_the_incident_and_sends_a_message_again(as_, people, taken):
    assert story_of(taken) in as_("responder").get(f"{taken.url}?tab=messages").content.decode()
    Message.objects.update(state="sent", next_try_at=None, next_way_at=None, sent_at=NOW)
    row = Message.objects.latest("pk")
    dialog = f"{address(taken, 'resend')}?message={row.pk}"
    assert dialog in as_("responder").get(story_of(taken)).content.decode()
    assert "Send again" not in text_of(as_("auditor").get(story_of(taken)))


def test_what_is_never_sent_again_or_by_others_alone_is_not_offered(as_, people, incident_in):
    incident = incident_in("mitigation")
    page(incident, people, "security")
    for number in range(2):
        row = Message.objects.filter(kind="notice").latest("pk")
        row.pk, row.kind = None, "deadline"
        row.dedupe_key, row.message_id = f"d:{number}", f"<d{number}@desk.test>"
        row.save()
    Message.objects.update(state="sent", next_try_at=None, next_way_at=None, sent_at=NOW)
    found = {
        role: {
            line.message.kind
            for line in lines(as_(role).get(story_of(incident)))
            if line.message and line.again
        }
        for role in ("responder", "communications", "commander", "auditor")
    }
    assert found == {
        "responder": {"page"},
        "communications": {"notice"},
        "commander": {"page", "notice"},
        "auditor": set(),
    }


def test_on_paper_it_is_the_whole_story(as_, people, taken):
    said = text_of(as_("responder").get(f"{story_of(taken)}?print"))
    assert "What went out, and what came of it." in said
    assert "taken by Responder" in said
    assert "Paged Security lead. Look." in said
