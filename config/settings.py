"""The one settings file. Everything that differs between deployments comes from the environment (see .env.example)."""

from pathlib import Path

import environ
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from whitenoise.compress import Compressor

BASE_DIR = Path(__file__).resolve().parent.parent

env = environ.Env()
env.read_env(env.str("SOUNDINGS_ENV_FILE", default=str(BASE_DIR / ".env")))

# --- What kind of run this is ---------------------------------------------------------------------------------------
# Production is the default: a forgotten variable must fail closed, not open.
DEBUG = env.bool("DEBUG", default=False)
LOCAL = env.bool("SOUNDINGS_LOCAL", default=False)  # script/server and script/test: plain HTTP on loopback
VAR_DIR = Path(env.str("SOUNDINGS_VAR", default=str(BASE_DIR / "var")))

SECRET_KEY = env.str("SECRET_KEY", default="")
if not SECRET_KEY:
    raise ImproperlyConfigured("SECRET_KEY is not set. Copy .env.example to .env, or start with script/server.")

# What receipts are signed with: 32 random bytes in base64. Empty: they are not signed, and `check --deploy` refuses.
RECEIPT_SIGNING_KEY = env.str("RECEIPT_SIGNING_KEY", default="")

ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1"] if LOCAL else [])
SITE_URL = env.str("SITE_URL", default="http://localhost:8000").rstrip("/")  # the origin that e-mails link to
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[] if LOCAL else [SITE_URL])

# --- Rooms, lowest last: config → analysis → responses → consultations → accounts → notifications --------------------
INSTALLED_APPS = [
    "config.apps.SoundingsConfig",
    "analysis",
    "responses",
    "consultations",
    "accounts",
    "notifications",
    "unfold",
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "django.forms",  # our form renderer finds Django's own widgets through it
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "csp",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "config.policy.StaffPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "config.errors.RefusalMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "config" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]
FORM_RENDERER = "config.forms.GovukFormRenderer"

# --- PostgreSQL, Redis ------------------------------------------------------------------------------------------------
DATABASES = {"default": env.db("DATABASE_URL", default="postgres://localhost/soundings")}
DATABASES["default"]["CONN_MAX_AGE"] = env.int("CONN_MAX_AGE", default=60)
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
# What every request asks is prepared once a connection (notifications/compiled.py). False behind a pooler that gives a
# connection to another client after each transaction, unless it knows of prepared statements (PgBouncer from 1.21).
PREPARE_STATEMENTS = env.bool("PREPARE_STATEMENTS", default=True)
DATABASES["default"].setdefault("OPTIONS", {})["prepare_threshold"] = 0 if PREPARE_STATEMENTS else None
DATABASES["default"]["ATOMIC_REQUESTS"] = False  # each flow opens its own transaction and knows its edges

REDIS_URL = env.str("REDIS_URL", default="redis://localhost:6379/0")
CACHES = {
    "default": {
        "BACKEND": "config.cache.ForgivingRedisCache",
        "LOCATION": REDIS_URL,
        # Django's default pickles, and whoever can write to Redis could then run code here.
        # A Redis that hangs must cost a page seconds, not its life.
        "OPTIONS": {
            "serializer": "config.cache.JSONSerializer",
            "socket_timeout": 2,
            "socket_connect_timeout": 2,
        },
    }
}
SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"  # an emptied Redis signs nobody out

# --- Celery: only ever told to sweep; the rows are the truth (the beat schedule is in config/celery.py) ---------------
CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TIMEZONE = "UTC"
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
SWEEP_SECONDS = env.int("SWEEP_SECONDS", default=20)  # how often beat wakes the sweeps
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 3600, "socket_timeout": 5, "socket_connect_timeout": 2}
CELERY_TASK_PUBLISH_RETRY = False  # a wake-up that Redis cannot take is dropped at once: the next sweep does it anyway

