"""How often the API may be called: counted in Redis, in one whole number for each caller and minute.

Rates are settings.REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"].
"""

import time
from typing import Any

from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle

from accounts import rates
from accounts.rates import caller


class Counted(SimpleRateThrottle):
    """A count for each window of the rate. Atomic, and as cheap at the limit as far below it."""

    num_requests: int | None
    duration: int | None

    def allow_request(self, request: Request, view: Any) -> bool:
        who = self.get_cache_key(request, view)
        if who is None or self.rate is None:
            return True
        seconds = self.duration or 1
        self.left = seconds - time.time() % seconds
        return rates.is_within(what="calls", who=who, most=self.num_requests or 0, seconds=seconds)

    def wait(self) -> float:
        """Seconds until the next window; never 0, which would be left out of the answer."""
        return max(1.0, self.left)


class Strangers(Counted):
    """Calls without a token or session, by address."""

    scope = "anon"

    def get_cache_key(self, request: Request, view: Any) -> str | None:  # noqa: ARG002
        return None if request.user and request.user.is_authenticated else f"anon:{caller(request)}"


class Callers(Counted):
    """Calls by somebody known, whichever token or session they use."""

    scope = "user"

    def get_cache_key(self, request: Request, view: Any) -> str | None:  # noqa: ARG002
        return f"user:{request.user.pk}" if request.user and request.user.is_authenticated else None
