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
TABS = ("tasks", "systems", "partners", "notices", "evidence", "fixes", "recovery", "alerts")
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


def _faults(page: Page, path: str) -> list[str]:
    """What is wrong with one page, at each width."""
    answer = page.goto(path)
    found = [] if answer and answer.ok else [f"{path}: {answer and answer.status}"]
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 844})
        found += [f"{path} at {width}: {fault}" for fault in page.evaluate(FAULTS)]
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme)
            found += [f"{path} at {width}, {scheme}: {fault}" for fault in axe.violations(page)]
    return found


def _kind(path: str) -> str:
    """Pages of one kind differ in a number or a reference."""
    return re.sub(r"\d+", "N", re.sub(r"[A-Z]+(-[A-Z]+)?-\d{4}-\d+", "N", path))


def _one_of_each(page: Page, starts: list[str], within: str) -> list[str]:
    """The pages that these lead to, one of each kind; files and the frame's exits are none."""
    found = {_kind(path): path for path in starts}
    for start in starts:
        page.goto(start)
        for path in page.locator("main a[href], #content a[href]").evaluate_all(LINKS):
            if path.startswith(within) and not re.search(r"/(do|export|pdf|file)/", path):
                found.setdefault(_kind(path), path)
    return list(found.values())


@pytest.mark.parametrize("who", ["commander", "admin", "auditor"])
def test_every_page_of_the_desk_fits(who: str, as_: Callable[[str], Page]) -> None:
    page = as_(f"{who}@desk.example")
    page.goto("/admin/")
    starts = page.locator("#nav-sidebar-apps a").evaluate_all(LINKS)
    pages = _one_of_each(page, starts, "/admin/")
    assert len(pages) > len(starts) > 15
    incident = next(p for p in pages if _kind(p) == "/admin/cases/incident/N/change/")
    pages += [f"{incident}?tab={tab}" for tab in TABS if who == "commander"]
    assert [fault for path in pages for fault in _faults(page, path)] == []


def test_every_page_of_the_portal_fits(as_: Callable[[str], Page]) -> None:
    page = as_("contact@helix.example")
    pages = _one_of_each(page, ["/portal/", "/portal/reports/"], "/portal/")
    assert len(pages) > 3
    assert [fault for path in pages for fault in _faults(page, path)] == []
