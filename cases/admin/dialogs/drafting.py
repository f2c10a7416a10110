"""Writing a notice: its text, what one partner reads instead, and editing what was drafted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, cast

from django import forms
from django.http import QueryDict
from django.urls import reverse
from django.utils.html import format_html

from cases import approvers, audience, labels, notices, wording
from cases.admin.dialogs import fields
from cases.admin.dialogs.notice import ended
from cases.models import Incident, Involvement, Notice
from incidentdesk.kernel import clocks
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.dialogs import AGAIN, Action, DeskForm, Done
from partners import directory

Kind = Notice.Kind
State = Notice.State
OWN = "own_"  # and the number of the involvement: the text of one partner
# How soon a further update is promised, by severity; a SEV-4 promises none.
CADENCE = {1: timedelta(minutes=30), 2: timedelta(hours=1), 3: timedelta(days=1)}
LAST = (Kind.ALL_CLEAR, Kind.REPORT)  # nothing follows these
NOBODY = (
    "Tick whom it goes to; a partner that has been told nothing yet gets a first notice before any "
    "other."
)


class TextForm(DeskForm):
    """A text, and below it one for each partner that reads something else."""

    body = fields.words("Text", rows=8, help_text=f"Filled in for each partner: {wording.named()}.")

    def offer_own(self, rows: Iterable[Involvement], known: Mapping[int, str]) -> None:
        """A field for each partner; `known` are the texts that differ now."""
        for row in rows:
            field = fields.words(
                f"Only for {row.partner.name}",
                rows=4,
                required=False,
                help_text="Instead of the text above; empty: it reads that one.",
            )
            field.initial = known.get(row.pk, "")
            self.fields[f"{OWN}{row.pk}"] = field
        self.folded = tuple(name for name in self.fields if name.startswith(OWN))


def _plain(text: str) -> str:
    return " ".join(text.split())


def _own(data: Mapping[str, Any]) -> list[notices.OwnText]:
    return [
        notices.OwnText(int(name.removeprefix(OWN)), text)
        for name, text in data.items()
        if name.startswith(OWN) and text.strip()
    ]


class DraftForm(TextForm):
    """The text of a notice and who gets it. `?kind=` begins with that kind's template.

    Asked for again with another kind, it keeps what was typed.
    """

    is_kept = False
    above = "admin/cases/incident/draft_from.html"
    kind = forms.ChoiceField(label="Kind", choices=Kind.choices)
    audience = fields.ticks("To")
    next_update_at = fields.moment(
        "Next update by",
        required=False,
        help_text="UTC. A promise to the partners, and a deadline of its own.",
    )
    tlp = forms.ChoiceField(
        label="TLP",
        required=False,
        help_text="RED is for named people; RED and AMBER+STRICT mail a link alone.",
    )
    contacts = fields.ticks("Named people, for TLP:RED", required=False)
    field_order = ("kind", "body", "audience", "next_update_at", "tlp", "contacts")

    def prepare(self) -> None:
        """Every partner that is to be told; the next kind, its template, the next promise."""
        rows = list(self.obj.involvements.select_related("partner"))
        self._keep(rows)
        self.fields["audience"].error_messages["required"] = NOBODY
        self.fields["audience"].choices = [(row.pk, fields.named(row)) for row in rows]  # type: ignore[attr-defined]
        kind, self.fields["audience"].initial = self._fitting(rows, self.initial.get("kind"))
        self.fields["kind"].initial = kind
        self.fields["body"].initial = wording.template(kind, self.obj.category_id)
        if kind not in LAST and self.obj.severity in CADENCE:
            self.fields["next_update_at"].initial = clocks.now() + CADENCE[self.obj.severity]
        self.fields["tlp"].choices = labels.at_least(self.obj.tlp)  # type: ignore[attr-defined]
        self.fields["tlp"].initial = self.obj.tlp
        people = directory.contacts_of([row.partner_id for row in rows])
        names = {row.partner_id: row.partner.name for row in rows}
        self.fields["contacts"].choices = [  # type: ignore[attr-defined]
            (one.pk, f"{one.name}, {names[one.partner_id]}")
            for one in people
            if labels.can_read(one)
        ]
        self.offer_own(rows, {})
        if self.obj.tlp != labels.Tlp.RED:
            self.folded = ("tlp", "contacts", *self.folded)
        chosen = self.data.get("kind", kind)
        self.kinds = [(key, str(label), key == chosen) for key, label in Kind.choices]
        self.lead_in = self._before_writing(rows)

    def _before_writing(self, rows: list[Involvement]) -> str:
        """What has to come first, or is there already, with the way to it."""
        if not rows:
            way = reverse("admin:cases_incident_do", args=[self.obj.pk, "add_partner"])
            return format_html(
                'No partner is listed on this incident yet; <a href="{}" data-dialog>list one '
                "first</a>.",
                way,
            )
        live = self.obj.notices.filter(kind=Kind.FIRST, state__in=[State.DRAFT, State.APPROVED])
        begun = live.prefetch_related("copies__partner").first()
        if begun is None:
            return ""
        names = sorted(copy.partner.name for copy in begun.copies.all())
        return format_html(
            'There is a first notice to {} already, which {}: <a href="{}">look at it</a> before '
            "you write another.",
            ", ".join(names),
            "waits for approval" if begun.state == State.DRAFT else "is approved",
            reverse("admin:cases_notice_change", args=[begun.pk]),
        )

    @property
    def is_unfolded(self) -> bool:
        """The incident's own label alone is nothing to look at."""
        if self["tlp"].value() == self.obj.tlp and not self["tlp"].errors:
            names = [name for name in self.folded if name != "tlp"]
            return any(self[name].errors or self[name].value() for name in names)
        return super().is_unfolded

    def _keep(self, rows: list[Involvement]) -> None:
        """What was typed stays, but for a template and an audience that nobody changed, and what no
        kind promises."""
        if AGAIN not in self.initial:
            return
        for ticked in ("audience", "contacts"):
            self.initial.setdefault(ticked, [])
        given = self.initial["audience"]
        ticks = {str(pk) for pk in (given if isinstance(given, list) else [given])}
        offers = (self._fitting(rows, kind)[1] for kind in (Kind.FIRST, Kind.UPDATE))
        if ticks in [{str(pk) for pk in offer} for offer in offers]:
            del self.initial["audience"]
        self.initial["kind"] = kind = str(self.initial[AGAIN])
        typed = _plain(str(self.initial.get("body", "")))
        offered = [wording.template(one, self.obj.category_id) for one in Kind.values]
        if not typed or typed in [_plain(text) for text in offered]:
            self.initial.pop("body", None)
        self.is_kept = "body" in self.initial
        if kind in LAST or not self.initial.get("next_update_at"):
            self.initial.pop("next_update_at", None)

    def _fitting(self, rows: list[Involvement], asked: Any) -> tuple[str, list[int]]:
        """The kind, and whom it is for: a first notice where one was sent nothing yet, and for
        those alone; any other kind for those who had one."""
        begun = audience.begun(rows)
        owed = [row for row in rows if row.decision not in Involvement.NOT_TOLD]
        new = [row.pk for row in owed if row.pk not in begun]
        kind = str(asked)
        if kind not in Kind.values:
            kind = Kind.FIRST if new or not begun else Kind.UPDATE
        old = [row.pk for row in owed if row.pk in begun]
        return kind, (new or old) if kind == Kind.FIRST else old

    def clean(self) -> dict[str, Any]:
        """The kind was changed and its template was not: show that of the kind, before it counts.

        The script does so at once; this is for those without it.
        """
        data: dict[str, Any] = self.cleaned_data
        kind, typed = data.get("kind", ""), _plain(data.get("body", ""))
        begins = {one: wording.template(one, self.obj.category_id) for one in Kind.values}
        same = [one for one, text in begins.items() if typed and _plain(text) == typed]
        if kind and same and kind not in same:
            fresh = cast(QueryDict, self.data).copy()
            fresh["body"] = begins[kind]
            self.data = fresh
            self.add_error(
                "body",
                f"This was the untouched template of a notice of another kind, the "
                f"{Kind(same[0]).label}; here is that of the {Kind(kind).label}.",
            )
        return data


