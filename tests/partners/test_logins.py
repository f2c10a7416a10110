"""Logging in, out, and setting a password; what a refusal must not tell."""

from __future__ import annotations

import email
import re
import uuid
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as configured
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import NoReverseMatch, reverse
from django.utils.http import int_to_base36

from incidentdesk.kernel import clocks, grants, jobs, passwords
from incidentdesk.kernel.models import AuditEvent, LinkRequest, Session, User
from partners import tokens
from tests.conftest import PASSWORD, People
from tests.partners.conftest import Both, leaks

pytestmark = pytest.mark.django_db

LOGIN = "/accounts/login/"
RESET = "/accounts/password/reset/"
REFUSED = "This e-mail address and password do not fit together"


def log_in(client: Client, address: str, password: str = PASSWORD, **more: str) -> Any:
    """Fill in the login page."""
    return client.post(LOGIN, {"login": address, "password": password, **more})


def without_token(text: str) -> str:
    """The page without what differs at every request."""
    return re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", text)


def test_everybody_lands_where_they_work(both: Both, people: People) -> None:
    for user, page in ((people["responder"], "/admin/"), (both.a.user, "/portal/")):
        client = Client()
        assert log_in(client, user.email)["Location"] == "/"
        assert client.get("/")["Location"] == page


def test_capitals_in_the_address_do_not_matter(both: Both) -> None:
    assert log_in(Client(), "Person@ALDER.test").status_code == 302


@pytest.mark.asvs("1.2.2 3.7.2", 20)
@pytest.mark.mistake(13)
@pytest.mark.parametrize("wanted", ["//evil.test", "https://evil.test/", "javascript:alert(1)"])
def test_the_login_leads_nowhere_else(both: Both, wanted: str) -> None:
    assert log_in(Client(), both.a.user.email, next=wanted)["Location"] == "/"


def test_after_the_login_one_is_where_one_wanted_to_be(both: Both) -> None:
    client, page = Client(), f"/portal/incidents/{both.a.involvement.reference}/"
    asked = client.get(client.get(page)["Location"])
    assert f'name="next" value="{page}"' in asked.text
    assert log_in(client, both.a.user.email, next=page)["Location"] == page


@pytest.mark.asvs("6.3.1 6.1.1", 25)
def test_a_refusal_does_not_tell_who_has_an_account(both: Both) -> None:
    off = User.objects.create_user("off@alder.test", PASSWORD, name="Off", is_active=False)
    answers = [
        log_in(Client(), "nobody@alder.test"),
        log_in(Client(), both.a.user.email, "wrong"),
        log_in(Client(), off.email, "wrong"),
        log_in(Client(), off.email),
    ]
    texts = set()
    for answer in answers:
        assert answer.status_code == 200
        assert REFUSED in answer.text
        texts.add(re.sub(r'value="[^"]*@alder.test"', "", without_token(answer.text)))
    assert len(texts) == 1


@pytest.mark.asvs("2.4.1", 11)
@pytest.mark.asvs("6.3.1 6.1.1", 25)
def test_tries_are_limited_and_counted_where_all_processes_see_it(both: Both) -> None:
    assert "RedisCache" in configured.CACHES["default"]["BACKEND"]
    answers = [log_in(Client(), both.a.user.email, f"wrong{n}").text for n in range(6)]
    assert [REFUSED in text for text in answers] == [True] * 5 + [False]
    assert "Too many tries" in answers[5]
    assert "Too many tries" in log_in(Client(), both.a.user.email).text
    assert log_in(Client(), both.b.user.email).status_code == 302


@pytest.mark.asvs("6.3.1 6.1.1", 25)
def test_whoever_tries_an_address_slows_down_themselves_and_never_locks_out_its_owner(
    both: Both,
) -> None:
    """ASVS 6.3.1: a thousand tries from one address, and from many."""
    owner, address = Client(), both.a.user.email
    log_in(owner, address)
    owner.post("/accounts/logout/")
    let_through = {"one": 0, "many": 0}
    for n in range(1000):
        place = "198.51.100.7" if n < 500 else f"203.0.{n // 250}.{n % 250}"
        answer = Client(REMOTE_ADDR=place).post(LOGIN, {"login": address, "password": f"no{n}"})
        let_through["one" if n < 500 else "many"] += REFUSED in answer.text
    assert let_through == {"one": 5, "many": 0}
    stolen = Client()
    stolen.cookies[configured.KNOWN_COOKIE_NAME] = "made-up"
    assert log_in(stolen, address).status_code != 302
    other = Client()  # knows another's browser, which does not help with this address
    log_in(other, both.b.user.email)
    other.post("/accounts/logout/")
    assert log_in(other, address).status_code != 302
    assert log_in(owner, address).status_code == 302
    owner.post("/accounts/logout/")
    answers = [log_in(owner, address, f"wrong{n}").text for n in range(6)]
    assert [REFUSED in text for text in answers] == [True] * 5 + [False]


