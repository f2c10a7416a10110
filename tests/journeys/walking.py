"""Walks a page of the documentation in a browser, by its own words.

The page says `**this**` for what is pressed, chosen or filled in, `` `this` `` right behind it for
what is typed, `*this*` for what is then seen, and <http://localhost:8000/…> for where to go. A row
of a table acts beside the line of the page that its first cell names. Fenced blocks of sh are run.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

from PIL import Image
from playwright.sync_api import Locator, Page, expect

from tests.fenced import DOCS
from tests.journeys.stack import ROOT, Desk

DIALOG = "dialog.desk[open] form"
# Another page, or the same one with a refusal, or without the dialog.
ARRIVED = """() => !window.isFormer || document.querySelector("dialog.desk [role=alert]")
    || !document.querySelector("dialog.desk[open]")"""
SITE = "http://localhost:8000"
TOKEN = re.compile(
    r"!\[[^\]]*\]\((?P<image>[^)]+)\)"
    r"|<(?P<goto>http://localhost:8000[^>]*)>"
    r"|\*\*(?P<do>[^*]+)\*\*(?: `(?P<value>[^`]+)`)?"
    r"|(?<!\*)\*(?P<see>[^*]+)\*(?!\*)"
    r"|`(?P<login>[\w.]+@[\w.]+)`"
)
FENCE = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)


class Step(NamedTuple):
    """One thing that the page says: what kind, its words, what is typed, beside which line."""

    kind: str
    words: str
    value: str = ""
    beside: str = ""


def steps(page: str) -> Iterator[Step]:
    """All that a page of docs/ says to do or to see, from `## 1.` on, in its order."""
    text = (DOCS / page).read_text(encoding="utf-8")
    text = text[text.index("\n## 1.") :]
    for number, part in enumerate(FENCE.split(text)):
        if number % 2:
            yield Step("run", part)
            continue
        for line in part.splitlines():
            beside = ""
            if line.startswith("| "):
                beside, line = (cell.strip() for cell in line.strip("| ").split("|", 1))
            for found in TOKEN.finditer(line):
                kind = str(found.lastgroup if found.lastgroup != "value" else "do")
                yield Step(kind, found[kind], found["value"] or "", beside)


class Walk:
    """Who walks: one page of the browser for each login that the documentation names."""

    def __init__(self, desk: Desk, as_: Callable[[str], Page], images: Path | None = None) -> None:
        self.desk, self.as_, self.images = desk, as_, images
        self.pages: dict[str, Page] = {}
        self.page: Page | None = None
        self.going_to = ""
        self.ran = 0

    def take(self, step: Step) -> None:
        """Do or see what one step says."""
        getattr(self, f"_{step.kind}")(step)

    def _run(self, step: Step) -> None:
        self.ran += 1
        if step.words.strip() == "make run":
            return  # the desk runs already, by the command that `make run` calls
        words = step.words.replace(SITE, self.desk.url)
        done = subprocess.run(
            ["bash", "-euc", words],
            cwd=ROOT,
            env=self.desk.environment(),
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, f"{words}\n{done.stdout}{done.stderr}"

    def _goto(self, step: Step) -> None:
        self.going_to = step.words.replace(SITE, "")

    def _login(self, step: Step) -> None:
        if step.words not in self.pages:
            self.pages[step.words] = self.as_(step.words)
        self.page = self.pages[step.words]
        if self.going_to:
            self.page.goto(self.going_to)
        else:
            self.page.reload()
        self.going_to = ""

    def _see(self, step: Step) -> None:
        assert self.page is not None, step
        seen = self.page.locator("dialog[open], main, .desk").get_by_text(step.words)
        expect(seen.locator("visible=true").first).to_be_visible()

    def _image(self, step: Step) -> None:
        if self.images is None or self.page is None:
            return
        self.page.mouse.move(0, 0)
        with Image.open(BytesIO(self.page.screenshot())) as taken:
            few = taken.convert("RGB").quantize(96, dither=Image.Dither.NONE)
        few.save(self.images / Path(step.words).name, optimize=True)

    def _do(self, step: Step) -> None:
        page = self.page
        assert page is not None
        dialog = page.locator(DIALOG)
        place: Locator = page.locator("body")
        if dialog.count():
            place = dialog
        elif step.beside:
            place = page.get_by_role("listitem").filter(has_text=step.beside).last
        if step.value:
            _fill(place.get_by_label(re.compile(f"^{re.escape(step.words)}")).first, step.value)
            return
        _press(page, place, step.words)


def _press(page: Page, place: Locator, words: str) -> None:
    group = place.get_by_role("group", name=words, exact=True).get_by_role("checkbox")
    if group.count():
        for box in group.all():
            box.check()
        return
    found = _named(place, words, exact=True)
    if not found.count():
        found = _named(place, words, exact=False)  # with an icon, a number or a reference
    found = found.first
    if place.get_by_label(words).count() and not found.count():
        place.get_by_label(words).first.check()
        return
    if found.get_attribute("data-dialog") is not None:
        found.click()
        expect(page.locator(DIALOG)).to_be_visible()
        return
    page.evaluate("window.isFormer = true")
    found.click()
    page.wait_for_function(ARRIVED)


def _fill(field: Locator, value: str) -> None:
    kind = field.evaluate("e => e.type")
    if kind == "select-one":
        field.select_option(label=value)
    elif kind in ("radio", "checkbox"):
        field.check()
    else:
        field.fill(value)


def _named(place: Locator, words: str, *, exact: bool) -> Locator:
    button = place.get_by_role("button", name=words, exact=exact)
    link = place.get_by_role("link", name=words, exact=exact)
    return button.or_(link).locator("visible=true")
