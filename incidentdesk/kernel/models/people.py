"""People, where they are logged in, and their tokens."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from importlib import import_module
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.functions import RandomUUID
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower, Now
from django.utils.crypto import salted_hmac

from incidentdesk.kernel.roles import PARTNER_SCOPES, ROLES, TOKEN_SCOPES


class UserManager(BaseUserManager["User"]):
    """Creates people; the e-mail address is the login and is kept in lower case."""

    def create_user(
        self, email: str, password: str | None = None, *, name: str, **fields: Any
    ) -> User:
        """A person who can log in; without a password only a reset link lets them in."""
        user = self.model(email=email.strip().lower(), name=name, **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        """Refuses: superusers have no rights here; a role gives them."""
        raise ValueError("The desk has no superusers; give the person the administrator role.")


class User(AbstractBaseUser, PermissionsMixin):
    """A person who logs in: staff (one or more roles) or a partner's contact (none)."""

    email = models.EmailField("e-mail", unique=True)
    name = models.CharField(max_length=120)
    roles = ArrayField(
        models.CharField(max_length=20, choices=[(r.key, r.label) for r in ROLES.values()]),
        default=list,
        blank=True,
        help_text="Staff have at least one role; a partner's contact has none.",
    )
    is_active = models.BooleanField(
        default=True, help_text="Untick instead of deleting: history keeps its names."
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    session_salt = models.CharField(
        max_length=16,
        default="",
        db_default="",
        blank=True,
        editable=False,
        help_text="A new one ends every session of this person.",
    )
    handle = models.UUIDField(
        db_default=RandomUUID(),
        unique=True,
        editable=False,
        help_text="Names the person in links that are mailed; random, so that it counts nobody.",
    )

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    objects = UserManager()

    class Meta:
        verbose_name = "person"
        verbose_name_plural = "people"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=Q(email=Lower("email")), name="user_email_lower"),
        ]

    def __str__(self) -> str:
        return self.name or self.email

    def get_session_auth_hash(self) -> str:
        """What a session has to know; it ends with the password, and with the salt."""
        return self._bound(super().get_session_auth_hash())

    def get_session_auth_fallback_hash(self) -> Iterator[str]:
        """The same by keys that were in use before."""
        return map(self._bound, super().get_session_auth_fallback_hash())

    def _bound(self, known: str) -> str:
        """With the salt in it, once there is one."""
        if not self.session_salt:
            return known
        return salted_hmac("session", f"{known}{self.session_salt}").hexdigest()

    @property
    def is_staff(self) -> bool:
        """Whether the person may enter the desk at all: one role is enough, nothing else is."""
        return bool(self.roles)

    def get_short_name(self) -> str:
        """What the header shows."""
        return self.name

    def get_full_name(self) -> str:
        """What lists show."""
        return self.name


class Session(AbstractBaseSession):
    """A browser that is still known. Whose it is and when it was last used are columns, so that one
    can see where somebody is logged in; without a person it is a visitor's.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, null=True, related_name="sessions"
    )
    address = models.CharField(max_length=45, blank=True)
    device = models.CharField(max_length=200, blank=True, help_text="As the browser calls itself.")
    began_at = models.DateTimeField("logged in", null=True)
    seen_at = models.DateTimeField("last used", null=True, help_text="To the minute.")

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(user=None) | Q(began_at__isnull=False, seen_at__isnull=False),
                name="session_of_a_person_has_its_times",
            ),
        ]

    @classmethod
    def get_session_store_class(cls) -> Any:
        """What reads and writes it."""
        return import_module(settings.SESSION_ENGINE).SessionStore


class Token(models.Model):
    """Lets a program act for a person, within its scopes and until it ends.

    The secret is shown once and stored as a digest. What it may do is asked of its person's roles
    at each call, so a role that is taken back is gone from the token too. With a `partner_id` it
    works for that one partner, as its person does in the portal, and nowhere else.
    """

    LONGEST = timedelta(days=365)

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="tokens", verbose_name="person"
    )
    name = models.CharField(max_length=80)
    digest = models.CharField(max_length=64, unique=True)
    scopes = ArrayField(
        models.CharField(
            max_length=20,
            choices=[(s.key, s.words) for s in {**PARTNER_SCOPES, **TOKEN_SCOPES}.values()],
        )
    )
    partner_id = models.BigIntegerField("partner", null=True)
    created_at = models.DateTimeField("made")
    expires_at = models.DateTimeField("ends")
    last_used_at = models.DateTimeField("last used", null=True, help_text="To the minute.")
    revoked_at = models.DateTimeField("revoked", null=True)

    class Meta:
        verbose_name = "API token"
        ordering = ("-id",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("created_at"))
                & Q(expires_at__lte=F("created_at") + timedelta(days=365)),
                name="token_ends_within_a_year",
            ),
            models.CheckConstraint(
                condition=Q(scopes__contains=["read"]), name="token_reads_at_least"
            ),
            models.CheckConstraint(
                condition=Q(partner_id=None, scopes__contained_by=list(TOKEN_SCOPES))
                | Q(partner_id__isnull=False, scopes__contained_by=list(PARTNER_SCOPES)),
                name="token_of_the_desk_or_of_a_partner",
            ),
        ]

    def __str__(self) -> str:
        return self.name