# --- Post -------------------------------------------------------------------------------------------------------------
EMAIL_CONFIG = env.email("EMAIL_URL", default="smtp://localhost:1025")
vars().update(EMAIL_CONFIG)
# An e-mail service in place of SMTP: "anymail.backends.postmark.EmailBackend" and its settings as JSON in ANYMAIL.
EMAIL_BACKEND = env.str("EMAIL_BACKEND", default="") or EMAIL_CONFIG["EMAIL_BACKEND"]
# "name:password" that the service's webhook carries; empty: there is no webhook. Services that sign are checked too.
WEBHOOK_SECRET = env.str("WEBHOOK_SECRET", default="")
EMAIL_TIMEOUT = env.int("EMAIL_TIMEOUT", default=20)  # for each step; at most a third of SENDING_DOUBT_SECONDS
ANYMAIL = {
    **env.json("ANYMAIL", default={}), "WEBHOOK_SECRET": WEBHOOK_SECRET or [], "REQUESTS_TIMEOUT": EMAIL_TIMEOUT,
}  # fmt: skip
MAIL_PER_SECOND = env.float("MAIL_PER_SECOND", default=0.0)  # of all workers on all hosts together; 0: no limit
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="Soundings <no-reply@soundings.localhost>")
SERVER_EMAIL = DEFAULT_FROM_EMAIL
METRICS_TOKEN = env.str("METRICS_TOKEN", default="")  # for /health/metrics from elsewhere than this machine
# Where the mail provider can be asked by Message-ID whether it has a message (the local mailbox can); empty: it cannot.
MAIL_LOOKUP_URL = env.str("MAIL_LOOKUP_URL", default="")
POST_LEASE_SECONDS = env.int("POST_LEASE_SECONDS", default=30)  # a batch not finished by then goes to another worker
# After how long a message that a worker was sending counts as left behind: longer than any pause of a process.
SENDING_DOUBT_SECONDS = env.int("SENDING_DOUBT_SECONDS", default=60)
# kind of message → the function that writes it. The post room knows addresses; the rooms above know what to say.
NOTIFICATION_KINDS = {
    "account_mail": "accounts.emails.account_mail",
    "invitation": "accounts.emails.invitation",
    "consultation_opened": "consultations.emails.consultation_opened",
    "deadline_extended": "consultations.emails.deadline_extended",
    "consultation_withdrawn": "consultations.emails.consultation_withdrawn",
    "outcome_published": "consultations.emails.outcome_published",
    "follow_requested": "consultations.opting_in.follow_requested",
    "digest": "responses.digests.digest",
    "deadline_coming": "responses.emails.deadline_coming",
    "response_submitted": "responses.emails.response_submitted",
    "response_amended": "responses.emails.response_amended",
    "response_withdrawn": "responses.emails.response_withdrawn",
    "more_time_asked": "responses.time_emails.more_time_asked",
    "more_time_decided": "responses.time_emails.more_time_decided",
    "file_rejected": "responses.file_emails.file_rejected",
    "sign_off_wanted": "responses.team_emails.sign_off_wanted",
    "signed_off": "responses.team_emails.signed_off",
    "work_assigned": "responses.team_emails.work_assigned",
    "comments_made": "responses.team_emails.comments_made",
    "guest_invited": "responses.guest_emails.guest_invited",
    "guest_answered": "responses.guest_emails.guest_answered",
    "collection_invitation": "responses.collection_emails.invitation",
    "outcome_due": "consultations.dates_due.outcome_due",
    "alert_held": "consultations.dates_due.alert_held",
    "export_ready": "responses.export_emails.export_ready",
    "few_responses": "responses.few.few_responses",
    "preview": "responses.previewing.as_test",
}

# An alert to more people than this waits until a second member of staff releases it (consultations/announcing.py).
ALERT_HOLD_ABOVE = env.int("ALERT_HOLD_ABOVE", default=5_000)
# What staff are reminded of (consultations/duties.py).
STAFF_DUTIES = [
    "consultations.dates_due.OUTCOME_DUE",
    "consultations.dates_due.ALERT_HELD",
    "responses.few.FEW_RESPONSES",
]
FEW_RESPONSES = env.int("FEW_RESPONSES", default=5)  # staff are told when a deadline is near and fewer are in

# --- Webhooks ---------------------------------------------------------------------------------------------------------
# For development and tests alone: addresses on this machine, over plain HTTP, may be called. Never in production.
WEBHOOKS_MAY_CALL_LOOPBACK = LOCAL and env.bool("WEBHOOKS_MAY_CALL_LOOPBACK", default=False)

# --- Who signs in -----------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "responses:list"
LOGOUT_REDIRECT_URL = "consultations:list"
ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_FORMS = {"signup": "accounts.forms.SignupForm"}
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_CONFIRM_EMAIL_ON_GET = False
ACCOUNT_LOGIN_ON_EMAIL_CONFIRMATION = False
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_RATE_LIMITS = env.json("ACCOUNT_RATE_LIMITS", default={})
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]

# --- API (routes in config/api.py) ------------------------------------------------------------------------------------
# How many of our own proxies stand in front; X-Forwarded-For beyond them is not believed.
NUM_PROXIES = env.int("NUM_PROXIES", default=0)
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.api_auth.TokenAuthentication",
        "accounts.api_auth.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["config.rendering.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["config.parsing.JSONParser"],
    "DEFAULT_FILTER_BACKENDS": ["config.filtering.Filters"],
    "DEFAULT_PAGINATION_CLASS": "config.paging.CursorPages",
    "DEFAULT_METADATA_CLASS": "config.openapi.Methods",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_THROTTLE_CLASSES": [
        "config.throttling.Strangers",
        "config.throttling.Callers",
    ],
    "DEFAULT_THROTTLE_RATES": {
        "anon": env.str("THROTTLE_ANON", default="120/min"),
        "user": env.str("THROTTLE_USER", default="1200/min"),
    },
    "NUM_PROXIES": NUM_PROXIES,
    "EXCEPTION_HANDLER": "config.errors.problem_details",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Soundings API",
    "DESCRIPTION": "Consultations, the responses to them, and what became of both.",
    "VERSION": "1.0.0",
    "OAS_VERSION": "3.1.1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "PATH_CONVERTER_OVERRIDES": {
        "code": {"type": "string", "pattern": "^[0-9A-Z]{10}$"},
        "form_kind": {"type": "string", "enum": ["docx", "xlsx"]},
        "reference": {"type": "string", "pattern": "^[0-9A-Z]{10}-[0-9]{1,9}$"},
    },
    "POSTPROCESSING_HOOKS": ["config.openapi.describe_errors"],
}

