"""Every form of the portal refuses in words of our own, never in those of the framework."""

from __future__ import annotations

from typing import Any

import pytest

from partners.portal import choosing, forms, program_forms

pytestmark = pytest.mark.django_db
STOCK = ("This field is required", "Ensure this value", "Enter a ", "Select a valid choice")
EVERY: list[tuple[Any, dict[str, Any]]] = [
    (forms.ReportForm, {}),
    (forms.AnswerForm, {}),
    (forms.RemarkForm, {}),
    (forms.ProcedureForm, {}),
    (forms.ExtensionForm, {}),
    (forms.InvitationForm, {}),
    (program_forms.TokenForm, {"may_act": True}),
    (program_forms.EventsForm, {"agreed": set()}),
    (program_forms.WebhookForm, {"agreed": set()}),
    (choosing.HistoryForm, {}),
]


@pytest.mark.parametrize("typed", ["", " ", "x" * 30_000, "-1", "9" * 30])
def test_no_form_answers_in_stock_words(typed: str) -> None:
    said = [
        (made.__name__, name, sentence)
        for made, known in EVERY
        for names in [made({}, **known).fields]
        for form in [made(dict.fromkeys(names, typed), **known)]
        for name, sentences in form.errors.items()
        for sentence in sentences
    ]
    assert [one for one in said if one[2].startswith(STOCK)] == []
    assert said or not typed.strip()
