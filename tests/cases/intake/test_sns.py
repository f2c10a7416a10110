"""AWS SNS: CloudWatch's alarms, what Amazon signed and what it did not, the subscription."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from django.core.cache import cache
from django.http import HttpResponse
from django.test import Client

from cases.intake import samples
from cases.models import Alert, Event, Incident, Source
from incidentdesk.kernel.shown_once import digest
from tests.cases.intake.conftest import answer, only, said
from tests.conftest import NOW

pytestmark = pytest.mark.django_db
TOPIC = "arn:aws:sns:eu-central-1:123456789012:alarms"
HOST = "https://sns.eu-central-1.amazonaws.com/"
CERTIFICATE = f"{HOST}SimpleNotificationService-0123456789abcdef0123456789abcdef.pem"
HASHES = {"1": hashes.SHA1, "2": hashes.SHA256}
ORDER = (
    "Message",
    "MessageId",
    "Subject",
    "SubscribeURL",
    "Timestamp",
    "Token",
    "TopicArn",
    "Type",
)
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
STRANGER = rsa.generate_private_key(public_exponent=65537, key_size=2048)
asked: list[str] = []  # the addresses that the desk called
answers: dict[str, int] = {}  # address → the status of the answer, where it is not 200


def fetch(url: str) -> tuple[int, bytes]:
    """The network, as far as this test has one: Amazon's certificate, and a status for the rest."""
    asked.append(url)
    return answers.get(url, 200), _pem() if url == CERTIFICATE else b"<ok/>"


def _pem() -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    built = x509.CertificateBuilder().subject_name(name).issuer_name(name)
    built = built.public_key(KEY.public_key()).serial_number(1)
    built = built.not_valid_before(NOW - timedelta(days=1)).not_valid_after(NOW + timedelta(days=1))
    return built.sign(KEY, hashes.SHA256()).public_bytes(Encoding.PEM)


@pytest.fixture(autouse=True)
def amazon(settings: Any, time_machine: Any) -> None:
    """The desk asks `fetch` at NOW, and remembers nothing of the test before."""
    settings.SNS_FETCH = "tests.cases.intake.test_sns.fetch"
    time_machine.move_to(NOW)
    asked.clear()
    answers.clear()
    cache.clear()


@pytest.fixture(autouse=True)
def cloudwatch(db: None) -> Source:
    return Source.objects.create(
        name="aws", format="sns", key_digest=digest("key-sns"), topics=f"{TOPIC}\n\n{TOPIC}-2"
    )


def message(state: str = "ALARM", number: int = 1, **changes: str) -> dict[str, str]:
    """A message as Amazon sends it, not signed yet; the sample of the format with another state."""
    envelope = json.loads(samples.body(Source(format="sns")))
    alarm = json.loads(envelope["Message"]) | {"NewStateValue": state}
    return envelope | {
        "MessageId": f"5d7e1d4c-0000-4000-8000-{number:012}",
        "Message": json.dumps(alarm, indent=1),
        "Timestamp": f"{NOW:%Y-%m-%dT%H:%M:%S}.345Z",
        **changes,
    }


def subscription(**changes: str) -> dict[str, str]:
    return {
        "Type": "SubscriptionConfirmation",
        "MessageId": "165545c9-2a5c-472c-8df2-7ff2be2b3b1b",
        "Token": "2336412f37fb687f5d51e6e2425f004aff1b",
        "TopicArn": TOPIC,
        "Message": "You have chosen to subscribe to the topic.",
        "SubscribeURL": "https://evil.example/?Action=ConfirmSubscription",
        "Timestamp": f"{NOW:%Y-%m-%dT%H:%M:%S}.345Z",
        **changes,
    }


def signed(envelope: dict[str, str], version: str = "2", by: Any = KEY, **after: str) -> str:
    """The message with its signature; `after` is changed behind Amazon's back."""
    text = "".join(f"{name}\n{envelope[name]}\n" for name in ORDER if name in envelope)
    signature = by.sign(text.encode(), padding.PKCS1v15(), HASHES[version]())
    more = {
        "SignatureVersion": version,
        "Signature": base64.b64encode(signature).decode(),
        "SigningCertURL": CERTIFICATE,
    }
    return json.dumps(envelope | more | after)


def send(body: str, key: str = "key-sns") -> HttpResponse:
    """As SNS does it: text/plain, with its headers."""
    return Client().post(f"/intake/{key}/sns", body, "text/plain; charset=UTF-8")


def status(body: str) -> str:
    return str(answer(send(body))["status"])


@pytest.mark.parametrize("version", ["1", "2"])
def test_an_alarm_opens_folds_and_clears_and_each_message_counts_once(version: str) -> None:
    first = signed(message(), version)
    again = signed(message(number=2), version)
    unsure = signed(message("INSUFFICIENT_DATA", 3), version)
    over = signed(message("OK", 4), version)
    found = [status(body) for body in (first, first, again, unsure, over, over)]
    assert found == ["opened", "repeated", "folded", "ignored", "resolved", "repeated"]
    one = Alert.objects.get()
    assert (one.count, one.external_key) == (
        2,
        "arn:aws:cloudwatch:eu-central-1:123456789012:alarm:DeskTest",
    )
    assert one.labels == {
        "region": "EU (Frankfurt)",
        "account": "123456789012",
        "namespace": "AWS/EC2",
        "metric": "CPUUtilization",
        "InstanceId": "i-0abc",
    }
    assert one.first_at.isoformat() == "2026-03-04T09:38:12.123000+00:00"
    assert only().title == samples.TITLE
    assert Event.objects.count() == 4
    assert asked == [CERTIFICATE]  # once, and kept


