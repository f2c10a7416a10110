"""The user's row: the e-mail is the login; a role is what lets somebody into the desk."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from incidentdesk.kernel.models import User

pytestmark = pytest.mark.django_db


def test_an_address_is_kept_in_lower_case_and_without_spaces():
    user = User.objects.create_user("  Mara.Lind@Desk.TEST ", name="Mara Lind")
    assert user.email == "mara.lind@desk.test"
    assert not user.has_usable_password()


def test_the_database_refuses_an_address_in_capitals_and_one_that_is_taken():
    user = User.objects.create_user("mara@desk.test", name="Mara")
    with pytest.raises(IntegrityError, match="user_email_lower"), transaction.atomic():
        User.objects.filter(pk=user.pk).update(email="Mara@desk.test")
    with pytest.raises(IntegrityError, match="email"), transaction.atomic():
        User.objects.create_user("MARA@desk.test", name="Another Mara")
    assert list(User.objects.values_list("email", flat=True)) == ["mara@desk.test"]


def test_one_role_makes_somebody_staff_and_nothing_else_does():
    staff = User.objects.create_user("a@desk.test", name="A", roles=["auditor"])
    contact = User.objects.create_user("b@desk.test", name="B", is_superuser=True)
    assert (staff.is_staff, contact.is_staff) == (True, False)


def test_a_person_is_called_by_name():
    user = User.objects.create_user("a@desk.test", name="Ada Berg")
    assert (str(user), user.get_short_name(), user.get_full_name()) == ("Ada Berg",) * 3
    assert str(User(email="c@desk.test")) == "c@desk.test"
