"""The register of templates: the words that a notice's draft begins with."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import admin

from cases import wording
from cases.admin.registers import Deletable
from cases.models import NoticeTemplate
from incidentdesk.kernel.errors import InvalidInput


class TemplateForm(forms.ModelForm):  # type: ignore[type-arg]
    """A text with placeholders of the closed set."""

    class Meta:
        model = NoticeTemplate
        fields = ("kind", "category", "body")
        help_texts: ClassVar[dict[str, str]] = {
            "category": "Empty: for every category that has no template of its own.",
            "body": f"Filled in for each partner: {wording.named()}.",
        }

    def clean_body(self) -> str:
        """No other placeholder."""
        text: str = self.cleaned_data["body"].strip()
        try:
            wording.require_known(text)
        except InvalidInput as error:
            raise forms.ValidationError(str(error)) from error
        return text


@admin.register(NoticeTemplate)
class NoticeTemplateAdmin(Deletable):
    """By kind and category. What was drafted already stays as it is."""

    form = TemplateForm
    list_display = ("kind", "for_category", "beginning")
    list_display_links = ("kind",)
    list_filter = ("kind", "category")
    list_select_related = ("category",)
    search_fields = ("body",)

    @admin.display(description="category", ordering="category__position")
    def for_category(self, template: NoticeTemplate) -> str:
        """Or all others."""
        return str(template.category or "any other")

    @admin.display(description="text")
    def beginning(self, template: Any) -> str:
        """Its first words."""
        return f"{template.body[:80]}…" if len(template.body) > 80 else str(template.body)
