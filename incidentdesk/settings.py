"""The desk's settings: one file, fed by environment variables (`docs/settings.md` lists them).

An unknown or malformed value stops the start with one sentence that says what to do. Every secret
may also come from a file named by `NAME_FILE`.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import django_stubs_ext
from csp.constants import NONE, SELF

from incidentdesk import buckets, crashes, logs, schedule, tls
from incidentdesk.embedded import layout
from incidentdesk.environment import (
    address,
    addresses,
    database,
    domain,
    fit_for_others,
    flag,
    groups,
    hook_secret,
    host_names,
    hosts,
    is_loopback,
    listening,
    mailer,
    number,
    page,
    provider_of,
    scanner,
    secret,
    sentry,
    stop,
    words,
)

VERSION = "0.1.0"
BASE_DIR = Path(__file__).resolve().parent.parent
django_stubs_ext.monkeypatch()  # ModelForm[…] and the like, which only checkers know


# --- where things lie -------------------------------------------------------------------------

DATA_DIR = Path(os.environ.get("DATA_DIR") or BASE_DIR / "var").resolve()
PORT = os.environ.get("PORT") or "8000"
if not PORT.isascii() or not PORT.isdigit() or not 0 < int(PORT) < 65536:
    stop(f"PORT must be a number from 1 to 65535, not “{PORT}”.")

DATABASE_URL = secret("DATABASE_URL")
EMBEDDED: layout.Layout | None = None if DATABASE_URL else layout.Layout(DATA_DIR)
DEBUG = flag("DEBUG", default=False)

SECRET_KEY = secret("SECRET_KEY") or (EMBEDDED.secret_key if EMBEDDED else "")
if not SECRET_KEY:
    stop("SECRET_KEY is not set; set it (or SECRET_KEY_FILE) to 50 or more random characters.")

# Keys from before: what they signed and encrypted is still read, nothing new is made with them.
SECRET_KEY_FALLBACKS = [key for key in secret("SECRET_KEY_FALLBACKS").split(",") if key]

SITE_URL = (os.environ.get("SITE_URL") or f"http://localhost:{PORT}").rstrip("/")
if not EMBEDDED and not os.environ.get("SITE_URL"):
    stop("SITE_URL is not set; it is needed when DATABASE_URL is set (https://desk.example.com).")
_site = address("SITE_URL", SITE_URL)
if _site.scheme not in ("http", "https") or not _site.hostname:
    stop(f"SITE_URL must look like https://desk.example.com, not “{SITE_URL}”.")
ORGANISATION_NAME = words("ORGANISATION_NAME", default="6MM", most=60)  # whose desk this is
IS_HTTPS = _site.scheme == "https"
IS_LOCAL = is_loopback(str(_site.hostname))  # nobody reaches it from elsewhere
if not IS_LOCAL:
    fit_for_others(SITE_URL, key=SECRET_KEY, debug=DEBUG)
ALLOWED_HOSTS = [str(_site.hostname), *host_names("ALLOWED_HOSTS")]
if not IS_HTTPS and _site.hostname == "localhost":
    ALLOWED_HOSTS += ["localhost", "127.0.0.1", "[::1]"]
CSRF_TRUSTED_ORIGINS = [SITE_URL]
PLAINTEXT_HOSTS = hosts("PLAINTEXT_HOSTS")  # databases and Redis that need no TLS: see tls
TRUSTED_PROXIES = number("TRUSTED_PROXIES", default=0, least=0, most=9)  # see kernel.callers

# --- the parts --------------------------------------------------------------------------------

INSTALLED_APPS = [
    "unfold.apps.BasicAppConfig",
    "incidentdesk.apps.IncidentdeskConfig",
    "incidentdesk.kernel",
    "partners",
    "notifications",
    "cases",
    "reviews",
    "incidentdesk.apps.DeskAdminConfig",
    "ninja",  # the documentation page's script and style, served by the desk itself
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_fsm",
    "guardian",
    "pgtrigger",
    "pghistory",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
]

MIDDLEWARE = [
    "incidentdesk.kernel.traced.TracedMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "incidentdesk.headers.HeadersMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "incidentdesk.health.ProbeMiddleware",  # what follows asks for a name of the desk's
    "django.middleware.common.CommonMiddleware",
    "incidentdesk.machines.MachineMiddleware",  # what follows is for people
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "incidentdesk.kernel.uploads.UploadLimitMiddleware",  # before anything reads a form
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "incidentdesk.sessions.SessionLimitsMiddleware",  # before anybody is shown anything
    "incidentdesk.factors.FactorMiddleware",
    "incidentdesk.refused.RefusedMiddleware",  # outside of the partner's scope, to write it down
    "incidentdesk.kernel.history.HistoryMiddleware",  # who changes what, for the database
    "incidentdesk.kernel.scope.ScopeMiddleware",  # innermost: a partner's reads run in its scope
]

ROOT_URLCONF = "incidentdesk.urls"
WSGI_APPLICATION = "incidentdesk.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "incidentdesk.kernel.once.context",
                "incidentdesk.kernel.times.context",
            ],
            "builtins": [f"incidentdesk.kernel.templatetags.{one}" for one in ("when", "whose")],
        },
    },
]

# --- database: the application's role at run time, the owner's for migrations only --------------

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
PORTAL_ROLE = "partner_portal"
if EMBEDDED:
    _engine = {
        "ENGINE": "incidentdesk.embedded.postgresql",
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": True,
        "DISABLE_SERVER_SIDE_CURSORS": True,  # see kernel.snapshot, which has its own
    }
    DATABASES: dict[str, dict[str, Any]] = {
        "default": {**EMBEDDED.database("app"), **_engine},
        "owner": {**EMBEDDED.database("owner"), **_engine, "CONN_MAX_AGE": 0},
    }
else:
    DATABASES = {"default": database(DATABASE_URL, "DATABASE_URL")}
    _owner_url = secret("DATABASE_OWNER_URL")
    if _owner_url:
        DATABASES["owner"] = {**database(_owner_url, "DATABASE_OWNER_URL"), "CONN_MAX_AGE": 0}
    if not IS_LOCAL:
        for _alias, _name in (("default", "DATABASE_URL"), ("owner", "DATABASE_OWNER_URL")):
            tls.require_database(_name, DATABASES.get(_alias, {}), PLAINTEXT_HOSTS)
if "owner" in DATABASES:  # tests create the database as its owner and connect as the application
    DATABASES["default"]["TEST"] = {"MIRROR": "owner"}
    DATABASES["owner"]["TEST"] = {"DEPENDENCIES": []}

# --- Redis: broker and shared cache; losing it costs seconds, never a message --------------------

_redis_url = secret("REDIS_URL")
if not _redis_url and not EMBEDDED:
    stop("REDIS_URL is not set; it is needed when DATABASE_URL is set (redis://host:6379/0).")
if EMBEDDED and not _redis_url:
    CELERY_BROKER_URL, _cache_url = EMBEDDED.redis_url, EMBEDDED.cache_url
    _cache_backend = "incidentdesk.embedded.cache.RedisCache"  # starts Redis on first use
else:
    address("REDIS_URL", _redis_url)
    if not _redis_url.startswith(("redis://", "rediss://", "redis+socket://")):
        stop("REDIS_URL must look like redis://host:6379/0.")
    if not IS_LOCAL:
        tls.require_redis(_redis_url, PLAINTEXT_HOSTS)
    CELERY_BROKER_URL = _redis_url
    _cache_backend = "incidentdesk.cache.RedisCache"
    _cache_url = _redis_url.replace("redis+socket://", "unix://").replace("virtual_host", "db")
CACHES = {
    "default": {
        "BACKEND": _cache_backend,
        "LOCATION": _cache_url,
        "OPTIONS": {"socket_timeout": 1, "socket_connect_timeout": 1},
        "KEY_PREFIX": "desk",
    }
}
CELERY_BROKER_USE_SSL = tls.of_broker(CELERY_BROKER_URL)
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_REDIRECT_STDOUTS = False
CELERY_WORKER_SEND_TASK_EVENTS = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 3600,
    "unacked_restore_interval": 10,
    "unacked_restore_throttle": 1,
    "socket_timeout": 5,
    "socket_connect_timeout": 2,
    "max_retries": 0,  # a click must not wait for a dead Redis; the sweep finds the row
}
CELERY_BEAT_SCHEDULE = schedule.EVERY
CELERY_BEAT_SCHEDULER = "incidentdesk.celery:Scheduler"

# --- mail ---------------------------------------------------------------------------------------

_email_url = secret("EMAIL_URL")
MAIL_PROVIDER = ""  # as EMAIL_URL names it, unless that is a mail server
if _email_url:
    globals().update(mailer(_email_url))
elif EMBEDDED:
    EMAIL_BACKEND = "notifications.channels.eml.EmailBackend"
    EMAIL_FILE_PATH = str(EMBEDDED.mail_dir)
else:
    stop("EMAIL_URL is not set; it is needed when DATABASE_URL is set (smtp://host:25).")
EMAIL_TIMEOUT = 10
MAIL_HOOK_SECRET = hook_secret("MAIL_HOOK_SECRET")  # with it the provider tells of deliveries
DEFAULT_FROM_EMAIL = os.environ.get("DEFAULT_FROM_EMAIL") or "Incident desk <desk@localhost>"

METRICS_TOKEN = secret("METRICS_TOKEN")  # without it /metrics answers this machine alone
HEARTBEAT_URL = page("HEARTBEAT_URL", secret("HEARTBEAT_URL"))  # see incidentdesk.auditor

# Mail that comes in: off until one of the first two is set. `docs/mail.md` says what it is for.
INBOUND_SMTP = listening("INBOUND_SMTP")
INBOUND_IMAP = secret("INBOUND_IMAP")
if INBOUND_IMAP and address("INBOUND_IMAP", INBOUND_IMAP).scheme not in ("imaps", "imap"):
    stop("INBOUND_IMAP must look like imaps://user:password@host/INBOX.")
INBOUND_DOMAIN = domain("INBOUND_DOMAIN")
if (INBOUND_SMTP or INBOUND_IMAP) and not INBOUND_DOMAIN:
    INBOUND_DOMAIN = str(_site.hostname)
INBOUND_TRUSTED = domain("INBOUND_TRUSTED")  # whose Authentication-Results are believed
INBOUND_RELAYS = addresses("INBOUND_RELAYS")  # from where, by SMTP

# --- people and their sessions --------------------------------------------------------------------

AUTH_USER_MODEL = "kernel.User"
SILENCED_SYSTEM_CHECKS = [
    "guardian.W001",  # has_perm is never asked; kernel.access is
    "fields.W161",  # it warns of a time of day for twenty seconds a day
]
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
GUARDIAN_MONKEY_PATCH_USER = False
GUARDIAN_GET_INIT_ANONYMOUS_USER = "incidentdesk.kernel.grants.no_anonymous_user"
ANONYMOUS_USER_NAME = None
PGHISTORY_CREATED_AT_FUNCTION = "clock_timestamp()"  # within a transaction, too, in order
TENANT_MODEL = "partners.Partner"  # what a person is granted `act`, `administer` or `audit` on
SEALED = "cases.sealing.from_"  # what may not be read of things known by name only
SEALED_AMONG = "cases.sealing.among"  # the same of lists of such names
WITHHELD = "cases.reading.withheld_from"  # what of a partner's view staff may not read
WORKING_FOR = "partners.preferences.working_for"  # a partner, its person's times and name
OFFBOARDING = "incidentdesk.offboarding"  # what takes out all that a partner sees
REVIEW_ON_PAPER = "reviews.admin.review_page.on_paper"  # in the record of an incident
LEAVES = "partners.leaving.end_everywhere"  # what ends with a login that is switched off
FORGETS = "notifications.forgetting.forget"  # what goes of somebody besides their own rows
NAMES = "cases.reading.HistoryNames"  # what the field history may call things

RETAINED = [f"cases.retained.{kind}" for kind in ("EVENTS", "ACCESS", "LETTERS", "DRAFTS")]
RETAINED.append("notifications.retained.MESSAGES")  # kept for a while only: kernel.retention
HELD = "cases.holds.names"  # of what nothing goes
PROMETHEUS_HOSTS = hosts("PROMETHEUS_HOSTS")  # what the worker may ask for figures
PATH_FACTS = "cases.paths.choices"  # what an escalation path may ask for
WEBHOOK_TARGET = "reviews.tracking.target_of"  # what a webhook is signed with, and its id
WEBHOOK_GONE = "reviews.tracking.gone"  # who is told that an address is gone for good
SNS_FETCH = "cases.intake.aws.fetch"  # how Amazon's certificates are got
CHAT_HOSTS = hosts("CHAT_HOSTS")  # chats of one's own that are not on the public internet
WEBHOOK_LOOPBACK = False  # tests alone: plain HTTP to a receiver on this machine

# What waits to be said may be a secret that is shown once: it ends with the session, on logout.
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
LOGIN_URL = "/accounts/login/"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "incidentdesk.accounts.DeskAccountAdapter"
ACCOUNT_FORMS = {"user_token": "incidentdesk.forgotten.OpenedForm"}
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False  # a reset asked for a stranger's address mails nobody
ACCOUNT_LOGOUT_REDIRECT_URL = "/accounts/login/"
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_REAUTHENTICATION_TIMEOUT = 0  # what is a moment ago, kernel.fresh says
ACCOUNT_DEFAULT_HTTP_PROTOCOL = _site.scheme
# Where others reach the desk it has an https address; what runs on one's own machine has none.
REQUIRE_MFA = flag("REQUIRE_MFA", default=IS_HTTPS)
MFA_ADAPTER = "incidentdesk.factors.DeskMFAAdapter"
MFA_FORMS = {
    "authenticate": "incidentdesk.factors.LoginForm",
    "reauthenticate": "incidentdesk.factors.ConfirmForm",
    "activate_totp": "incidentdesk.factors.SetUpForm",
    "add_webauthn": "incidentdesk.passkeys.AddForm",
    "edit_webauthn": "incidentdesk.passkeys.NameForm",
    "authenticate_webauthn": "incidentdesk.passkeys.LoginForm",
    "reauthenticate_webauthn": "incidentdesk.passkeys.ConfirmForm",
}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_TOTP_ISSUER = f"Incident desk {_site.hostname}"
# Single sign-on of staff, off without OIDC_URL.
OIDC_URL = page("OIDC_URL", os.environ.get("OIDC_URL", "").rstrip("/"))
OIDC_NAME = os.environ.get("OIDC_NAME") or "single sign-on"
SSO_ID, SSO_GROUPS_CLAIM = "sso", os.environ.get("OIDC_GROUPS_CLAIM") or "groups"
SSO_ROLES = groups("OIDC_ROLES")  # which groups of the provider give a role
_client = {
    "client_id": os.environ.get("OIDC_CLIENT_ID", ""),
    "secret": secret("OIDC_CLIENT_SECRET"),
}
if OIDC_URL and not (all(_client.values()) and SSO_ROLES):
    stop("OIDC_URL is set; set OIDC_CLIENT_ID, OIDC_CLIENT_SECRET and OIDC_ROLES as well.")
_app = {"provider_id": SSO_ID, "name": OIDC_NAME, **_client, "settings": {"server_url": OIDC_URL}}
SOCIALACCOUNT_PROVIDERS = {
    "openid_connect": {
        "OAUTH_PKCE_ENABLED": True,
        "SCOPE": (os.environ.get("OIDC_SCOPES") or "openid profile email").split(),
        "APPS": [_app],
    }
}
SOCIALACCOUNT_ADAPTER = "incidentdesk.sso.DeskSocialAdapter"
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 9},
    },
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

_instance = hashlib.sha256(f"{SITE_URL} {DATA_DIR}".encode()).hexdigest()[:8]
_prefix = "__Host-" if IS_HTTPS else ""
SESSION_COOKIE_NAME = f"{_prefix}desk_{_instance}"
CSRF_COOKIE_NAME = f"{_prefix}desk_csrf_{_instance}"
KNOWN_COOKIE_NAME = f"{_prefix}desk_known_{_instance}"  # see incidentdesk.known
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = IS_HTTPS
SESSION_COOKIE_HTTPONLY = True
SESSION_ENGINE = "incidentdesk.sessions"
SESSION_LIMITS = {  # minutes without use, and hours in all, after which one logs in anew
    kind: (
        number(f"SESSION_IDLE_{kind.upper()}", default=idle, most=1440),
        number(f"SESSION_LONGEST_{kind.upper()}", default=longest, most=168),
    )
    for kind, idle, longest in (("staff", 60, 14), ("administrator", 30, 12), ("partner", 60, 12))
}
SESSION_COOKIE_AGE = max(longest for _, longest in SESSION_LIMITS.values()) * 3600
SECURE_SSL_REDIRECT = IS_HTTPS
SECURE_REDIRECT_EXEMPT = ["^(healthz|readyz)$"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if IS_HTTPS else None
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if IS_HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = IS_HTTPS
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
# The pages of partners and of logging in run and load what the desk itself serves as a file, and
# nothing else. The desk's own pages and what is no page have theirs from incidentdesk.headers.
CONTENT_SECURITY_POLICY = {
    "EXCLUDE_URL_PREFIXES": ["/admin/"],
    "DIRECTIVES": {
        **{name: [NONE] for name in ("default-src", "base-uri", "frame-ancestors")},
        **{f"{kind}-src": [SELF] for kind in ("script", "style", "img", "connect")},
        "form-action": [SELF, *provider_of(OIDC_URL)],  # where the login's button leads on to
    },
}

# --- files, words, time ---------------------------------------------------------------------------

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = EMBEDDED.static_dir if EMBEDDED else BASE_DIR / "var" / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    **buckets.storage(secret("FILES_URL"), PLAINTEXT_HOSTS),  # instead of MEDIA_ROOT
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
MEDIA_ROOT = Path(os.environ.get("MEDIA_ROOT") or (DATA_DIR / "media"))
INTAKE_LIMIT = number("INTAKE_LIMIT", default=15_000, most=10_000_000)  # a source and minute
CLAMAV = scanner("CLAMAV_URL")  # who looks for viruses in what is taken in
MAX_UPLOAD_MB = number("MAX_UPLOAD_MB", default=25, most=2000)
DATA_UPLOAD_MAX_MEMORY_SIZE = 512 * 1024
LANGUAGE_CODE = "en-gb"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = False
FORMAT_MODULE_PATH = "incidentdesk.formats"

LOG_FORMAT = os.environ.get("LOG_FORMAT") or ("line" if EMBEDDED else "json")
if LOG_FORMAT not in ("line", "json"):
    stop(f"LOG_FORMAT must be line or json, not “{LOG_FORMAT}”.")
LOGGING = logs.configuration(json_lines=LOG_FORMAT == "json")
logs.never_say(SECRET_KEY, *(str(one.get("PASSWORD") or "") for one in DATABASES.values()))
SENTRY_DSN = sentry("SENTRY_DSN")
if SENTRY_DSN:
    crashes.tell(SENTRY_DSN, site=str(_site.hostname), release=VERSION)

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Incident desk",
    "SITE_HEADER": "Incident desk",
    "SITE_SYMBOL": "emergency_home",
    "SITE_URL": None,
    "SHOW_HISTORY": False,
    "SHOW_VIEW_ON_SITE": False,
    "BORDER_RADIUS": "6px",
    "DASHBOARD_CALLBACK": "incidentdesk.dashboard.context",
    "STYLES": ["/static/desk.css"],
    "SCRIPTS": ["/static/desk.js", "/static/live.js", "/static/shortcuts.js"],
    "COLORS": {
        "primary": {
            "50": "oklch(98.4% .014 180.72)",
            "100": "oklch(95.3% .051 180.801)",
            "200": "oklch(91% .096 180.426)",
            "300": "oklch(85.5% .138 181.071)",
            "400": "oklch(77.7% .152 181.912)",
            "500": "oklch(70.4% .14 182.503)",
            "600": "oklch(51.1% .096 186.391)",
            "700": "oklch(43.7% .078 188.216)",
            "800": "oklch(38.6% .063 188.416)",
            "900": "oklch(32.7% .052 190)",
            "950": "oklch(27.7% .046 192.524)",
        },
    },
    "ACCOUNT": {"navigation": "incidentdesk.navigation.account"},
    "SIDEBAR": {
        "show_search": False,
        "show_all_applications": False,
        "navigation": "incidentdesk.navigation.sidebar",
    },
}
