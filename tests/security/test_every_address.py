"""What holds at every address of the desk: who is let in, what comes along, what is written."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.test import Client

from incidentdesk import headers
from incidentdesk.isolation import routes
from partners.models import Partner
from tests.conftest import People
from tests.security.walking import HOST, MACHINES, MARK, Walked

# What answers somebody who is not logged in; what is new here has to be put here on purpose.
OPEN = {
    "accounts/inactive/",
    "accounts/login/",
    "accounts/password/reset/",
    "accounts/password/reset/done/",
    "accounts/password/reset/key/<uidb36>-<key>/",
    "accounts/password/reset/key/done/",
    "accounts/signup/",  # says that nobody signs up
    "api/v1/partner/docs",
    "api/v1/partner/openapi.json",
    "healthz",
    "metrics",  # to this machine alone, unless there is a token
}
# And what a login without any role or grant gets to besides.
OWN_LOGIN = {
    "accounts/factor/",
    "accounts/factor/app/",
    "accounts/factor/passkey/",
    "accounts/factor/recovery/new/",
    "accounts/logout/",
    "accounts/password/set/",
    "accounts/sessions/",
    "report/",
}
DESCRIBING = ("docs", "openapi.json")  # read the same, however they are asked for
REFUSED = {400, 401, 403, 404, 405}
# What reading may leave: that it was read, by whom, and with which token.
LEFT_BY_READING = {
    "cases_accessevent": "who asked with which token: the desk watches its own accesses",
    "cases_receipt": "a partner's person opened a notice",
    "cases_source": "when the desk's own access log was last added to",
    "kernel_session": "what waits to be said to this browser, and when it was last used",
    "kernel_auditevent": "an auditor read it, or somebody was refused it",
    "kernel_token": "when the token was last used",
}
SCRIPT = re.compile(r"<script(?![^>]*\ssrc=)(?![^>]*type=\"application/json\")|\son\w+=[\"']")
LOADS = re.compile(
    r"""(?:\s(?:src|srcset|poster|data|action|formaction)|<link[^>]{0,200}\shref)=["']?"""
    r"""((?:https?:)?//[^\s"'>]+)"""
)


# --- who is let in --------------------------------------------------------------------------------


@pytest.mark.asvs("8.2.1", 3)
def test_whoever_is_not_logged_in_gets_to_these_addresses_and_to_no_other(walked: Walked) -> None:
    seen = walked.by("nobody")
    assert {one.route for one in seen if one.status == 200} == OPEN
    assert {one.where for one in seen if one.status not in {200, 302, 503, *REFUSED}} == set()
    away = {urlsplit(one.heads["Location"]).path for one in seen if one.status == 302}
    assert {place for place in away if not place.startswith("/accounts/login/")} <= {
        one.path for one in seen if one.status == 302
    } | {"/static/favicon.svg"}


@pytest.mark.asvs("8.2.1", 3)
def test_a_login_without_a_role_and_without_a_grant_gets_no_further(walked: Walked) -> None:
    seen = walked.by("stranger")
    assert {one.route for one in seen if one.status == 200} == (
        OPEN - {"accounts/login/", "accounts/signup/"} | OWN_LOGIN
    )
    assert {one.where for one in seen if one.status not in {200, 302, 503, *REFUSED}} == set()
    assert {table for one in seen for table in one.wrote} <= {
        "kernel_session",
        "kernel_auditevent",  # that it was refused
    }


@pytest.mark.asvs("16.5.1", 39)
def test_no_address_breaks_whoever_asks(walked: Walked) -> None:
    assert {one.route for one in walked.seen if one.status >= 500} == {"readyz"}  # nothing runs


# --- what comes along -----------------------------------------------------------------------------


@pytest.mark.asvs("3.4.1-3.4.6", 33)
def test_every_answer_has_the_headers_that_protect(walked: Walked) -> None:
    for name, value in {
        "Strict-Transport-Security": "max-age=31536000; includeSubDomains; preload",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Permissions-Policy": headers.PERMISSIONS,
    }.items():
        assert {one.where for one in walked.seen if one.heads.get(name) != value} == set(), name


@pytest.mark.asvs("3.4.3", 33)
def test_no_answer_is_without_a_policy_and_none_lets_a_script_stand_in_a_page(
    walked: Walked,
) -> None:
    policies = {one.heads["Content-Security-Policy"] for one in walked.seen}
    for policy in policies:
        rules = dict(rule.split(" ", 1) for rule in policy.split("; ") if " " in rule)
        assert rules["default-src"] == "'none'"
        assert "unsafe-inline" not in rules.get("script-src", "")
        assert "sandbox" in policy or rules["frame-ancestors"] == "'none'"
    loose = {one.path for one in walked.seen if "unsafe" in one.heads["Content-Security-Policy"]}
    assert {path for path in loose if not path.startswith("/admin/")} == set()
    pages = [one for one in walked.seen if one.is_page]
    assert [one.where for one in pages if SCRIPT.search(one.body)] == []
    assert len(pages) > 300