def test_who_is_kept_out_on_a_new_device_gets_in_by_a_mailed_link(both: Both) -> None:
    address, new = both.a.user.email, "harbour-lantern-9"
    for n in range(6):
        log_in(Client(), address, f"wrong{n}")
    device = Client()
    form = device.get(passwords.link(both.a.user).removeprefix(configured.SITE_URL), follow=True)
    device.post(form.redirect_chain[-1][0], {"password1": new, "password2": new})
    for n in range(6):
        log_in(Client(), address, f"wrong{n}")
    assert log_in(device, address, new).status_code == 302


def test_nobody_signs_up(db: None) -> None:
    client, before = Client(), User.objects.count()
    assert "/signup" not in client.get(LOGIN).text
    new = {"email": "new@evil.test", "password1": PASSWORD, "password2": PASSWORD}
    for answer in (client.get("/accounts/signup/"), client.post("/accounts/signup/", new)):
        assert "Accounts are given, not made here" in answer.text
    assert User.objects.count() == before


def test_nobody_takes_another_address(both: Both) -> None:
    with pytest.raises(NoReverseMatch):
        reverse("account_email")
    client = both.a.client
    for address in ("/accounts/email/", "/accounts/confirm-email/", "/accounts/phone/change/"):
        assert client.get(address).status_code == 404
        new = {"email": both.b.user.email, "action_add": ""}
        assert client.post(address, new).status_code == 404


@pytest.mark.asvs("3.5.1 3.5.3", 34)
def test_logging_out_takes_a_button(both: Both) -> None:
    client = both.a.client
    assert "Log out?" in client.get("/accounts/logout/").text
    assert client.get("/portal/").status_code == 200
    assert client.post("/accounts/logout/")["Location"] == LOGIN
    assert client.get("/portal/")["Location"] == f"{LOGIN}?next=/portal/"


def test_a_secret_that_was_not_shown_yet_goes_with_whoever_logs_out(both: Both) -> None:
    client, name = both.a.client, "Alder's own"
    made = client.post("/portal/tokens/make/", {"name": name, "days": "30"})
    assert made["Location"] == "/portal/tokens/"
    assert set(client.cookies) <= {configured.SESSION_COOKIE_NAME, configured.CSRF_COOKIE_NAME}
    client.post("/accounts/logout/")
    assert leaks(client.get(LOGIN).text, name, 'class="secret"') == []
    log_in(client, both.b.user.email)
    assert leaks(client.get("/portal/tokens/").text, name, 'class="secret"') == []


@pytest.mark.asvs("7.2.4 7.4.1 7.4.2", 30)
def test_what_waits_in_a_session_that_ended_is_forgotten(both: Both) -> None:
    ended, goes_on = both.a.client, both.b.client
    for client in (ended, goes_on):
        client.post("/portal/tokens/make/", {"name": "status page", "days": "30"})
    key = ended.session.session_key
    Session.objects.filter(pk=key).update(expire_date=clocks.now() - timedelta(minutes=1))
    before = set(Session.objects.values_list("pk", flat=True))
    jobs.prune_sessions()
    assert before - set(Session.objects.values_list("pk", flat=True)) == {key}


@pytest.mark.asvs("7.2.4 7.4.1 7.4.2", 30)
def test_the_login_gives_a_new_session(both: Both) -> None:
    client, name = Client(), configured.SESSION_COOKIE_NAME
    log_in(client, both.a.user.email)
    first = client.cookies[name].value
    client.post("/accounts/logout/")
    log_in(client, both.a.user.email)
    assert client.cookies[name].value != first
    client.cookies[name] = first
    assert client.get("/portal/").status_code == 302


# --- a new password -------------------------------------------------------------------------------


def asked(address: str, client: Client | None = None, **more: Any) -> Any:
    """Ask for a link, and let the worker look whose address that is."""
    answer = (client or Client()).post(RESET, {"email": address}, follow=True, **more)
    jobs.mail_links()
    return answer


