"""Disclosure: which partners an incident involves, and what each is shown of it."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest
from django.conf import settings

from cases import disclosure, evaluation, visibility
from cases.admin.dialogs.partners import AddPartnerForm, EditInvolvementForm
from cases.models import Entry, Incident, Involvement, PartnerEvent
from incidentdesk.kernel import access
from incidentdesk.kernel.errors import Conflict, InvalidInput
from tests.conftest import NOW

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(hours=1)


@pytest.fixture
def involve(people):
    """`involve(incident, helix)` lists a partner; it sees nothing yet."""

    def call(incident: Incident, partner, **words) -> Involvement:
        told = {"title": "Delayed quotes", "meaning": "Use EU-1.", "severity": 2, **words}
        by = people.actor("communications")
        return disclosure.add_partner(
            incident_id=incident.pk, partner_id=partner.pk, by=by, at=NOW, **told
        )

    return call


@pytest.fixture
def disclose(people):
    def call(involvement: Involvement, at=LATER) -> Involvement:
        return disclosure.disclose(
            incident_id=involvement.incident_id,
            involvement_id=involvement.pk,
            by=people.actor("communications"),
            at=at,
        )

    return call


def lines(incident: Incident) -> list[tuple[str, int | None]]:
    """The lines about partners, each with the partner whom it concerns."""
    entries = Entry.objects.filter(incident=incident, kind="partner").order_by("sequence")
    return [(entry.body, entry.partner_id) for entry in entries]


def seen(people, key, partner) -> list[str]:
    """What the partner's contact finds in the list."""
    return [i.title for i in visibility.involvements_for(people.contact(key, partner))]


def test_a_listed_partner_sees_nothing_and_has_no_reference(
    declare, involve, people, helix, norrbank
):
    incident = declare(occurred_at=NOW - timedelta(minutes=3))
    row = involve(incident, helix, title=" Delayed quotes ", meaning=" Use EU-1. ")
    row.refresh_from_db()
    assert (row.title, row.meaning, row.severity) == ("Delayed quotes", "Use EU-1.", 2)
    assert (row.reference, row.disclosed_at) == ("", None)
    assert (row.started_at, row.phase) == (None, "identification")  # the incident's is not its
    assert row.phase_times == {"identification": NOW.isoformat()}
    assert seen(people, "helix", helix) == []
    assert lines(incident) == [("Helix Markets is affected (SEV-2 for it): Use EU-1.", helix.pk)]


def test_a_disclosed_partner_sees_its_own_row_under_its_own_reference(
    declare, involve, disclose, people, helix, norrbank
):
    for title in ("First", "Second"):
        declare(title=title)  # the desk's own numbers run ahead of the partner's
    incident = declare()
    ours, theirs = involve(incident, helix), involve(incident, norrbank, title="Late quotes")
    assert disclose(ours).reference == "HELIX-2026-0001"
    assert seen(people, "helix", helix) == ["Delayed quotes"]
    assert seen(people, "norrbank", norrbank) == []
    assert disclose(theirs).reference == "NORR-2026-0001"
    assert seen(people, "norrbank", norrbank) == ["Late quotes"]
    assert seen(people, "helix", helix) == ["Delayed quotes"]
    assert lines(incident)[-2:] == [
        ("Disclosed to Helix Markets as HELIX-2026-0001.", helix.pk),
        ("Disclosed to Norrbank Securities as NORR-2026-0001.", norrbank.pk),
    ]


def test_a_reference_is_of_the_year_of_the_disclosure(declare, involve, disclose, helix):
    row = disclose(involve(declare(), helix), at=NOW.replace(year=2027))
    assert (row.reference, row.disclosed_at.year) == ("HELIX-2027-0001", 2027)


def test_what_is_shown_already_is_not_disclosed_again(declare, involve, disclose, helix):
    row = disclose(involve(declare(), helix))
    with pytest.raises(Conflict) as refused:
        disclose(row)
    assert str(refused.value) == "Helix Markets sees it already, as HELIX-2026-0001."


