"""Browsers for the desk's tests: one logged in for each role, and what a page costs and writes."""

from __future__ import annotations

import html
import re
from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from cases.models import Entry, Incident

NOT_COUNTED = re.compile(r"^(SAVEPOINT|RELEASE|ROLLBACK|BEGIN|COMMIT|SELECT set_config)", re.I)
WRITES = re.compile(r"^\s*(INSERT|UPDATE|DELETE|WITH .*(INSERT|UPDATE|DELETE))", re.I | re.S)


def address(obj: Any, action: str) -> str:
    """The address of a dialog."""
    return reverse(f"admin:cases_{obj._meta.model_name}_do", args=[obj.pk, action])


def page_of(obj: Any) -> str:
    """The address of a page."""
    return reverse(f"admin:cases_{obj._meta.model_name}_change", args=[obj.pk])


def text_of(response: Any) -> str:
    """The words of a page, without its markup, in one line."""
    words = re.sub(r"<(script|style)\b.*?</\1>", " ", response.content.decode(), flags=re.S)
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", words)))


def sql_of(browser: Client, url: str, **more: Any) -> list[str]:
    """What a GET asks of the database; transaction statements and set_config do not count."""
    with CaptureQueriesContext(connection) as captured:
        response = browser.get(url, **more)
    assert response.status_code in (200, 403, 409), url
    return [q["sql"] for q in captured.captured_queries if not NOT_COUNTED.match(q["sql"])]


def state_of(incident: Incident) -> tuple[Any, ...]:
    """The incident's own row and the length of its timeline: what every use case touches."""
    row = Incident.objects.filter(pk=incident.pk).values_list().get()
    return (*row, Entry.objects.filter(incident=incident).count())
