"""A review to keep: on one page, as a PDF, as Markdown; and a report as its partner has it.

The partner form is drawn from that partner's copy of the notice, by the template of its portal.
"""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.urls import URLPattern, path

from incidentdesk.kernel import clocks, pdf
from incidentdesk.kernel.desk import DeskAdmin, actor, note_reading
from reviews import reporting
from reviews.admin import markdown_text, review_page

# In the address → what a link says, and what it is called in full.
FORMS = (
    ("print", "Print", "one page to print"),
    ("pdf", "PDF", "a PDF"),
    ("markdown", "Markdown", "Markdown"),
)


class ReviewViews(DeskAdmin):
    """The addresses beside the page; an auditor's reading of each is recorded."""

    def get_urls(self) -> list[URLPattern]:
        """The internal form, and the partner form of each report."""
        wrap = self.admin_site.admin_view
        return [
            path(
                "<int:object_id>/as/<slug:form>/", wrap(self.whole_form), name="reviews_review_form"
            ),
            path(
                "<int:object_id>/report/<int:copy_id>/as/<slug:form>/",
                wrap(self.partner_form),
                name="reviews_review_partner_form",
            ),
            *super().get_urls(),
        ]

    def whole_form(self, request: HttpRequest, object_id: int, form: str) -> HttpResponse:
        """The review as it stands, for the desk."""
        review = self._readable(request, object_id, form)
        by, at = actor(request), clocks.now()
        name = f"{review.incident.reference}-review"
        known = review_page.content(review, by=by, now=at)
        if form == "markdown":
            return _markdown(markdown_text.of_review(known, by=by.name, at=at), name)
        if form == "pdf" and pdf.missing():
            return redirect("admin:reviews_review_form", object_id, "print")
        context = {**known, "at": at, "by": by.name, "is_pdf": form == "pdf"}
        context["pdf_missing"] = pdf.missing()
        page = render_to_string("admin/reviews/review/record.html", context, request=request)
        return pdf.answer(page, name) if form == "pdf" else HttpResponse(page)

    def partner_form(
        self, request: HttpRequest, object_id: int, copy_id: int, form: str
    ) -> HttpResponse:
        """A report to a partner, word for word as that partner has it."""
        review = self._readable(request, object_id, form)
        copy = reporting.reports(review).filter(pk=copy_id).first()
        if copy is None:
            raise Http404
        name = copy.involvement.reference
        if form == "markdown":
            return _markdown(markdown_text.of_report(copy), name)
        if form == "pdf" and pdf.missing():
            return redirect("admin:reviews_review_partner_form", object_id, copy_id, "print")
        context: dict[str, Any] = {"partner": copy.partner, "involvement": copy.involvement}
        context |= {"notice": copy, "is_pdf": form == "pdf", "back": self.page_url(review)}
        page = render_to_string("portal/incidents/notice.html", context, request=request)
        return pdf.answer(page, name) if form == "pdf" else HttpResponse(page)

    def _readable(self, request: HttpRequest, object_id: int, form: str) -> Any:
        review = self.get_object(request, str(object_id))
        known = {name for name, _, _ in FORMS}
        if review is None or form not in known or request.method not in ("GET", "HEAD"):
            raise Http404
        note_reading(request, review)
        return review


def _markdown(text: str, name: str) -> HttpResponse:
    headers = {"Content-Disposition": f'attachment; filename="{name}.md"'}
    return HttpResponse(text, content_type="text/markdown; charset=utf-8", headers=headers)