def test_a_partner_is_listed_once(declare, involve, helix):
    incident = declare()
    involve(incident, helix)
    with pytest.raises(Conflict) as refused:
        involve(incident, helix)
    assert str(refused.value) == "Helix Markets is listed already; edit what it means instead."
    assert incident.involvements.count() == 1


@pytest.mark.parametrize("words", [{"title": " "}, {"meaning": "\n"}])
def test_a_partner_is_told_in_words(declare, involve, people, helix, words):
    said = "Give a title for this partner and say what the incident means for it."
    incident = declare()
    with pytest.raises(InvalidInput) as refused:
        involve(incident, helix, **words)
    assert str(refused.value) == said
    row = involve(incident, helix)
    with pytest.raises(InvalidInput) as refused:
        disclosure.edit_involvement(
            incident_id=incident.pk,
            involvement_id=row.pk,
            **{"title": "x", "meaning": "x", **words},
            severity=1,
            by=people.actor("communications"),
            at=LATER,
        )
    assert str(refused.value) == said
    row.refresh_from_db()
    assert (row.title, row.meaning, row.severity) == ("Delayed quotes", "Use EU-1.", 2)


def test_an_edit_changes_what_it_means_for_this_partner_only(
    declare, involve, people, helix, norrbank
):
    incident = declare()
    ours, theirs = involve(incident, helix), involve(incident, norrbank)
    disclosure.edit_involvement(
        incident_id=incident.pk,
        involvement_id=ours.pk,
        title=" Wrong quotes ",
        meaning=" Stop trading. ",
        severity=1,
        by=people.actor("communications"),
        at=LATER,
    )
    found = [(i.title, i.meaning, i.severity) for i in incident.involvements.order_by("pk")]
    assert found == [("Wrong quotes", "Stop trading.", 1), ("Delayed quotes", "Use EU-1.", 2)]
    assert theirs.severity == 2
    assert lines(incident)[-1] == (
        "Helix Markets: now SEV-1 for it: Stop trading.",
        helix.pk,
    )


def test_every_involved_partner_follows_the_phase(incident_in, people, helix):
    incident = incident_in("recovery")
    row = incident.involvements.get()
    assert row.phase == "recovery"
    assert set(row.phase_times) == {"identification", "containment", "mitigation", "recovery"}
    moved = {move.to_phase: move.at.isoformat() for move in incident.moves.all()}
    assert row.phase_times == moved


def test_a_partner_reads_when_it_began_for_it_and_no_other_time(
    declare, involve, disclose, people, helix, norrbank
):
    began, by = NOW - timedelta(minutes=3), people.actor("commander")
    incident = declare(occurred_at=NOW - timedelta(hours=2))
    ours, theirs = involve(incident, helix, started_at=began), involve(incident, norrbank)
    said = {"title": "x", "meaning": "x", "severity": 2, "by": by, "at": LATER}
    edit = partial(disclosure.edit_involvement, incident_id=incident.pk, **said)
    with pytest.raises(InvalidInput, match=r"^It cannot have begun in the future; check the time"):
        edit(involvement_id=ours.pk, started_at=LATER + timedelta(minutes=1))
    edit(involvement_id=ours.pk)
    evaluation.correct_time(
        incident_id=incident.pk,
        name="occurred_at",
        value=NOW - timedelta(hours=1),
        reason="The log says so.",
        by=by,
        at=LATER,
    )
    times = incident.involvements.order_by("pk").values_list("started_at", flat=True)
    assert list(times) == [began, None]
    edit(involvement_id=theirs.pk, started_at=NOW)
    assert list(times.all()) == [began, NOW]
    assert lines(incident)[-1] == (
        "Norrbank Securities: now SEV-2 for it: x It began 4 Mar 2026 09:41 UTC for it.",
        norrbank.pk,
    )


