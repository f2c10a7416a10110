"""What the desk stands in the world with: its mail, its address, the certificate in front of it."""

from __future__ import annotations

import hashlib
import ssl
from collections.abc import Iterator
from datetime import datetime, timedelta
from email.utils import parseaddr
from urllib.parse import urlsplit

from django.conf import settings

from incidentdesk import tls
from incidentdesk.doctor.told import Told, for_others, warning, well, wrong
from incidentdesk.kernel import clocks, outgoing
from notifications.channels import CHANNELS, Outcome
from notifications.channels.email import trouble
from notifications.models import Message

SOON = timedelta(days=14)  # a certificate that ends
_CHECK_MAIL = "See EMAIL_URL: host, port, tls, user and password, and that the server lets us send."


def mail() -> Iterator[Told]:
    """The mail server takes our greeting, our login and our sender; nothing is sent."""
    if hasattr(settings, "EMAIL_FILE_PATH"):
        yield for_others(
            f"Mails go to nobody, they are written to {settings.EMAIL_FILE_PATH}.", "Set EMAIL_URL."
        )
    elif settings.MAIL_PROVIDER:
        said = f"Mails go by {settings.MAIL_PROVIDER}, which only a test mail proves"
        yield well(f"{said}: manage.py desk_setup --test-mail ADDRESS.")
    elif why := trouble():
        yield wrong(f"The mail server does not take our mail: {why}", _CHECK_MAIL)
    else:
        yield well(f"The mail server {settings.EMAIL_HOST} takes mail of ours.")
        yield from _in_clear()
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2]
    if domain in ("", "localhost") and not settings.IS_LOCAL:
        said = f"Mails come from {settings.DEFAULT_FROM_EMAIL}, which servers refuse."
        yield wrong(said, "Set DEFAULT_FROM_EMAIL to an address of your domain.")


def _in_clear() -> Iterator[Told]:
    if not tls.is_mail_in_clear(settings):
        return
    said = "What is mailed goes to the mail server in clear"
    do = "Add ?tls=starttls or ?tls=tls to EMAIL_URL."
    if settings.EMAIL_HOST_PASSWORD:
        yield wrong(f"{said}, its password too.", do)
    else:
        yield warning(f"{said}.", do)


def test_mail(address: str, *, at: datetime) -> Told:
    """Send one to `address`, past the queue."""
    host = urlsplit(settings.SITE_URL).hostname
    mark = hashlib.sha256(f"{at.isoformat()} {address}".encode()).hexdigest()[:32]
    text = f"This is a test of the incident desk at {settings.SITE_URL}. Nothing is to be done."
    channel = CHANNELS["email"]()
    try:
        answer = channel.send(
            Message(
                to_address=address,
                subject="Incident desk: a test mail",
                body_text=text,
                message_id=f"<test.{mark}@{host}>",
            )
        )
    finally:
        channel.close()
    if answer.outcome is Outcome.ACCEPTED:
        return well(f"A test mail to {address} was taken: {answer.words}".rstrip(": "))
    return wrong(f"A test mail to {address} was not taken: {answer.words}", _CHECK_MAIL)


def site() -> Iterator[Told]:
    """The address that people use leads here, with a certificate that browsers believe."""
    if not settings.IS_HTTPS and not settings.IS_LOCAL:
        said = f"People reach {settings.SITE_URL} in clear, their passwords too."
        yield wrong(said, "Put a proxy with TLS in front (deploy/nginx.conf), set https:// here.")
    url = f"{settings.SITE_URL}/healthz"
    try:
        answer = outgoing.call("GET", url, outgoing.NAMED, caps=outgoing.Caps(most=10))
    except outgoing.Failed as error:
        yield _unreached(error)
        return
    if answer.certified_until is not None:
        yield _ends(answer.certified_until)
    if (answer.status, answer.body) == (200, b"ok\n"):
        yield well(f"{settings.SITE_URL} leads to the desk.")
    else:
        said = f"{url} answers HTTP {answer.status}, and not as a desk does."
        yield wrong(said, "See that the proxy passes to the desk's web process.")


def _unreached(error: outgoing.Failed) -> Told:
    why = error.__cause__
    if isinstance(why, ssl.SSLCertVerificationError):
        said = f"The certificate of {settings.SITE_URL} is not believed ({why.verify_message})."
        return wrong(said, "Renew it, or give the proxy the whole chain.")
    said = f"{settings.SITE_URL} cannot be reached from here ({type(why or error).__name__})."
    return warning(said, "See that the proxy and the web run and DNS is right, from elsewhere.")


def _ends(ends_at: datetime) -> Told:
    said = f"The certificate is good until {ends_at:%Y-%m-%d}."
    if ends_at - clocks.now() < SOON:
        return warning(said, "Renew it; a proxy can do so by itself.")
    return well(said)
