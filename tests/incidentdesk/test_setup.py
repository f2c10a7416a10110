"""`desk_setup`: the first administrator gets in by a link, once, and there is no second first."""

from __future__ import annotations

import io

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from incidentdesk.kernel.models import AuditEvent, User

pytestmark = pytest.mark.django_db
PASSWORD = "harbour-lantern-42"


def run(*words: str) -> str:
    """What the command prints."""
    out = io.StringIO()
    call_command("desk_setup", *words, stdout=out)
    return out.getvalue()


@pytest.mark.asvs("6.4.1 6.4.3", 28)
def test_the_link_sets_a_password_once(client: Client) -> None:
    said = run("Ada@Desk.example", "--name", "Ada")
    ada = User.objects.get()
    assert (ada.email, ada.name, ada.roles) == ("ada@desk.example", "Ada", ["administrator"])
    assert AuditEvent.objects.filter(about=f"user:{ada.pk}").exists()
    link = next(line for line in said.splitlines() if line.startswith("http"))
    path = link.removeprefix("http://").partition("/")[2]
    form = client.get(f"/{path}", follow=True)
    where = form.redirect_chain[-1][0]
    client.post(where, {"password1": PASSWORD, "password2": PASSWORD})
    ada.refresh_from_db()
    assert ada.check_password(PASSWORD)
    again = Client().get(f"/{path}", follow=True)
    assert 'name="password1"' not in again.content.decode()


def test_a_desk_with_an_administrator_refuses() -> None:
    run("ada@desk.example")
    with pytest.raises(CommandError, match="has an administrator already"):
        run("eve@desk.example")
    assert User.objects.count() == 1


def test_nonsense_and_taken_addresses_are_refused() -> None:
    with pytest.raises(CommandError, match="ada is no e-mail address"):
        run("ada")
    User.objects.create_user("bob@desk.example", name="Bob", roles=["responder"])
    with pytest.raises(CommandError, match=r"Somebody has the address bob@desk\.example"):
        run("bob@desk.example")