def test_what_is_no_alarm_is_an_alert_called_by_its_subject() -> None:
    plain = message(Message="Disk full\non gw-2", Subject="From our script")
    assert status(signed(plain)) == "opened"
    assert (only().title, only().description) == ("From our script", "Disk full\non gw-2")


@pytest.mark.asvs("1.3.6 13.2.4 13.2.5", 17)
def test_a_subscription_is_confirmed_at_amazon_s_own_address_and_nowhere_else() -> None:
    body = signed(subscription())
    assert status(body) == "ignored"
    assert asked == [
        CERTIFICATE,
        f"{HOST}?Action=ConfirmSubscription"
        "&TopicArn=arn%3Aaws%3Asns%3Aeu-central-1%3A123456789012%3Aalarms"
        "&Token=2336412f37fb687f5d51e6e2425f004aff1b",
    ]
    kept = Event.objects.get()
    assert (kept.outcome, kept.said) == ("done", f"confirmed the subscription to {TOPIC}")
    assert "2336412f37fb687f5d51e6e2425f004aff1b" not in kept.body
    assert status(body) == "repeated"
    assert len(asked) == 2


def test_a_subscription_that_amazon_does_not_confirm_has_to_come_again() -> None:
    body = signed(subscription())
    url = (
        f"{HOST}?Action=ConfirmSubscription&TopicArn=arn%3Aaws%3Asns%3Aeu-central-1%3A"
        "123456789012%3Aalarms&Token=2336412f37fb687f5d51e6e2425f004aff1b"
    )
    answers[url] = 500
    assert said(send(body)) == (503, "Amazon answered 500. Send it again.")
    answers[CERTIFICATE] = 404
    cache.clear()
    assert said(send(body)) == (503, "Amazon answered 404. Send it again.")
    assert Event.objects.count() == 0
    answers.clear()
    assert status(body) == "ignored"


OTHER = "arn:aws:sns:eu-central-1:123456789012:others"
BAD = "The signature is not Amazon's."
PLACE = "The certificate is not where Amazon keeps those of this region."


OLD = f"{NOW - timedelta(minutes=61):%Y-%m-%dT%H:%M:%SZ}"
STRANGE = f"The source does not name the topic {OTHER}; add it there."
PLACES = {
    "http": CERTIFICATE.replace("https", "http"),
    "region": CERTIFICATE.replace("eu-central-1", "us-east-1"),
    "suffix": CERTIFICATE.replace("amazonaws.com", "amazonaws.com.evil.example"),
    "path": CERTIFICATE.replace("sns.", "evil.example/sns."),
    "user": CERTIFICATE.replace("https://", "https://sns@evil.example/"),
    "query": CERTIFICATE + "?x=1",
    "up": HOST + "../etc/x.pem",
}
REFUSED: dict[str, tuple[str, int, str]] = {
    "message": (signed(message(), Message="{}"), 401, BAD),
    "subject": (signed(message(), Subject="Another"), 401, BAD),
    "stranger": (signed(message(), by=STRANGER), 401, BAD),
    "no base64": (signed(message(), Signature="!"), 401, BAD),
    "other version": (signed(message(), SignatureVersion="1"), 401, BAD),
    "no version": (
        signed(message(), SignatureVersion="3"),
        401,
        "The desk knows signatures of version 1 and 2.",
    ),
    **{name: (signed(message(), SigningCertURL=u), 401, PLACE) for name, u in PLACES.items()},
    "topic": (signed(message(TopicArn=OTHER)), 400, STRANGE),
    "subscription": (signed(subscription(TopicArn=OTHER)), 400, STRANGE),
    "old": (
        signed(message(Timestamp=OLD)),
        400,
        "The message is older than an hour, or has no time.",
    ),
    "type": (signed(message(Type="Gossip")), 400, "The body is no message of AWS SNS."),
    "no arn": (signed(message(TopicArn="alarms")), 400, "TopicArn is no ARN of a topic."),
    "unsigned": (json.dumps(message()), 400, "The message has no Signature."),
    "list": ("[]", 400, "The body has to be a JSON object."),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_amazon_did_not_sign_for_us_is_refused_and_kept(name: str) -> None:
    body, code, sentence = REFUSED[name]
    assert said(send(body)) == (code, sentence)
    assert [(one.outcome, one.said) for one in Event.objects.all()] == [("refused", sentence)]
    assert Incident.objects.count() == 0
    assert set(asked) <= {CERTIFICATE}  # whatever a message says, nobody else is called


@pytest.mark.asvs("12.2.1 12.3.1 12.3.2 13.4.2 15.1.2", 40)
def test_a_certificate_that_is_over_proves_nothing(time_machine: Any) -> None:
    later = NOW + timedelta(days=2)
    time_machine.move_to(later)
    body = signed(message(Timestamp=f"{later:%Y-%m-%dT%H:%M:%SZ}"))
    assert said(send(body)) == (401, "The certificate is not valid at this time.")


def test_a_stranger_s_key_calls_nobody() -> None:
    assert send(signed(message()), "nobody").status_code == 404
    assert (asked, Event.objects.count()) == ([], 0)