def _draft(obj: Incident, data: Mapping[str, Any], *, by: Actor, at: datetime) -> Done:
    notice = notices.draft(
        incident_id=obj.pk,
        kind=data["kind"],
        body=data["body"],
        involvement_ids=data["audience"],
        next_update_at=data["next_update_at"],
        texts=_own(data),
        tlp=data["tlp"] or None,
        contact_ids=data["contacts"],
        by=by,
        at=at,
    )
    address = reverse("admin:cases_notice_preview", args=[notice.pk])
    return Done(
        "The notice waits for a second person's approval.", to=address, refused=_lacking(notice)
    )


class EditForm(TextForm):
    """The text as it stands."""

    def prepare(self) -> None:
        """The text, what differs, and what an edit means once it is approved."""
        self.fields["body"].initial = self.obj.body
        copies = list(self.obj.copies.select_related("involvement__partner").order_by("id"))
        known = {copy.involvement_id: copy.body for copy in copies if copy.is_own}
        self.offer_own([copy.involvement for copy in copies], known)
        if self.obj.state == State.APPROVED:
            self.lead_in = "This text is approved; an edit needs a new approval."


def _edit(obj: Notice, data: Mapping[str, Any], *, by: Actor, at: datetime) -> Done:
    fresh = notices.edit(notice_id=obj.pk, body=data["body"], texts=_own(data), by=by, at=at)
    address = reverse("admin:cases_notice_change", args=[fresh.pk])
    said = "Saved as a new draft; it waits for a second person's approval."
    return Done(said, to=address, refused=_lacking(fresh))


def _lacking(notice: Notice) -> str:
    """What whoever writes it has to know: that nobody can approve it."""
    if approvers.of(notice):
        return ""
    return (
        f"A {notice.get_kind_display()} waits, and nobody who is let in can approve it. Its "
        "commander admits somebody who approves notices."
    )


DRAFT_NOTICE = Action(
    "draft_notice",
    "Notify partners",
    _draft,
    Permission.NOTICE_DRAFT,
    DraftForm,
    intro="A draft. A second person approves it before it is sent.",
    submit="Save the draft",
)
EDIT = Action(
    "edit",
    "Edit",
    _edit,
    Permission.NOTICE_DRAFT,
    EditForm,
    submit="Save",
    applies=lambda notice: notice.state in (State.DRAFT, State.APPROVED),
    ended=ended,
)
