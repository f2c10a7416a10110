"""Uploads: how much of a form is taken in at all, and the field for several files.

Django counts the fields of a form but not its files, and reads all of it before a view is asked.
What is too large is refused here, by its announced length, before any of it is read.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from functools import partial
from typing import Any

from django import forms
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render

from incidentdesk.kernel.dialogs import IN_PLACE
from incidentdesk.kernel.scope import PORTAL, REFUSE

TAKES_FILES = ("/admin/", PORTAL, "/report/")
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


class FilesInput(forms.FileInput):
    """Several files at once."""

    allow_multiple_selected = True


class FilesField(forms.FileField):
    """Any number of files, together at most as large as one may be. Cleans to a list."""

    widget = FilesInput

    def __init__(self, **options: Any) -> None:
        options.setdefault("label", "Files")
        options.setdefault("help_text", f"Together at most {limit() // MEGABYTE} MB.")
        super().__init__(required=False, allow_empty_file=True, max_length=255, **options)

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        """With these the portal says so before anything is sent, and what was typed stays."""
        said = f"Together they are larger than {limit() // MEGABYTE} MB; choose smaller files."
        return {"data-most": limit(), "data-too-large": said}

    def clean(self, data: Any, initial: Any = None) -> Any:
        """Each of them as a file of its own."""
        return [super(FilesField, self).clean(file) for file in data or []]


class UploadLimitMiddleware:
    """Answers 413 to a form with files that is too large; only desk and portal take files at all.

    Answers 507 if a file that would lie on disk while it arrives has no room there.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Let it through, or refuse in one sentence and close the connection."""
        request.encoding = "utf-8"  # whatever else it says of itself
        if request.content_type != "multipart/form-data":
            return self.get_response(request)
        length = _length(request)
        if length > _most(request):
            said = too_large() if _takes_files(request) else "This form is too large."
            return self._refused(request, said, 413)
        if _has_no_room(length):
            return self._refused(request, NO_ROOM, 507)
        return self.get_response(request)

    def _refused(self, request: HttpRequest, sentence: str, status: int) -> HttpResponseBase:
        """In the portal the scope shows it, as a page of the partner that is worked for."""
        refuse = partial(_refusal, request, sentence, status)
        if not request.path_info.startswith(PORTAL):
            return refuse()
        setattr(request, REFUSE, refuse)
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


def _takes_files(request: HttpRequest) -> bool:
    return request.path_info.startswith(TAKES_FILES)


def _most(request: HttpRequest) -> int:
    return limit() + FORM if _takes_files(request) else int(settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
