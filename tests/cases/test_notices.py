"""Notices: drafted by one, approved by another, sent word for word to whom it was approved for."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from cases import approving, disclosure, dispatch, facts, notices, response, visibility
from cases.models import Deadline, Entry, Incident, Involvement, Notice, NoticeCopy
from incidentdesk.kernel import access, grants
from incidentdesk.kernel.errors import Conflict, InvalidInput, NotAllowed, NotFound
from incidentdesk.kernel.models import User
from notifications.models import Message
from partners.models import Contact
from tests.conftest import NOW

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(hours=1)
TEXT = "Quotes were delayed from 09:38; use EU-1."


@pytest.fixture
def incident(declare, people, helix, norrbank) -> Incident:
    """An incident that involves both partners; neither was told."""
    made = declare()
    for partner, title in ((helix, "Delayed quotes"), (norrbank, "Late fills")):
        disclosure.add_partner(
            incident_id=made.pk,
            partner_id=partner.pk,
            title=title,
            meaning="Use EU-1.",
            severity=2,
            by=people.actor("communications"),
            at=NOW,
        )
    return made


@pytest.fixture
def draft(incident, people):
    """`draft(helix)`: drafted by communications for these partners."""

    def call(*partners, by=None, **said) -> Notice:
        rows = incident.involvements.filter(partner__in=partners)
        words = {"kind": "first", "body": TEXT, "at": NOW, **said}
        return notices.draft(
            incident_id=incident.pk,
            involvement_ids=list(rows.values_list("pk", flat=True)),
            by=by or people.actor("communications"),
            **words,
        )

    return call


@pytest.fixture
def approve(people):
    def call(notice: Notice, by: str = "approver") -> Notice:
        return notices.approve(notice_id=notice.pk, is_checked=True, by=people.actor(by), at=LATER)

    return call


@pytest.fixture
def send(people):
    def call(notice: Notice) -> Notice:
        return notices.send(notice_id=notice.pk, by=people.actor("communications"), at=LATER)

    return call


@pytest.fixture
def sent(draft, approve, send):
    """`sent(helix)`: the copy that this partner was sent."""

    def call(partner, **said) -> NoticeCopy:
        notice = draft(partner, **said)
        approve(notice)
        send(notice)
        return notice.copies.get()

    return call


def state(notice: Notice) -> tuple:
    row = Notice.objects.get(pk=notice.pk)
    return row.state, row.approved_by_id, row.sent_at, row.body


def lines(incident: Incident) -> list[str]:
    entries = Entry.objects.filter(incident=incident, kind="notice").order_by("sequence")
    return [entry.body for entry in entries]


def mails() -> list[str]:
    return sorted(Message.objects.filter(kind="notice").values_list("to_address", flat=True))


# --- drafting -------------------------------------------------------------------------------------


def test_a_draft_is_told_to_nobody(draft, incident, helix, people):
    notice = draft(helix, body=f"  {TEXT}\n")
    assert state(notice) == ("draft", None, None, TEXT)
    assert (notice.drafted_by_id, notice.drafted_at) == (people["communications"].pk, NOW)
    assert (mails(), lines(incident)) == ([], ["Notice drafted (first notice, 1 partner)."])
    assert not visibility.notices_for(people.contact("helix", helix)).exists()


@pytest.mark.parametrize(
    ("said", "refusal", "field"),
    [
        ({"body": " \n"}, "A notice needs a text.", ""),
        (
            {"next_update_at": NOW},
            "The next update lies in the past; promise a later time, or none.",
            "next_update_at",
        ),
    ],
)
def test_a_draft_that_cannot_be_sent_is_refused(draft, helix, said, refusal, field):
    with pytest.raises(InvalidInput) as refused:
        draft(helix, **said)
    assert (str(refused.value), refused.value.field) == (refusal, field)
    assert Notice.objects.count() == NoticeCopy.objects.count() == 0


@pytest.mark.parametrize("kind", ["update", "all_clear", "correction", "report"])
def test_a_partner_that_was_sent_nothing_gets_a_first_notice_before_any_other(
    kind, draft, sent, helix, norrbank
):
    with pytest.raises(InvalidInput) as refused:
        draft(helix, norrbank, kind=kind)
    assert str(refused.value) == (
        "Helix Markets and Norrbank Securities have been sent nothing of this incident yet; send "
        "the first notice before any other."
    )
    draft(helix)  # a first notice that only waits is none yet
    with pytest.raises(InvalidInput, match="been sent nothing"):
        draft(helix, kind=kind)
    sent(helix)
    with pytest.raises(InvalidInput) as refused:
        draft(helix, norrbank, kind=kind)
    assert str(refused.value) == (
        "Norrbank Securities has been sent nothing of this incident yet; send the first notice "
        "before any other."
    )
    Incident.objects.update(recovered_at=NOW)
    assert sent(helix, kind=kind).kind == kind


def test_a_partner_that_has_its_first_notice_gets_no_second_one(draft, sent, helix, norrbank):
    sent(helix)
    with pytest.raises(InvalidInput) as refused:
        draft(helix, norrbank)
    assert str(refused.value) == (
        "Helix Markets has its first notice; write an update or a correction."
    )
    assert draft(norrbank).kind == "first"


def test_an_all_clear_waits_for_the_recovery_to_be_recorded(
    incident, draft, approve, send, sent, people, helix
):
    sent(helix)
    refusal = "Service has not recovered yet; record the recovery before an all clear goes out."
    for texts in ("Back since {recovered}.", "Over."), ("Over.", "Back since {recovered}."):
        row = incident.involvements.get(partner=helix)
        own = [notices.OwnText(row.pk, texts[1])]
        with pytest.raises(InvalidInput) as refused:  # it would say “not known yet”
            draft(helix, kind="all_clear", body=texts[0], texts=own)
        assert str(refused.value) == refusal
    assert sent(helix, kind="update", body="Back since {recovered}.").body == (
        "Back since not known yet."
    )
    drafted, approved = (draft(helix, kind="all_clear", body=text) for text in ("One.", "Two."))
    with pytest.raises(InvalidInput) as refused:
        approve(drafted)
    assert str(refused.value) == refusal
    Notice.objects.filter(pk=approved.pk).update(
        state="approved",
        approved_at=LATER,
        approved_by=people["approver"],
        approval_seen=approving.seen(approved, []),
    )
    with pytest.raises(InvalidInput) as refused:
        send(approved)
    assert str(refused.value) == refusal
    incident.commander = people["commander"]
    incident.save()
    with pytest.raises(InvalidInput) as refused:
        notices.send_in_emergency(
            notice_id=drafted.pk, reason="Now.", by=people.actor("commander"), at=LATER
        )
    assert str(refused.value) == refusal
    assert Notice.objects.filter(kind="all_clear", sent_at__isnull=False).count() == 0
    Incident.objects.update(recovered_at=NOW)
    approve(drafted)
    send(drafted)
    send(approved)
    assert Notice.objects.filter(kind="all_clear", state="sent").count() == 2
    back = sent(helix, kind="all_clear", body="Back since {recovered}.")
    assert back.body == "Back since 4 Mar 2026 09:41 UTC."


def test_what_was_drafted_before_that_was_asked_is_not_sent_either(draft, approve, send, helix):
    notice = draft(helix)
    Notice.objects.update(kind="update")
    approve(notice)
    with pytest.raises(InvalidInput, match="send the first notice before any other"):
        send(notice)
    assert (Notice.objects.get().state, mails()) == ("approved", [])


def test_a_notice_is_for_partners_of_its_own_incident(draft, declare, people, helix, norrbank):
    elsewhere = disclosure.add_partner(
        incident_id=declare().pk,
        partner_id=helix.pk,
        title="x",
        meaning="x",
        severity=4,
        by=people.actor("communications"),
        at=NOW,
    )
    said = "Choose at least one affected partner; add one first if none is listed."
    for chosen in ([], [elsewhere.pk], [404]):
        with pytest.raises(InvalidInput) as refused:
            notices.draft(
                incident_id=Incident.objects.earliest("pk").pk,
                kind="first",
                body=TEXT,
                involvement_ids=chosen,
                by=people.actor("communications"),
                at=NOW,
            )
        assert str(refused.value) == said
    assert Notice.objects.count() == 0


# --- the second person ----------------------------------------------------------------------------


@pytest.fixture
def both(people) -> access.Actor:
    """Somebody who may draft and approve."""
    user = User.objects.create_user(
        "both@desk.test", name="Bo Thor", roles=["communications", "approver"]
    )
    return access.actor_for(user)


def test_who_drafted_does_not_approve_even_with_the_right(draft, helix, both):
    notice = draft(helix, by=both)
    with pytest.raises(InvalidInput) as refused:
        notices.approve(notice_id=notice.pk, is_checked=True, by=both, at=LATER)
    assert str(refused.value) == "You drafted it; a second person approves it."
    assert state(notice) == ("draft", None, None, TEXT)


def test_a_notice_replaces_one_of_its_own_incident_only(draft, helix, incident_in):
    other = incident_in("mitigation", title="Late fills").notices.get()
    with pytest.raises(InvalidInput, match="replaces one of the same incident"):
        draft(helix, replaces_id=other.pk)
    assert Notice.objects.count() == 1


def test_the_database_refuses_the_drafter_too(draft, helix, both):
    notice = draft(helix, by=both)
    forged = {"state": "approved", "approved_at": NOW, "approved_by": both.user_id}
    with pytest.raises(IntegrityError, match="notice_approved_by_a_second"), transaction.atomic():
        Notice.objects.filter(pk=notice.pk).update(**forged)
    assert state(notice) == ("draft", None, None, TEXT)


def test_who_drafted_what_an_edit_replaced_does_not_approve_it_either(draft, helix, both, people):
    """Otherwise a friend's click on “edit” would make one's own text somebody else's."""
    step = {"by": people.actor("communications"), "at": NOW}
    once = notices.edit(notice_id=draft(helix, by=both).pk, body=TEXT, **step)
    twice = notices.edit(notice_id=once.pk, body=f"{TEXT} Please.", **step)
    with pytest.raises(InvalidInput) as refused:
        notices.approve(notice_id=twice.pk, is_checked=True, by=both, at=LATER)
    assert str(refused.value) == (
        "You drafted what this notice replaces; somebody who wrote none of it has to approve it."
    )
    forged = {"state": "approved", "approved_at": NOW, "approved_by": both.user_id}
    with pytest.raises(IntegrityError, match="by none of its authors"), transaction.atomic():
        Notice.objects.filter(pk=twice.pk).update(**forged)
    assert state(twice) == ("draft", None, None, f"{TEXT} Please.")
    notices.approve(notice_id=twice.pk, is_checked=True, by=people.actor("approver"), at=LATER)
    assert state(twice)[:2] == ("approved", people["approver"].pk)


