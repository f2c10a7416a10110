"""Working without a mouse and beside others: shortcuts, a fresh page, a list to find in."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable

from playwright.sync_api import Page, expect

COMMANDER, RESPONDER = "commander@desk.example", "responder@desk.example"
OPEN = "dialog[open]"


def _declare(page: Page, title: str) -> str:
    """By the keyboard alone, from any page; answers the address of its page."""
    page.keyboard.press("n")
    expect(page.locator(f"{OPEN} h1")).to_have_text("Declare an incident")
    page.keyboard.type(title)
    page.keyboard.press("Enter")
    expect(page.locator(".desk.page h1")).to_contain_text(title)
    return page.url


def test_an_incident_is_declared_updated_and_evaluated_by_the_keyboard(
    as_: Callable[[str], Page],
) -> None:
    page, title = as_(COMMANDER), f"Late fills {uuid.uuid4().hex[:6]}"
    page.goto("/admin/")
    address = _declare(page, title)
    page.keyboard.press("?")
    expect(page.locator(OPEN)).to_contain_text("Post an update")
    page.keyboard.press("Escape")
    for key, heading in (("e", "Evaluate"), ("m", "Move to Containment")):
        page.keyboard.press(key)
        expect(page.locator(f"{OPEN} h1")).to_contain_text(heading)
        page.keyboard.press("Escape")
        expect(page.locator(OPEN)).to_have_count(0)
    page.keyboard.press("u")
    expect(page.locator("form.post textarea")).to_be_focused()
    page.keyboard.type("nmetu? /")  # letters are letters while one types
    expect(page.locator(OPEN)).to_have_count(0)
    expect(page.locator("form.post textarea")).to_have_value("nmetu? /")
    page.locator("h1").first.click()
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("/")
    page.wait_for_url(re.compile("/admin/cases/incident/#searchbar"))
    page.keyboard.type(title)
    page.keyboard.press("Enter")
    expect(page.locator("#result_list tbody tr")).to_have_count(1)
    page.locator("#result_list tbody a").first.click()
    page.wait_for_url(address)
    page.keyboard.press("g")
    page.keyboard.press("d")
    page.wait_for_url(re.compile(r"/admin/$"))


def test_what_others_write_appears_and_what_is_being_typed_stays(
    as_: Callable[[str], Page],
) -> None:
    page, other = as_(COMMANDER), as_(RESPONDER)
    page.goto("/admin/")
    address = _declare(page, f"Late fills {uuid.uuid4().hex[:6]}")
    page.locator("form.post textarea").fill("Half a sent")
    other.goto(address)
    other.locator("form.post textarea").fill("Seen from the other side.")
    other.get_by_role("button", name="Post").click()
    expect(other.locator(".tl")).to_contain_text("Seen from the other side.")
    expect(page.locator(".tl")).to_contain_text("Seen from the other side.", timeout=30_000)
    expect(page.locator("form.post textarea")).to_be_focused()
    expect(page.locator("form.post textarea")).to_have_value("Half a sent")
    expect(page.locator(".told")).to_have_text("1 new entry")
    expect(page.locator("p[role=status].hidden-words")).to_have_text("1 new entry on the timeline.")


def test_the_list_is_found_and_filtered_on_a_phone(as_: Callable[[str], Page]) -> None:
    page = as_(RESPONDER)
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/admin/cases/incident/")
    expect(page.locator("select[name=severity]")).to_be_hidden()
    page.locator(".filters summary").click()
    page.locator("select[name=show]").select_option("all")
    page.locator("input[name=partner]").fill("hel")
    expect(page.locator("datalist option")).to_have_count(1, timeout=10_000)
    page.locator("input[name=partner]").fill("Helix Markets")
    page.get_by_role("button", name="Show", exact=True).click()
    page.wait_for_url(re.compile(r"\?show=all&partner=Helix\+Markets$"))
    assert page.locator("#result_list tbody tr").count() > 1
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width == 390


def test_on_a_page_of_its_own_a_form_sends_the_button_that_was_pressed(
    as_: Callable[[str], Page],
) -> None:
    page = as_("admin@desk.example")
    page.goto("/admin/cases/framework/do/publish/")
    page.locator("[name=text]").fill("## Hours\n\nNight too.")
    page.locator("[name=changed]").fill("The hours.")
    page.get_by_role("button", name="Preview as a partner").click()
    expect(page.locator("iframe").first).to_be_visible()
    assert page.url.endswith("/do/publish/")
    page.goto("/admin/cases/framework/")
    expect(page.locator("main, #main").first).not_to_contain_text("Night too.")


def test_what_was_typed_in_a_dialog_stays_when_the_session_ends(as_: Callable[[str], Page]) -> None:
    page = as_("security@desk.example")
    page.goto("/admin/")
    _declare(page, f"Late fills {uuid.uuid4().hex[:6]}")
    page.keyboard.press("e")
    expect(page.locator(f"{OPEN} h1")).to_contain_text("Evaluate")
    page.locator(f"{OPEN} [name=reason]").fill("Half a sentence")
    page.context.clear_cookies()
    page.locator(f"{OPEN} button[type=submit]").last.click()
    expect(page.locator(f"{OPEN} [data-told]")).to_contain_text("What you typed is still here")
    expect(page.locator(f"{OPEN} [name=reason]")).to_have_value("Half a sentence")
