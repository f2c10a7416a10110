"""The dashboard: what happens now, what needs whom, how well it went, and what it costs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from cases import deadlines, disclosure, notices, promises, workflow
from cases.intake import reports
from cases.models import Incident, Notice
from incidentdesk.dashboard import figures, needs, promised
from incidentdesk.dashboard.need import Need
from incidentdesk.kernel.models import Finding
from partners.models import Partner, Terms
from reviews.models import Review
from tests.conftest import NOW, People, Walk
from tests.incidentdesk.conftest import action, minutes, queries_of, text_of

pytestmark = pytest.mark.django_db
As = Callable[[str], Client]
URL = "/admin/"


def test_an_empty_desk_says_what_to_do(as_: As) -> None:
    page = text_of(as_("responder").get(URL))
    assert "No incident is open." in page
    assert "Nothing waits for you." in page
    assert "Declare an incident" in page
    assert "—" in page  # no median without an incident


def test_a_new_incident_stands_at_the_top_whatever_its_severity(
    as_: As, declare: Callable[..., Incident], clock: Any
) -> None:
    declare(title="The grave one", impact=4, scope=4, urgency=3)
    declare(title="The fresh one", impact=1, scope=1, urgency=1, at=minutes(3))
    clock(minutes(4))
    response = as_("responder").get(URL)
    assert [row.incident.title for row in response.context["board"]] == [
        "The fresh one",
        "The grave one",
    ]
    assert 'href="/admin/cases/incident/' in response.content.decode()


def test_the_figures_count_what_is_open_due_and_not_acknowledged(
    declare: Callable[..., Incident], people: People
) -> None:
    declare(impact=4, scope=4, urgency=3)  # SEV-1: acknowledge in 5 min, evaluate in 10
    declare(impact=1, scope=1, urgency=1)  # SEV-4: nothing within the hour
    taken = declare(impact=4, scope=4, urgency=3)
    workflow.acknowledge(incident_id=taken.pk, by=people.actor("responder"), at=minutes(1))
    gone = declare()
    workflow.dismiss(
        incident_id=gone.pk, reason="A test.", by=people.actor("commander"), at=minutes(1)
    )
    found = figures.read(people.actor("responder"), at=minutes(7))
    assert (found.open, found.severities) == (3, [(1, 2), (4, 1)])
    assert (found.unacknowledged, found.oldest) == (2, "7 min")
    assert found.due_words == "2 evaluations, 2 containments"
    assert (found.due, found.late) == (4, 1)  # one acknowledgement is two minutes late


def test_overdue_preventive_actions_are_counted_with_the_oldest(
    incident_in: Callable[..., Incident], people: People
) -> None:
    incident = incident_in("review")
    action(incident, people["responder"], NOW - timedelta(days=9))
    action(incident, people["responder"], NOW - timedelta(days=1))
    action(incident, people["responder"], NOW)  # due today is not overdue
    found = figures.read(people.actor("responder"), at=NOW)
    assert (found.overdue, found.overdue_oldest) == (2, "9 days")


def what_waits(people: People, key: str, at: datetime = NOW) -> list[str]:
    """What the person with this role is asked to do."""
    return [line.what for line in needs.of(people.actor(key), at=at).lines]


def writing(people: People, at: datetime, key: str = "communications") -> list[Need]:
    """What waits for this person to be written to partners."""
    return list(promised.of(people.actor(key), at=at))


def test_an_unacknowledged_incident_waits_for_those_who_can_take_it(
    declare: Callable[..., Incident], people: People
) -> None:
    incident = declare()
    nobody = ["nobody has acknowledged it"]
    waits = {key: what_waits(people, key) for key in people}
    assert waits == {
        "responder": nobody,
        "commander": nobody,
        "security": nobody,
        "administrator": nobody,
        "communications": nobody,
        "approver": nobody,
        "auditor": [],
    }
    workflow.acknowledge(incident_id=incident.pk, by=people.actor("responder"), at=NOW)
    assert what_waits(people, "responder") == []
    assert what_waits(people, "commander") == ["has no commander"]


def test_a_notice_waits_for_an_approver_then_for_a_sender_never_for_its_drafter(
    incident_in: Callable[..., Incident], walk: Callable[[Incident], Walk], people: People
) -> None:
    incident = incident_in("containment")
    involved = list(incident.involvements.values_list("pk", flat=True))
    for who in (people["security"], people["approver"]):
        who.roles = [*who.roles, "communications"]
        who.save()
    notice = notices.draft(
        incident_id=incident.pk,
        kind=Notice.Kind.FIRST,
        body="Quotes are late.",
        involvement_ids=involved,
        by=people.actor("security"),
        at=minutes(30),
    )
    (line,) = needs.of(people.actor("approver"), at=minutes(31)).lines
    assert line.what == "first notice to Helix Markets awaits your approval"
    assert line.severity == incident.severity
    assert line.remaining.words.endswith("left")  # of the deadline for the first notice
    assert what_waits(people, "security") == []
    assert what_waits(people, "communications") == []
    notices.approve(notice_id=notice.pk, by=people.actor("approver"), at=minutes(32))
    assert what_waits(people, "communications") == ["first notice to Helix Markets can be sent"]
    notices.send(notice_id=notice.pk, by=people.actor("communications"), at=minutes(33))
    assert what_waits(people, "communications") == []


def test_a_first_notice_that_is_due_waits_for_whoever_writes_it_until_it_is_written(
    incident_in: Callable[..., Incident], people: People, helix: Partner, norrbank: Partner
) -> None:
    Terms.objects.filter(partner=norrbank).update(notice_sev2=None)
    incident = incident_in("containment")  # Helix is due two hours after detection
    disclosure.add_partner(
        incident_id=incident.pk,
        partner_id=norrbank.pk,
        title="Late quotes",
        meaning="Use EU-1.",
        severity=2,
        by=people.actor("commander"),
        at=minutes(50),
    )
    incident.deadlines.filter(kind="first_notice").update(due_at=minutes(150))
    assert [line.what for line in writing(people, minutes(59))] == []
    (line,) = writing(people, minutes(61))
    assert (line.what, line.remaining.words) == (
        "first notice to Helix Markets to write",
        "59 min left",
    )
    assert line.url == f"/admin/cases/incident/{incident.pk}/do/draft_notice/?kind=first"
    (line,) = writing(people, minutes(125))
    assert (line.what, line.remaining.words) == (
        "first notice to Helix Markets, Norrbank Securities to write",
        "5 min late",
    )
    assert writing(people, minutes(125), "auditor") == []
    involvement = incident.involvements.get(partner=helix)
    notices.draft(
        incident_id=incident.pk,
        kind=Notice.Kind.FIRST,
        body="Quotes are late.",
        involvement_ids=[involvement.pk],
        by=people.actor("commander"),
        at=minutes(126),
    )
    (line,) = writing(people, minutes(127))
    assert line.what == "first notice to Norrbank Securities to write"
    other = incident.involvements.get(partner=norrbank)
    draft = notices.draft(
        incident_id=incident.pk,
        kind=Notice.Kind.FIRST,
        body="Quotes are late.",
        involvement_ids=[other.pk],
        by=people.actor("commander"),
        at=minutes(128),
    )
    (line,) = writing(people, minutes(129))
    assert (line.what, line.remaining.words) == (
        "first notice to Helix Markets, Norrbank Securities is not approved yet",
        "9 min late",
    )
    assert line.url.startswith("/admin/cases/notice/")
    assert writing(people, minutes(100)) == []  # it has not to be chased yet
    assert draft.state == Notice.State.DRAFT


def test_a_first_notice_that_is_due_and_has_no_partner_asks_to_list_one(
    declare: Callable[..., Incident], people: People
) -> None:
    incident = declare()
    Incident.objects.update(confirmed_at=NOW)
    deadlines.reset(Incident.objects.get())
    due_at = incident.deadlines.get(kind="first_notice").due_at
    (line,) = writing(people, due_at + timedelta(minutes=3))
    assert (line.what, line.remaining.words) == (
        "a first notice is due and no partner is listed yet",
        "3 min late",
    )
    assert line.url == f"/admin/cases/incident/{incident.pk}/do/add_partner/"


def test_a_promised_update_that_is_late_waits_for_whoever_writes_it(
    incident_in: Callable[..., Incident], walk: Callable[[Incident], Walk], people: People
) -> None:
    incident = incident_in("mitigation")
    told = incident.involvements.get()
    promises.keep(told, minutes(200), at=minutes(100))
    assert writing(people, minutes(130)) == []
    (line,) = writing(people, minutes(215))
    assert (line.what, line.remaining.words, line.url) == (
        "promised update to Helix Markets to write",
        "15 min late",
        f"/admin/cases/incident/{incident.pk}/do/draft_notice/?kind=update",
    )


def test_the_tile_of_deadlines_leads_to_the_incidents_that_have_them(
    as_: As, declare: Callable[..., Incident], clock: Any
) -> None:
    declare(title="Due soon", impact=4, scope=4, urgency=3)
    declare(title="Not due today", impact=1, scope=1, urgency=1)
    clock(minutes(1))
    browser = as_("responder")
    address = "/admin/cases/incident/?overdue=soon"
    assert f'href="{address}"' in browser.get(URL).content.decode()
    shown = browser.get(address).context["cl"].result_list
    assert [row.title for row in shown] == ["Due soon"]


def test_a_facts_package_may_be_what_is_due_next(
    as_: As, incident_in: Callable[..., Incident]
) -> None:
    incident = incident_in("containment")
    incident.deadlines.exclude(kind="facts_initial").update(is_dropped=True)
    assert [row.due for row in as_("responder").get(URL).context["board"]] == ["facts package"]


def test_a_partner_report_waits_for_triage(people: People, helix: Any) -> None:
    reports.report(
        title="Rejected orders",
        description="All of them.",
        noticed_at=NOW,
        by=people.contact("helix", helix),
        at=NOW,
    )
    (line,) = needs.of(people.actor("communications"), at=minutes(12)).lines
    assert (line.title, line.what) == ("Helix Markets: Rejected orders", "partner report to triage")
    assert line.remaining.words == "12 min old"
    assert what_waits(people, "responder") == []


def test_an_overdue_action_waits_for_its_owner_alone(
    incident_in: Callable[..., Incident], people: People
) -> None:
    action(incident_in("review"), people["auditor"], NOW - timedelta(days=2))
    assert what_waits(people, "auditor") == ["your preventive action is overdue"]
    assert what_waits(people, "responder") == []


def test_a_review_waits_for_somebody_who_did_not_command_once_it_is_asked_for(
    incident_in: Callable[..., Incident], people: People
) -> None:
    incident = incident_in("review")
    review = Review.objects.create(incident=incident, opened_at=minutes(190))
    commander = people["commander"]
    commander.roles = ["commander", "approver"]
    commander.save()
    waits = "the review awaits your approval"
    assert what_waits(people, "approver") == []
    asked = {"asked_at": minutes(200), "asked_by": people["responder"]}
    Review.objects.filter(pk=review.pk).update(state="in_review", **asked)
    assert what_waits(people, "approver") == [waits]
    assert what_waits(people, "commander") == []


def test_the_worst_comes_first_and_a_long_list_says_how_much_more(
    declare: Callable[..., Incident], people: People
) -> None:
    for number in range(14):
        declare(title=f"Low {number}", impact=1, scope=1, urgency=1)
    declare(title="Grave", impact=4, scope=4, urgency=3, at=minutes(1))
    found = needs.of(people.actor("responder"), at=minutes(2))
    assert found.lines[0].title == "Grave"
    assert (len(found.lines), found.more) == (12, 3)
    whole = needs.of(people.actor("responder"), at=minutes(2), is_whole=True)
    assert (len(whole.lines), whole.more) == (15, 0)


def test_what_is_not_shown_is_a_link_to_the_whole_of_it(
    as_: As, declare: Callable[..., Incident]
) -> None:
    for number in range(14):
        declare(title=f"Low {number}", impact=1, scope=1, urgency=1)
    browser = as_("responder")
    page = browser.get(URL)
    assert '<a href="?needs=all#needs-you">and 2 more</a>' in page.content.decode()
    whole = browser.get(f"{URL}?needs=all")
    assert len(whole.context["needs"].lines) == 14
    assert "more</a>" not in whole.content.decode()
    assert "Show only the first" in text_of(whole)


def test_only_those_who_may_declare_see_the_button(as_: As) -> None:
    address = "/admin/cases/incident/do/declare/"
    assert address in as_("communications").get(URL).content.decode()
    assert address not in as_("auditor").get(URL).content.decode()


def test_a_partners_contact_is_sent_to_the_portal(people: People, helix: Any) -> None:
    browser = Client()
    browser.force_login(people["helix"])
    response = browser.get(URL, follow=False)
    assert response.status_code == 302
    assert browser.get(response["Location"])["Location"].startswith("/portal/")


def test_the_page_costs_the_same_with_one_and_with_thirty_incidents(
    as_: As,
    incident_in: Callable[..., Incident],
    declare: Callable[..., Incident],
    people: People,
    helix: Any,
) -> None:
    security = people["security"]
    security.roles = ["commander", "approver", "security", "administrator"]
    security.save()
    browser = as_("security")

    def more(first: int, last: int) -> None:
        for number in range(first, last):
            declare(at=NOW)
            incident = incident_in("containment")
            notices.draft(
                incident_id=incident.pk,
                kind=Notice.Kind.FIRST,
                body="Late.",
                involvement_ids=list(incident.involvements.values_list("pk", flat=True)),
                by=people.actor("communications"),
                at=minutes(60),
            )
            action(incident, security, NOW - timedelta(days=3))
            reports.report(
                title=f"Rejected orders {number}",
                description="All.",
                noticed_at=NOW,
                by=people.contact("helix", helix),
                at=NOW,
            )

    browser.get(URL)  # the first request after a login loads more
    more(0, 1)
    with_one = queries_of(browser, URL)
    more(1, 15)
    assert Incident.objects.count() == 30
    assert queries_of(browser, URL) == with_one
    assert with_one <= 34


def test_the_red_light_names_what_is_wrong_with_the_desk_and_no_incident(
    as_: Any, declare: Any
) -> None:
    incident = declare()
    for words, about in (
        ("Redis does not answer.", ""),
        ("Seal 3 of the audit trail is missing.", "auditseal:3"),
        (f"{incident.reference} has no page.", incident.about),
    ):
        Finding.objects.create(kind=words[:20], words=words, about=about, first_at=NOW, last_at=NOW)

    said = as_("responder").get("/admin/").context["faults"]

    assert said[:2] == ["Redis does not answer.", "Seal 3 of the audit trail is missing."]
    assert incident.reference not in str(said)
