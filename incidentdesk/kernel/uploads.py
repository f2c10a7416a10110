"""Uploads: how much of a form is taken in at all.

Django counts the fields of a form but not its files, and reads all of it before a view is asked.
What is too large is refused here, by its announced length, before any of it is read.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render

from incidentdesk.kernel.dialogs import IN_PLACE

DESK = "/admin/"
MEGABYTE = 1024 * 1024
FORM = MEGABYTE  # beside the file: the other fields and the envelope
NO_ROOM = "There is no room for the file on this machine; tell an administrator."


def limit() -> int:
    """The most bytes that one file may have."""
    return int(settings.MAX_UPLOAD_MB) * MEGABYTE


def too_large() -> str:
    """What is said to a file beyond the limit."""
    return (
        f"The file is larger than {settings.MAX_UPLOAD_MB} MB; add it in parts, or keep it "
        "elsewhere and add a note of where it lies with its SHA-256."
    )


class UploadLimitMiddleware:
    """Answers 413 to a form with files that is too large; only the desk takes files at all.

    Answers 507 if a file that would lie on disk while it arrives has no room there.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Let it through, or refuse in one sentence and close the connection."""
        if request.content_type != "multipart/form-data":
            return self.get_response(request)
        length = _length(request)
        if length > _most(request):
            said = too_large() if _is_desk(request) else "This form is too large."
            return _refusal(request, said, 413)
        if _has_no_room(length):
            return _refusal(request, NO_ROOM, 507)
        return self.get_response(request)


def _refusal(request: HttpRequest, sentence: str, status: int) -> HttpResponseBase:
    in_place = bool(request.headers.get(IN_PLACE))
    template = "admin/desk/not_kept.html" if in_place else "not_kept.html"
    response = render(request, template, {"sentence": sentence}, status=status)
    response["Connection"] = "close"  # the rest of it is not wanted
    return response


def _length(request: HttpRequest) -> int:
    announced = request.META.get("CONTENT_LENGTH") or "0"
    return int(announced) if announced.isdecimal() else 0


def _has_no_room(length: int) -> bool:
    """Whether Django would keep it on disk while it arrives, and could not."""
    if length <= settings.FILE_UPLOAD_MAX_MEMORY_SIZE:
        return False
    return shutil.disk_usage(settings.FILE_UPLOAD_TEMP_DIR or tempfile.gettempdir()).free < length


def _is_desk(request: HttpRequest) -> bool:
    return request.path_info.startswith(DESK)


def _most(request: HttpRequest) -> int:
    return limit() + FORM if _is_desk(request) else int(settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
