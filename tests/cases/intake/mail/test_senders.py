"""Only what a known sender's own domain proves acts; all else waits for a person."""

from __future__ import annotations

from datetime import timedelta
from email.utils import format_datetime

import pytest

from cases.intake.mail import receiving, resolver
from cases.intake.mail.receiving import TryLater
from cases.intake.mail.verdicts import aligned
from cases.models import Incident, Letter, Report
from incidentdesk.kernel import grants
from notifications.models import Message
from partners.models import Contact
from tests.cases.intake.mail.conftest import mail, signed
from tests.conftest import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _both(helix, norrbank):
    """Two partners, each with a contact."""


def what(letter: Letter) -> tuple[str, str]:
    return letter.outcome, letter.why


def quarantined(letter: Letter) -> str:
    """Why it waits; nothing came of it, and nobody was mailed."""
    assert letter.outcome == "quarantined"
    assert (letter.partner, letter.report, letter.request, letter.incident) == (None,) * 4
    assert (Report.objects.count(), Incident.objects.count(), Message.objects.count()) == (0, 0, 0)
    return letter.why


def test_a_mail_that_the_domain_of_a_contact_signed_is_the_partner_s_report(receive, people, helix):
    letter = receive(signed(mail()))
    assert what(letter) == (
        "report",
        "Its sender is a contact of Helix Markets, and their domain stands behind it.",
    )
    assert (letter.spf, letter.dkim, letter.dkim_domain, letter.is_aligned) == (
        "fail",
        "pass",
        "helix.test",
        True,
    )
    report = Report.objects.get()
    assert (report.partner, report.title, report.description, report.category) == (
        helix,
        "Odd fills",
        "Two fills came twice.",
        None,
    )
    assert (report.reported_by, report.reporter, report.noticed_at) == (
        people["helix"],
        "Helix Markets contact",
        NOW,
    )
    assert (letter.partner, letter.report) == (helix, report)


def test_one_that_comes_from_where_the_domain_says_is_too(receive, helix):
    letter = receive(mail().as_bytes(), peer="192.0.2.10")
    assert (letter.outcome, letter.spf, letter.dkim) == ("report", "pass", "none")


def test_the_domain_of_the_envelope_proves_nothing_of_another_in_from(receive):
    raw = mail("Norrbank <contact@norrbank.test>").as_bytes()
    letter = receive(raw, peer="192.0.2.10")
    assert quarantined(letter) == (
        "Nothing proves that it comes from norrbank.test: SPF pass of helix.test, DKIM none."
    )


def test_a_signature_of_another_domain_proves_nothing(receive):
    letter = receive(signed(mail(), "evil.test"))
    assert quarantined(letter) == (
        "Nothing proves that it comes from helix.test: "
        "SPF fail of helix.test, DKIM pass of evil.test."
    )


def test_what_was_changed_after_it_was_signed_proves_nothing(receive):
    letter = receive(signed(mail()).replace(b"came twice", b"came never"))
    assert (letter.outcome, letter.dkim) == ("quarantined", "fail")


def test_a_signature_that_leaves_room_for_more_proves_nothing(receive):
    letter = receive(signed(mail(), length=True) + b"\r\nAnd pay us.\r\n")
    assert (letter.outcome, letter.dkim) == ("quarantined", "fail")


def test_a_signature_that_leaves_out_the_subject_proves_nothing(receive):
    letter = receive(signed(mail(), include_headers=[b"from", b"date", b"message-id"]))
    assert (letter.outcome, letter.dkim) == ("quarantined", "fail")


@pytest.mark.parametrize(
    ("above", "why"),
    [
        (b"From: contact@helix.test\r\n", "it has the header From more than once"),
        (b"Subject: Other\r\n", "it has the header Subject more than once"),
        (b"X: y\rFrom: a@helix.test\r\r", "its headers hold a line end or a NUL that no mail has"),
        (b"no header\r\n", "something stands among its headers that is none"),
    ],
)
def test_what_two_readers_would_read_differently_waits(receive, above, why):
    letter = receive(above + signed(mail()))
    assert quarantined(letter) == f"Its sender cannot be told: {why}."


def test_several_senders_are_none(receive):
    letter = receive(signed(mail("contact@helix.test, contact@norrbank.test")))
    assert quarantined(letter) == (
        "Its sender cannot be told: it does not come from one plain address."
    )


@pytest.mark.mistake(16)
def test_a_stranger_whose_domain_stands_behind_them_waits_and_gets_no_answer(receive):
    letter = receive(signed(mail("Eve <eve@evil.test>"), "evil.test"))
    assert quarantined(letter) == "Nobody is known by the address of its sender."


KNOWN, COLLEAGUE, UNKNOWN = "contact@helix.test", "auditor@desk.test", "nobody@helix.test"


def probe(address: str, number: int = 0) -> bytes:
    """A mail of somebody who only says to be this address, signed by another domain."""
    return signed(mail(address, message_id=f"<{number}@evil.test>"), "evil.test")


def test_the_dns_is_asked_the_same_whoever_the_sender_says_to_be(receive, zone, people):
    asked, answered = [], []
    for address in (KNOWN, COLLEAGUE, UNKNOWN):
        zone.asked.clear()
        letter = receive(probe(address), sender="eve@evil.test")
        asked.append(list(zone.asked))
        answered.append(letter.why.replace(address.partition("@")[2], "x.test"))
    assert asked == [["evil.test TXT", "k1._domainkey.evil.test TXT"]] * 3
    assert (
        answered
        == [
            "Nothing proves that it comes from x.test: "
            "SPF none of evil.test, DKIM pass of evil.test."
        ]
        * 3
    )


