"""The register of partners: who they are, who works there, and who may use the portal."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.db.models import Count, F, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from unfold.admin import TabularInline
from unfold.decorators import action
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from incidentdesk.kernel import access, clocks, desk, dialogs, grants, passwords
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.dialogs import Done
from incidentdesk.kernel.models import User
from incidentdesk.kernel.sheet_pages import Exchanged
from partners import directory, sheets
from partners.admin import leavers
from partners.models import Contact, Partner
from partners.models.partner import ENTITY_TYPES

RIGHTS = {
    "act": "acts for it: acknowledges notices, reports incidents",
    "administer": "administers its people, and acts for it",
    "audit": "reads as its auditor",
}


ENTITY = ("lei", "entity_types", "parent_name", "parent_lei")  # stands in its facts packages


class PartnerForm(forms.ModelForm):  # type: ignore[type-arg]
    """What it is authorised as is ticked."""

    entity_types = forms.MultipleChoiceField(
        label="Authorised as",
        choices=ENTITY_TYPES,
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text="For its own reports under DORA, with its LEI and its parent.",
    )


class ContactField(forms.ModelChoiceField):  # type: ignore[type-arg]
    """A contact, with its address and whether it has a login."""

    def label_from_instance(self, obj: Contact) -> str:
        """As one line."""
        return f"{obj.name} <{obj.email}>{' · has a login' if obj.user_id else ''}"


class LoginDialog(dialogs.DeskForm):
    """Who gets a login, and what for."""

    contact = ContactField(Contact.objects.none(), empty_label=None)
    right = forms.ChoiceField(
        choices=list(RIGHTS.items()), initial="act", widget=forms.RadioSelect, label="This person"
    )
    mails_link = forms.BooleanField(
        label="Mail a link to set a password", required=False, initial=True
    )

    def prepare(self) -> None:
        """The partner's contacts, those without a login first."""
        contacts = self.obj.contacts.filter(is_active=True)
        self.fields["contact"].queryset = contacts.order_by(  # type: ignore[attr-defined]
            F("user").asc(nulls_first=True), "name"
        )


def _give_login(obj: Partner, data: Mapping[str, Any], *, by: Actor, at: datetime) -> Done:
    contact, right = data["contact"], data["right"]
    user, ended = directory.give_login(contact_id=contact.pk, right=right, by=by, at=at)
    said = f"{user} {RIGHTS[right]}.{ended}"
    if not data["mails_link"]:
        return Done(said)
    said += f" A mail with a link is on its way to {user.email}."
    return Done(said, then=lambda: passwords.mail_link(user))


class LeavingDialog(dialogs.DeskForm):
    """Whose login ends."""

    contact = ContactField(Contact.objects.none(), empty_label=None)

    def prepare(self) -> None:
        """Those who have one."""
        contacts = self.obj.contacts.filter(is_active=True, user__isnull=False)
        self.fields["contact"].queryset = contacts.order_by("name")  # type: ignore[attr-defined]


def _take_login(obj: Partner, data: Mapping[str, Any], *, by: Actor, at: datetime) -> Done:
    gone, ended = directory.take_login(contact_id=data["contact"].pk, by=by, at=at)
    return Done(f"{gone} was shut out: no right, no notices and no token here is left.{ended}")


TAKE_LOGIN = dialogs.Action(
    name="take_login",
    label="Take a login away",
    run=_take_login,
    permission=Permission.REGISTER_WRITE,
    form=LeavingDialog,
    intro="The person sees nothing of this partner any more, at once, and gets no more notices.",
    submit="Take it away",
    is_grave=True,
)
GIVE_LOGIN = dialogs.Action(
    name="give_login",
    label="Give a login",
    run=_give_login,
    permission=Permission.REGISTER_WRITE,
    form=LoginDialog,
    intro="The person sees what was disclosed to this partner, and nothing else.",
    submit="Give the login",
    is_primary=True,
    applies=lambda partner: partner.is_active,
    lets_in=True,
)


class ContactForm(forms.ModelForm):  # type: ignore[type-arg]
    """A row of a table: each field says by itself what it is."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs["aria-label"] = str(field.label)


class ContactInline(TabularInline):  # type: ignore[misc]
    """The people at a partner. One who left is switched off, not deleted."""

    model = Contact
    form = ContactForm
    extra = 0
    fields = ("name", "email", "title", "phone", "gets_notices", "is_active")
    hide_title = True

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever reads the partner reads its contacts."""
        return access.allows(desk.actor(request), Permission.INCIDENT_READ)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever keeps registers keeps them."""
        return access.allows(desk.actor(request), Permission.REGISTER_WRITE)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """As for a change."""
        return self.has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Notices were addressed to them; history keeps its names."""
        return False