@pytest.mark.parametrize(
    ("forged", "constraint"),
    [
        ({"state": "sent"}, "notice_sent_only_when_approved"),
        ({"state": "approved"}, "notice_sent_only_when_approved"),
        ({"approved_at": NOW}, "notice_approval_is_a_pair"),
    ],
)
def test_nothing_is_approved_or_sent_without_a_name(draft, helix, forged, constraint):
    notice = draft(helix)
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        Notice.objects.filter(pk=notice.pk).update(**forged)


def test_an_approval_keeps_who_and_when_and_a_second_click_is_refused(
    draft, approve, helix, people, incident
):
    notice = draft(helix)
    approve(notice)
    assert state(notice) == ("approved", people["approver"].pk, None, TEXT)
    with pytest.raises(Conflict, match=r"^This notice is approved already\.$"):
        approve(notice, by="security")
    assert state(notice) == ("approved", people["approver"].pk, None, TEXT)
    assert lines(incident)[1:] == [
        "Notice approved (first notice). Looked at, since it differs from the record: "
        "09:38 is none of the recorded times."
    ]
    assert mails() == []


# --- what was approved stays ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        "body = 'All is well.'",
        "body = body || ' '",
        "kind = 'all_clear'",
        "tlp = 'CLEAR'",
        "next_update_at = now()",
        "approved_at = now()",
        "approved_at = NULL, approved_by_id = NULL, state = 'draft'",
        "approved_by_id = (SELECT max(id) FROM kernel_user)",
        "drafted_by_id = (SELECT max(id) FROM kernel_user)",
    ],
)
def test_an_approved_text_cannot_be_changed_even_by_sql(draft, approve, helix, change):
    notice = draft(helix)
    approve(notice)
    before = Notice.objects.filter(pk=notice.pk).values().get()
    with (
        pytest.raises(DatabaseError, match="Cannot update rows from cases_notice"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(f"UPDATE cases_notice SET {change}")  # noqa: S608 -- statements from above
    assert Notice.objects.filter(pk=notice.pk).values().get() == before


def test_an_approved_notice_cannot_be_deleted_and_a_draft_can_be_edited(draft, approve, helix):
    kept = draft(helix)
    approve(kept)
    with (
        pytest.raises(DatabaseError, match="Cannot delete rows"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("DELETE FROM cases_notice")
    loose = draft(helix)
    assert Notice.objects.filter(pk=loose.pk).update(body="Better words.") == 1


@pytest.mark.parametrize("promised", [None, LATER, LATER + timedelta(hours=2)])
@pytest.mark.parametrize("is_approved", [False, True])
def test_an_edit_withdraws_the_old_text_and_needs_its_own_approval(
    draft, approve, send, people, helix, norrbank, promised, is_approved
):
    old = draft(helix, norrbank, next_update_at=promised)
    if is_approved:
        approve(old)
    by = people.actor("commander")
    new = notices.edit(notice_id=old.pk, body=" Better words. ", by=by, at=LATER)
    assert state(old)[0] == "withdrawn"
    assert state(old)[3] == TEXT
    assert state(new) == ("draft", None, None, "Better words.")
    assert (new.replaces_id, new.kind, new.drafted_by_id) == (old.pk, "first", by.user_id)
    assert new.next_update_at == (promised if promised != LATER else None)  # it has passed
    audience = [{c.partner_id for c in n.copies.all()} for n in (old, new)]
    assert audience == [{helix.pk, norrbank.pk}] * 2
    for notice, said in (
        (old, "This notice is withdrawn already."),
        (new, "This notice waits for a second person's approval."),
    ):
        with pytest.raises(Conflict) as refused:
            send(notice)
        assert str(refused.value) == said
    assert mails() == []


def test_an_edit_without_a_text_leaves_the_approved_one(draft, approve, people, helix):
    notice = draft(helix)
    approve(notice)
    with pytest.raises(InvalidInput, match=r"^A notice needs a text\.$"):
        notices.edit(notice_id=notice.pk, body=" ", by=people.actor("communications"), at=LATER)
    assert state(notice)[0] == "approved"
    assert Notice.objects.count() == 1


def test_what_was_sent_or_withdrawn_stays_as_it_is(draft, approve, send, people, helix):
    comms = people.actor("communications")
    gone, taken = draft(helix), draft(helix)
    approve(gone)
    send(gone)
    notices.withdraw(notice_id=taken.pk, by=comms, at=LATER)
    for notice in (gone, taken):
        word = state(notice)[0]
        with pytest.raises(Conflict, match="stays as it is; draft a new one"):
            notices.edit(notice_id=notice.pk, body="x", by=comms, at=LATER)
        with pytest.raises(Conflict, match=rf"^This notice is {word} already\.$"):
            notices.withdraw(notice_id=notice.pk, by=comms, at=LATER)
        with pytest.raises(Conflict, match=rf"^This notice is {word} already\.$"):
            approve(notice)
        assert state(notice)[0] == word
    assert Notice.objects.count() == 2


@pytest.mark.parametrize("use_case", ["approve", "send", "withdraw"])
def test_a_notice_that_is_not_there_is_said_to_be_none(people, use_case):
    key = {"approve": "approver"}.get(use_case, "communications")
    with pytest.raises(NotFound, match=r"^There is no such notice\.$"):
        getattr(notices, use_case)(notice_id=404, by=people.actor(key), at=NOW)


# --- sending --------------------------------------------------------------------------------------


def test_a_draft_is_not_sent(draft, send, helix):
    notice = draft(helix)
    with pytest.raises(Conflict) as refused:
        send(notice)
    assert str(refused.value) == "This notice waits for a second person's approval."
    assert (state(notice)[0], mails()) == ("draft", [])


def test_a_sent_notice_reaches_each_partner_by_its_own_name_and_reference(
    draft, approve, send, incident, helix, norrbank, people
):
    """Each mail names nothing of the other partner, and nothing of the desk's own numbers."""
    notice = draft(helix, norrbank)
    approve(notice)
    send(notice)
    found = {m.to_address: f"{m.subject}\n{m.body_text}\n{m.body_html}" for m in _mail_rows()}
    assert set(found) == {"contact@helix.test", "contact@norrbank.test"}
    words = {
        "contact@helix.test": ("HELIX-2026-0001", "Delayed quotes", "Helix Markets"),
        "contact@norrbank.test": ("NORR-2026-0001", "Late fills", "Norrbank Securities"),
    }
    for address, text in found.items():
        assert TEXT in text
        assert f"/portal/incidents/{words[address][0]}/" in text
        for other, theirs in words.items():
            for word in theirs[:2]:
                assert (word in text) is (other == address), (address, word)
            assert other == address or theirs[2] not in text
        assert incident.title not in text
        assert "INC-" not in text
    assert lines(incident)[-1] == (
        f"Notice sent (first notice) to Helix Markets, Norrbank Securities: {TEXT}"
    )


def _mail_rows():
    return Message.objects.filter(kind="notice")


def test_sending_shows_the_incident_to_a_partner_that_did_not_see_it(
    sent, incident, people, helix, norrbank
):
    copy = sent(helix)
    row = Involvement.objects.get(partner=helix)
    assert (row.reference, row.disclosed_at) == ("HELIX-2026-0001", LATER)
    assert (copy.body, copy.sent_at) == (TEXT, LATER)
    seen = visibility.notices_for(people.contact("helix", helix))
    assert [c.body for c in seen] == [TEXT]
    other = people.contact("norrbank", norrbank)
    assert not visibility.notices_for(other).exists()
    assert not visibility.involvements_for(other).exists()


def test_a_second_click_sends_nothing_again(draft, approve, send, helix):
    notice = draft(helix)
    approve(notice)
    send(notice)
    with pytest.raises(Conflict, match=r"^This notice is sent already\.$"):
        send(notice)
    assert mails() == ["contact@helix.test"]


def test_each_active_contact_who_wants_notices_gets_one_mail(sent, helix):
    for name, wanted in (
        ("night", {}),
        ("quiet", {"gets_notices": False}),
        ("gone", {"is_active": False}),
    ):
        Contact.objects.create(partner=helix, name=name, email=f"{name}@helix.test", **wanted)
    copy = sent(helix)
    assert mails() == ["contact@helix.test", "night@helix.test"]
    wanted = Contact.objects.filter(email__in=mails())
    keys = set(_mail_rows().values_list("dedupe_key", flat=True))
    assert keys == {f"notice:{copy.pk}:{contact.pk}" for contact in wanted}


def test_a_mail_that_is_in_the_outbox_already_is_not_written_twice(draft, approve, send, helix):
    notice = draft(helix)
    approve(notice)
    copy, contact = notice.copies.get(), helix.contacts.get()
    send(notice)
    with transaction.atomic():
        dispatch.mails(NoticeCopy.objects.get(pk=copy.pk), at=LATER)
    assert _mail_rows().get().dedupe_key == f"notice:{copy.pk}:{contact.pk}"


def test_a_partner_without_contacts_sees_it_in_the_portal(sent, helix, people):
    helix.contacts.update(is_active=False)
    sent(helix)
    assert mails() == []
    assert visibility.notices_for(people.contact("helix", helix)).count() == 1


def test_the_clock_of_the_first_notice_is_met_when_every_partner_was_told(
    draft, approve, send, incident, helix, norrbank
):
    Deadline.objects.create(incident=incident, kind="first_notice", anchor_at=NOW, due_at=LATER)

    def met():
        return incident.deadlines.get(kind="first_notice").met_at

    for partner, expected in ((helix, None), (norrbank, LATER)):
        notice = draft(partner)
        approve(notice)
        assert met() is None
        send(notice)
        assert met() == expected


# --- the partner acknowledges ---------------------------------------------------------------------


def test_a_partner_acknowledges_its_own_notice_once(sent, people, helix, incident):
    copy = sent(helix)
    by = people.contact("helix", helix)
    notices.acknowledge(copy_id=copy.pk, by=by, at=LATER)
    copy.refresh_from_db()
    assert (copy.acknowledged_at, copy.acknowledged_by) == (LATER, "Helix Markets contact")
    entry = Entry.objects.filter(incident=incident).latest("sequence")
    assert (entry.body, entry.partner_id) == (
        "Helix Markets: Helix Markets contact acknowledged the notice (first notice).",
        helix.pk,
    )
    with pytest.raises(Conflict) as refused:
        notices.acknowledge(copy_id=copy.pk, by=by, at=LATER + timedelta(hours=1))
    assert str(refused.value) == "Helix Markets contact acknowledged this notice already."
    copy.refresh_from_db()
    assert copy.acknowledged_at == LATER


def test_nobody_acknowledges_another_partner_s_notice(sent, people, helix, norrbank):
    theirs = sent(norrbank)
    sent(helix)
    for by, refusal, said in (
        (people.contact("helix", helix), NotFound, "There is no such notice."),
        (people.contact("norrbank", helix), NotFound, "There is no such notice."),
        (people.contact("helix", norrbank), NotAllowed, "may not act for this partner"),
    ):
        with pytest.raises(refusal, match=said):
            notices.acknowledge(copy_id=theirs.pk, by=by, at=LATER)
    theirs.refresh_from_db()
    assert (theirs.acknowledged_at, theirs.acknowledged_by) == (None, "")


def test_what_was_not_sent_is_none_to_the_partner(draft, approve, people, helix):
    notice = draft(helix)
    approve(notice)
    by = people.contact("helix", helix)
    for copy_id in (notice.copies.get().pk, 404):
        with pytest.raises(NotFound, match=r"^There is no such notice\.$"):
            notices.acknowledge(copy_id=copy_id, by=by, at=LATER)


def test_a_partner_s_auditor_reads_and_does_not_acknowledge(sent, people, helix):
    copy = sent(helix)
    grants.revoke(people["helix"], "act", helix)
    grants.grant(people["helix"], "audit", helix)
    with pytest.raises(NotAllowed, match="may not act for this partner"):
        notices.acknowledge(copy_id=copy.pk, by=people.contact("helix", helix), at=LATER)


def test_staff_do_not_acknowledge_for_a_partner(sent, people, helix):
    copy = sent(helix)
    for key in ("commander", "administrator"):
        forged = replace(people.actor(key), partner_id=helix.pk)
        with pytest.raises(NotAllowed):
            notices.acknowledge(copy_id=copy.pk, by=people.actor(key), at=LATER)
        with pytest.raises(NotAllowed):
            notices.acknowledge(copy_id=copy.pk, by=forged, at=LATER)


def test_an_all_clear_clears_only_whom_it_was_sent_to(incident_in, people, walk):
    made = incident_in("recovery")
    cleared = facts.of(made, at=LATER).partners_cleared
    notice = notices.draft(
        incident_id=made.pk,
        kind="all_clear",
        body="It works again.",
        involvement_ids=[made.involvements.get().pk],
        by=people.actor("communications"),
        at=walk(made).tick(),
    )
    assert (cleared, facts.of(made, at=LATER).partners_cleared) == (0, 0)
    notices.withdraw(notice_id=notice.pk, by=people.actor("communications"), at=LATER)
    assert facts.of(made, at=LATER).partners_cleared == 0
    step = walk(made)
    at, by = step.tick(), people.actor("commander")
    response.record_recovery(incident_id=made.pk, recovered_at=at, by=by, at=at)
    step.notify("all_clear")
    assert facts.of(made, at=LATER).partners_cleared == 1
