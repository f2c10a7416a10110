"""Single sign-on for staff, by OpenID Connect: what of the provider's word is believed.

Off unless `OIDC_URL` is set. The code flow with PKCE; the token's signature is checked each time,
and that it is about the person whose facts the provider hands out.
"""

from __future__ import annotations

from typing import Any

from allauth.account.views import LoginView
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.internal import jwtkit
from allauth.socialaccount.internal.statekit import STATES_SESSION_KEY
from allauth.socialaccount.models import SocialAccount, SocialLogin
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView, OAuth2LoginView
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.cache import never_cache

from cases.access import own, told
from incidentdesk.factors import PROVEN
from incidentdesk.kernel import callers, clocks, federation, fresh
from incidentdesk.kernel.models import User

ASKED = "sso_asked"  # in the session: when somebody who is logged in was sent to confirm it
SAID = "provider_said"  # on the login while it goes on: what of the provider's word is noted after
CONFIRMS = {"prompt": "login", "max_age": "0"}  # the provider has to ask, whoever it remembers
LEEWAY = 60.0  # seconds by which its clock may be behind
NOT_ASKED = "Your provider did not ask who you are; log in there anew, or ask those who keep it."
FAILED = "Your provider did not log you in; try again, or log in with your password."


class Provider(OpenIDConnectOAuth2Adapter):  # type: ignore[misc]
    """The provider, as its configuration describes it."""

    def get_callback_url(self, request: HttpRequest, app: Any) -> str:
        """From the desk's own address, never from the one that was asked."""
        return f"{settings.SITE_URL}{reverse('openid_connect_callback', args=[settings.SSO_ID])}"

    def _decode_id_token(self, app: Any, id_token: str) -> dict[str, Any]:
        """What the token says, if it is signed by one of the provider's keys and meant for us."""
        try:
            said: dict[str, Any] = jwtkit.verify_and_decode(
                credential=id_token,
                keys_url=self.openid_config["jwks_uri"],
                issuer=self.openid_config["issuer"],
                audience=app.client_id,
                lookup_kid=jwtkit.lookup_kid_jwk,
                verify_signature=True,
            )
        except (KeyError, ValueError) as error:
            raise OAuth2Error("Invalid id_token") from error
        return said


class DeskSocialAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]
    """Who is let in, and as whom, is the kernel's to say."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        """Nobody signs up: `pre_social_login` has found or added whoever may come in."""
        return False

    def list_apps(
        self, request: HttpRequest, provider: Any = None, client_id: Any = None
    ) -> list[Any]:
        """Those of the settings; there are none in the database."""
        every: list[Any] = super().list_apps(None, provider, client_id)
        return every

    def get_provider(self, request: HttpRequest, provider: str, client_id: Any = None) -> Any:
        """The one there is, spoken to as it is here."""
        found = super().get_provider(request, provider, client_id)
        found.oauth2_adapter_class = Provider
        if getattr(request, ASKED, False):
            found.app.settings = {**found.app.settings, "auth_params": dict(CONFIRMS)}
        return found

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Let somebody in, or say in a sentence why not."""
        known = SocialAccount.objects.filter(
            provider=sociallogin.account.provider, uid=sociallogin.account.uid
        )
        known.update(extra_data={})  # what the provider says is read, and not kept
        said, asked = _said(sociallogin), request.session.pop(ASKED, None)
        token = sociallogin.account.extra_data.get("id_token") or {}
        vouched = _vouched(token, asked)
        if asked is not None and vouched < asked - LEEWAY:
            _refuse(request, said.email, NOT_ASKED)
        linked = known.first()
        user, refusal = federation.admit(
            told=said, linked_id=linked.user_id if linked else None, at=clocks.now()
        )
        if user is None:
            _refuse(request, said.email, refusal)
            return
        sociallogin.user = user
        if linked is None:
            sociallogin.save(request, connect=True)
            known.update(extra_data={})
        # Until the login is through: a session that there is now ends first.
        sociallogin.state[SAID] = {"vouched": vouched, "mfa": "mfa" in (token.get("amr") or [])}

    def get_requests_session(self) -> Any:
        """How allauth asks the provider, in five seconds a step: by no proxy, and nowhere else."""
        session = super().get_requests_session()
        session.trust_env, session.max_redirects = False, 0
        return session

    def on_authentication_error(self, request: HttpRequest, *_: Any, **__: Any) -> None:
        """Whatever went wrong on the way."""
        _refuse(request, "", FAILED)