def test_while_the_dns_is_silent_everybody_is_to_come_again(receive, zone, people):
    zone["evil.test", "TXT"] = None
    for address in (KNOWN, COLLEAGUE, UNKNOWN):
        with pytest.raises(TryLater):
            receive(probe(address), sender="eve@evil.test")
    assert Letter.objects.count() == 0


@pytest.mark.mistake(10)
def test_a_flood_waits_outside_whoever_it_says_to_be_and_who_is_proved_goes_on(
    receive, monkeypatch, people
):
    monkeypatch.setattr(receiving, "MOST_OF_STRANGERS", 2)
    receive(probe(UNKNOWN, 1))
    receive(signed(mail("Eve <eve@evil.test>", message_id="<2@evil.test>"), "evil.test"))
    for number, address in enumerate((KNOWN, COLLEAGUE, UNKNOWN, "eve@evil.test"), 3):
        with pytest.raises(TryLater):
            receive(probe(address, number))
    assert receive(signed(mail())).outcome == "report"


def test_a_mail_whose_domain_stays_silent_for_a_day_waits_for_a_person(receive, zone):
    zone["k1._domainkey.helix.test", "TXT"] = None
    raw = mail()
    raw.replace_header("Date", format_datetime(NOW - timedelta(days=2)))
    assert quarantined(receive(signed(raw))) == (
        "Nothing proves that it comes from helix.test: "
        "SPF fail of helix.test, DKIM temperror of helix.test."
    )


def test_once_the_patience_with_a_mail_is_spent_nothing_more_is_asked(receive, zone, monkeypatch):
    monkeypatch.setattr(resolver, "PATIENCE", 0)
    with pytest.raises(TryLater):
        receive(signed(mail()))
    assert (zone.asked, Letter.objects.count()) == ([], 0)


def test_long_runs_of_spaces_are_signed_as_before(receive):
    text = f"Two fills.{' ' * 50}\n{' ' * 50}x\n{' ' * 400_000}y\n"
    raw = mail(text="x").as_bytes().replace(b"\n\nx\n", b"\n\n" + text.encode())
    letter = receive(signed(raw, canonicalize=(b"relaxed", b"relaxed")))
    assert (letter.outcome, letter.dkim) == ("report", "pass")


def test_an_old_mail_that_is_sent_again_waits(receive):
    raw = mail()
    raw.replace_header("Date", "Mon, 02 Feb 2026 10:00:00 +0000")
    assert quarantined(receive(signed(raw))) == (
        "Its date is missing or is not of these days; it may have been sent before."
    )


def test_a_mail_to_somebody_else_that_is_passed_on_waits(receive):
    letter = receive(signed(mail(to="list@helix.test")), recipients=())
    assert quarantined(letter) == "It is not addressed to the desk."


def test_while_the_dns_is_silent_about_a_known_sender_it_is_to_come_again(receive, zone):
    zone["k1._domainkey.helix.test", "TXT"] = None
    with pytest.raises(TryLater):
        receive(signed(mail()))
    assert Letter.objects.count() == 0


@pytest.mark.mistake(17)
def test_a_contact_of_two_partners_waits(receive, helix, norrbank, people):
    Contact.objects.create(
        partner=norrbank, user=people["helix"], name="Same", email="contact@helix.test"
    )
    grants.grant(people["helix"], "act", norrbank)
    assert quarantined(receive(signed(mail()))) == (
        "Its sender is a contact of several partners; say whose report it is."
    )


def test_who_may_not_act_in_the_portal_may_not_by_mail(receive, helix, people):
    grants.revoke(people["helix"], "act", helix)
    grants.grant(people["helix"], "audit", helix)
    assert quarantined(receive(signed(mail()))) == (
        "What it asks for was refused: Helix Markets contact may not act for this partner: "
        "acknowledge, report; ask its administrator."
    )


def test_a_contact_who_left_or_has_no_login_waits(receive, helix):
    Contact.objects.filter(partner=helix).update(user=None)
    assert quarantined(receive(signed(mail()))) == (
        "Its sender is a contact of Helix Markets but has no login."
    )
    Contact.objects.filter(partner=helix).update(is_active=False)
    letter = receive(signed(mail(message_id="<two@helix.test>")))
    assert letter.outcome == "quarantined"


def test_a_trusted_server_is_believed_from_its_own_address_alone(receive, settings):
    settings.INBOUND_TRUSTED, settings.INBOUND_RELAYS = "mx.desk.test", ["10.0.0.5"]
    said = {"Authentication_Results": "mx.desk.test; dkim=pass header.d=helix.test"}
    forged = receive(mail(**said).as_bytes())
    assert (forged.outcome, forged.dkim) == ("quarantined", "none")
    other = mail(Authentication_Results="mx.evil.test; dkim=pass header.d=helix.test")
    assert receive(other.as_bytes(), peer="10.0.0.5").outcome == "quarantined"
    real = receive(mail(message_id="<3@helix.test>", **said).as_bytes(), peer="10.0.0.5")
    assert (real.outcome, real.dkim, real.dkim_domain) == ("report", "pass", "helix.test")


@pytest.mark.parametrize(
    ("proved", "claimed", "is_aligned"),
    [
        ("helix.test", "helix.test", True),
        ("mail.helix.test", "helix.test", True),
        ("helix.test", "noc.helix.test", True),
        ("evilhelix.test", "helix.test", False),
        ("test", "helix.test", False),
        ("", "", False),
    ],
)
def test_domains_are_aligned_if_one_lies_below_the_other(proved, claimed, is_aligned):
    assert aligned(proved, claimed) is is_aligned
