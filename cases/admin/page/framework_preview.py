"""A version of how we handle incidents as a partner will read it, before it is in force."""

from __future__ import annotations

from django.template.loader import render_to_string

from cases import framework
from cases.models import Framework


def of(text: str, changed: str) -> str:
    """The page of the portal with this text, made by what makes it for the partner."""
    newest = Framework.objects.first()
    shown = {
        "number": newest.number + 1 if newest else 1,
        "changed": changed.strip(),
        "sections": framework.sections(text.replace("\r\n", "\n").strip()),
    }
    return render_to_string("portal/framework_preview.html", shown)
