"""Saving a register's form: once for each form, and in a sentence if it cannot be."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ObjectDoesNotExist
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from incidentdesk.kernel import once
from incidentdesk.kernel.errors import GONE, DeskError


class SavesOnce:
    """For an admin page with a form of its own; the admin saves it in one transaction."""

    change_form_before_template = "admin/desk/once.html"

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """The form. What a use case refuses, or what went meanwhile, is said on the page."""
        try:
            shown: HttpResponse = super().changeform_view(  # type: ignore[misc]
                request, object_id, *args, **kwargs
            )
            return shown
        except once.SentAlready:
            messages.info(request, once.SAID)
        except DeskError as error:
            messages.error(request, str(error))
        except ObjectDoesNotExist:
            messages.error(request, GONE)
        return redirect(request.get_full_path() if object_id else request.path.removesuffix("add/"))

    def _changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Django calls this inside its transaction: the claim goes with what is saved."""
        if request.method == "POST":
            once.claim(request)
        response: HttpResponse = super()._changeform_view(request, *args, **kwargs)  # type: ignore[misc]
        if request.method == "POST" and response.status_code != 302:
            transaction.set_rollback(True)  # refused: nothing was saved, so nothing is claimed
        return response