@pytest.mark.asvs("3.4.3", 33)
def test_no_page_loads_anything_from_elsewhere(walked: Walked) -> None:
    found = {
        (one.route, url)
        for one in walked.seen
        if one.is_page
        for url in LOADS.findall(one.body)
        if urlsplit(url).hostname != HOST
    }
    assert found == set()
    sheets = [*(Path(settings.BASE_DIR) / "static").rglob("*.css")]
    elsewhere = re.compile(r"(?:url\(|@import)\s*[\"']?(?:https?:)?//")
    assert [str(file) for file in sheets if elsewhere.search(file.read_text())] == []
    assert sheets


@pytest.mark.asvs("3.3.1-3.3.4", 32)
def test_every_cookie_is_of_this_host_alone_and_goes_by_https_alone(walked: Walked) -> None:
    seen = {cookie for one in walked.seen for cookie in one.cookies.values()}
    parts = [(c.split("=")[0], set(c.lower().replace(" ", "").split(";")[1:])) for c in seen]
    assert {name.rsplit("_", 1)[0] for name, _ in parts} == {"__Host-desk", "__Host-desk_csrf"}
    for name, said in parts:
        assert {"secure", "path=/", "samesite=lax"} <= said
        assert not any(part.startswith("domain=") for part in said)
        assert "csrf" in name or "httponly" in said


@pytest.mark.asvs("14.3.2", 37)
def test_no_page_of_somebody_who_is_logged_in_is_kept_on_the_way(walked: Walked) -> None:
    seen = walked.by("staff", "contact", "program", "partner's program")
    kept = {one.route for one in seen if "no-store" not in one.heads["Cache-Control"]}
    assert kept == set()


# --- what is written ------------------------------------------------------------------------------


@pytest.mark.asvs("3.5.3", 34)
def test_reading_changes_nothing_but_that_it_was_read(walked: Walked) -> None:
    assert {table for one in walked.seen for table in one.wrote} == set(LEFT_BY_READING)


@pytest.mark.asvs("3.5.1", 34)
@pytest.mark.django_db
@pytest.mark.parametrize("who", ["administrator", "helix"])
def test_nothing_is_posted_without_the_page_s_own_value_or_from_elsewhere(
    people: People, helix: Partner, who: str
) -> None:
    browser = Client(enforce_csrf_checks=True, raise_request_exception=False)
    browser.force_login(people[who])
    browser.get("/accounts/password/change/")
    value = next(m.value for name, m in browser.cookies.items() if "csrf" in name)
    elsewhere = {"Origin": "https://elsewhere.example"}
    for route in routes.every():
        is_portal = route.text.startswith("portal/")
        if route.text.startswith((*MACHINES, "static/")) or is_portal != (who == "helix"):
            continue
        path = route.address(dict.fromkeys(route.fits, "1"))
        without = browser.post(path, {"x": "1"})
        foreign = browser.post(path, {"csrfmiddlewaretoken": value}, headers=elsewhere)
        assert {without.status_code, foreign.status_code} <= REFUSED, path


@pytest.mark.asvs("3.5.1", 34)
@pytest.mark.django_db
def test_where_machines_post_a_cookie_lets_nobody_in(people: People) -> None:
    browser = Client(raise_request_exception=False)
    browser.force_login(people["administrator"])
    for route in routes.every():
        if route.text.startswith(MACHINES) and not route.text.endswith(DESCRIBING):
            path = route.address(dict.fromkeys(route.fits, "1"))
            answer = browser.post(path, "{}", content_type="application/json")
            assert answer.status_code in REFUSED, path


# --- what people typed ----------------------------------------------------------------------------


@pytest.mark.asvs("1.2.1 1.3.1", 13)
@pytest.mark.mistake(3)
def test_hostile_words_in_every_field_are_words_on_every_page(walked: Walked) -> None:
    shown = [one for one in walked.seen if one.is_page and MARK in one.body]
    assert len(shown) > 100
    assert [one.where for one in shown if f"<{MARK}" in one.body or "<!--{{" in one.body] == []
    assert [one.where for one in shown if not _stands_in_text(one.body)] == []


@pytest.mark.asvs("1.3.7", 15)
@pytest.mark.mistake(6)
def test_nothing_that_was_typed_is_evaluated_on_any_page(walked: Walked) -> None:
    evaluated = re.compile(rf"{MARK}(?:>|&gt;)(?:<|&lt;)!--(?:49|.{{7}}\$?49)")
    assert [one.where for one in walked.seen if evaluated.search(one.body)] == []


def _stands_in_text(body: str) -> bool:
    """No quote of the hostile words stands raw within a tag, where it would end an attribute."""
    for found in re.finditer(rf"[\"'](?:>|&gt;)(?:<|&lt;){MARK}", body):
        before = found.start()
        if body.rfind("<", 0, before) > body.rfind(">", 0, before):
            return False
    return True
