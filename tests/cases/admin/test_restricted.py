"""A restricted incident is nowhere on the desk for who is not let in: no word of it, no count.

Everything that an incident can have is given words that stand nowhere else, and every list, page,
dialog and figure is looked through as each role.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib import admin
from django.db import transaction
from django.urls import reverse

from cases import crew, notices, queries, response, restriction, tasks
from cases.intake import alerts, reports
from cases.intake.signal import Action, Signal
from cases.models import Alert, Event, Incident, Notice, Report, Task
from incidentdesk import navigation
from incidentdesk.dashboard import figures, needs, trends
from incidentdesk.kernel.desk import DeskAdmin
from incidentdesk.kernel.models import AuditEvent
from incidentdesk.kernel.roles import ROLES
from notifications import outbox
from notifications.models import Escalation, Message
from reviews import actions, lessons
from reviews import queries as review_queries
from reviews import workflow as review_workflow
from reviews.models import Lesson, PreventiveAction, Review
from tests.cases.admin.conftest import page_of, text_of
from tests.conftest import NOW

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(days=1)
OUTSIDE = sorted(set(ROLES) - {"auditor"})
WORD = "ZEBRA"  # in every text of the hidden incident, and nowhere else


@pytest.fixture
def before(declare, people) -> dict[str, Any]:
    """What everybody counts while there is one ordinary incident only."""
    declare(title="Ordinary")
    return {key: counts(people.actor(key)) for key in OUTSIDE}


def counts(by: Any) -> Any:
    """Every figure of the dashboard and every number of the sidebar."""
    return (
        figures.read(by, at=LATER),
        [row.incident.pk for row in figures.board(by, at=LATER)],
        [need.reference for need in needs.of(by, at=LATER).lines],
        trends.medians(by, at=LATER),
        trends.weeks(by, at=LATER).total,
        review_queries.actions_in_time(by, since=LATER, at=LATER + timedelta(days=90)),
        navigation._count(by, LATER.date()),
    )


@pytest.fixture
def hidden(before, incident_in, walk, people, source, helix) -> Incident:
    """In Review, with something of everything, then restricted to nobody but who did it."""
    alerts.receive(
        source=source,
        raw=f'{{"x": "{WORD}"}}',
        signals=[
            Signal(Action.FIRE, "a", "a", f"{WORD} alert"),
            Signal(Action.FIRE, "b", "b", "Ordinary alert"),
        ],
        at=NOW,
    )
    Incident.objects.filter(title=f"{WORD} alert").update(title=f"{WORD} from an alert")
    incident = incident_in("review", title=f"{WORD} title")
    _write(incident, people, helix)
    review_workflow.open_missing(at=LATER)
    _learn(incident, people)
    by = people.actor("commander")
    for row in Incident.objects.filter(title__contains=WORD):
        restriction.restrict(incident_id=row.pk, user_ids=[], reason="x", by=by, at=LATER)
    Message.objects.update(body_text=WORD)  # mails of before name what they were about
    return Incident.objects.get(pk=incident.pk)


def _write(incident: Incident, people: Any, helix: Any) -> None:
    step = {"incident_id": incident.pk, "at": LATER}
    tasks.add(**step, phase="recovery", text=f"{WORD} task", by=people.actor("responder"))
    response.post_update(**step, text=f"{WORD} update", by=people.actor("responder"))
    notices.draft(
        **step,
        kind="update",
        body=f"{WORD} notice",
        involvement_ids=[incident.involvements.get().pk],
        by=people.actor("communications"),
    )
    crew.assign(
        **step,
        role="scribe",
        user_id=people["commander"].pk,
        note=f"{WORD} note",
        by=people.actor("commander"),
    )
    told = reports.report(
        title=f"{WORD} report",
        description=f"{WORD} description",
        noticed_at=NOW,
        by=people.contact("helix", helix),
        at=NOW,
    )
    reports.attach(
        report_id=told.pk,
        reference=incident.reference,
        shown_severity=3,
        by=people.actor("commander"),
        at=LATER,
    )


def _learn(incident: Incident, people: Any) -> None:
    review = Review.objects.get(incident=incident)
    step = {"review_id": review.pk, "by": people.actor("security"), "at": LATER}
    review_workflow.write(**step, findings=review_workflow.Findings(root_cause=f"{WORD} cause"))
    lessons.add(**step, text=f"{WORD} lesson", tags=["zebra-tag"])
    actions.agree(
        **step,
        title=f"{WORD} action",
        kind="prevent",
        owner_id=people["security"].pk,
        due_on=LATER.date(),
    )


def names(hidden: Incident) -> list[str]:
    references = Incident.objects.filter(is_restricted=True).values_list("reference", flat=True)
    assert hidden.reference in references
    return [WORD, "zebra-tag", *references]


def of_hidden() -> dict[type, list[int]]:
    """Every row that belongs to a hidden incident, by model; each model has some."""
    of = {"incident__is_restricted": True}
    found: dict[type, Any] = {
        Incident: Incident.objects.filter(is_restricted=True),
        Alert: Alert.objects.filter(**of),
        Event: Event.objects.filter(body__contains=WORD),
        Notice: Notice.objects.filter(**of),
        Report: Report.objects.filter(**of),
        Task: Task.objects.filter(**of),
        Review: Review.objects.filter(**of),
        PreventiveAction: PreventiveAction.objects.filter(review__incident__is_restricted=True),
        Lesson: Lesson.objects.filter(review__incident__is_restricted=True),
        Message: Message.objects.exclude(about=""),
        Escalation: Escalation.objects.exclude(title="Ordinary").exclude(title="Ordinary alert"),
    }
    return {model: list(rows.values_list("pk", flat=True)) for model, rows in found.items()}


def url(model: type, page: str, *args: Any) -> str:
    meta: Any = model._meta  # type: ignore[attr-defined]
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_{page}", args=args)


@pytest.mark.parametrize("role", OUTSIDE)
def test_no_list_and_no_first_page_holds_a_word_of_it(role, hidden, as_, people):
    if role == "commander":  # who restricted it is in; another commander is not
        people["other"] = type(people[role]).objects.create_user(
            "other@desk.test", name="Other", roles=["commander"]
        )
        role = "other"
    as_("auditor").get(page_of(hidden))  # its reading stands in the audit trail with the title
    browser, seen = as_(role), 0
    for model, page in admin.site._registry.items():
        if not isinstance(page, DeskAdmin) and model is not AuditEvent:
            continue
        for query in ("", "?state=all", "?show=all", f"?q={WORD}", f"?q={hidden.reference}"):
            answer = browser.get(url(model, "changelist") + query, follow=True)
            if answer.status_code == 403:
                continue
            assert [name for name in names(hidden) if name in text_of(answer)] == [], (model, query)
            if "?q=" not in query:  # an address keeps what was searched for
                assert WORD not in answer.content.decode(), (model, query)
            seen += 1
    assert seen > 30
    for path in ("/admin/", "/admin/cases/incident/do/dismiss_several/"):
        answer = browser.get(path)
        assert [name for name in names(hidden) if name in answer.content.decode()] == [], path


@pytest.mark.parametrize("role", OUTSIDE)
def test_every_page_of_it_is_a_404(role, hidden, as_, people):
    if role == "commander":
        people["other"] = type(people[role]).objects.create_user(
            "other@desk.test", name="Other", roles=["commander"]
        )
        role = "other"
    browser = as_(role)
    rows = of_hidden()
    assert all(rows.values())
    for model, pks in rows.items():
        for pk in pks[:4]:
            answer = browser.get(url(model, "change", pk))
            refused = {403} if answer.status_code == 403 and model is Message else {404}
            assert answer.status_code in refused, (model, pk)
            for action in admin.site._registry[model].desk_actions:  # type: ignore[attr-defined]
                path = url(model, "do", pk, action.name)
                assert browser.get(path).status_code == 404, path
                assert browser.post(path, {"reason": "x"}).status_code == 404, path
    for path in (
        f"/admin/cases/incident/{hidden.pk}/who/",
        f"/admin/reviews/review/of/{hidden.pk}/",
        f"/admin/reviews/review/begin/{hidden.pk}/",
    ):
        assert browser.get(path).status_code == 404, path


def test_no_figure_and_no_number_counts_it(before, hidden, people):
    # The ordinary alert that came with it is there for everybody.
    Incident.objects.filter(title="Ordinary alert").update(phase="identification")
    ordinary = Incident.objects.get(title="Ordinary alert")
    for key in set(OUTSIDE) - {"commander"}:
        found = counts(people.actor(key))
        assert found[0].open == before[key][0].open + 1
        assert found[1] == [ordinary.pk, *before[key][1]]
        assert set(found[2]) == {*before[key][2], *([ordinary.reference] if found[2] else [])}
        assert found[3] == [m for m in found[3] if m.now_count in (0, 1)]
        assert found[4] == before[key][4] + 1
        assert found[5].due == 0
        number = dict(found[6])
        assert (number.get("cases.Incident"), number.get("cases.Alert")) == (2, 1)
        others = ("cases.Notice", "cases.Report", "reviews.Review", "reviews.PreventiveAction")
        assert [number.get(name, 0) for name in others] == [0, 0, 0, 0]


def test_who_is_let_in_sees_all_of_it(hidden, as_, people):
    browser = as_("commander")
    assert WORD in text_of(browser.get(page_of(hidden)))
    assert WORD in text_of(browser.get("/admin/cases/incident/"))
    assert WORD in text_of(browser.get(url(Notice, "change", of_hidden()[Notice][0])))
    assert review_queries.visible_to(people.actor("commander")).count() == 1


def test_the_auditor_sees_it_and_each_reading_is_recorded(hidden, as_):
    browser = as_("auditor")
    assert hidden.title in text_of(browser.get("/admin/cases/incident/?show=all"))
    assert hidden.title in text_of(browser.get(page_of(hidden)))
    assert "auditor; every reading is recorded" in text_of(
        browser.get(f"/admin/cases/incident/{hidden.pk}/who/")
    )
    noted = AuditEvent.objects.filter(action="read").order_by("id").values_list("about", flat=True)
    assert list(noted) == ["incident:list", hidden.about, hidden.about]


def test_what_an_auditor_read_is_named_to_auditors_only(hidden, as_):
    as_("auditor").get(page_of(hidden))
    event = AuditEvent.objects.latest("id")
    path = url(AuditEvent, "change", event.pk)
    assert WORD in text_of(as_("auditor").get(path))
    assert WORD not in as_("administrator").get(path).content.decode()


def test_a_mail_about_what_nobody_knows_is_sealed_until_somebody_does(as_, people):
    with transaction.atomic():
        outbox.queue(
            kind="report_received",
            to="a@b.test",
            about="puzzle:1",
            dedupe_key="puzzle",
            context={"reference": WORD, "title": WORD, "url": "/"},
            at=NOW,
        )
    assert WORD not in as_("administrator").get(url(Message, "changelist")).content.decode()
    assert WORD in as_("auditor").get(url(Message, "changelist")).content.decode()


def test_a_delivery_that_speaks_of_a_hidden_incident_besides_another_is_hidden(hidden, people):
    event = Event.objects.get(body__contains=WORD)
    assert len(event.concerns) == 2
    assert not queries.events_visible_to(people.actor("security")).filter(pk=event.pk).exists()


def test_what_became_of_nothing_is_hidden_where_its_source_fed_a_hidden_one(hidden, people, source):
    alerts.refuse(source=source, raw=f"{WORD} again", why="no JSON", at=LATER)
    event = Event.objects.latest("id")
    by = people.actor("administrator")
    assert not queries.events_visible_to(by).filter(pk=event.pk).exists()
    restricted = Incident.objects.filter(is_restricted=True)
    for row in restricted:
        restriction.lift(incident_id=row.pk, reason="x", by=people.actor("commander"), at=LATER)
    assert queries.events_visible_to(by).filter(pk=event.pk).exists()


def test_the_reference_of_a_hidden_incident_has_no_name_on_another_timeline(hidden, as_, people):
    other = Incident.objects.get(title="Ordinary")
    response.post_update(
        incident_id=other.pk,
        text=f"Looks like {hidden.reference} and {other.reference}.",
        by=people.actor("responder"),
        at=LATER,
    )
    words = text_of(as_("administrator").get(page_of(other)))
    assert f"Looks like a restricted incident and {other.reference}." in words
    assert f"Looks like {hidden.reference}" in text_of(as_("commander").get(page_of(other)))


def test_the_list_of_incidents_says_nothing_of_it_to_who_sends_its_id(hidden, as_, people):
    people["other"] = type(people["commander"]).objects.create_user(
        "other@desk.test", name="Other", roles=["commander"]
    )
    posted = {"incidents": [hidden.pk], "reason": "x"}
    answer = as_("other").post("/admin/cases/incident/do/dismiss_several/", posted)
    assert answer.status_code == 422
    assert Incident.objects.get(pk=hidden.pk).phase == "review"
