"""Fixes: a second person approves; a temporary one is overdue until it is replaced or accepted."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, transaction

from cases import fixes, jobs, queries, warning, workflow
from cases.models import Deadline, Entry, Fix, Incident
from incidentdesk.dashboard import needs
from incidentdesk.kernel import access, clocks
from incidentdesk.kernel.errors import Conflict, InvalidInput, NotAllowed, NotFound
from incidentdesk.kernel.roles import ROLES
from notifications.models import Message
from tests.conftest import NOW

pytestmark = pytest.mark.django_db
DAY = NOW.date()
LAST = DAY + timedelta(days=7)
HOUR = timedelta(hours=1)


@pytest.fixture
def propose(people):
    """`propose(incident, kind=…)`: the responder proposes a fix that the responder owns."""

    def run(incident, kind: str = "temporary", **more: Any) -> Fix:
        known = {
            "text": "Restart the feed handler nightly.",
            "change_reference": f"CHG-{kind}",
            "test_evidence": "Two nights on staging, no gap.",
            "rollback_plan": "Disable the timer.",
            "owner_id": people["responder"].pk if kind == "temporary" else None,
            "expires_on": LAST if kind == "temporary" else None,
            "by": people.actor("responder"),
            "at": NOW,
            **more,
        }
        return fixes.propose(incident_id=incident.pk, kind=kind, **known)

    return run


@pytest.fixture
def in_place(propose, people):
    """`in_place(incident, kind=…)`: proposed by the responder, approved by the security lead."""

    def run(incident, kind: str = "temporary", **more: Any) -> Fix:
        fix = propose(incident, kind, **more)
        return fixes.approve(fix_id=fix.pk, by=people.actor("security"), at=NOW)

    return run


def newest(incident: Incident) -> str:
    return Entry.objects.filter(incident=incident).first().body


def test_a_fix_is_proposed_and_a_second_person_approves_it(propose, declare, people):
    incident = declare()
    fix = propose(incident)
    assert newest(incident) == (
        "Temporary fix CHG-temporary proposed: Restart the feed handler nightly. "
        "It expires on 11 Mar 2026; Responder owns it."
    )
    with pytest.raises(InvalidInput, match="a second person has to approve it"):
        fixes.approve(fix_id=fix.pk, by=people.actor("responder"), at=NOW)
    fix = fixes.approve(fix_id=fix.pk, by=people.actor("commander"), at=NOW)
    assert (fix.state, fix.approved_by) == ("approved", people["commander"])
    assert newest(incident) == "Temporary fix CHG-temporary approved."
    with pytest.raises(Conflict, match="is approved already"):
        fixes.approve(fix_id=fix.pk, by=people.actor("security"), at=NOW)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"kind": "lasting"}, "temporary or permanent"),
        ({"text": " "}, "Say what is changed"),
        ({"change_reference": " "}, "reference of the change"),
        ({"change_reference": "x" * 81}, "at most 80"),
        ({"test_evidence": ""}, "tried first"),
        ({"rollback_plan": ""}, "how to go back"),
        ({"owner_id": None}, "needs an owner and a day"),
        ({"expires_on": None}, "needs an owner and a day"),
        ({"expires_on": DAY - timedelta(days=1)}, "expire in the past"),
        ({"owner_id": 999999}, "somebody at the desk who works on incidents"),
    ],
)
def test_a_proposal_that_nobody_could_judge_is_refused(more, words, propose, declare):
    incident = declare()
    before = Entry.objects.count()
    with pytest.raises(InvalidInput, match=words):
        propose(incident, **more)
    assert (Fix.objects.count(), Entry.objects.count()) == (0, before)


def test_a_partners_contact_owns_no_fix(propose, declare, people, helix):
    with pytest.raises(InvalidInput, match="somebody at the desk who works on incidents"):
        propose(declare(), owner_id=people["helix"].pk)


def test_a_fix_that_expired_while_it_waited_is_not_approved(propose, declare, people):
    fix = propose(declare(), expires_on=DAY)
    with pytest.raises(InvalidInput, match="would have expired on 04 Mar 2026"):
        fixes.approve(fix_id=fix.pk, by=people.actor("commander"), at=NOW + timedelta(days=1))


def test_a_temporary_fix_gives_way_to_an_approved_permanent_one_of_its_incident(
    in_place, propose, declare, people
):
    incident = declare()
    fix, by = in_place(incident), people.actor("responder")
    waiting = propose(incident, "permanent")
    elsewhere = in_place(declare(title="Other"), "permanent")
    also_temporary = in_place(incident, change_reference="CHG-2")
    for other in (waiting, elsewhere, also_temporary, fix):
        with pytest.raises(InvalidInput, match="approved permanent fix of the same incident"):
            fixes.replace(fix_id=fix.pk, by_fix_id=other.pk, by=by, at=NOW)
    fixes.approve(fix_id=waiting.pk, by=people.actor("commander"), at=NOW)
    fix = fixes.replace(fix_id=fix.pk, by_fix_id=waiting.pk, by=by, at=NOW)
    assert (fix.state, fix.replaced_by, fix.ended_by) == ("replaced", waiting, people["responder"])
    assert "Replaced by CHG-permanent." in newest(incident)
    with pytest.raises(Conflict, match="replaced by another fix already"):
        fixes.replace(fix_id=fix.pk, by_fix_id=waiting.pk, by=by, at=NOW)
    with pytest.raises(Conflict, match="took the place of a temporary fix"):
        fixes.withdraw(fix_id=waiting.pk, reason="Wrong.", by=by, at=NOW)
    with pytest.raises(InvalidInput, match="is permanent"):
        fixes.replace(fix_id=waiting.pk, by_fix_id=waiting.pk, by=by, at=NOW)


def test_the_commander_or_the_security_lead_accepts_that_it_stays(in_place, declare, people):
    incident = declare()
    fix = in_place(incident)
    may = set()
    for key in ROLES:
        try:
            with transaction.atomic():
                fixes.accept(fix_id=fix.pk, reason="It is enough.", by=people.actor(key), at=NOW)
                may.add(key)
                raise RuntimeError
        except (NotAllowed, RuntimeError):
            continue
    assert may == {"commander", "security"}
    with pytest.raises(InvalidInput, match="needs a reason"):
        fixes.accept(fix_id=fix.pk, reason=" ", by=people.actor("security"), at=NOW)
    fix = fixes.accept(fix_id=fix.pk, reason="Enough.", by=people.actor("security"), at=NOW)
    assert (fix.state, fix.ended_reason) == ("accepted", "Enough.")
    assert "accepted to stay. Enough." in newest(incident)


def test_what_waits_may_be_withdrawn_and_what_is_in_place_temporarily_may_not(
    propose, in_place, declare, people
):
    incident, by = declare(), people.actor("responder")
    fix = propose(incident)
    with pytest.raises(InvalidInput, match="needs a reason"):
        fixes.withdraw(fix_id=fix.pk, reason="", by=by, at=NOW)
    assert fixes.withdraw(fix_id=fix.pk, reason="No.", by=by, at=NOW).state == "withdrawn"
    with pytest.raises(Conflict, match="withdrawn already"):
        fixes.withdraw(fix_id=fix.pk, reason="No.", by=by, at=NOW)
    with pytest.raises(Conflict, match="ends when it is replaced or accepted"):
        fixes.withdraw(fix_id=in_place(incident).pk, reason="No.", by=by, at=NOW)
    rolled_back = in_place(incident, "permanent")
    assert fixes.withdraw(fix_id=rolled_back.pk, reason="It broke.", by=by, at=NOW).ended_at == NOW
    with pytest.raises(Conflict, match="waits for a second person"):
        fixes.accept(fix_id=propose(incident).pk, reason="x", by=people.actor("commander"), at=NOW)
    with pytest.raises(NotFound):
        fixes.approve(fix_id=999999, by=by, at=NOW)


def test_a_dismissed_incident_takes_no_fix_and_a_closed_one_takes_what_replaces(
    propose, declare, people
):
    incident, by = declare(), people.actor("commander")
    workflow.dismiss(incident_id=incident.pk, reason="A test.", by=by, at=NOW)
    with pytest.raises(Conflict, match="reopen it first"):
        propose(incident)


# --- overdue, and who is told --------------------------------------------------------------------


def after(days: int) -> Any:
    return NOW + timedelta(days=7 + days)


def test_it_is_overdue_the_day_after_its_last_until_it_ends(in_place, declare, people):
    fix = in_place(declare())
    desk = access.SYSTEM
    assert list(queries.overdue_fixes(desk, after(0))) == []
    assert list(queries.overdue_fixes(desk, after(1))) == [fix]
    assert (fix.is_overdue(LAST), fix.is_overdue(LAST + timedelta(days=1))) == (False, True)
    fixes.accept(fix_id=fix.pk, reason="Enough.", by=people.actor("commander"), at=after(1))
    assert list(queries.overdue_fixes(desk, after(2))) == []


def mails() -> list[tuple[str, str]]:
    rows = Message.objects.filter(kind="deadline", subject__contains="fix").order_by("pk")
    return [(row.to_address, row.subject) for row in rows]


def test_the_owner_is_reminded_at_each_stage_and_every_week_while_it_is_overdue(
    in_place, propose, declare, people
):
    incident = declare()
    in_place(incident)
    in_place(incident, "permanent")
    propose(incident, change_reference="CHG-waits")
    end = clocks.end_of(LAST)  # it stands for 7 d 14 h 19
    told = {}
    for hours in (0, 85, 92, 138, 165, 182, 183, 200, 182 + 24 * 7, 183 + 24 * 7):
        before = len(mails())
        warning.warn(at=NOW + timedelta(hours=hours))
        warning.warn(at=NOW + timedelta(hours=hours))
        told[hours] = [subject.partition(": ")[2] for _, subject in mails()[before:]]
    assert {hours: words for hours, words in told.items() if words} == {
        92: [f"End of temporary fix CHG-temporary due in {clocks.words(end - NOW - 92 * HOUR)}"],
        138: [f"End of temporary fix CHG-temporary due in {clocks.words(end - NOW - 138 * HOUR)}"],
        165: [f"End of temporary fix CHG-temporary due in {clocks.words(end - NOW - 165 * HOUR)}"],
        183: ["End of temporary fix CHG-temporary is late"],
        183 + 24 * 7: ["End of temporary fix CHG-temporary is late"],
    }
    assert {address for address, _ in mails()} == {"responder@desk.test"}
    text = Message.objects.filter(kind="deadline").latest("pk").body_text
    assert "Replace it with an approved permanent fix, or have it accepted." in text


def test_the_reminders_go_on_after_the_incident_is_over_and_end_with_the_fix(
    in_place, declare, people
):
    incident = declare()
    fix = in_place(incident)
    by = people.actor("commander")
    workflow.dismiss(incident_id=incident.pk, reason="Handled.", by=by, at=NOW)
    assert warning.warn(at=after(1)) == 1
    fixes.accept(fix_id=fix.pk, reason="Enough.", by=by, at=after(1))
    assert warning.warn(at=after(30)) == 0


def test_an_owner_who_left_is_no_help_and_the_commander_is_told_else_the_administrators(
    in_place, declare, people
):
    first, second = declare(), declare()
    in_place(first)
    in_place(second)
    people["responder"].is_active = False
    people["responder"].save()
    Incident.objects.filter(pk=first.pk).update(commander=people["commander"])
    Deadline.objects.update(warn_at=None)
    warning.warn(at=after(1))
    assert sorted(address for address, _ in mails()) == [
        "administrator@desk.test",
        "commander@desk.test",
    ]


def test_the_worker_reminds_when_the_time_has_come_and_once(in_place, declare, monkeypatch):
    in_place(declare())
    for moment, number in ((NOW + HOUR, 0), (after(1), 1), (after(1), 1)):
        monkeypatch.setattr(clocks, "database_now", lambda moment=moment: moment)
        jobs.warn()
        assert len(mails()) == number


def test_a_drill_reminds_nobody_unless_it_pages_people(in_place, declare):
    in_place(declare(is_exercise=True))
    warning.warn(at=after(1))
    assert mails() == []
    in_place(declare(is_exercise=True, exercise_pages=True))
    warning.warn(at=after(1))
    assert [address for address, _ in mails()] == ["responder@desk.test"]


def test_the_dashboard_shows_it_to_its_owner_and_its_commander(in_place, declare, people):
    incident = declare()
    fix = in_place(incident)
    workflow.take_command(incident_id=incident.pk, by=people.actor("commander"), at=NOW)

    def told(key: str, at: Any) -> list[str]:
        lines = needs.of(people.actor(key), at=at).lines
        return [line.url for line in lines if "temporary fix is overdue" in line.what]

    page = f"/admin/cases/fix/{fix.pk}/change/"
    assert {key: told(key, after(1)) for key in ROLES} == {
        key: [page] if key in ("responder", "commander") else [] for key in ROLES
    }
    assert told("responder", after(0)) == []


# --- what the database refuses -------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        {"text": "Something else."},
        {"expires_on": date(2027, 1, 1)},
        {"rollback_plan": "None."},
        {"kind": "permanent"},
        {"state": "accepted"},
        {"state": "replaced", "ended_at": NOW, "ended_reason": "x"},
        {"replaced_by_id": 1},
    ],
)
def test_the_database_keeps_an_approved_fix_and_how_one_ends(change, in_place, declare):
    fix = in_place(declare())
    with pytest.raises(DatabaseError), transaction.atomic():
        Fix.objects.filter(pk=fix.pk).update(**change)
    with pytest.raises(DatabaseError), transaction.atomic():
        fix.delete()


@pytest.mark.parametrize(
    "wrong",
    [
        {"owner": None},
        {"expires_on": None},
        {"text": ""},
        {"change_reference": ""},
        {"state": "approved"},
        {"state": "withdrawn"},
        {"kind": "permanent", "state": "accepted"},
    ],
)
def test_a_row_that_is_not_whole_is_refused(wrong, propose, declare):
    fix = propose(declare())
    with pytest.raises(DatabaseError), transaction.atomic():
        Fix.objects.filter(pk=fix.pk).update(**wrong)


def test_nobody_approves_the_own_fix_by_going_around_the_desk(propose, declare, people):
    fix = propose(declare())
    with pytest.raises(DatabaseError), transaction.atomic():
        Fix.objects.filter(pk=fix.pk).update(
            state="approved", approved_at=NOW, approved_by=people["responder"]
        )
