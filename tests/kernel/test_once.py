"""A form counts once: the claim goes with the use case, and comes back with a refusal."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import RequestFactory

from incidentdesk.kernel import clocks, once
from incidentdesk.kernel.errors import Conflict
from incidentdesk.kernel.jobs import prune_sent_forms
from incidentdesk.kernel.models import SentForm

pytestmark = pytest.mark.django_db


@pytest.fixture
def sent(people):
    """`sent(once="a")` is a form as the commander's browser sends it."""

    def make(who="commander", path="/admin/x/", **typed):
        request = RequestFactory().post(path, typed)
        request.user = people[who]
        return request

    return make


def _counts(request) -> bool:
    try:
        with once.claimed(request):
            return True
    except once.SentAlready:
        return False


def test_the_same_form_counts_once_and_any_other_counts_too(sent):
    assert _counts(sent(once="a", text="x", csrfmiddlewaretoken="one"))
    assert not _counts(sent(once="a", text="x", csrfmiddlewaretoken="two"))
    assert _counts(sent(once="b", text="x"))
    assert _counts(sent(once="a", text="corrected"))
    assert _counts(sent(once="a", text="x", path="/admin/y/"))
    assert _counts(sent(once="a", text="x", who="responder"))
    assert SentForm.objects.count() == 5


def test_a_form_without_a_value_is_a_script_and_runs_each_time(sent):
    assert [_counts(sent(text="x")), _counts(sent(text="x", once=""))] == [True, True]
    assert not SentForm.objects.exists()


def test_a_refusal_takes_the_claim_back(sent):
    with pytest.raises(Conflict), once.claimed(sent(once="a")):
        raise Conflict("Somebody was faster.")
    assert not once.was_sent(sent(once="a"))
    assert _counts(sent(once="a"))
    assert once.was_sent(sent(once="a"))


def test_each_form_of_a_page_has_a_value_of_its_own_that_no_browser_restores():
    fields = {str(once.field()) for _ in range(3)}
    assert len(fields) == 3
    assert all('type="hidden" name="once"' in f and 'autocomplete="off"' in f for f in fields)


def test_forms_of_days_ago_are_forgotten_by_the_job(sent):
    for value in ("old", "new"):
        assert _counts(sent(once=value))
    old = SentForm.objects.order_by("id").first()
    SentForm.objects.filter(pk=old.pk).update(sent_at=clocks.now() - timedelta(days=3))
    prune_sent_forms()
    assert not once.was_sent(sent(once="old"))
    assert once.was_sent(sent(once="new"))