def test_a_forgotten_password_is_set_again_through_a_mail(
    both: Both, settings: Any, tmp_path: Path
) -> None:
    settings.EMAIL_BACKEND = "notifications.channels.eml.EmailBackend"
    settings.EMAIL_FILE_PATH = str(tmp_path)
    client, other = Client(), both.a.client
    answer = asked("Person@Alder.test", client)
    assert "Look into your mail" in answer.text
    (file,) = tmp_path.glob("*.eml")
    letter = email.message_from_bytes(file.read_bytes())
    text = letter.get_payload(decode=True).decode()
    assert letter["To"].lower() == both.a.user.email
    assert letter["Subject"] == "Set a new password for the incident desk"
    assert re.fullmatch(r"<[0-9a-f]{32}@localhost>", letter["Message-ID"])
    assert letter["Auto-Submitted"] == "auto-generated"
    link = re.findall(r"http\S+key\S+", text)[0]
    assert link.startswith(f"{configured.SITE_URL}/accounts/password/reset/key/")
    form = client.get(link.removeprefix(configured.SITE_URL), follow=True)
    assert "Set a new password" in form.text
    address = form.redirect_chain[-1][0]
    weak = client.post(address, {"password1": "short", "password2": "short"})
    assert "at least 9 characters" in weak.text
    new = {"password1": "harbour-lantern-9", "password2": "harbour-lantern-9"}
    assert "Your password is set" in client.post(address, new, follow=True).text
    assert other.get("/portal/").status_code == 302  # sessions of before have ended
    assert REFUSED in log_in(Client(), both.a.user.email).text
    assert log_in(Client(), both.a.user.email, new["password1"]).status_code == 302
    again = Client().get(link.removeprefix(configured.SITE_URL), follow=True)
    assert "This link does not work" in again.text


def test_a_link_names_nobody_by_a_number_that_counts_everybody(both: Both) -> None:
    names = []
    for user in (both.a.user, both.b.user):
        link = passwords.link(user).removeprefix(configured.SITE_URL)
        handle, _, key = link.removeprefix(f"{RESET}key/").partition("-")
        assert handle == User.objects.get(pk=user.pk).handle.hex
        names.append(handle)
        assert "Set a new password" in Client().get(link, follow=True).text
        former = f"{RESET}key/{int_to_base36(user.pk)}-{key}"
        for other in (former, f"{RESET}key/{uuid.uuid4().hex}-{key}"):
            assert "Ask for a new one" in Client().get(other, follow=True).text
    assert [len(set(names)), *map(len, names)] == [2, 32, 32]
    swapped = passwords.link(both.a.user).replace(*names).removeprefix(configured.SITE_URL)
    assert "This link does not work" in Client().get(swapped, follow=True).text


@pytest.mark.asvs("6.4.1 6.4.3", 28)
@pytest.mark.mistake(23)
def test_a_poisoned_host_does_not_reach_the_mail(
    both: Both, settings: Any, mailoutbox: list[Any]
) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    poisoned: list[dict[str, Any]] = [
        {"HTTP_HOST": "evil.test"},
        {"HTTP_X_FORWARDED_HOST": "evil.test"},
        {"HTTP_HOST": "evil.test:443", "HTTP_X_FORWARDED_PROTO": "https"},
    ]
    for headers in poisoned:
        mailoutbox.clear()
        asked(both.a.user.email, **headers)
        (letter,) = mailoutbox
        whole = letter.message().as_string()
        assert "evil" not in whole
        assert f"{configured.SITE_URL}/accounts/password/reset/key/" in letter.body


@pytest.mark.asvs("6.4.1 6.4.3", 28)
@pytest.mark.mistake(23)
def test_a_host_that_is_not_ours_is_refused(db: None) -> None:
    client = Client()
    client.raise_request_exception = False
    answer = client.post(RESET, {"email": "x@alder.test"}, headers={"host": "evil.test"})
    assert answer.status_code == 400
    assert "This could not be read" in answer.text
    assert "evil" not in answer.text


@pytest.mark.mistake(16)
def test_asking_for_a_strangers_address_mails_nobody_and_looks_the_same(
    both: Both, mailoutbox: list[Any]
) -> None:
    off = User.objects.create_user("off@alder.test", PASSWORD, name="Off", is_active=False)
    texts = set()
    for address in ("nobody@alder.test", off.email):
        answer = asked(address)
        texts.add(without_token(answer.text))
    assert mailoutbox == []
    texts.add(without_token(asked(both.a.user.email).text))
    assert len(mailoutbox) == 1
    assert len(texts) == 1


def test_asking_does_the_same_whoever_has_the_address(both: Both, mailoutbox: list[Any]) -> None:
    found = []
    for address in ("nobody@alder.test", both.a.user.email):
        with CaptureQueriesContext(connection) as captured:
            Client().post(RESET, {"email": address})
        shapes = [re.sub(r"'[^']*'|\d+", "?", query["sql"]) for query in captured.captured_queries]
        found.append(shapes)
    assert found[0] == found[1]
    assert not [sql for sql in found[1] if "kernel_user" in sql]
    assert mailoutbox == []
    assert LinkRequest.objects.count() == 2
    jobs.mail_links()
    assert ([letter.to for letter in mailoutbox], LinkRequest.objects.count()) == (
        [[both.a.user.email]],
        0,
    )


