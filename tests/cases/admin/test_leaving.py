"""The pages on which who left is forgotten and what a partner sees is taken out."""

from __future__ import annotations

import io
import zipfile
from datetime import timedelta
from typing import Any

import pytest

from incidentdesk.isolation import cast
from incidentdesk.isolation.canaries import readable
from incidentdesk.kernel import clocks, fresh
from incidentdesk.kernel.models import AuditEvent, User
from notifications.models import Message
from partners.models import Contact
from tests.conftest import NOW

pytestmark = pytest.mark.django_db
REASON = "Contract ended; to their security lead."


def fresh_one(as_: Any, key: str = "administrator") -> Any:
    """A browser in which somebody logged in a moment ago."""
    browser = as_(key)
    session = browser.session
    session[fresh.CONFIRMED] = clocks.now().timestamp()
    session.save()
    return browser


def stale_one(as_: Any) -> Any:
    browser = as_("administrator")
    session = browser.session
    then = clocks.now() - fresh.LASTS - timedelta(minutes=1)
    session[fresh.CONFIRMED] = session[fresh.BEGAN] = then.timestamp()
    session.save()
    return browser


# --- forgetting -----------------------------------------------------------------------------------


def test_a_colleague_who_left_is_forgotten_after_seeing_what_goes(people: Any, as_: Any) -> None:
    user, browser = people["responder"], fresh_one(as_)
    url, email = f"/admin/kernel/user/{user.pk}/forget/", user.email
    still = browser.get(url)
    assert (still.status_code, "can still log in" in still.text) == (409, True)
    User.objects.filter(pk=user.pk).update(is_active=False)
    page = browser.get(url).text
    for word in (email, f"Former colleague {user.pk}", f"person-{user.pk}@forgotten.invalid"):
        assert word in page
    assert User.objects.get(pk=user.pk).email == email  # looking changes nothing
    assert browser.post(url, {}).status_code == 422
    assert browser.post(url, {"reason": "Left in March."}).status_code == 302
    assert User.objects.get(pk=user.pk).email == f"person-{user.pk}@forgotten.invalid"
    line = AuditEvent.objects.get(action="forgot person")
    assert (line.user_id, line.detail["reason"]) == (people["administrator"].pk, "Left in March.")
    assert browser.get(url).status_code == 409


def test_a_removed_contact_is_forgotten_after_seeing_what_goes(
    people: Any, helix: Any, incident_in: Any, as_: Any
) -> None:
    incident_in("mitigation")
    contact, browser = Contact.objects.get(partner=helix), fresh_one(as_)
    url = f"/admin/partners/partner/{helix.pk}/forget_contact/"
    assert "No contact has left yet" in browser.get(url).text
    Contact.objects.filter(pk=contact.pk).update(is_active=False, phone="+49 171 4711")
    Message.objects.filter(to_address=contact.email).update(
        state=Message.State.SENT, sent_at=NOW, next_try_at=None
    )
    told = Message.objects.filter(to_address=contact.email).count()
    page = browser.get(url).text
    for word in (contact.email, "+49 171 4711", f"Former contact {contact.pk}", "A login."):
        assert word in page
    assert f"Messages: {told}." in page
    answer = browser.post(url, {"contact": contact.pk, "reason": "Asked for it."})
    assert answer.status_code == 302
    contact.refresh_from_db()
    assert (contact.name, contact.phone) == (f"Former contact {contact.pk}", "")
    assert AuditEvent.objects.get(action="forgot contact").detail["reason"] == "Asked for it."


@pytest.mark.asvs("7.3.1 7.3.2 7.5.1", 31)
def test_a_login_of_long_ago_has_to_be_confirmed_first(people: Any, helix: Any, as_: Any) -> None:
    user, browser = people["responder"], stale_one(as_)
    User.objects.filter(pk=user.pk).update(is_active=False)
    url = f"/admin/kernel/user/{user.pk}/forget/"
    assert browser.get(url)["Location"].startswith(fresh.CONFIRM)
    assert browser.post(url, {"reason": "x"}).status_code == 422
    taken = browser.post(f"/admin/partners/partner/{helix.pk}/leaving/", {"reason": "x"})
    assert (taken.status_code, "confirm that it is you" in " ".join(taken.text.split())) == (
        422,
        True,
    )
    assert AuditEvent.objects.filter(action__in=["forgot person", "exported"]).count() == 0


# --- taking out -----------------------------------------------------------------------------------


def test_what_a_partner_sees_is_counted_and_then_leaves_as_a_download(
    people: Any, as_: Any
) -> None:
    made, browser = cast.assemble(at=NOW), fresh_one(as_)
    url = f"/admin/partners/partner/{made.a.partner.pk}/leaving/"
    page = browser.get(url)
    assert page.status_code == 200
    assert AuditEvent.objects.filter(action="exported").count() == 0
    answer = browser.post(url, {"reason": REASON})
    content = b"".join(answer.streaming_content)
    assert answer["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert answer["Content-Disposition"].startswith("attachment; filename=")
    assert answer["Content-Type"] == "application/octet-stream"
    text = readable(content)
    assert made.b.words.found_in(text) == []
    assert made.a.words.found_in(text) != []
    line = AuditEvent.objects.get(action="exported")
    assert (line.detail["reason"], line.user_id) == (REASON, people["administrator"].pk)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert "README.txt" in archive.namelist()
        files = [name for name in archive.namelist() if name.startswith("files/")]
    assert len(files) == line.detail["files"] > 2
    for word, count in line.detail.items():
        if isinstance(count, int) and count:
            assert f"<dt>{word.replace('-', ' ')}</dt><dd>{count}</dd>" in page.text


@pytest.mark.parametrize("key", ["approver", "responder", "auditor"])
def test_who_keeps_no_register_finds_neither(people: Any, helix: Any, as_: Any, key: str) -> None:
    browser = fresh_one(as_, key)
    url = f"/admin/partners/partner/{helix.pk}/leaving/"
    assert browser.get(url).status_code == 404
    assert browser.post(url, {"reason": REASON}).status_code == 404
    forget = f"/admin/partners/partner/{helix.pk}/forget_contact/"
    assert browser.post(forget, {"reason": "x"}).status_code in (403, 404)
    assert AuditEvent.objects.filter(action__in=["forgot contact", "exported"]).count() == 0