# --- Time, words ------------------------------------------------------------------------------------------------------
USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = True
LANGUAGE_CODE = "en-gb"
FORMAT_MODULE_PATH = ["config.formats"]
LANGUAGES = [("en-gb", "English")]  # the pages are in English, and no middleware asks the browser what it prefers

FORMS_URLFIELD_ASSUME_HTTPS = True  # "example.org" typed into a form; Django 6 makes it the rule and drops the setting

# --- Files ------------------------------------------------------------------------------------------------------------
STATIC_URL = "static/"
STATIC_ROOT = VAR_DIR / "static"
MEDIA_ROOT = VAR_DIR / "media"  # never served by URL: files go out through views that ask who is asking
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
# A map of a script is for whoever debugs it: compressing them was half the time of collecting.
WHITENOISE_SKIP_COMPRESS_EXTENSIONS = (*Compressor.SKIP_COMPRESS_EXTENSIONS, "map")
FILE_UPLOAD_PERMISSIONS = 0o600
ATTACHMENT_MAX_BYTES = env.int("ATTACHMENT_MAX_BYTES", default=20 * 1024 * 1024)
ATTACHMENT_MAX_COUNT = env.int("ATTACHMENT_MAX_COUNT", default=20)
UPLOAD_MAX_BYTES = env.int("UPLOAD_MAX_BYTES", default=200 * 1024 * 1024)  # of a file that comes in pieces
UPLOAD_KEPT_HOURS = env.int("UPLOAD_KEPT_HOURS", default=24)  # how long a file that is not whole yet is waited for
# The virus scanner: "host:3310", "[::1]:3310" or "/run/clamav/clamd.ctl"; empty: there is none, and staff are told so.
CLAMD_ADDRESS = env.str("CLAMD_ADDRESS", default="")
CLAMD_TIMEOUT = env.int("CLAMD_TIMEOUT", default=120)  # seconds for each step of one file
# A file is read in a process of its own, which may use so much and is then ended.
READING_SECONDS = env.int("READING_SECONDS", default=120)
READING_MEGABYTES = env.int("READING_MEGABYTES", default=1024)
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000

# --- Safe by design ---------------------------------------------------------------------------------------------------
SECURE_SSL_REDIRECT = not LOCAL
SECURE_HSTS_SECONDS = 0 if LOCAL else 31_536_000
SECURE_HSTS_INCLUDE_SUBDOMAINS = not LOCAL
SECURE_HSTS_PRELOAD = not LOCAL
SECURE_REDIRECT_EXEMPT = [r"^health/"]
if env.bool("BEHIND_TLS_PROXY", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SESSION_COOKIE_SECURE = not LOCAL
CSRF_COOKIE_SECURE = not LOCAL
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    },
}

# --- Logs: one line an event, to standard output ----------------------------------------------------------------------
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"()": "config.logs.formatter", "json": not LOCAL}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", default="INFO")},
    "loggers": {"django.server": {"level": "WARNING"}, "fontTools": {"level": "WARNING"}},
}

# --- Admin ------------------------------------------------------------------------------------------------------------
UNFOLD = {
    "SITE_TITLE": "Soundings",
    "SITE_HEADER": "Soundings",
    "SITE_SUBHEADER": "Staff",
    "SITE_URL": "/",
    "SITE_ICON": "config.dashboard.mark",
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": "config.dashboard.mark"}],
    "STYLES": ["config.dashboard.stylesheet"],
    "THEME": "light",
    "SHOW_HISTORY": False,
    "SHOW_VIEW_ON_SITE": False,
    "DASHBOARD_CALLBACK": "config.dashboard.context",
    "SIDEBAR": {"navigation": "config.dashboard.navigation"},
    "ACCOUNT": {"navigation": "config.dashboard.own_links"},
    "COLORS": {
        "primary": {
            "50": "#f3f7f7", "100": "#e4eeef", "200": "#cbd7da", "300": "#8fb3bc", "400": "#4d8798", "500": "#0a5b74",
            "600": "#0a5b74", "700": "#0b3d4c", "800": "#0b3d4c", "900": "#072c38", "950": "#072c38",
        },
    },
}  # fmt: skip