@pytest.mark.asvs("2.4.1", 11)
def test_who_asks_thrice_gets_one_mail_and_what_waited_too_long_gets_none(
    both: Both, mailoutbox: list[Any]
) -> None:
    for _ in range(3):
        Client().post(RESET, {"email": both.a.user.email})
    jobs.mail_links()
    assert len(mailoutbox) == 1
    Client().post(RESET, {"email": both.b.user.email})
    LinkRequest.objects.update(asked_at=clocks.now() - timedelta(hours=1))
    jobs.mail_links()
    assert (len(mailoutbox), LinkRequest.objects.count()) == (1, 0)


def test_a_mail_server_that_is_away_looks_the_same_too(
    both: Both, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    answer = asked(both.a.user.email)
    assert "Look into your mail" in answer.text
    assert "could not be sent" in caplog.text
    assert "key/" not in caplog.text


def test_a_password_is_changed_by_who_knows_it(both: Both) -> None:
    client, other, address = both.a.client, both.a.client, "/accounts/password/change/"
    new = {"password1": "harbour-lantern-9", "password2": "harbour-lantern-9"}
    assert "not your present password" in client.post(address, {"oldpassword": "x", **new}).text
    client.post(address, {"oldpassword": PASSWORD, **new})
    assert client.get("/portal/").status_code == 200
    assert other.get("/portal/").status_code == 302
    assert log_in(Client(), both.a.user.email, new["password1"]).status_code == 302


def test_the_page_of_a_password_has_the_portal_s_menu_and_no_link_to_itself(both: Both) -> None:
    text = both.a.client.get("/accounts/password/change/").text
    assert text.count('<a href="/portal/team/"') == 2  # wide, and folded on a phone
    assert text.count('href="/accounts/password/change/"') == 0
    assert leaks(text, "BIRCH") == []
    grants.grant(both.a.user, "act", both.b.partner)  # who has to choose has none yet
    client = Client()
    client.force_login(both.a.user)
    assert "/portal/team/" not in client.get("/accounts/password/change/").text


@pytest.mark.parametrize("common", ["password123", "qwertyuiop", "iloveyou1", "123456789"])
def test_a_password_that_everybody_tries_is_refused(both: Both, common: str) -> None:
    """ASVS 6.2.4: by a list that is on this machine."""
    client = Client()
    log_in(client, both.a.user.email)
    typed = {"oldpassword": PASSWORD, "password1": common, "password2": common}
    assert "too common" in client.post("/accounts/password/change/", typed).text
    assert log_in(Client(), both.a.user.email, common).status_code == 200


def works_with(secret: str) -> bool:
    """Whether a program of the partner's is let in with it."""
    client = Client(headers={"Authorization": f"Bearer {secret}"})
    return client.get("/api/v1/partner/me").status_code == 200


def test_whoever_takes_a_new_password_says_whether_their_tokens_end(both: Both) -> None:
    other = tokens.make(name="of Birch", scopes=[], by=both.b.actor, at=clocks.now())[1]
    passwords_of = iter(("harbour-lantern-9", "harbour-lantern-8", "harbour-lantern-7"))
    old, address = PASSWORD, "/accounts/password/change/"
    assert "ends_tokens" not in both.a.client.get(address).text  # there is none
    secret = tokens.make(name="of Alder", scopes=[], by=both.a.actor, at=clocks.now())[1]
    for ticked, works in (({}, True), ({"ends_tokens": "on"}, False)):
        page = both.a.client.get(address).text
        assert "End my API tokens too (1 in use)" in page
        new = next(passwords_of)
        typed = {"oldpassword": old, "password1": new, "password2": new, **ticked}
        client = Client()
        log_in(client, both.a.user.email, old)
        assert client.post(address, typed).status_code == 302
        both.a.user.refresh_from_db()
        assert works_with(secret) is works
        old = new
    secret = tokens.make(name="another", scopes=[], by=both.a.actor, at=clocks.now())[1]
    client, new = Client(), next(passwords_of)
    link = passwords.link(both.a.user).removeprefix(configured.SITE_URL)
    form = client.get(link, follow=True)
    assert "End my API tokens too (1 in use)" in form.text
    typed = {"password1": new, "password2": new, "ends_tokens": "on"}
    client.post(form.redirect_chain[-1][0], typed)
    assert [works_with(secret), works_with(other)] == [False, True]
    said = AuditEvent.objects.filter(action="revoked all own tokens")
    assert list(said.values_list("user_id", "detail__tokens")) == [(both.a.user.pk, 1)] * 2


def test_confirming_that_it_is_you_works(both: Both) -> None:
    client = Client()
    log_in(client, both.a.user.email)
    address = "/accounts/reauthenticate/?next=/portal/"
    assert "not your password" in client.post(address, {"password": "x"}).text
    answer = client.post(address, {"password": PASSWORD})
    assert answer["Location"] == "/portal/"
