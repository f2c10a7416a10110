"""The words of a notice: placeholders of a closed set, one text a partner, nothing executed."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from cases import disclosure, notices, wording
from cases.models import Category, Incident, Notice, NoticeCopy, NoticeTemplate
from cases.models.notice import Notice as Kinds
from incidentdesk.kernel.errors import InvalidInput
from notifications.models import Message
from tests.conftest import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def incident(declare, people, helix, norrbank) -> Incident:
    """An incident that involves both partners, each with its own words."""
    made = declare()
    for partner, title in ((helix, "Delayed quotes"), (norrbank, "Late fills")):
        disclosure.add_partner(
            incident_id=made.pk,
            partner_id=partner.pk,
            title=title,
            meaning=f"{title}: use EU-1.",
            severity=2,
            by=people.actor("communications"),
            at=NOW,
        )
    return made


@pytest.fixture
def draft(incident, people):
    """`draft("Text", {norrbank: "Other text"})`: to both partners."""

    def call(body, own=None, **said) -> Notice:
        rows = {row.partner: row.pk for row in incident.involvements.select_related("partner")}
        return notices.draft(
            incident_id=incident.pk,
            kind="first",
            body=body,
            involvement_ids=list(rows.values()),
            texts=[notices.OwnText(rows[p], text) for p, text in (own or {}).items()],
            by=people.actor("communications"),
            at=NOW,
            **said,
        )

    return call


def read(notice) -> dict[str, str]:
    copies = notice.copies.select_related("partner")
    return {copy.partner.code: copy.body for copy in copies}


def test_placeholders_are_filled_for_each_partner_when_it_is_drafted(draft):
    notice = draft("{title} ({severity}), {phase}. {meaning} Next: {next_update}. {recovered}.")
    end = "Next: no further update is planned. not known yet."
    assert read(notice) == {
        "HELIX": f"Delayed quotes (SEV-2), Identification. Delayed quotes: use EU-1. {end}",
        "NORR": f"Late fills (SEV-2), Identification. Late fills: use EU-1. {end}",
    }


def test_a_promise_stands_in_the_text_as_it_was_made(draft):
    notice = draft("By {next_update}.", next_update_at=NOW + timedelta(hours=1))
    assert set(read(notice).values()) == {"By 4 Mar 2026 10:41 UTC."}


@pytest.mark.asvs("1.3.7", 15)
@pytest.mark.mistake(6)
@pytest.mark.parametrize(
    "text",
    [
        "{{7*7}}",
        "${7*7}",
        "{{ title }}",
        "{{title}}",
        "${title}",
        "{% load x %}",
        "{0.__class__}",
        "%(title)s",
        "{TITLE}",
        "{}",
        "{title!r}",
    ],
)
def test_nothing_that_looks_like_a_template_is_executed(draft, text):
    assert set(read(draft(f"a {text} b")).values()) == {f"a {text} b"}


@pytest.mark.asvs("1.3.7", 15)
def test_what_was_filled_in_is_not_filled_in_again(incident, draft):
    incident.involvements.update(meaning="{partner} {severity}")
    assert set(read(draft("{meaning}")).values()) == {"{partner} {severity}"}


def test_a_placeholder_that_there_is_not_is_refused_and_nothing_is_drafted(draft):
    for body, own in (("Dear {name}", {}),):
        with pytest.raises(InvalidInput) as refused:
            draft(body, own)
        assert str(refused.value).startswith("There is no placeholder {name}; there are {partner},")
    assert Notice.objects.count() == 0


def test_one_partner_may_read_something_else(draft, norrbank, people):
    notice = draft("Quotes are late.", {norrbank: " Fills of {partner} are late. "})
    assert read(notice) == {
        "HELIX": "Quotes are late.",
        "NORR": "Fills of Norrbank Securities are late.",
    }
    assert dict(notice.copies.values_list("partner__code", "is_own")) == {
        "HELIX": False,
        "NORR": True,
    }
    notices.approve(notice_id=notice.pk, by=people.actor("approver"), at=NOW)
    notices.send(notice_id=notice.pk, by=people.actor("communications"), at=NOW)
    mails = Message.objects.filter(kind="notice").values_list("to_address", "body_text")
    for address, text in mails:
        own = "norrbank" in address
        assert ("Fills of Norrbank" in text) is own
        assert ("Quotes are late." in text) is not own
    assert notice.incident.entries.filter(kind="notice").latest("sequence").body == (
        "Notice sent (first notice) to Helix Markets, Norrbank Securities: "
        "Helix Markets: Quotes are late.\n"
        "Norrbank Securities: Fills of Norrbank Securities are late."
    )


def test_an_own_text_is_for_a_partner_that_gets_the_notice(incident, people, helix, norrbank):
    rows = {row.partner: row.pk for row in incident.involvements.select_related("partner")}
    with pytest.raises(InvalidInput) as refused:
        notices.draft(
            incident_id=incident.pk,
            kind="first",
            body="Late.",
            involvement_ids=[rows[helix]],
            texts=[notices.OwnText(rows[norrbank], "Other.")],
            by=people.actor("communications"),
            at=NOW,
        )
    assert str(refused.value) == "A text of its own is for a partner that gets the notice."


def test_an_edit_says_anew_who_reads_something_else(draft, norrbank, people):
    notice = draft("Quotes are late.", {norrbank: "Fills are late."})
    fresh = notices.edit(
        notice_id=notice.pk, body="All is late.", by=people.actor("communications"), at=NOW
    )
    assert set(read(fresh).values()) == {"All is late."}


# --- what was approved ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE cases_noticecopy SET body = 'x'",
        "UPDATE cases_noticecopy SET is_own = NOT is_own",
        "UPDATE cases_noticecopy SET kind = 'all_clear'",
        "UPDATE cases_noticecopy SET tlp = 'CLEAR'",
        "UPDATE cases_noticecopy SET next_update_at = now()",
        "UPDATE cases_noticecopy SET partner_id = (SELECT max(id) FROM partners_partner)",
        "DELETE FROM cases_noticecopy",
        "INSERT INTO cases_noticecopy (notice_id, involvement_id, partner_id, kind, body, tlp,"
        " acknowledged_by) SELECT notice_id, (SELECT max(id) FROM cases_involvement), partner_id,"
        " kind, body, tlp, '' FROM cases_noticecopy LIMIT 1",
    ],
)
def test_an_approved_text_and_its_audience_stay_whoever_asks_the_database(
    incident, people, helix, change
):
    row = incident.involvements.get(partner=helix)
    notice = notices.draft(
        incident_id=incident.pk,
        kind="first",
        body="Late.",
        involvement_ids=[row.pk],
        by=people.actor("communications"),
        at=NOW,
    )
    notices.approve(notice_id=notice.pk, by=people.actor("approver"), at=NOW)
    before = list(NoticeCopy.objects.values())
    with (
        pytest.raises(DatabaseError, match="What was approved keeps its text and its audience"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(change)
    assert list(NoticeCopy.objects.values()) == before


# --- templates ------------------------------------------------------------------------------------


def test_a_template_is_shipped_for_every_kind_and_its_placeholders_exist():
    assert {row.kind for row in NoticeTemplate.objects.filter(category=None)} == set(Kinds.Kind)
    keys = set(NoticeTemplate.objects.exclude(category=None).values_list("category__key", "kind"))
    assert keys == {
        (key, kind)
        for key in Category.objects.values_list("key", flat=True)
        for kind in ("first", "all_clear")
    }
    for template in NoticeTemplate.objects.all():
        wording.require_known(template.body)


def test_a_category_s_own_template_goes_before_the_common_one():
    outage = Category.objects.get(key="outage")
    own = NoticeTemplate.objects.get(kind="first", category=outage).body
    common = NoticeTemplate.objects.get(kind="first", category=None).body
    assert wording.template("first", outage.pk) == own != common
    assert wording.template("first", None) == common
    assert wording.template("update", outage.pk) == (
        NoticeTemplate.objects.get(kind="update", category=None).body
    )
    NoticeTemplate.objects.all().delete()
    assert wording.template("first", outage.pk) == ""


def test_one_template_a_kind_and_category():
    with pytest.raises(IntegrityError, match="notice_template_once"), transaction.atomic():
        NoticeTemplate.objects.create(kind="first", body="x")
