"""axe-core on the page that a browser shows: what breaks WCAG 2.2 AA, one line each."""

from __future__ import annotations

import json
from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# Rules that are not run, each with its reason; none so far.
WITHOUT: dict[str, str] = {}
# What moves is measured where it comes to rest.
STILL = "*,*::before,*::after{transition:none!important;animation:none!important}"
_STILL = f"""() => {{
  const sheet = new CSSStyleSheet();  // unlike a style in the page no policy forbids it
  sheet.replaceSync({json.dumps(STILL)});
  document.adoptedStyleSheets.push(sheet);
}}"""
_RUN = f"""async () => {{
  const found = await axe.run(document, {
    json.dumps(
        {
            "runOnly": TAGS,
            "rules": {rule: {"enabled": False} for rule in WITHOUT},
            "resultTypes": ["violations"],
        }
    )
});
  return found.violations.map(v => [v.id, v.nodes.map(n => [n.target.join(" "), n.html,
    n.any.concat(n.all, n.none).map(c => c.message).join("; ")])]);
}}"""


def violations(page: Page) -> list[str]:
    """What axe finds now, by rule and element."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(_STILL)
        page.evaluate(AXE_SCRIPT)
    found: list[Any] = page.evaluate(_RUN)
    return [
        f"{rule}: {target} {html[:160]} ({why[:200]})"
        for rule, nodes in found
        for target, html, why in nodes
    ]
