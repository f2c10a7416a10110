"""Splitting alerts off: what leaves, what the new incident begins with, what is refused."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cases import queries, restriction, splitting, timeline, workflow
from cases.intake import alerts
from cases.intake.signal import Action, Signal
from cases.models import Alert, Incident
from incidentdesk.kernel.errors import Conflict, InvalidInput
from notifications.models import Escalation
from tests.conftest import NOW

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=5)


def signal(key: str) -> Signal:
    return Signal(action=Action.FIRE, key=key, group="g", title=f"Alert {key}", urgency=2)


@pytest.fixture
def parent(source):
    """Opened by two alerts."""
    alerts.receive(source=source, raw="{}", signals=[signal("a"), signal("b")], at=NOW)
    return Incident.objects.get()


@pytest.fixture
def split(parent, people):
    def run(*keys, **more):
        ids = list(Alert.objects.filter(external_key__in=keys).values_list("pk", flat=True))
        known = {"title": "Ledger slow", "reason": "Another cause.", "at": LATER}
        return splitting.split(
            **{"incident_id": parent.pk, "alert_ids": ids, "by": people.actor("commander")}
            | known
            | more
        )

    return run


def test_the_alerts_leave_into_an_incident_of_their_own(parent, split, source):
    made = Incident.objects.get(pk=split("b").pk)
    assert (made.title, made.phase, made.split_from) == ("Ledger slow", "identification", parent)
    assert (made.category, made.detected_at) == (source.category, LATER)
    assert [a.external_key for a in made.alerts.all()] == ["b"]
    assert [a.external_key for a in parent.alerts.all()] == ["a"]
    assert made.deadlines.filter(kind="acknowledge").get().anchor_at == LATER
    assert Escalation.objects.get(about=made.about).state == "running"


def test_both_timelines_name_the_other_and_its_head(parent, split):
    stood = parent.entries.latest("sequence")
    made = Incident.objects.get(pk=split("b").pk)
    opened, linking = made.entries.order_by("sequence")
    assert linking.body == (
        f"Split from {parent.reference} with Alert b. Reason: Another cause. "
        f"Its timeline stood at entry {stood.sequence}, {stood.hash}."
    )
    assert parent.entries.latest("sequence").body.endswith(f"entry 1, {opened.hash}.")
    assert timeline.first_fault(parent) is timeline.first_fault(made) is None


def test_repeats_fold_into_where_the_alert_is_now(parent, split, source):
    made = split("b")
    receipt = alerts.receive(source=source, raw="{}", signals=[signal("b")], at=LATER)
    assert (receipt.status, receipt.incident_id) == ("folded", made.pk)
    receipt = alerts.receive(source=source, raw="{}", signals=[signal("a")], at=LATER)
    assert receipt.incident_id == parent.pk


@pytest.mark.parametrize(
    ("keys", "more", "error", "said"),
    [
        (("a", "b"), {}, InvalidInput, "leave at least one"),
        ((), {}, Conflict, "Choose alerts of this incident"),
        (("b",), {"alert_ids": [404]}, Conflict, "some are elsewhere"),
        (("b",), {"reason": " "}, InvalidInput, "needs a reason"),
        (("b",), {"title": " "}, InvalidInput, "needs a title"),
    ],
)
def test_what_cannot_be_split_changes_nothing(parent, split, keys, more, error, said):
    with pytest.raises(error, match=said):
        split(*keys, **more)
    assert (Incident.objects.count(), parent.alerts.count()) == (1, 2)


def test_what_is_over_is_not_split(parent, split, people):
    workflow.dismiss(incident_id=parent.pk, reason="x", by=people.actor("commander"), at=NOW)
    with pytest.raises(Conflict, match="reopen it first"):
        split("b")


def test_a_part_of_what_is_restricted_is_restricted_to_the_same_people(parent, split, people):
    restriction.restrict(
        incident_id=parent.pk,
        user_ids=[people["responder"].pk],
        reason="x",
        by=people.actor("commander"),
        at=NOW,
    )
    made = Incident.objects.get(pk=split("b").pk)
    assert made.is_restricted
    assert Escalation.objects.get(about=made.about).title == "A restricted incident needs you"
    for key, sees in (("responder", 2), ("commander", 2), ("security", 0), ("administrator", 0)):
        assert queries.visible_to(people.actor(key)).count() == sees, key
    assert parent.reference not in " ".join(made.entries.values_list("body", flat=True))