def note_login(request: HttpRequest, user: User, sociallogin: SocialLogin | None) -> None:
    """Of a login by the provider, in the new session: when it asked, and whether for factors."""
    if sociallogin is None:
        return
    said = sociallogin.state[SAID]
    request.session[fresh.VOUCHED] = said["vouched"]
    if said["mfa"]:
        request.session[PROVEN] = user.pk


def _said(login: SocialLogin) -> federation.Told:
    """What the token and the provider say together; they have to mean the same person."""
    token, facts = (login.account.extra_data.get(key) or {} for key in ("id_token", "userinfo"))
    if not token or facts.get("sub") != token.get("sub"):
        raise OAuth2Error("The token is about somebody else.")
    every = {**token, **facts}
    groups = every.get(settings.SSO_GROUPS_CLAIM) or []
    groups = [groups] if isinstance(groups, str) else groups
    email = str(every.get("email") or "").strip().lower()
    return federation.Told(
        email=email,
        name=str(every.get("name") or email),
        is_verified=every.get("email_verified") in (True, "true"),
        groups=frozenset(str(group) for group in groups),
    )


def _vouched(token: dict[str, Any], asked: float | None) -> float:
    """When the provider last asked who somebody is, as far as it says; where it does not, a login
    that had to ask counts as one, and another does not: its session may be hours old."""
    now, known = clocks.now().timestamp(), token.get("auth_time")
    if isinstance(known, (int, float)):
        return min(float(known), now)
    return 0.0 if asked is None else now


def _refuse(request: HttpRequest, email: str, sentence: str) -> None:
    own.login(email=email, outcome=told.FAILURE, address=callers.address(request), at=clocks.now())
    messages.error(request, sentence)
    raise ImmediateHttpResponse(redirect(settings.LOGIN_URL))


@never_cache
def begin(request: HttpRequest, provider_id: str) -> HttpResponse:
    """The way to the provider; by a button only. Who is logged in goes there to confirm it."""
    sent = request.GET.keys() | request.POST.keys()
    if sent & {"auth_params", "scope", "process"}:  # what is asked for is the desk's to say
        raise Http404
    if request.method == "POST":
        request.session.pop(ASKED, None)
        if request.user.is_authenticated:
            setattr(request, ASKED, True)
            request.session.pop(STATES_SESSION_KEY, None)  # ways begun before had not to ask
            request.session[ASKED] = clocks.now().timestamp()
    return _answer(OAuth2LoginView, request, provider_id)


@never_cache
def come_back(request: HttpRequest, provider_id: str) -> HttpResponse:
    """The way back from it."""
    return _answer(OAuth2CallbackView, request, provider_id)


def _answer(view: Any, request: HttpRequest, provider_id: str) -> HttpResponse:
    if provider_id != settings.SSO_ID or not settings.OIDC_URL:
        raise Http404
    try:
        answer: HttpResponse = view.adapter_view(Provider(request, provider_id))(request)
    except OSError:  # it does not answer
        messages.error(request, FAILED)
        return redirect(settings.LOGIN_URL)
    return answer


class Login(LoginView):  # type: ignore[misc]
    """The login page; with a button where there is a provider."""

    def get_context_data(self, **known: Any) -> dict[str, Any]:
        """What the button says."""
        context: dict[str, Any] = super().get_context_data(**known)
        name = settings.OIDC_NAME if settings.OIDC_URL else ""
        return {**context, "sso_name": name, "sso_id": settings.SSO_ID}


def confirms(user: Any) -> list[dict[str, str]]:
    """How somebody without password and second factor here confirms that it is them."""
    if not SocialAccount.objects.filter(user_id=user.pk).exists():
        return []
    url = reverse("openid_connect_login", args=[settings.SSO_ID])
    return [{"id": "sso", "description": f"Log in with {settings.OIDC_NAME}", "url": url}]
