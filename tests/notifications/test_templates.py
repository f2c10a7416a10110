"""What the mails say, word by word, with everything and with the least."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.conf import settings

from notifications import rendering

NOTICE = {
    "reference": "HELIX-2026-0007",
    "title": "Delayed quotes",
    "body": "Quotes were late.\n\nUse EU-1.",
    "url": "/portal/incidents/HELIX-2026-0007/",
}


def test_a_notice_says_what_it_means_for_the_partner_and_when_the_next_one_comes() -> None:
    mail = rendering.render(
        "notice",
        {
            **NOTICE,
            "severity_label": "SEV-2 for you",
            "tlp": "AMBER",
            "partner_name": "Helix Markets",
            "next_update": datetime(2026, 3, 2, 13, 0, tzinfo=UTC),
        },
    )

    assert mail.subject == "HELIX-2026-0007: Delayed quotes"
    assert mail.text == (
        "For Helix Markets\n\n"
        "HELIX-2026-0007: Delayed quotes\nSEV-2 for you\nTLP:AMBER\n\n"
        "Quotes were late.\n\nUse EU-1.\n\n"
        "Next update: 2 Mar 2026, 13:00 UTC\n\n"
        "Read and acknowledge it in your portal:\n"
        "http://localhost:8000/portal/incidents/HELIX-2026-0007/\n"
    )


def test_a_notice_without_more_leaves_no_holes() -> None:
    mail = rendering.render("notice", {**NOTICE, "next_update": None})

    assert mail.text.startswith("HELIX-2026-0007: Delayed quotes\n\nQuotes were late.")
    for word in ("For ", "TLP", "Next update", "None"):
        assert word not in mail.text
        assert word not in mail.html.split("</style>")[1]


def test_an_address_that_is_absolute_already_stays_as_it_is() -> None:
    mail = rendering.render("notice", {**NOTICE, "url": "https://desk.test/portal/"})

    assert "\nhttps://desk.test/portal/\n" in mail.text


@pytest.mark.asvs("1.2.1 1.3.1", 13)
@pytest.mark.parametrize(
    "kind",
    sorted(
        p.name
        for p in Path(settings.BASE_DIR, "templates/email").iterdir()
        if p.is_dir() and p.name != "restored"  # which holds nothing that anybody wrote
    ),
)
def test_every_kind_has_a_subject_a_text_and_html_that_escapes(kind: str) -> None:
    facts = {"reference": "R-1", "title": "<script>", "url": "/x/", "body": "<b>", "note": "<i>"}
    facts |= {"name": "<script>", "partner_name": "R-1"}  # what an invitation says instead

    facts |= {
        "incident": "R-1",
        "titles": ["<script>"],
        "stage": "<script>",
    }  # and of facts packages and digests
    facts |= {"number": "R-1", "changed": "<script>"}  # and of a version of the framework
    facts |= {"address": "<script>"}  # and of a webhook
    facts |= {"items": [{"title": "<script>"}]}  # and of a list of pages
    facts |= {"rota": "R-1", "said": "<script>"}  # and of a rota
    facts |= {"label": "R-1", "code": "R-1", "words": "<script>", "person": "<script>"}  # and ways
    if kind in ("controls", "recurrences"):  # their list names what is in a register
        facts |= {"items": [{"what": "R-1", "count": 2}, {"what": "<script>", "count": 3}]}
    mail = rendering.render(kind, {**facts, "why": "It began."})

    assert "R-1" in mail.subject
    assert "<script>" in mail.text
    assert "<script>" not in mail.html
    assert "http://localhost:8000/x/" in mail.text
    assert "http://localhost:8000/x/" in mail.html


def test_who_administers_a_restored_desk_is_told_from_when_to_when_nothing_is_known() -> None:
    mail = rendering.render(
        "restored",
        {
            "made_at": datetime(2026, 3, 2, 13, 0, tzinfo=UTC),
            "restored_at": datetime(2026, 3, 2, 14, 30, 5, tzinfo=UTC),
            "skipped": 1000,
            "url": "/admin/",
        },
    )

    assert mail.subject == "The desk was restored: nothing after 2 Mar 2026, 13:00 UTC is there"
    for text in (mail.text, mail.html):
        assert "Acknowledge what is open and was taken already" in text
        assert "Numbers go on 1000 later" in text
    assert "Restored: 2 Mar 2026, 14:30:05 UTC" in mail.text
    assert "http://localhost:8000/admin/" in mail.text
