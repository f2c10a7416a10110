"""`{% crumbs %}`: where a page of the desk stands, in the words of the sidebar."""

from __future__ import annotations

from django import template
from django.template.context import Context
from django.template.loader import render_to_string
from django.urls import reverse

register = template.Library()


@register.simple_tag(takes_context=True)
def crumbs(context: Context) -> str:
    """The group, the list, and the object if the page is about one; its title where it is not."""
    opts, one = context.get("opts"), context.get("obj") or context.get("original")
    if opts is None:
        return render_to_string(
            "unfold/helpers/header_title.html", {"parts": [{"title": context.get("title") or ""}]}
        )
    places = (
        (group.get("title"), item)
        for group in context.get("sidebar_navigation") or ()
        for item in group["items"]
        if item.get("key") == opts.label
    )
    group, place = next(places, ("", None))
    name = f"admin:{opts.app_label}_{opts.model_name}"
    whole = {"title": opts.verbose_name_plural, "link": reverse(f"{name}_changelist")}
    parts = [{"title": group}] if group else []
    parts.append({"title": place["title"], "link": place["link"]} if place else whole)
    if one is not None and not isinstance(one, str):
        parts.append({"title": str(one), "link": reverse(f"{name}_change", args=[one.pk])})
    return render_to_string("unfold/helpers/header_title.html", {"parts": parts})
