"""People: who works at the desk, and who uses the portal. What each may do stands in words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.decorators import action
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminPasswordWidget,
)

from incidentdesk.kernel import access, clocks, desk, dialogs, factors, fresh, passwords, people
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.admin import leavers, logged_in, lost_factor
from incidentdesk.kernel.errors import DeskError
from incidentdesk.kernel.models import User
from incidentdesk.kernel.roles import ROLES, permissions_of

ROLE_CHOICES = [
    (role.key, format_html("<b>{}</b>: {}", role.label, role.words)) for role in ROLES.values()
]
NEW_PASSWORD = {"autocomplete": "new-password"}


class PersonForm(forms.ModelForm):  # type: ignore[type-arg]
    """A person's name, address, roles, and whether they may log in."""

    by: ClassVar[Actor]
    stale: ClassVar[str]  # why what lets somebody in cannot be changed just now; empty: it can
    roles = forms.MultipleChoiceField(
        choices=ROLE_CHOICES,
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text="Staff have at least one; a partner's contact has none.",
    )

    class Meta:
        model = User
        fields = ("name", "email", "roles", "is_active")

    def clean_email(self) -> str:
        """Kept in lower case: it is the login."""
        return str(self.cleaned_data["email"]).strip().lower()

    def clean(self) -> None:
        """Say in the form what the use case would refuse."""
        super().clean()
        if self.stale and {"email", "roles", "is_active"} & set(self.changed_data):
            self.add_error(None, self.stale)
        try:
            people.require_changeable(
                self.instance,
                roles=self.cleaned_data.get("roles") or [],
                is_active=self.cleaned_data.get("is_active", True),
                by=self.by,
            )
        except DeskError as error:
            self.add_error(None, str(error))


class NewPersonForm(PersonForm):
    """As above, with a password for now; without one a link is mailed."""

    first_password = forms.CharField(
        label="Password",
        required=False,
        widget=UnfoldAdminPasswordWidget(attrs=NEW_PASSWORD),
        help_text="Leave it empty: the person gets a mail with a link to set one.",
    )

    class Meta:
        model = User
        fields = ("name", "email", "roles")

    def clean(self) -> None:
        """A member of staff has a role, and a password that is none too simple."""
        super().clean()
        if not self.cleaned_data.get("roles"):
            self.add_error("roles", "Tick at least one role; without one a person sees nothing.")
        password = self.cleaned_data.get("first_password")
        if password:
            draft = User(name=self.cleaned_data.get("name") or "")
            draft.email = self.cleaned_data.get("email") or ""
            try:
                people.require_good(password, draft)
            except DeskError as error:
                self.add_error("first_password", str(error))


class PasswordDialog(dialogs.DeskForm):
    """A password that is told by word of mouth."""

    password = forms.CharField(
        label="New password",
        widget=forms.PasswordInput(attrs=NEW_PASSWORD),
        help_text="Tell the person by word of mouth; they should change it at once.",
    )


def _mail_link(obj: User, data: Mapping[str, Any], *, by: Actor, at: datetime) -> dialogs.Done:
    user = people.invite(user_id=obj.pk, by=by, at=at)
    said = f"A mail with a link to set a password is on its way to {user.email}."
    return dialogs.Done(said, then=lambda: passwords.mail_link(user))