def test_what_a_machine_listed_is_shown_once_somebody_said_what_it_is_for_the_partner(
    declare, disclose, people, helix
):
    incident = declare()
    row = disclosure.list_named(incident, helix, why="a label", by=access.SYSTEM, at=NOW)
    with pytest.raises(InvalidInput) as refused:
        disclose(row)
    assert str(refused.value) == (
        "Nobody has said yet what it means for Helix Markets and how severe it is for it; edit "
        "what it means first."
    )
    assert seen(people, "helix", helix) == []
    said = {"title": "Late", "meaning": "Wait.", "severity": 4}
    by = people.actor("communications")
    which = {"incident_id": incident.pk, "involvement_id": row.pk}
    disclosure.edit_involvement(**which, **said, by=by, at=LATER)
    disclose(row)
    assert seen(people, "helix", helix) == ["Late"]


def test_a_partner_s_programs_are_told_of_a_change_that_it_sees(
    declare, involve, disclose, people, helix, norrbank
):
    incident = declare()
    ours, theirs = involve(incident, helix), involve(incident, norrbank)
    by, said = people.actor("communications"), {"title": "Delayed quotes", "meaning": "Use EU-1."}
    edit = partial(disclosure.edit_involvement, incident_id=incident.pk, by=by, at=LATER, **said)
    edit(involvement_id=ours.pk, severity=1)  # it sees nothing yet
    disclose(ours)
    edit(involvement_id=ours.pk, severity=1)  # nothing is different
    edit(involvement_id=ours.pk, severity=4, started_at=NOW)
    edit(involvement_id=theirs.pk, severity=3)
    told = PartnerEvent.objects.filter(kind="incident.changed").values_list("partner", "data")
    assert list(told) == [
        (
            helix.pk,
            {
                "reference": "HELIX-2026-0001",
                "link": f"{settings.SITE_URL}/portal/incidents/HELIX-2026-0001/",
                "is_exercise": False,
                "title": "Delayed quotes",
                "severity": 4,
                "meaning": "Use EU-1.",
                "started_at": "2026-03-04T09:41:00Z",
            },
        )
    ]


def test_the_desk_begins_with_nothing_of_the_incident_s_own_for_a_partner(declare, people):
    incident = declare(occurred_at=NOW - timedelta(hours=3))
    fields = AddPartnerForm(obj=incident, actor=people.actor("communications")).fields
    assert (fields["severity"].initial, fields["started_at"].initial) == (None, None)
    assert fields["severity"].choices[0] == ("", "Choose…")


def test_what_was_not_said_yet_need_not_be_said_and_what_was_said_is_not_emptied(
    declare, people, helix, norrbank, involve
):
    incident, by = declare(), people.actor("communications")
    bare, told = involve(incident, helix), involve(incident, norrbank, started_at=NOW)
    Involvement.objects.filter(pk=bare.pk).update(meaning="")  # as accepted without a word

    def form(row: Involvement) -> tuple[bool, bool, str]:
        fields = EditInvolvementForm({"involvement": row.pk}, obj=incident, actor=by).fields
        began = fields["started_at"]
        return fields["meaning"].required, began.required, str(began.help_text)

    assert form(bare) == (
        False,
        False,
        "UTC, when it began for this partner, which reads it. Empty: it reads “not known yet”.",
    )
    assert form(told) == (True, True, "UTC, when it began for this partner, which reads it.")
    given = {"incident_id": incident.pk, "meaning": " ", "severity": 3, "by": by, "at": NOW}
    disclosure.edit_involvement(involvement_id=bare.pk, title="Late fills", **given)
    bare.refresh_from_db()
    assert (bare.title, bare.meaning, bare.severity) == ("Late fills", "", 3)
    assert lines(incident)[-1] == (
        "Helix Markets: now SEV-3 for it: what it means for it is not known yet.",
        helix.pk,
    )
    for row, title in ((told, "Late fills"), (bare, disclosure.UNNAMED)):
        with pytest.raises(InvalidInput, match="say what the incident means for it"):
            disclosure.edit_involvement(involvement_id=row.pk, title=title, **given)