@admin.register(Partner)
class PartnerAdmin(Exchanged, desk.RegisterAdmin):
    """Partners with their contacts and portal logins."""

    exchanged: ClassVar[Any] = {
        "partners": (sheets.PARTNERS, sheets.import_partners),
        "contacts": (sheets.CONTACTS, sheets.import_contacts),
    }
    actions_list = ("partners_csv", "contacts_csv")
    form = PartnerForm
    inlines = (ContactInline,)
    list_display = ("name", "code", "kind", "people", "logins", "is_active")
    list_filter = ("kind", "is_active")
    search_fields = ("name", "code", "contacts__name", "contacts__email")
    actions_detail = ("view_as", "give_login", "take_login", "forget_contact")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Partner]:
        """With the number of its people."""
        found: QuerySet[Partner] = super().get_queryset(request)
        active = Q(contacts__is_active=True)
        return found.annotate(
            contact_count=Count("contacts", filter=active, distinct=True),
            login_count=Count(
                "contacts", filter=active & Q(contacts__user__is_active=True), distinct=True
            ),
        )

    @action(description="Partners as CSV", permissions=["view"])  # type: ignore[untyped-decorator]
    def partners_csv(self, request: HttpRequest) -> HttpResponse:
        """Export and import of partners."""
        return self.to_sheet("partners")

    @action(description="Contacts as CSV", permissions=["view"])  # type: ignore[untyped-decorator]
    def contacts_csv(self, request: HttpRequest) -> HttpResponse:
        """Export and import of contacts."""
        return self.to_sheet("contacts")

    @admin.display(description="contacts", ordering="contact_count")
    def people(self, partner: Any) -> int:
        """How many work there."""
        return int(partner.contact_count)

    @admin.display(description="logins", ordering="login_count")
    def logins(self, partner: Any) -> int:
        """How many of them use the portal."""
        return int(partner.login_count)

    @admin.display(description="portal logins")
    def portal(self, partner: Partner) -> SafeString | str:
        """Who holds which right on this partner."""
        held = grants.holders(partner)
        users = User.objects.filter(pk__in=held).order_by("name")
        lines = [
            (
                user.name,
                user.email,
                "; ".join(words for right, words in RIGHTS.items() if right in held[user.pk]),
                "" if user.is_active else " (switched off)",
            )
            for user in users
        ]
        return (
            format_html_join("\n", "<div><b>{}</b> &lt;{}&gt; {}{}</div>", lines)
            or "Nobody yet. Add a contact, save, then give a login."
        )

    def get_fields(self, request: HttpRequest, obj: Partner | None = None) -> Any:
        """The logins are shown once there is a partner."""
        return ("name", "code", "kind", "is_active", *(("portal",) if obj else ()), *ENTITY)

    def get_readonly_fields(self, request: HttpRequest, obj: Partner | None = None) -> Any:
        """A code begins references that partners hold; it is chosen once."""
        return ("code", "portal") if obj else ()

    def has_login_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Who may give a login."""
        return access.allows(desk.actor(request), Permission.REGISTER_WRITE)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        """Whoever is switched off here is out of the portal at once."""
        super().save_formset(request, form, formset, change)
        contacts, by = form.instance.contacts.all(), desk.actor(request)
        gone = directory.shut_out_inactive(contacts, by=by, at=clocks.now())
        for contact, ended in gone:
            messages.info(request, f"{contact} was shut out of the portal.{ended}")

    @action(description="View as this partner", permissions=["view"])  # type: ignore[untyped-decorator]
    def view_as(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """To the page that asks before the portal is shown as this partner sees it."""
        obj = self.get_object(request, object_id)
        if obj is None:
            raise Http404
        return redirect("view_as", obj.code)

    @action(description="Take a login away", permissions=["login"], attrs={"data-dialog": ""})  # type: ignore[untyped-decorator]
    def take_login(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The dialog that shuts a contact out of the portal."""
        return self.show_dialog(request, TAKE_LOGIN, object_id)

    @action(description="Give a login", permissions=["login"], attrs={"data-dialog": ""})  # type: ignore[untyped-decorator]
    def give_login(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The dialog that lets a contact into the portal."""
        return self.show_dialog(request, GIVE_LOGIN, object_id)

    @action(description="Forget a contact", permissions=["login"], attrs={"data-dialog": ""})  # type: ignore[untyped-decorator]
    def forget_contact(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The dialog that reduces who left to a pseudonym."""
        return self.show_dialog(request, leavers.FORGET, object_id)
