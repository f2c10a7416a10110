"""Merging a duplicate: what follows, what stays, what is refused, and how the two are read."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from cases import (
    disclosure,
    notices,
    queries,
    reading,
    response,
    restriction,
    tasks,
    timeline,
    visibility,
    workflow,
)
from cases.intake import reports
from cases.models import (
    AffectedSystem,
    Alert,
    CustodyEvent,
    Deadline,
    Evidence,
    Incident,
    Notice,
    System,
    Task,
)
from incidentdesk.kernel import access
from incidentdesk.kernel.errors import Conflict, InvalidInput
from incidentdesk.kernel.models import User
from tests.conftest import NOW

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=5)


def fresh(incident):
    return Incident.objects.get(pk=incident.pk)


@pytest.fixture
def two(declare):
    """The one that goes on, and its duplicate."""
    return fresh(declare(title="Stale prices")), fresh(declare(title="Quotes late"))


@pytest.fixture
def merge(people):
    def run(incident, other, by=None):
        return workflow.dismiss(
            incident_id=incident.pk,
            reason="Same feed.",
            duplicate_of=other.reference,
            by=by or people.actor("commander"),
            at=LATER,
        )

    return run


def involve(incident, partner, people, *, is_shown=True, title="Late quotes"):
    by = people.actor("communications")
    made = disclosure.add_partner(
        incident_id=incident.pk,
        partner_id=partner.pk,
        title=title,
        meaning="Wait.",
        severity=3,
        by=by,
        at=NOW,
    )
    if is_shown:
        disclosure.disclose(incident_id=incident.pk, involvement_id=made.pk, by=by, at=NOW)
    made.refresh_from_db()
    return made


def alert(incident, source, key):
    return Alert.objects.create(
        source=source,
        incident=incident,
        external_key=key,
        group_key=key,
        title=key,
        first_at=NOW,
        last_at=NOW,
    )


def test_what_the_duplicate_gathered_follows(two, merge, people, source, helix):
    kept, twin = two
    shared, own = (System.objects.create(name=name) for name in ("gateway", "ledger"))
    for incident, system in ((kept, shared), (twin, shared), (twin, own)):
        response.add_system(
            incident_id=incident.pk, system_id=system.pk, by=people.actor("responder"), at=NOW
        )
    twin.systems.filter(system=shared).update(down_since=NOW)
    alert(twin, source, "k")
    file = Evidence.objects.create(
        incident=twin,
        title="Log",
        file_name="log.txt",
        size=1,
        sha256=hashlib.sha256(b"x").hexdigest(),
        tlp="AMBER",
        collector="Responder",
        collected_at=NOW,
        added_at=NOW,
        added_by=people["responder"],
    )
    involved = involve(twin, helix, people)
    for incident, text in ((kept, "Restart."), (twin, "Restart."), (twin, "Drain.")):
        tasks.add(
            incident_id=incident.pk,
            phase="containment",
            text=text,
            by=people.actor("responder"),
            at=NOW,
        )
    merge(twin, kept)
    assert [a.title for a in kept.alerts.all()] == ["k"]
    assert sorted(row.system.name for row in kept.systems.all()) == ["gateway", "ledger"]
    assert AffectedSystem.objects.get(incident=kept, system=shared).down_since == NOW
    assert (kept.evidence.get(), file.custody.get().action) == (file, "moved")
    assert CustodyEvent.objects.get().detail == f"with {twin.reference} into {kept.reference}"
    followed = kept.involvements.get()
    assert (followed.pk, followed.reference) == (involved.pk, "HELIX-2026-0001")
    assert sorted(Task.objects.filter(incident=kept).values_list("text", flat=True)) == [
        "Drain.",
        "Restart.",
    ]
    assert "1 alert, 1 system, 1 partner, 1 piece of evidence, 1 open task" in (
        kept.entries.latest("sequence").body
    )


def test_a_partner_that_follows_is_owed_the_report_of_the_cause_there(two, merge, people, helix):
    incident, duplicate = two
    by = people.actor("responder")
    row = disclosure.add_partner(
        incident_id=duplicate.pk,
        partner_id=helix.pk,
        title="Late quotes",
        meaning="Use EU-1.",
        severity=1,
        by=people.actor("communications"),
        at=NOW,
    )
    response.record_recovery(incident_id=incident.pk, recovered_at=NOW, by=by, at=NOW)

    merge(duplicate, fresh(incident))

    clock = Deadline.objects.get(involvement=row, kind="root_cause_report")
    assert (clock.incident_id, clock.anchor_at, clock.is_dropped) == (incident.pk, NOW, False)


def test_both_timelines_name_the_head_of_the_other_and_both_chains_hold(two, merge):
    kept, twin = two
    heads = {i.pk: i.entries.latest("sequence") for i in two}
    merge(twin, kept)
    of_twin = heads[twin.pk]
    assert kept.entries.latest("sequence").body.endswith(
        f"Its timeline stood at entry {of_twin.sequence}, {of_twin.hash}."
    )
    linking = twin.entries.get(body__startswith="Merged into")
    assert linking.body.endswith(f"entry {heads[kept.pk].sequence}, {heads[kept.pk].hash}.")
    assert timeline.first_fault(kept) is timeline.first_fault(twin) is None


def test_a_partner_in_both_is_shown_that_one_goes_on_as_the_other(two, merge, people, helix):
    kept, twin = two
    onward = involve(kept, helix, people, is_shown=False)
    old = involve(twin, helix, people)
    merge(twin, kept)
    old.refresh_from_db()
    onward.refresh_from_db()
    assert (old.incident_id, old.reference) == (twin.pk, "HELIX-2026-0001")
    assert old.continued_as == onward.reference == "HELIX-2026-0002"
    seen = visibility.involvements_for(people.contact("helix", helix))
    assert {row.reference: row.continued_as for row in seen} == {
        "HELIX-2026-0001": "HELIX-2026-0002",
        "HELIX-2026-0002": "",
    }


def test_who_had_its_first_notice_of_the_duplicate_gets_updates_of_what_goes_on(
    two, merge, people, helix, norrbank
):
    kept, twin = two
    rows = {name: involve(kept, one, people) for name, one in (("h", helix), ("n", norrbank))}
    old = involve(twin, helix, people)
    by, second = people.actor("communications"), people.actor("approver")
    words = {"body": "Late.", "by": by, "at": NOW}
    first = notices.draft(incident_id=twin.pk, kind="first", involvement_ids=[old.pk], **words)
    notices.approve(notice_id=first.pk, by=second, at=NOW)
    notices.send(notice_id=first.pk, by=by, at=NOW)
    merge(twin, kept)
    update = {"incident_id": kept.pk, "kind": "update", **words}
    made = notices.draft(involvement_ids=[rows["h"].pk], **update)
    assert [copy.partner for copy in made.copies.all()] == [helix]
    with pytest.raises(InvalidInput, match=r"^Norrbank Securities has been sent nothing"):
        notices.draft(involvement_ids=[row.pk for row in rows.values()], **update)


def test_notices_that_were_not_sent_are_withdrawn(two, merge, people, helix):
    kept, twin = two
    involved = involve(twin, helix, people)
    notices.draft(
        incident_id=twin.pk,
        kind="first",
        body="Late.",
        involvement_ids=[involved.pk],
        by=people.actor("communications"),
        at=NOW,
    )
    merge(twin, kept)
    assert Notice.objects.get().state == "withdrawn"


def test_the_timelines_are_read_as_one_and_page_by_page(two, merge, people):
    kept, twin = two
    by = people.actor("responder")
    for number in range(8):
        at = NOW + timedelta(seconds=number)
        incident = (kept, twin)[number % 2]
        response.post_update(incident_id=incident.pk, text=f"Line {number}.", by=by, at=at)
    merge(twin, kept)
    seen = reading.entries_of(kept, by)
    lines = [entry.body for entry in seen if entry.body.startswith("Line")]
    assert lines == [f"Line {number}." for number in reversed(range(8))]
    assert {e.incident_id for e in seen} == {kept.pk, twin.pk}
    assert {e.incident_id for e in reading.entries_of(twin, by)} == {twin.pk}
    paged, mark = [], None
    while page := list((reading.older_than(seen, mark) if mark else seen)[:3]):
        paged += page
        mark = page[-1].pk
    assert paged == list(seen)


def test_a_chain_of_merges_is_read_as_one(declare, merge, people):
    first, second, third = (fresh(declare(title=t)) for t in ("One", "Two", "Three"))
    merge(third, second)
    merge(second, first)
    assert reading.family(first.pk) == [first.pk, second.pk, third.pk]
    assert {e.incident_id for e in reading.entries_of(first, people.actor("approver"))} == {
        first.pk,
        second.pk,
        third.pk,
    }


def test_twice_into_itself_in_a_circle_and_into_what_is_over_are_refused(declare, merge, people):
    first, second, third = (fresh(declare(title=t)) for t in ("One", "Two", "Three"))
    with pytest.raises(InvalidInput, match="cannot be merged into itself"):
        merge(first, first)
    merge(second, first)
    with pytest.raises(Conflict, match=r"Incident commander moved it to Dismissed at 09:46"):
        merge(second, third)
    with pytest.raises(InvalidInput, match="is merged itself"):
        merge(first, second)
    workflow.dismiss(incident_id=third.pk, reason="x", by=people.actor("commander"), at=LATER)
    with pytest.raises(Conflict, match="is dismissed; reopen it first"):
        merge(first, third)
    assert [fresh(i).phase for i in (first, second, third)] == [
        "identification",
        "dismissed",
        "dismissed",
    ]


def test_nothing_is_merged_into_or_listed_in_what_is_in_review(
    incident_in, declare, merge, people, norrbank
):
    """No gate would ask any more whether it was restored, or its partners told."""
    kept, twin = incident_in("review"), fresh(declare(title="Quotes late"))
    by = people.actor("commander")
    listed = System.objects.create(name="ledger")
    known: dict[str, Any] = {"incident_id": kept.pk, "affected_id": kept.systems.get().pk}
    known |= {"by": by, "at": LATER}
    told = reports.report(
        title="Late",
        description="Quotes lag.",
        noticed_at=NOW,
        by=people.contact("norrbank", norrbank),
        at=LATER,
    )
    attached = {"report_id": told.pk, "reference": kept.reference, "by": by, "at": LATER}
    attached |= {"shown_severity": 3}
    for call in (
        lambda: merge(twin, kept),
        lambda: response.add_system(incident_id=kept.pk, system_id=listed.pk, by=by, at=LATER),
        lambda: involve(kept, norrbank, people),
        lambda: response.change_system(**known, state="affected", how="It stalls."),
        lambda: response.set_down(**known, down_since=NOW),
        lambda: reports.attach(**attached),
    ):
        with pytest.raises(Conflict) as refused:
            call()
        assert str(refused.value) == (
            f"{kept.reference} is in Review, where no gate asks for what is added now; go back to "
            "Recovery first."
        )
    assert (fresh(twin).phase, kept.systems.count(), kept.involvements.count()) == (
        "identification",
        1,
        1,
    )
    workflow.step_back(incident_id=kept.pk, reason="It goes on.", by=by, at=LATER)
    reports.attach(**attached)
    merge(twin, kept)
    assert fresh(twin).duplicate_of == kept


def test_who_commanded_the_duplicate_counts_as_a_commander_of_what_goes_on(two, merge, people):
    kept, twin = two
    night = User.objects.create_user(
        "night@desk.test", name="Noor", roles=["commander", "security"]
    )
    for incident, by in ((twin, access.actor_for(night)), (kept, people.actor("commander"))):
        workflow.take_command(incident_id=incident.pk, by=by, at=NOW)
    merge(twin, kept)
    assert fresh(kept).commanded_by == sorted([night.pk, people["commander"].pk])
    assert fresh(kept).commander == people["commander"]


def test_an_exercise_and_what_is_real_are_not_merged(declare, merge):
    real, drill = fresh(declare()), fresh(declare(is_exercise=True))
    for pair in ((real, drill), (drill, real)):
        with pytest.raises(InvalidInput, match="never merged"):
            merge(*pair)


def test_what_is_restricted_is_not_merged_into_what_everybody_reads(two, merge, people):
    kept, twin = two
    step = {"user_ids": [], "reason": "x", "by": people.actor("commander"), "at": NOW}
    restriction.restrict(incident_id=twin.pk, **step)
    with pytest.raises(InvalidInput, match="restrict that one first"):
        merge(twin, kept)
    restriction.restrict(incident_id=kept.pk, **step)
    merge(twin, kept)
    assert kept.reference not in fresh(twin).entries.latest("sequence").body


def test_merging_into_a_restricted_one_does_not_name_it(two, merge, people):
    kept, twin = two
    restriction.restrict(
        incident_id=kept.pk, user_ids=[], reason="x", by=people.actor("commander"), at=NOW
    )
    merge(twin, kept)
    said = " ".join(fresh(twin).entries.values_list("body", flat=True))
    assert kept.reference not in said
    assert "Merged into a restricted incident; " in said


def test_restricting_takes_along_what_was_merged(two, merge, people):
    kept, twin = two
    merge(twin, kept)
    by = people.actor("commander")
    restriction.restrict(incident_id=kept.pk, user_ids=[], reason="x", by=by, at=LATER)
    assert not queries.visible_to(people.actor("responder")).exists()
    restriction.lift(incident_id=kept.pk, reason="x", by=by, at=LATER)
    assert queries.visible_to(people.actor("responder")).count() == 2


def test_reopening_parts_them_and_what_followed_stays(two, merge, people, source):
    kept, twin = two
    alert(twin, source, "k")
    merge(twin, kept)
    workflow.reopen(
        incident_id=twin.pk, reason="It was not.", by=people.actor("commander"), at=LATER
    )
    twin = fresh(twin)
    assert (twin.phase, twin.duplicate_of) == ("identification", None)
    assert kept.alerts.count() == 1
    assert "What had followed stays here." in kept.entries.latest("sequence").body
    assert {e.incident_id for e in reading.entries_of(kept, people.actor("approver"))} == {kept.pk}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("phase='dismissed', duplicate_of_id={other}", "into an open one only"),
        ("duplicate_of_id={open}", "incident_merged_is_dismissed"),
        ("is_exercise=true", "stays one, as it was declared"),
        ("split_from_id={open}", "never changes"),
    ],
)
def test_the_database_refuses_the_rest(declare, people, change, said):
    first, over, third = (declare(title=t) for t in ("One", "Two", "Three"))
    workflow.dismiss(incident_id=over.pk, reason="x", by=people.actor("commander"), at=NOW)
    sql = change.format(other=over.pk, open=third.pk)
    update = f"UPDATE cases_incident SET {sql} WHERE id = {first.pk}"  # noqa: S608
    with (
        pytest.raises(DatabaseError, match=said),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(update)
