"""Every kind of page, on a desk and on a phone, by day and by night: nothing scrolls sideways,
nothing is broken, and axe-core finds nothing that breaks WCAG 2.2 AA."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page

from tests.journeys import axe
from tests.journeys.stack import Desk

WIDTHS = (1360, 390)
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
Looks = set[tuple[int, str]]
EVERY: Looks = {(width, scheme) for width in WIDTHS for scheme in SCHEMES}
# What others have of the desk is mostly what its commander has, who is looked at in full.
SOME: Looks = {(1360, "light"), (390, "dark")}
TABS = (
    *("tasks", "systems", "partners", "notices", "evidence", "fixes", "recovery", "alerts"),
    *("clocks", "classification"),
)
OWN = [f"/accounts/{path}/" for path in ("factor", "factor/app", "factor/passkey", "sessions")]
LINKS = "els => els.filter(e => e.origin === location.origin).map(e => e.pathname)"
FAULTS = """() => {
  const faults = [], wide = document.documentElement.scrollWidth;
  if (wide > innerWidth) faults.push(`${wide} px on ${innerWidth}`);
  const shown = [...document.querySelectorAll("h1")].filter((e) => e.getClientRects().length);
  if (shown.length !== 1) faults.push(`${shown.length} headings`);
  for (const name of ["aria-describedby", "aria-labelledby"])
    for (const e of document.querySelectorAll(`[${name}]`))
      for (const id of e.getAttribute(name).split(" "))
        if (!document.getElementById(id)) faults.push(`no #${id}`);
  return faults;
}"""


def _faults(page: Page, path: str, looks: Looks = EVERY) -> list[str]:
    """What is wrong with one page, at each width; axe looks at these widths and colours."""
    found = []
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        answer = page.goto(path)  # the desk's frame looks once at what the reader prefers
        found += [] if answer and answer.ok else [f"{path}: {answer and answer.status}"]
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 844})
            faults = page.evaluate(FAULTS)
            faults += axe.violations(page) if (width, scheme) in looks else []
            found += [f"{path} at {width}, {scheme}: {fault}" for fault in faults]
    return found


def _forbidden(page: Page) -> list[str]:
    """What its policy keeps the browser from doing, from now on."""
    found: list[str] = []
    page.on("console", lambda line: _note(found, page.url, line.text))
    return found


def _note(found: list[str], url: str, text: str) -> None:
    if "Content Security Policy" in text:
        found.append(f"{url}: {text}")


def _kind(path: str) -> str:
    """Pages of one kind differ in a number or a reference."""
    return re.sub(r"\d+", "N", re.sub(r"[A-Z]+(-[A-Z]+)?-\d{4}-\d+", "N", path))


def _one_of_each(page: Page, starts: list[str], within: str) -> list[str]:
    """The pages that these lead to, one of each kind; files and the frame's exits are none."""
    found = {_kind(path): path for path in starts}
    for start in starts:
        page.goto(start)
        for path in page.locator("main a[href], #content a[href]").evaluate_all(LINKS):
            if path.startswith(within) and not re.search(
                r"/(do|export|pdf|csv|markdown|files?|json)/", path
            ):
                found.setdefault(_kind(path), path)
    return list(found.values())


# What an auditor sees are pages that the commander or an administrator has, with less to press.
@pytest.mark.parametrize(
    "who", ["commander", "admin", pytest.param("auditor", marks=pytest.mark.long)]
)
def test_every_page_of_the_desk_fits(who: str, as_: Callable[[str], Page]) -> None:
    page = as_(f"{who}@desk.example")
    page.goto("/admin/")
    starts = page.locator("#nav-sidebar-apps a").evaluate_all(LINKS)
    pages = _one_of_each(page, starts, "/admin/")
    assert len(pages) > len(starts) > 15
    incident = next(p for p in pages if _kind(p) == "/admin/cases/incident/N/change/")
    pages += [f"{incident}?tab={tab}" for tab in TABS if who == "commander"]
    pages += OWN if who == "commander" else []
    if who == "admin":
        partner = next(p for p in pages if _kind(p) == "/admin/partners/partner/N/change/")
        pages += [partner.replace("change", "leaving"), "/admin/kernel/auditevent/export/"]
    looks = EVERY if who == "commander" else SOME
    assert [fault for path in pages for fault in _faults(page, path, looks)] == []


@pytest.mark.parametrize("who", ["contact", "admin"])
def test_every_page_of_the_portal_fits(who: str, as_: Callable[[str], Page]) -> None:
    page = as_(f"{who}@helix.example")
    forbidden = _forbidden(page)
    page.goto("/portal/")
    starts = page.locator("nav[aria-label=Portal] a").evaluate_all(LINKS)
    pages = _one_of_each(page, ["/portal/", *starts], "/portal/")
    assert len(pages) > len(starts) > 4
    pages += ["/accounts/password/change/", "/accounts/logout/", *OWN]
    assert [fault for path in pages for fault in _faults(page, path)] == []
    assert forbidden == []


def test_every_page_before_the_login_fits(browser: Browser, desk: Desk) -> None:
    page = browser.new_page(base_url=desk.url)
    forbidden = _forbidden(page)
    pages = ["login/", "password/reset/", "password/reset/done/", "signup/", "inactive/"]
    pages += ["invitation/nothing/", "first/nothing/", "password/reset/key/1-x/"]
    found = [
        fault
        for path in [*(f"/accounts/{path}" for path in pages), "/ack/nothing/", "/nothing/"]
        for fault in _faults(page, path)
        if not re.fullmatch(r"/\S+: 4\d\d", fault)  # what a link that ended says is a page, too
    ]
    page.close()
    assert (found, forbidden) == ([], [])
