"""People: who adds and changes them, what nobody may do, and how they get their password."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from incidentdesk.kernel import people as use_cases
from incidentdesk.kernel.access import Actor
from incidentdesk.kernel.errors import Conflict, DeskError, InvalidInput, NotAllowed
from incidentdesk.kernel.models import AuditEvent, User
from tests.conftest import NOW, PASSWORD, People

pytestmark = pytest.mark.django_db
URL = "/admin/kernel/user/"
As = Callable[[str], Client]


@pytest.fixture
def as_(people: People) -> As:
    """`as_("administrator")` is a browser in which the administrator is logged in."""

    def log_in(key: str) -> Client:
        browser = Client()
        browser.force_login(people[key])
        return browser

    return log_in


@pytest.fixture
def mails(settings: Any, tmp_path: Path) -> Callable[[], list[str]]:
    """The mails that were sent."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    settings.EMAIL_FILE_PATH = str(tmp_path)
    return lambda: [file.read_text() for file in sorted(tmp_path.iterdir())]


def change(user: User, by: Actor, **changes: Any) -> User:
    """The person as they are, but for these changes."""
    now = {"email": user.email, "name": user.name, "roles": user.roles, "is_active": True}
    return use_cases.change(user_id=user.pk, by=by, at=NOW, **(now | changes))[0]


# --- the use cases --------------------------------------------------------------------------------


def test_only_an_administrator_adds_and_changes_people(people: People) -> None:
    may = set()
    for key in ("responder", "commander", "communications", "approver", "security", "auditor"):
        with pytest.raises(NotAllowed):
            change(people["responder"], people.actor(key), name="Rob")
    by = people.actor("administrator")
    assert change(people["responder"], by, name="Rob").name == "Rob"
    made = use_cases.add(email="N@Desk.test", name="New", roles=["responder"], by=by, at=NOW)
    assert made.email == "n@desk.test"
    assert not made.has_usable_password()
    assert may == set()


def test_what_was_changed_is_recorded(people: People) -> None:
    user = people["responder"]
    change(user, people.actor("administrator"), roles=["responder", "approver"])
    event = AuditEvent.objects.get(about=f"user:{user.pk}")
    assert event.detail["changes"] == {"roles": [["responder"], ["approver", "responder"]]}


def test_nobody_changes_their_own_roles_or_switches_themselves_off(people: People) -> None:
    admin, by = people["administrator"], people.actor("administrator")
    with pytest.raises(InvalidInput, match="Nobody changes their own roles"):
        change(admin, by, roles=["administrator", "approver"])
    with pytest.raises(InvalidInput, match="Nobody switches off their own login"):
        change(admin, by, is_active=False)
    assert change(admin, by, name="Ada").name == "Ada"  # the rest one may correct


def test_who_lost_the_role_a_moment_ago_changes_nothing(people: People) -> None:
    second = User.objects.create_user("second@desk.test", name="Second", roles=["administrator"])
    late = people.actor("administrator")
    people["administrator"].roles = []
    people["administrator"].save()
    with pytest.raises(Conflict, match="no administrator any more"):
        change(second, late, roles=[])


def test_a_partners_contact_gets_no_role(people: People, helix: Any) -> None:
    with pytest.raises(InvalidInput, match="works for a partner"):
        change(people["helix"], people.actor("administrator"), roles=["responder"])


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"roles": []}, "Tick at least one role"),
        ({"roles": ["root"]}, "no role called root"),
        ({"email": "Responder@Desk.test"}, "Somebody has the address"),
        ({"password": "password1"}, "too common"),
    ],
)
def test_a_wrong_person_is_refused_in_words(
    people: People, wrong: dict[str, Any], sentence: str
) -> None:
    known = {"email": "new@desk.test", "name": "New", "roles": ["responder"], **wrong}
    count = User.objects.count()
    with pytest.raises(DeskError, match=sentence):
        use_cases.add(**known, by=people.actor("administrator"), at=NOW)
    assert User.objects.count() == count


# --- the pages ------------------------------------------------------------------------------------


