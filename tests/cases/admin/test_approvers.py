"""Who is asked to approve a notice: whoever may open the incident; or the commander hears of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from cases import disclosure, notices, restriction
from cases.models import Entry, Incident, Notice
from incidentdesk.kernel.models import User
from notifications.models import Message
from tests.cases.admin.conftest import address, text_of
from tests.conftest import NOW

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(hours=1)
ADMIT = "Nobody can approve a notice that waits; admit somebody who approves notices."
NOBODY = (
    "Nobody can approve the first notice: no approver who wrote none of it may open this "
    "incident. It waits until one is admitted or given the role."
)


@pytest.fixture
def drafted(incident_in, people):
    """`drafted(*names)`: a notice of an incident restricted to its commander and these."""

    def run(*names: str) -> Notice:
        incident = incident_in("containment")
        restriction.restrict(
            incident_id=incident.pk,
            user_ids=[people[name].pk for name in ("communications", *names)],
            reason="Perhaps one of us.",
            by=people.actor("commander"),
            at=NOW,
        )
        return notices.draft(
            incident_id=incident.pk,
            kind="first",
            body="Quotes are late.",
            involvement_ids=[incident.involvements.get().pk],
            by=people.actor("communications"),
            at=LATER,
        )

    return run


def pages(notice: Notice) -> list[tuple[str, bool]]:
    """Who was called to the notice, and whether to let somebody in."""
    called = f":notice:{notice.pk}:"
    rows = Message.objects.filter(kind="page", dedupe_key__contains=called).order_by("id")
    return [(row.to_address, ADMIT in row.body_text) for row in rows]


def said(incident: Incident) -> list[str]:
    """What the timeline says of approvals that are lacking."""
    rows = Entry.objects.filter(incident=incident).order_by("id")
    return [row.body for row in rows if row.body.startswith("Nobody can approve")]


def test_of_a_restricted_incident_only_an_approver_who_is_let_in_is_called(drafted, people):
    User.objects.create_user("other@desk.test", name="Not let in", roles=["approver"])
    notice = drafted("approver")
    assert pages(notice) == [(people["approver"].email, False)]
    assert said(notice.incident) == []


def test_where_no_approver_is_let_in_the_commander_is_called_and_the_timeline_says_so(
    drafted, people
):
    notice = drafted()
    assert pages(notice) == [(people["commander"].email, True)]
    assert said(notice.incident) == [NOBODY]


def test_an_approver_who_is_admitted_is_called_to_what_waits(drafted, people):
    notice = drafted()
    restriction.admit(
        incident_id=notice.incident_id,
        user_id=people["approver"].pk,
        by=people.actor("commander"),
        at=LATER,
    )
    assert pages(notice)[1:] == [(people["approver"].email, False)]


def test_the_page_says_it_until_somebody_is_let_in(drafted, people, as_):
    notice = drafted()
    browser, url = as_("commander"), notice.incident.url
    words = "A first notice waits, and nobody who is let in can approve it."
    assert words in text_of(browser.get(url))
    browser.post(address(notice.incident, "admit"), {"person": people["approver"].pk})
    assert words not in text_of(browser.get(url))


def test_who_drafts_is_told_that_nobody_can_approve(incident_in, people, as_):
    incident = incident_in("containment")
    restriction.restrict(
        incident_id=incident.pk,
        user_ids=[people["communications"].pk],
        reason="Perhaps one of us.",
        by=people.actor("commander"),
        at=NOW,
    )
    form = {"kind": "first", "body": "Late.", "audience": [incident.involvements.get().pk]}
    answer = as_("communications").post(address(incident, "draft_notice"), form, follow=True)
    assert "nobody who is let in can approve it" in text_of(answer)


def test_changing_the_kind_keeps_what_was_typed(incident_in, as_):
    incident = incident_in("containment")
    row = incident.involvements.get()
    typed: dict[str, Any] = {
        "again": "correction",
        "kind": "first",
        "body": "Typed by hand.",
        f"own_{row.pk}": "Only for Helix.",
        "tlp": "RED",
    }
    answer = as_("communications").post(address(incident, "draft_notice"), typed)
    form = answer.context["form"]
    assert (answer.status_code, Notice.objects.count()) == (200, 0)
    assert form["kind"].value() == "correction"
    assert form["body"].value() == "Typed by hand."
    assert form[f"own_{row.pk}"].value() == "Only for Helix."
    assert (form["tlp"].value(), form["audience"].value()) == ("RED", [])
    assert "What you typed is kept." in text_of(answer)


def test_a_template_that_nobody_changed_gives_way_to_that_of_the_new_kind(incident_in, as_):
    incident = incident_in("containment")
    browser = as_("communications")
    first = browser.get(address(incident, "draft_notice")).context["form"]
    form = {"again": "all_clear", "kind": "first", "body": f"{first['body'].value()}\r\n"}
    form["next_update_at"] = "2030-01-01T10:00"
    other = browser.post(address(incident, "draft_notice"), form).context["form"]
    asked = browser.get(address(incident, "draft_notice") + "?kind=all_clear").context["form"]
    assert other["body"].value() == asked["body"].value()
    assert other["next_update_at"].value() is None


def test_a_changed_kind_with_the_untouched_template_of_another_is_shown_its_own_first(
    incident_in, as_, walk
):
    """Without the script: nothing is drafted, and the text is there to be looked at."""
    incident = incident_in("containment")
    walk(incident).notify("first")
    row, browser = incident.involvements.get(), as_("communications")
    url = address(incident, "draft_notice")
    first = browser.get(f"{url}?kind=first").context["form"]["body"].value()
    sent = {"kind": "all_clear", "body": first.replace("\n", "\r\n"), "audience": [row.pk]}
    answer = browser.post(url, sent)
    assert (answer.status_code, Notice.objects.count()) == (422, 1)
    form = answer.context["form"]
    own = browser.get(f"{url}?kind=all_clear").context["form"]["body"].value()
    assert form["body"].value() == own != first
    assert (form["kind"].value(), form["audience"].value()) == ("all_clear", [str(row.pk)])
    assert form.errors["body"] == [
        "This was the untouched template of a notice of another kind, the first notice; here is "
        "that of the all clear."
    ]
    Incident.objects.filter(pk=incident.pk).update(recovered_at=NOW)
    assert browser.post(url, {**sent, "body": own}).status_code == 302
    assert Notice.objects.get(kind="all_clear").body == own


def test_the_form_offers_the_kind_that_fits_and_those_whom_it_fits(
    incident_in, as_, people, norrbank, walk
):
    incident = incident_in("containment")
    browser, url = as_("communications"), address(incident, "draft_notice")
    helix = incident.involvements.get()

    def offered(asked: str = "") -> tuple[str, list[int]]:
        form = browser.get(url + asked).context["form"]
        return form["kind"].value(), form["audience"].value()

    assert offered() == ("first", [helix.pk])
    walk(incident).notify("first")
    assert offered() == ("update", [helix.pk])
    late = disclosure.add_partner(
        incident_id=incident.pk,
        partner_id=norrbank.pk,
        title="x",
        meaning="x",
        severity=3,
        by=people.actor("communications"),
        at=NOW,
    )
    assert offered() == ("first", [late.pk])
    assert offered("?kind=all_clear") == ("all_clear", [helix.pk])

    def changed(*ticked: int, kind: str = "first") -> list[int]:
        form = {"again": "update", "kind": kind, "audience": ticked}
        return browser.post(url, form).context["form"]["audience"].value()

    assert changed(late.pk) == [helix.pk]  # as it was offered: offered anew
    assert changed(late.pk, kind="update") == [helix.pk]  # the script has chosen the kind already
    assert changed(late.pk, helix.pk) == [str(late.pk), str(helix.pk)]  # somebody's choice
