"""Files that leave the desk: something to keep, never something to show."""

from __future__ import annotations

from collections.abc import Iterator

from django.http import StreamingHttpResponse
from django.utils.http import content_disposition_header


def inert(chunks: Iterator[bytes], *, name: str, size: int | None = None) -> StreamingHttpResponse:
    """A download that no browser renders, runs or keeps in a cache; `size` in bytes, if known."""
    response = StreamingHttpResponse(chunks, content_type="application/octet-stream")
    response["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response["Cache-Control"] = "private, no-store"
    if size is not None:
        response["Content-Length"] = str(size)
    return response
