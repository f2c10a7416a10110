"""Each shipped rule on fixed dates: what its clock counts from and when it is due."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import IntegrityError, transaction
from hypothesis import given
from hypothesis import strategies as st

from cases.defaults import regimes
from cases.models import Regime, RegimeRule
from cases.models.regulation import ANCHORS
from cases.regulation import limits
from cases.regulation.limits import Party
from incidentdesk.kernel.clocks import Calendar
from tests.cases.regulation.conftest import at

PLAIN = Party(Calendar(), waits_for_weekends=False)
BERLIN = Party(Calendar("Europe/Berlin", frozenset({date(2026, 4, 3), date(2026, 4, 6)})))
LONDON = Party(Calendar("Europe/London", frozenset({date(2027, 5, 3), date(2027, 5, 31)})))
NEW_YORK = Party(Calendar("America/New_York", frozenset({date(2026, 11, 26)})))
BERLIN_ZONE = ZoneInfo("Europe/Berlin")
BANK = Party(BERLIN.calendar, ("credit",))


def rule(key: str) -> RegimeRule:
    """As it is shipped, without a database."""
    rows = [row for rows in regimes.RULES.values() for row in rows if row["key"] == key]
    made = RegimeRule(**rows[0])
    made.clean_fields(exclude=["regime", "position"])  # a time of day is one
    return made


def due(key: str, party: Party = PLAIN, /, **known: str) -> str | None:
    found = limits.span(rule(key), {name: at(text) for name, text in known.items()}, party)
    return f"{found.due_at:%Y-%m-%dT%H:%M}" if found else None


WED = "2026-03-04T10:00"


@pytest.mark.parametrize(
    ("classified", "aware", "found"),
    [
        ("2026-03-04T10:00", None, "2026-03-04T14:00"),  # not known when we became aware
        ("2026-03-04T10:00", "2026-03-04T09:00", "2026-03-04T14:00"),  # 4 h after it
        ("2026-03-05T05:00", "2026-03-04T09:00", "2026-03-05T09:00"),  # both at once
        ("2026-03-05T05:01", "2026-03-04T09:00", "2026-03-05T09:00"),  # no later than 24 h
        ("2026-03-05T09:00", "2026-03-04T09:00", "2026-03-05T09:00"),  # classified at 24 h
        ("2026-03-05T09:01", "2026-03-04T09:00", "2026-03-05T13:01"),  # later: 4 h only
        ("2026-03-09T10:00", "2026-03-04T09:00", "2026-03-09T14:00"),
    ],
)
def test_the_initial_notification_has_two_anchors(classified, aware, found):
    known = {"classified_major_at": classified} | ({"aware_at": aware} if aware else {})
    assert due("DORA-INIT", **known) == found


@pytest.mark.parametrize(
    ("key", "known", "found"),
    [
        ("DORA-INIT", {"aware_at": WED}, None),
        ("DORA-INTERM", {"initial_submitted_at": WED}, None),  # never classified as major
        (
            "DORA-INTERM",
            {"classified_major_at": WED, "initial_submitted_at": WED},
            "2026-03-07T10:00",
        ),
        ("DORA-INTERM-UPD", {"classified_major_at": WED, "recovered_at": WED}, None),
        (
            "DORA-INTERM-UPD",  # recovered before the report, which says so itself
            {
                "classified_major_at": WED,
                "recovered_at": WED,
                "intermediate_submitted_at": "2026-03-05T10:00",
            },
            None,
        ),
        (
            "DORA-INTERM-UPD",  # due at once
            {
                "classified_major_at": WED,
                "recovered_at": "2026-03-06T10:00",
                "intermediate_submitted_at": "2026-03-05T10:00",
            },
            "2026-03-06T10:00",
        ),
        (
            "DORA-FINAL",
            {"classified_major_at": WED, "intermediate_submitted_at": "2026-01-31T10:00"},
            "2026-02-28T10:00",
        ),
        (
            "DORA-FINAL",  # moved by the updated one
            {
                "classified_major_at": WED,
                "intermediate_submitted_at": "2026-03-05T10:00",
                "updated_intermediate_submitted_at": "2026-03-17T10:00",
            },
            "2026-04-17T10:00",
        ),
        ("DORA-RECLASS", {"reclassified_at": WED}, None),  # nothing was sent
        ("DORA-RECLASS", {"reclassified_at": WED, "initial_submitted_at": WED}, WED),
        ("DORA-CLIENT", {"client_impact_at": WED, "classified_major_at": WED}, WED),
        ("DORA-WEEKEND", {"classified_major_at": WED}, None),
        ("NIS2-EW", {"significant_at": WED}, "2026-03-05T10:00"),
        ("NIS2-EW", {"aware_at": WED}, None),  # of an incident that is not significant yet
        ("NIS2-NOTIF", {"significant_at": WED}, "2026-03-07T10:00"),
        ("NIS2-INTERM", {"status_requested_at": WED}, WED),
        ("NIS2-FINAL", {"notification_submitted_at": WED}, "2026-04-04T10:00"),
        ("NIS2-FINAL-2", {"resolved_at": WED}, None),
        ("NIS2-FINAL-2", {"resolved_at": WED, "progress_submitted_at": WED}, "2026-04-04T10:00"),
        ("NIS2-RECIP", {"significant_at": WED}, WED),
        ("GDPR-33", {"personal_data_breach_at": WED}, "2026-03-07T10:00"),
        ("GDPR-33-2", {"partner_data_breach_at": WED}, "2026-03-05T10:00"),
        ("GDPR-96", {"personal_data_breach_at": WED}, "2026-03-08T10:00"),
        ("UK-INIT", {"uk_threshold_met_at": WED}, "2026-03-05T10:00"),
        ("UK-INTERM", {"uk_change_at": WED}, None),
        ("UK-INTERM", {"uk_change_at": WED, "uk_initial_submitted_at": WED}, WED),
        ("UK-FINAL", {"resolved_at": WED}, None),
        ("SCI-IMM", {"sci_event_at": WED}, WED),
        ("SCI-24H", {"sci_event_at": WED}, "2026-03-05T10:00"),
        ("SCI-FINAL", {"sci_closed_at": WED}, "2026-03-11T10:00"),
        ("REGSP-SP", {"partner_data_breach_at": WED}, "2026-03-07T10:00"),
        ("REGSP-CUST", {"customer_breach_at": WED}, "2026-04-03T10:00"),
        ("CIRCIA-72", {"covered_at": WED}, "2026-03-07T10:00"),
        ("CIRCIA-24", {"ransom_paid_at": WED}, "2026-03-05T10:00"),
        ("MAS-1H", {"mas_discovered_at": WED}, "2026-03-04T11:00"),
        ("MAS-14D", {"mas_discovered_at": WED}, "2026-03-18T10:00"),
        ("CERTIN-6H", {"certin_noticed_at": WED}, "2026-03-04T16:00"),
        ("NYDFS-72", {"nydfs_determined_at": WED}, "2026-03-07T10:00"),
        ("NYDFS-24", {"ransom_paid_at": WED}, "2026-03-05T10:00"),
        ("RTS6-16", {"occurred_at": WED}, None),
    ],
)
def test_each_rule_is_due_as_its_source_says(key, known, found):
    assert due(key, **known) == found


@pytest.mark.parametrize(
    ("party", "found"),
    [
        (Party(Calendar()), "2026-03-09T12:00"),  # Saturday 10:00: noon of Monday
        (BERLIN, "2026-03-09T11:00"),
        (BANK, "2026-03-07T10:00"),
        (Party(BERLIN.calendar, ("ccp",)), "2026-03-07T10:00"),
        (Party(BERLIN.calendar, ("venue",)), "2026-03-07T10:00"),
        (Party(BERLIN.calendar, ("nis2",)), "2026-03-07T10:00"),
        (Party(BERLIN.calendar, ("payment",)), "2026-03-09T11:00"),
        (Party(BERLIN.calendar, waits_for_weekends=False), "2026-03-07T10:00"),
    ],
)
def test_banks_venues_ccps_and_nis2_entities_have_no_weekend_for_an_intermediate_report(
    party, found
):
    known = {"classified_major_at": WED, "initial_submitted_at": WED}
    assert due("DORA-INTERM", party, **known) == found


@pytest.mark.parametrize(
    ("key", "known", "found"),
    [
        ("DORA-INIT", {"classified_major_at": "2026-04-03T06:00"}, "2026-04-07T10:00"),  # Easter
        (
            "DORA-FINAL",
            {"classified_major_at": WED, "intermediate_submitted_at": WED},
            "2026-04-07T10:00",  # a Saturday, before Easter Monday
        ),
    ],
)
def test_a_dora_deadline_waits_for_the_next_working_day(key, known, found):
    assert due(key, BERLIN, **known) == found


def test_a_bank_has_the_weekend_for_its_final_report_alone():
    known = {"classified_major_at": WED, "intermediate_submitted_at": WED}
    assert due("DORA-FINAL", BANK, **known) == "2026-04-07T10:00"
    assert due("DORA-INIT", BANK, classified_major_at="2026-04-03T06:00") == "2026-04-03T10:00"


def test_no_weekend_gives_more_time_under_another_regime():
    assert due("NIS2-NOTIF", BERLIN, significant_at=WED) == "2026-03-07T10:00"
    assert due("GDPR-33", BERLIN, personal_data_breach_at=WED) == "2026-03-07T10:00"


def test_some_have_another_limit():
    trust, payments = Party(Calendar(), ("trust",)), Party(Calendar(), ("payment",))
    assert due("NIS2-NOTIF", trust, significant_at=WED) == "2026-03-05T10:00"
    assert due("NIS2-NOTIF", payments, significant_at=WED) == "2026-03-07T10:00"
    assert due("UK-INIT", payments, uk_threshold_met_at=WED) == "2026-03-04T14:00"


@pytest.mark.parametrize(
    ("determined", "found"),
    [
        ("2026-03-02T15:00", "2026-03-06T22:30"),  # Monday: Friday, 17:30 in New York
        ("2026-03-03T15:00", "2026-03-09T21:30"),  # summer time came on Sunday
        ("2026-03-03T04:59", "2026-03-06T22:30"),  # still Monday there
        ("2026-03-07T15:00", "2026-03-12T21:30"),  # Saturday: Monday is the first day
        ("2026-11-20T15:00", "2026-11-27T22:30"),  # over Thanksgiving
        ("2026-10-29T15:00", "2026-11-04T22:30"),  # summer time went
    ],
)
def test_form_8k_is_due_by_the_fourth_business_day_in_new_york(determined, found):
    assert due("SEC-8K", NEW_YORK, materiality_determined_at=determined) == found


def test_thirty_working_days_in_london_skip_bank_holidays():
    known = {"uk_initial_submitted_at": "2027-04-20T10:00", "resolved_at": "2027-04-30T10:00"}
    assert due("UK-FINAL", LONDON, **known) == "2027-06-15T10:00"
    assert due("UK-FINAL", Party(Calendar("Europe/London")), **known) == "2027-06-11T10:00"


@pytest.mark.parametrize(
    ("key", "known", "found"),
    [
        ("DORA-INIT", [], ["classified_major_at"]),
        ("DORA-INTERM-UPD", ["recovered_at"], ["classified_major_at", "intermediate_submitted_at"]),
        ("DORA-FINAL", ["classified_major_at"], ["intermediate_submitted_at"]),
        ("DORA-FINAL", ["classified_major_at", "updated_intermediate_submitted_at"], []),
        ("GDPR-33", ["aware_at"], ["personal_data_breach_at"]),
    ],
)
def test_what_a_clock_waits_for_is_named(key, known, found):
    assert limits.missing(rule(key), dict.fromkeys(known, at(WED))) == found


MOMENTS = st.integers(0, 3 * 366 * 24 * 60).map(
    lambda n: datetime.fromisoformat("2026-01-01T00:00+00:00") + timedelta(minutes=n)
)
LIMITS = [row["key"] for rows in regimes.RULES.values() for row in rows if row["kind"] == "limit"]


@given(key=st.sampled_from(LIMITS), first=MOMENTS, later=MOMENTS)
def test_who_begins_later_is_never_due_on_an_earlier_day(key, first, later):
    """Aware long before, so that no ceiling counts."""
    found = []
    one = rule(key)
    before = dict.fromkeys((name for name, _ in ANCHORS), at("2020-01-01T00:00"))
    for moment in sorted([first, later]):
        known = before | dict.fromkeys(one.anchors, moment)
        span = limits.span(one, known, BERLIN)
        assert span is not None
        assert span.anchor_at == moment < span.due_at
        found.append(span.due_at.astimezone(BERLIN_ZONE).date())
    assert found[0] <= found[1]


@given(classified=MOMENTS, aware=MOMENTS)
def test_the_initial_notification_is_never_due_later_than_four_hours_after_classification(
    classified, aware
):
    known = {"classified_major_at": classified, "aware_at": aware}
    span = limits.span(rule("DORA-INIT"), known, Party(Calendar(), waits_for_weekends=False))
    assert span is not None
    assert span.due_at <= classified + timedelta(hours=4)
    assert span.due_at >= classified or classified > aware + timedelta(hours=24)


@pytest.mark.django_db
def test_what_is_shipped_stands_in_the_tables():
    on = list(Regime.objects.filter(is_on=True).values_list("code", flat=True))
    assert on == ["DORA", "NIS2", "GDPR", "UK"]
    assert [one.code for one in Regime.objects.all()] == [row[0] for row in regimes.REGIMES]
    shipped = [row["key"] for rows in regimes.RULES.values() for row in rows]
    assert list(RegimeRule.objects.values_list("key", flat=True)) == shipped
    off = RegimeRule.objects.filter(is_on=False, regime__is_on=True)
    assert list(off.values_list("key", flat=True)) == ["NIS2-FINAL-2", "GDPR-96"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("key", "lacks"),
    [
        ("DORA-INIT", {"amount": None}),
        ("DORA-INIT", {"amount": 0}),
        ("DORA-INIT", {"counting": ""}),
        ("DORA-INIT", {"anchors": []}),
        ("DORA-INIT", {"ceiling_minutes": None}),
        ("DORA-FINAL", {"ceiling_minutes": 60}),
        ("NIS2-NOTIF", {"entity_amount": None}),
        ("NIS2-EW", {"entity_amount": 60}),
    ],
)
def test_the_database_keeps_a_rule_whole(key, lacks):
    with pytest.raises(IntegrityError), transaction.atomic():
        RegimeRule.objects.filter(key=key).update(**lacks)
