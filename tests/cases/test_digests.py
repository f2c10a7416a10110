"""Monthly digests: each small incident once, to its partner, and nothing where nothing happened."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import DatabaseError, transaction

from cases import deciding, digests, disclosure, workflow
from cases.models import Digest, DigestLine, Entry, Incident
from incidentdesk.kernel.errors import InvalidInput
from notifications.models import Message
from partners.models import Terms
from tests.conftest import NOW

pytestmark = pytest.mark.django_db
NEXT = (NOW.replace(day=1) + timedelta(days=32)).replace(day=1, hour=6)
MONTH = NOW.date().replace(day=1)


@pytest.fixture
def small(declare, people):
    """`small(partner, "word")`: a SEV-4 incident decided for that partner's digest."""

    def run(partner, word="Reports late", *, at=NOW, **facts) -> Incident:
        incident = declare(title=f"Internal {word}")
        Incident.objects.filter(pk=incident.pk).update(severity=4, **facts)
        row = disclosure.add_partner(
            incident_id=incident.pk,
            partner_id=partner.pk,
            title=word,
            meaning=f"What {word} means.",
            severity=4,
            by=people.actor("communications"),
            at=at,
        )
        deciding.decide(
            incident_id=incident.pk,
            involvement_ids=[row.pk],
            choice="digest",
            reason="Small.",
            by=people.actor("commander"),
            at=at,
        )
        return Incident.objects.get(pk=incident.pk)

    return run


def lines() -> list[tuple[str, date, str]]:
    """Partner, month and title of everything that was told."""
    rows = DigestLine.objects.order_by("partner__name", "id")
    return [(row.partner.code, row.digest.month, row.title) for row in rows]


def test_each_partner_reads_of_its_own_once(small, helix, norrbank):
    small(helix, "One")
    small(helix, "Two")
    small(norrbank, "Three")
    assert digests.send_due(at=NEXT) == 2
    assert lines() == [
        ("HELIX", MONTH, "One"),
        ("HELIX", MONTH, "Two"),
        ("NORR", MONTH, "Three"),
    ]
    assert digests.send_due(at=NEXT) == 0
    assert digests.send_due(at=NEXT + timedelta(days=45)) == 0
    mails = {m.to_address: m.body_text for m in Message.objects.filter(kind="digest")}
    assert set(mails) == {"contact@helix.test", "contact@norrbank.test"}
    assert ["One" in t or "Two" in t for t in mails.values()] == [
        address == "contact@helix.test" for address in mails
    ]
    assert "Internal" not in "".join(mails.values())


def test_where_nothing_happened_nothing_is_sent(declare, helix):
    declare()
    assert (digests.send_due(at=NEXT), Digest.objects.count()) == (0, 0)
    assert not Message.objects.filter(kind="digest").exists()


def test_what_was_decided_this_month_waits_for_the_next(small, helix):
    small(helix)
    assert digests.send_due(at=NOW + timedelta(minutes=1)) == 0
    assert digests.send_due(at=NEXT) == 1


def test_a_run_that_comes_late_sends_what_is_due_and_what_came_too_late_goes_into_the_next(
    small, helix
):
    small(helix, "One")
    digests.send_due(at=NEXT)
    small(helix, "Two", at=NOW + timedelta(minutes=5))  # decided in that month, seen after it
    assert digests.send_due(at=NEXT + timedelta(days=2)) == 0
    assert digests.send_due(at=NEXT + timedelta(days=33)) == 1
    assert [title for _, _, title in lines()] == ["One", "Two"]


@pytest.mark.parametrize("facts", [{"severity": 3}, {"tlp": "RED"}])
def test_what_grew_or_is_for_named_people_by_now_is_in_no_digest(small, helix, facts):
    incident = small(helix)
    Incident.objects.filter(pk=incident.pk).update(**facts)
    assert digests.send_due(at=NEXT) == 0


def test_a_drill_and_what_was_none_are_in_no_digest(small, helix, people):
    small(helix, "Drill").involvements.update(is_exercise=True)
    none = small(helix, "None")
    workflow.dismiss(
        incident_id=none.pk,
        reason="A test order.",
        by=people.actor("commander"),
        at=NOW,
    )
    assert digests.send_due(at=NEXT) == 0


def test_a_strict_label_or_the_contract_keeps_titles_out_of_the_mail(small, helix, norrbank):
    small(helix, "One", tlp="AMBER+STRICT")
    small(norrbank, "Two")
    Terms.objects.filter(partner=norrbank).update(mail_carries="link")
    digests.send_due(at=NEXT)
    texts = [m.body_text for m in Message.objects.filter(kind="digest")]
    assert len(texts) == 2
    assert not [text for text in texts if "One" in text or "Two" in text]


def test_the_timeline_says_in_which_digest_it_was(small, helix):
    incident = small(helix)
    digests.send_due(at=NEXT)
    digest = Digest.objects.get()
    said = Entry.objects.filter(incident=incident).latest("sequence")
    words = f"Helix Markets was told of it in its digest of {MONTH:%B %Y}, {digest.reference}."
    assert (said.body, said.actor) == (words, "The desk")


def test_for_named_people_alone_there_is_no_digest(small, helix):
    with pytest.raises(InvalidInput, match="TLP:RED is for named people"):
        small(helix, tlp="RED")


def test_what_was_told_stays(small, helix):
    small(helix)
    digests.send_due(at=NEXT)
    for table in (Digest, DigestLine):
        with pytest.raises(DatabaseError), transaction.atomic():
            table.objects.all().delete()