def test_a_new_person_gets_a_link_and_sets_a_password(
    as_: As, mails: Callable[[], list[str]]
) -> None:
    posted = {"name": "Neo", "email": "Neo@desk.test", "roles": ["responder", "approver"]}
    page = as_("administrator").post(f"{URL}add/", posted, follow=True).content.decode()
    assert "A mail with a link is on its way to neo@desk.test." in page
    neo = User.objects.get(email="neo@desk.test")
    assert neo.roles == ["responder", "approver"]
    (mail,) = mails()
    assert "To: neo@desk.test" in mail
    found = re.search(r"http://localhost:\d+(/accounts/password/reset/key/\S+)", mail)
    assert found
    stranger = Client()
    form = stranger.get(found[1], follow=True)
    stranger.post(form.redirect_chain[-1][0], {"password1": PASSWORD, "password2": PASSWORD})
    neo.refresh_from_db()
    assert neo.check_password(PASSWORD)


def test_with_a_password_nothing_is_mailed(as_: As, mails: Callable[[], list[str]]) -> None:
    posted = {"name": "Neo", "email": "neo@desk.test", "roles": ["responder"]}
    browser = as_("administrator")
    page = browser.post(f"{URL}add/", {**posted, "first_password": "short"}).content.decode()
    assert "too short" in page
    browser.post(f"{URL}add/", {**posted, "first_password": PASSWORD})
    assert User.objects.get(email="neo@desk.test").check_password(PASSWORD)
    assert mails() == []


def test_the_page_refuses_ones_own_roles_and_says_why(as_: As, people: People) -> None:
    admin = people["administrator"]
    posted = {"name": "Ada", "email": admin.email, "is_active": "on"}
    url = f"{URL}{admin.pk}/change/"
    roles = ["administrator", "approver"]
    page = as_("administrator").post(url, {**posted, "roles": roles}).content.decode()
    assert "Nobody changes their own roles; ask another administrator." in page
    admin.refresh_from_db()
    assert admin.roles == ["administrator"]


def test_roles_are_shown_in_words_and_only_the_administrator_may_tick(
    as_: As, people: People
) -> None:
    url = f"{URL}{people['security'].pk}/change/"
    page = as_("administrator").get(url).content.decode()
    assert "Responds, approves reviews, reads the audit trail." in page
    assert 'type="checkbox"' in page
    read_only = as_("auditor").get(url).content.decode()
    assert "Security lead" in read_only
    assert "approve a notice that somebody else drafted" in read_only
    assert 'name="roles"' not in read_only
    assert as_("commander").post(url, {"roles": []}).status_code == 403


def test_an_administrator_mails_a_link_or_sets_a_password(
    as_: As, people: People, mails: Callable[[], list[str]]
) -> None:
    user, browser = people["responder"], as_("administrator")
    link, password = f"{URL}{user.pk}/mail_link/", f"{URL}{user.pk}/set_password/"
    assert as_("security").get(link).status_code == 403
    assert browser.get(link).status_code == 200
    assert mails() == []  # asking mails nothing
    browser.post(link)
    assert len(mails()) == 1
    refused = browser.post(password, {"password": "12345"}).content.decode()
    assert "too short" in refused
    browser.post(password, {"password": "lantern-harbour-7"})
    user.refresh_from_db()
    assert user.check_password("lantern-harbour-7")
    actions = AuditEvent.objects.filter(about=f"user:{user.pk}").order_by("id")
    assert [event.action for event in actions] == [
        "was refused",  # the one who looks after security
        "mailed a password link to",
        "set the password of",
    ]
    assert "lantern-harbour-7" not in str(list(AuditEvent.objects.values()))


def test_the_list_tells_staff_from_contacts(as_: As, people: People, helix: Any) -> None:
    browser = as_("responder")
    assert "partner&#x27;s contact" in browser.get(URL).content.decode()
    staff = browser.get(f"{URL}?role=approver").content.decode()
    assert "approver@desk.test" in staff
    assert "contact@helix.test" not in staff


@pytest.mark.asvs("16.2.1-16.2.5 16.4.1 16.4.2", 38)
def test_the_audit_trail_is_read_and_never_written(as_: As, people: People) -> None:
    change(people["responder"], people.actor("administrator"), name="Rob")
    event = AuditEvent.objects.get()
    url = "/admin/kernel/auditevent/"
    for key in people:
        expected = 200 if key in ("administrator", "security", "auditor") else 403
        assert as_(key).get(url).status_code == expected
    browser = as_("administrator")
    assert f'href="{URL}{people["responder"].pk}/change/"' in browser.get(url).content.decode()
    assert "Rob" in browser.get(f"{url}{event.pk}/change/").content.decode()
    assert browser.post(f"{url}{event.pk}/change/", {"actor": "Eve"}).status_code == 403
    assert browser.get(f"{url}add/").status_code == 403
    assert browser.post(f"{url}{event.pk}/delete/", {"post": "yes"}).status_code == 403
