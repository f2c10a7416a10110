"""The addresses of logging in: those of allauth's pages that the desk uses.

Changing one's own e-mail address is not among them. The address is the login and is kept by an
administrator; whoever could take any address could be given the rights of its real owner.
"""

from __future__ import annotations

from allauth.account import views
from allauth.mfa.base.views import authenticate
from django.urls import path, re_path

from incidentdesk import browsers, factor_pages, sso
from incidentdesk.forgotten import AskForLink, ChangePassword, SetPassword

urlpatterns = [
    path("login/", sso.Login.as_view(), name="account_login"),
    path("<slug:provider_id>/login/", sso.begin, name="openid_connect_login"),
    path("<slug:provider_id>/login/callback/", sso.come_back, name="openid_connect_callback"),
    path("logout/", views.logout, name="account_logout"),
    path("signup/", views.signup, name="account_signup"),  # answers with a refusal in words
    path("inactive/", views.account_inactive, name="account_inactive"),
    path("reauthenticate/", factor_pages.Confirm.as_view(), name="account_reauthenticate"),
    path("factor/", factor_pages.Index.as_view(), name="mfa_index"),
    path("factor/code/", authenticate, name="mfa_authenticate"),
    path("factor/confirm/", factor_pages.ConfirmByCode.as_view(), name="mfa_reauthenticate"),
    path("factor/app/", factor_pages.SetUp.as_view(), name="mfa_activate_totp"),
    path("factor/app/remove/", factor_pages.TakeAway.as_view(), name="mfa_deactivate_totp"),
    path(
        "factor/confirm/passkey/",
        factor_pages.ConfirmByPasskey.as_view(),
        name="mfa_reauthenticate_webauthn",
    ),
    path("factor/passkey/", factor_pages.AddPasskey.as_view(), name="mfa_add_webauthn"),
    path("factor/passkey/<int:pk>/", factor_pages.NamePasskey.as_view(), name="mfa_edit_webauthn"),
    path(
        "factor/passkey/<int:pk>/remove/",
        factor_pages.RemovePasskey.as_view(),
        name="mfa_remove_webauthn",
    ),
    path("factor/recovery/", factor_pages.Codes.as_view(), name="mfa_view_recovery_codes"),
    path(
        "factor/recovery/new/", factor_pages.NewCodes.as_view(), name="mfa_generate_recovery_codes"
    ),
    path("sessions/", browsers.page, name="sessions"),
    path("password/change/", ChangePassword.as_view(), name="account_change_password"),
    path("password/set/", views.password_set, name="account_set_password"),
    path("password/reset/", AskForLink.as_view(), name="account_reset_password"),
    path("password/reset/done/", views.password_reset_done, name="account_reset_password_done"),
    re_path(
        r"^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        SetPassword.as_view(),
        name="account_reset_password_from_key",
    ),
    path(
        "password/reset/key/done/",
        views.password_reset_from_key_done,
        name="account_reset_password_from_key_done",
    ),
]
