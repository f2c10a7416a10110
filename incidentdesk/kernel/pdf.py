"""Pages as PDF, by WeasyPrint. It draws with Pango, which belongs to the system: where that is
missing one sentence says so, and everything else works.

A page brings everything with it; nothing is fetched while it is drawn, and no row is read.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.http import HttpResponse

MISSING = "needs Pango on the server (Debian: libpango-1.0-0 libpangoft2-1.0-0)"
STYLES = Path(settings.BASE_DIR) / "static" / "record.css"


@cache
def missing() -> str:
    """Why there is no PDF, in words; empty where there is one."""
    try:
        import weasyprint  # noqa: F401, PLC0415 -- costs half a second, and may not be there
    except (ImportError, OSError):
        return MISSING
    return ""


def draw(html: str) -> bytes:
    """The page as a PDF."""
    import weasyprint  # noqa: PLC0415 -- see above

    class Nothing(weasyprint.urls.URLFetcher):  # type: ignore[misc]
        """What the page names is not fetched: neither from the network nor from a disk."""

        def fetch(self, url: str, headers: Any = None) -> Any:
            """Refuse."""
            raise ValueError(f"The page fetches nothing: {url}")

    page = weasyprint.HTML(string=html, url_fetcher=Nothing())
    drawn: bytes = page.write_pdf(stylesheets=[weasyprint.CSS(filename=str(STYLES))])
    return drawn


def answer(html: str, name: str) -> HttpResponse:
    """The page as a PDF to keep, called `name`."""
    headers = {"Content-Disposition": f'attachment; filename="{name}.pdf"'}
    return HttpResponse(draw(html), content_type="application/pdf", headers=headers)
