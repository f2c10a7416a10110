"""An address of a list filters by what the page offers, and finds out nothing else."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse

pytestmark = pytest.mark.django_db

LISTS = sorted(admin.site._registry, key=lambda model: model._meta.label)


@pytest.mark.parametrize("model", LISTS, ids=lambda model: model._meta.label)
def test_no_column_can_be_found_out_letter_by_letter(model, people, client: Client):
    client.force_login(people["security"])
    url = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    statuses = {
        field.name: client.get(url, {f"{field.name}__startswith": "a"}).status_code
        for field in model._meta.concrete_fields
    }
    refused = 403 if statuses and set(statuses.values()) == {403} else 400
    assert set(statuses.values()) == {refused}


@pytest.mark.parametrize("model", LISTS, ids=lambda model: model._meta.label)
def test_a_nul_in_an_address_is_refused(model, people, client: Client):
    client.force_login(people["security"])
    url = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    for name in ("phase", "state", "kind", "role", "about", "q"):
        assert client.get(url, {name: "\0"}).status_code in (400, 403)
