"""What cannot be taken back is asked once more, on a page of its own, and done by its button."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpResponse
from django.shortcuts import render

from incidentdesk.kernel.scope import ScopedRequest


@dataclass(frozen=True)
class Question:
    """What is asked before it is done, and the button that does it."""

    title: str
    words: str
    button: str
    is_grave: bool = True


@dataclass(frozen=True)
class About:
    """What it is asked about: its name, its page, and the list in which it stands."""

    name: str
    back: str
    section: str
    section_url: str


def ask(request: ScopedRequest, question: Question, about: About) -> HttpResponse:
    """The page; its button sends to the same address."""
    return render(request, "portal/confirm.html", {"question": question, "about": about})
