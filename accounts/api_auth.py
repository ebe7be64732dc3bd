"""Who calls the API: a token in the Authorization header, or a browser's session.

Both answer a stranger with 401. A browser that forgets its CSRF token is known, and gets 403.
"""

import hashlib
import re
import secrets
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone
from rest_framework import authentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from accounts.models import ApiToken, User
from notifications.compiled import Kept, given

# snd_<prefix>_<secret>: the prefix finds the row, the digest of the whole decides.
TOKEN = re.compile(r"snd_([0-9A-Z]{4,12})_[0-9A-Za-z_-]{20,100}")
USE_NOTED_EVERY = timedelta(hours=1)
USABLE = Kept(lambda: ApiToken.objects.usable(given("now")).select_related("user").filter(prefix=given("prefix")))
UNKNOWN = "This API token is not valid. It may be mistyped, expired or revoked."


def digest_of(token: str) -> str:
    """What is kept of a token. It is 256 random bits, so a slow hash would add nothing."""
    return hashlib.sha256(token.encode()).hexdigest()


class TokenAuthentication(authentication.BaseAuthentication):
    """`Authorization: Bearer snd_<prefix>_<secret>`. One query; the caller is the user that the token acts as."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        scheme, _, shown = str(request.META.get("HTTP_AUTHORIZATION", "")).partition(" ")
        if scheme.lower() != "bearer":
            return None
        now = timezone.now()
        token = find(shown.strip(), now=now)
        note_use(token, now=now)
        return token.user, token

    def authenticate_header(self, request: Request) -> str:  # noqa: ARG002
        return "Bearer"


def find(shown: str, *, now: datetime) -> ApiToken:
    """The usable token that was shown; AuthenticationFailed with one and the same sentence for every other."""
    match = TOKEN.fullmatch(shown)
    token = USABLE.first(prefix=match[1], now=now) if match else None
    if token is None or not secrets.compare_digest(token.digest, digest_of(shown)) or not token.user.is_active:
        raise AuthenticationFailed(UNKNOWN)
    return token


def note_use(token: ApiToken, *, now: datetime) -> None:
    """Keep `last_used_at` to the hour: a write on each call would cost more than the call."""
    before = now - USE_NOTED_EVERY
    if token.last_used_at and token.last_used_at > before:
        return
    stale = Q(last_used_at__isnull=True) | Q(last_used_at__lte=before)
    ApiToken.objects.filter(stale, pk=token.pk).update(last_used_at=now)


class SessionAuthentication(authentication.SessionAuthentication):
    """A signed-in browser, with its CSRF token on every call that changes something."""

    def authenticate_header(self, request: Request) -> str:  # noqa: ARG002
        return "Session"  # without a challenge DRF turns 401 into 403, which says "known, but not allowed"
