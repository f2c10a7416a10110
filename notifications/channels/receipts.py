"""What mail providers tell of mails that they took: read by django-anymail, in one shape for all.

Its own addresses and signals are not used; the desk's address holds the proof, and a call is noted
where it comes in.
"""

from __future__ import annotations

from dataclasses import dataclass

from anymail.exceptions import AnymailError
from anymail.webhooks.brevo import BrevoTrackingWebhookView
from anymail.webhooks.mailersend import MailerSendTrackingWebhookView
from anymail.webhooks.mailgun import MailgunTrackingWebhookView
from anymail.webhooks.mailjet import MailjetTrackingWebhookView
from anymail.webhooks.mandrill import MandrillCombinedWebhookView
from anymail.webhooks.postmark import PostmarkTrackingWebhookView
from anymail.webhooks.resend import ResendTrackingWebhookView
from anymail.webhooks.sparkpost import SparkPostTrackingWebhookView
from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest

from incidentdesk.kernel.errors import InvalidInput

_READERS = {
    "brevo": BrevoTrackingWebhookView,
    "mailersend": MailerSendTrackingWebhookView,
    "mailgun": MailgunTrackingWebhookView,
    "mailjet": MailjetTrackingWebhookView,
    "mandrill": MandrillCombinedWebhookView,
    "postmark": PostmarkTrackingWebhookView,
    "resend": ResendTrackingWebhookView,
    "sparkpost": SparkPostTrackingWebhookView,
}
_CAME_BACK = frozenset({"bounced", "rejected", "failed"})
_LONGEST = 300


@dataclass(frozen=True)
class Receipt:
    """One mail, by the name that its provider gave it, and what became of it."""

    provider_id: str
    is_delivered: bool
    words: str


def read(provider: str, request: HttpRequest) -> list[Receipt]:
    """The deliveries and refusals among what a provider tells; InvalidInput if it is no report.

    What it signed is checked where EMAIL_URL has the key (`?webhook_signing_key=…`).
    """
    reader = type("Reader", (_READERS[provider],), {"warn_if_no_basic_auth": False})()
    try:
        reader.run_validators(request)
        events = reader.parse_events(request)
    except (AnymailError, SuspiciousOperation, ValueError, LookupError, TypeError) as error:
        raise InvalidInput("This is not what the provider sends.") from error
    found = [_receipt(event) for event in events if event.message_id]
    return [receipt for receipt in found if receipt is not None]


def _receipt(event: object) -> Receipt | None:
    kind = str(getattr(event, "event_type", ""))
    if kind != "delivered" and kind not in _CAME_BACK:
        return None
    parts = (getattr(event, "mta_response", ""), getattr(event, "description", ""))
    words = " ".join(" ".join(str(part) for part in parts if part).replace("\0", "").split())
    return Receipt(str(getattr(event, "message_id", "")), kind == "delivered", words[:_LONGEST])