def _set_password(obj: User, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    user = people.set_password(user_id=obj.pk, password=data["password"], by=by, at=at)
    return f"{user} has a new password, is logged out everywhere and has no token that works."


MAIL_LINK = dialogs.Action(
    name="mail_link",
    label="Mail a link to set a password",
    run=_mail_link,
    permission=Permission.PEOPLE_WRITE,
    intro=f"The link works once and for {passwords.valid_days()} days; until somebody uses it, the "
    "present password stays.",
    submit="Mail the link",
    lets_in=True,
    is_primary=True,
)
SET_PASSWORD = dialogs.Action(
    name="set_password",
    label="Set a password",
    run=_set_password,
    permission=Permission.PEOPLE_WRITE,
    form=PasswordDialog,
    submit="Set it",
    lets_in=True,
    is_primary=True,
)


class RoleFilter(admin.SimpleListFilter):
    """Who has a role; and the contacts of partners, who have none."""

    title = "role"
    parameter_name = "role"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The roles, then those without."""
        return [(role.key, role.label) for role in ROLES.values()] + [("none", "partners' contact")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> QuerySet[User]:
        """Those who were asked for."""
        if self.value() == "none":
            return queryset.filter(roles=[])
        return queryset.filter(roles__contains=[self.value()]) if self.value() else queryset


@admin.register(User)
class UserAdmin(desk.RegisterAdmin):
    """People. Each change is one use case, which records it."""

    write_permission = Permission.PEOPLE_WRITE
    form = PersonForm
    list_display = ("name", "email", "roles_in_words", "is_active", "last_login")
    list_filter = (RoleFilter, "is_active")
    search_fields = ("name", "email")
    ordering = ("name", "email")
    readonly_fields = ("roles_in_words", "rights", "last_login", "created_at", "factor", "browsers")
    actions_detail = ("mail_link", "set_password", "end_sessions", "remove_factor", "forget")

    @admin.display(description="roles")
    def roles_in_words(self, user: User) -> str:
        """As people call them."""
        labels = [role.label for key, role in ROLES.items() if key in user.roles]
        return ", ".join(labels) or "partner's contact"

    @admin.display(description="may")
    def rights(self, user: User) -> SafeString | str:
        """What the roles give together, in the words an auditor reads."""
        words = [(p.value,) for p in Permission if p in permissions_of(user.roles)]
        return format_html_join("\n", "<div>{}</div>", words) or "only what a partner granted"

    @admin.display(description="second factor")
    def factor(self, user: User) -> SafeString | str:
        """What it is and since when; nobody reads its secrets."""
        lines = [(words,) for words in factors.in_words(user)]
        return format_html_join("\n", "<div>{}</div>", lines) or "none"

    @admin.display(description="logged in")
    def browsers(self, user: User) -> SafeString | str:
        """In which browsers, and since when."""
        return logged_in.in_words(user, at=clocks.now())

    def has_people_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Who keeps people may also help them to a password."""
        return access.allows(desk.actor(request), Permission.PEOPLE_WRITE)

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        """What is asked of a new person, and what is shown of one who is here."""
        if obj is None:
            return [(None, {"fields": ("name", "email", "roles", "first_password")})]
        may_write = self.has_change_permission(request, obj)
        fields = ("name", "email", "roles" if may_write else "roles_in_words", "is_active")
        seen = ("factor", "browsers") if self.has_people_permission(request) else ()
        return [(None, {"fields": (*fields, "rights", "last_login", "created_at", *seen)})]

    def get_form(
        self, request: HttpRequest, obj: User | None = None, change: bool = False, **kwargs: Any
    ) -> type[forms.ModelForm[User]]:
        """The form knows who fills it in."""
        base = PersonForm if change else NewPersonForm
        is_fresh = fresh.is_fresh(request, at=clocks.now())
        stale = "" if is_fresh else fresh.refusal(reverse("admin:kernel_user_changelist"))
        bound = type(base.__name__, (base,), {"by": desk.actor(request), "stale": stale})
        found: type[forms.ModelForm[User]] = super().get_form(
            request, obj, change, form=bound, **kwargs
        )
        return found

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        """One use case."""
        data, by, at = form.cleaned_data, desk.actor(request), clocks.now()
        if change:
            _, ended = people.change(
                user_id=obj.pk,
                name=data["name"],
                email=data["email"],
                roles=data["roles"],
                is_active=data["is_active"],
                by=by,
                at=at,
            )
            if ended:
                messages.info(request, ended)
            return
        made = people.add(
            name=data["name"],
            email=data["email"],
            roles=data["roles"],
            password=data["first_password"],
            by=by,
            at=at,
        )
        obj.pk = made.pk
        if not data["first_password"]:
            request._invite = made  # type: ignore[attr-defined]

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """The use case records it."""

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """The use case records it."""

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Mail the link after the commit; a mail is network."""
        response: HttpResponse = super().changeform_view(request, *args, **kwargs)
        invited: User | None = getattr(request, "_invite", None)
        if invited is not None:
            passwords.mail_link(invited)
            messages.info(request, f"A mail with a link is on its way to {invited.email}.")
        return response

    @action(description="Mail a link", permissions=["people"], attrs={"data-dialog": ""})  # type: ignore[untyped-decorator]
    def mail_link(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The dialog that mails a link to set a password."""
        return self.show_dialog(request, MAIL_LINK, object_id)

    @action(description="Set a password", permissions=["people"], attrs={"data-dialog": ""})  # type: ignore[untyped-decorator]
    def set_password(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The dialog that sets a password."""
        return self.show_dialog(request, SET_PASSWORD, object_id)

    @action(description="End sessions", permissions=["people"], attrs={"data-dialog": ""})  # type: ignore[untyped-decorator]
    def end_sessions(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The dialog that ends sessions."""
        return self.show_dialog(request, logged_in.END, object_id)

    @action(
        description="Remove the second factor", permissions=["people"], attrs={"data-dialog": ""}
    )  # type: ignore[untyped-decorator]
    def remove_factor(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The dialog that removes a factor that was lost."""
        return self.show_dialog(request, lost_factor.REMOVE, object_id)

    @action(description="Forget this person", permissions=["people"], attrs={"data-dialog": ""})  # type: ignore[untyped-decorator]
    def forget(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The dialog that reduces who left to a pseudonym."""
        return self.show_dialog(request, leavers.FORGET, object_id)
