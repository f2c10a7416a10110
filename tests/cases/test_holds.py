"""Legal hold, and what goes when its period is over."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db import DatabaseError, transaction

from cases import correcting, holds, resending, response, retained, vault
from cases.models import Entry, Event, LegalHold, Letter, ReportDraft
from incidentdesk.kernel import clocks, retention
from incidentdesk.kernel.errors import Conflict, InvalidInput, NotAllowed
from incidentdesk.kernel.models import AuditEvent, Retention
from notifications.models import Message
from tests.conftest import NOW

pytestmark = pytest.mark.django_db
YEARS = NOW + timedelta(days=3 * 365)


def letter(**known: Any) -> Letter:
    """A mail with its file, of NOW."""
    values = {
        "size": 5,
        "sha256": "0" * 64,
        "digest": f"{Letter.objects.count():064d}",
        "sender": "ada@helix.test",
        "sender_name": "Ada",
        "envelope_from": "ada@helix.test",
        "sent_to": "desk@desk.test",
        "subject": "Prices",
        "text": "Ada says that prices are stale.",
        "files": "screen.png",
        "received_at": NOW,
        "outcome": "automatic",
        "why": "A machine wrote it.",
    }
    made = Letter.objects.create(**(values | known))
    vault.store(made.key, [b"hello"], most=100, too_large="x")
    return made


def event(source: Any, **known: Any) -> Event:
    """A delivery of NOW."""
    return Event.objects.create(
        source=source, received_at=NOW, body="{}", outcome=Event.Outcome.DONE, **known
    )


def message(about: str, key: str) -> Message:
    """A mail of NOW that went."""
    return Message.objects.create(
        kind="notice",
        to_address="ada@helix.test",
        subject="Prices",
        body_text="Dear Ada",
        about=about,
        dedupe_key=key,
        message_id=f"<{key}@desk.test>",
        state=Message.State.SENT,
        created_at=NOW,
        sent_at=NOW,
    )


# --- periods --------------------------------------------------------------------------------------


def test_every_kind_has_a_row_with_the_period_it_ships_with():
    shipped = {kind.key: kind.days for kind in retention.kinds().values()}
    assert dict(Retention.objects.values_list("key", "days")) == shipped
    assert all(kind.least <= kind.days for kind in retention.kinds().values())


def test_a_dry_run_says_what_would_go_and_changes_nothing(source):
    made = event(source)
    kind = retained.EVENTS
    day = timedelta(days=1)
    assert retention.foresee(kind, at=NOW + 90 * day).count == 0
    found = retention.foresee(kind, at=NOW + 91 * day)
    assert (found.count, found.oldest, found.days) == (1, NOW, 90)
    assert list(Event.objects.all()) == [made]


def test_what_is_older_goes_and_a_line_says_how_much(source):
    event(source)
    letter()
    message("", "one")
    gone = retention.forget_due(at=YEARS)
    assert gone == {"events": 1, "access": 0, "letters": 1, "drafts": 0, "messages": 1}
    lines = AuditEvent.objects.filter(action="let go of").order_by("about")
    assert [(line.about, line.detail["rows"]) for line in lines] == [
        ("retention:events", 1),
        ("retention:letters", 1),
        ("retention:messages", 1),
    ]
    assert set(retention.forget_due(at=YEARS).values()) == {0}


def test_of_a_mail_its_words_its_people_and_its_file_go_and_that_it_came_stays():
    made = letter()
    retention.forget_due(at=YEARS)
    made.refresh_from_db()
    assert (made.sender, made.sender_name, made.envelope_from, made.sent_to) == ("", "", "", "")
    assert (made.subject, made.text, made.files) == ("", "", "")
    assert (made.received_at, made.outcome, made.digest) == (NOW, "automatic", f"{0:064d}")
    assert made.forgotten_at == YEARS
    assert not vault.path_of(made.key).exists()


def test_a_mail_is_not_changed_otherwise():
    made = letter()
    rows = Letter.objects.filter(pk=made.pk)
    for change in (
        {"text": ""},
        {"text": "Other words", "forgotten_at": NOW},
        {"forgotten_at": NOW},
        {"sender": "eve@evil.test"},
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            rows.update(**change)
    retention.forget_due(at=YEARS)
    with pytest.raises(DatabaseError), transaction.atomic():
        rows.update(forgotten_at=None)


def test_of_a_message_its_words_go_and_it_is_not_sent_again():
    made = message("", "one")
    waiting = message("", "two")
    Message.objects.filter(pk=waiting.pk).update(
        state=Message.State.QUEUED, sent_at=None, next_try_at=NOW
    )
    retention.forget_due(at=YEARS)
    made.refresh_from_db()
    waiting.refresh_from_db()
    assert (made.body_text, made.subject, made.to_address) == ("", "Prices", "ada@helix.test")
    assert resending.why_not(made, at=YEARS) == "Its words are kept no more; write anew."
    assert waiting.body_text == "Dear Ada"


def test_a_draft_that_nobody_touched_goes(helix, people):
    ReportDraft.objects.create(partner=helix, user=people["helix"], title="Odd fills", saved_at=NOW)
    assert retention.forget_due(at=NOW + timedelta(days=91))["drafts"] == 1
    assert not ReportDraft.objects.exists()


def test_an_administrator_changes_a_period_within_its_bounds(people):
    by = people.actor("administrator")
    retention.change(key="events", days=30, by=by, at=NOW)
    assert retention.foresee(retained.EVENTS, at=NOW).days == 30
    line = AuditEvent.objects.get(action="changed retention")
    assert (line.about, line.detail["days"]) == ("retention:events", [90, 30])
    for days in (6, 30, 3661):
        with pytest.raises(InvalidInput):
            retention.change(key="events", days=days, by=by, at=NOW)
    with pytest.raises(NotAllowed):
        retention.change(key="events", days=40, by=people.actor("auditor"), at=NOW)


def test_the_page_and_the_command_tell_the_same(source, as_, monkeypatch):
    event(source)
    monkeypatch.setattr(clocks, "now", lambda: YEARS)
    monkeypatch.setattr(clocks, "database_now", lambda: YEARS)
    page = as_("auditor").get("/admin/kernel/retention/").content.decode()
    assert "Raw deliveries" in page
    assert ">1<" in page
    assert as_("responder").get("/admin/kernel/retention/").status_code == 403
    out = io.StringIO()
    call_command("retention", stdout=out)
    assert "Raw deliveries: kept 90 days; 1 would go, the oldest of 2026-03-04" in out.getvalue()
    assert Event.objects.exists()
    call_command("retention", "--apply", stdout=out)
    assert not Event.objects.exists()


# --- legal hold -----------------------------------------------------------------------------------


def test_nothing_of_a_held_incident_goes_until_the_hold_is_lifted(declare, people, source):
    held, other = declare(), declare(title="Another")
    by = people.actor("commander")
    kept = [
        event(source, incident=held),
        event(source, concerns=[other.pk, held.pk]),
        letter(incident=held),
        message(f"incident:{held.pk}", "held"),
    ]
    event(source, incident=other)
    letter(incident=other)
    message(f"incident:{other.pk}", "other")
    holds.place(incident_id=held.pk, reason="A regulator asks.", by=by, at=NOW)
    Message.objects.exclude(dedupe_key__in=["held", "other"]).delete()
    assert retention.forget_due(at=YEARS) == {
        "events": 1,
        "access": 0,
        "letters": 1,
        "drafts": 0,
        "messages": 1,
    }
    for row in kept:
        row.refresh_from_db()
    assert (kept[2].text, kept[3].body_text) == ("Ada says that prices are stale.", "Dear Ada")
    assert vault.path_of(kept[2].key).exists()
    holds.lift(incident_id=held.pk, reason="It is over.", by=by, at=NOW)
    assert retention.forget_due(at=YEARS)["events"] == 2


def test_a_hold_says_who_why_and_since_when_on_the_timeline_and_the_page(declare, people, as_):
    incident, by = declare(), people.actor("commander")
    holds.place(incident_id=incident.pk, reason=" A regulator asks. ", by=by, at=NOW)
    row = LegalHold.objects.get()
    assert (row.incident_id, row.reason, row.placed_by_id, row.placed_at) == (
        incident.pk,
        "A regulator asks.",
        by.user_id,
        NOW,
    )
    assert "Legal hold. Reason: A regulator asks." in set(
        Entry.objects.filter(incident=incident).values_list("body", flat=True)
    )
    page = as_("responder").get(f"/admin/cases/incident/{incident.pk}/change/").content.decode()
    assert "Legal hold" in page
    assert "placed by Incident commander: A regulator asks." in page
    with pytest.raises(Conflict, match="under legal hold already"):
        holds.place(incident_id=incident.pk, reason="x", by=by, at=NOW)
    holds.lift(incident_id=incident.pk, reason="Over.", by=by, at=NOW)
    with pytest.raises(Conflict, match="not under legal hold"):
        holds.lift(incident_id=incident.pk, reason="x", by=by, at=NOW)
    assert AuditEvent.objects.filter(action__contains="legal hold").count() == 2


def test_a_hold_needs_a_reason_and_a_commander(declare, people):
    incident = declare()
    with pytest.raises(InvalidInput):
        holds.place(incident_id=incident.pk, reason=" ", by=people.actor("commander"), at=NOW)
    with pytest.raises(NotAllowed):
        holds.place(incident_id=incident.pk, reason="x", by=people.actor("auditor"), at=NOW)
    assert not LegalHold.objects.exists()


def test_no_text_of_a_held_incident_is_taken_out(declare, people):
    incident, by = declare(), people.actor("commander")
    response.post_update(incident_id=incident.pk, text="Ada called.", by=by, at=NOW)
    entry = Entry.objects.filter(incident=incident, kind="update").get()
    holds.place(incident_id=incident.pk, reason="x", by=by, at=NOW)
    step = {"incident_id": incident.pk, "entry_sequence": entry.sequence, "reason": "A name."}
    with pytest.raises(Conflict, match="under legal hold"):
        correcting.blank(**step, by=by, at=NOW)
    holds.lift(incident_id=incident.pk, reason="x", by=by, at=NOW)
    correcting.blank(**step, by=by, at=NOW)


def test_the_database_keeps_what_is_held_whoever_asks(declare, people, source):
    incident = declare()
    rows = [event(source, incident=incident), event(source, concerns=[incident.pk])]
    mail = letter(incident=incident)
    holds.place(incident_id=incident.pk, reason="x", by=people.actor("commander"), at=NOW)
    for row in rows:
        with pytest.raises(DatabaseError, match="under legal hold"), transaction.atomic():
            Event.objects.filter(pk=row.pk).delete()
    words = dict.fromkeys(
        ("sender", "sender_name", "envelope_from", "sent_to", "subject", "text", "files"), ""
    )
    with pytest.raises(DatabaseError, match="under legal hold"), transaction.atomic():
        Letter.objects.filter(pk=mail.pk).update(forgotten_at=NOW, **words)


def test_buttons_hold_and_lift(declare, as_):
    incident, browser = declare(), as_("commander")
    do = f"/admin/cases/incident/{incident.pk}/do"
    assert browser.post(f"{do}/hold/", {"reason": "A regulator asks."}).status_code == 302
    assert LegalHold.objects.filter(incident=incident).exists()
    assert browser.post(f"{do}/lift_hold/", {"reason": "Over."}).status_code == 302
    assert not LegalHold.objects.exists()
