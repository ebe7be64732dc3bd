"""Figures for a monitor, in Prometheus's text form, and the alarm for post that is late.

Answered to this machine itself, and to whoever sends METRICS_TOKEN as a bearer token; to all others it is not there.
"""

from ipaddress import ip_address

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache

from notifications import clock, figures
from responses import reconciling

WORDS = {
    "due": "Messages whose moment has come and that no worker has taken",
    "claimed": "Messages taken by a worker",
    "sending": "Messages being handed over, or in doubt",
    "failed": "Messages given up",
    "oldest_due_seconds": "How long the oldest message has been due; over 300 is an alarm",
    "sent_last_minute": "Messages sent in the last minute",
    "failed_last_minute": "Messages given up in the last minute",
    "skipped_last_minute": "Messages found unneeded in the last minute",
    "doubted_last_minute": "Messages that came into doubt in the last minute",
    "suppressed": "Addresses that nothing is sent to",
    "server_failures": "Failures in a row to reach the mail server; 0 when it is well",
    "late": "1 when the oldest message has been due for more than five minutes",
    "missing": "Messages that the last reconciliation found missing",
    "reconciled_seconds": "Since the last reconciliation; -1 if there was none",
}


@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """One gauge a line. 404 to whoever may not ask."""
    if not _may_ask(request):
        raise Http404
    now = clock.now()
    found = figures.take(now)
    found["late"] = int(found["oldest_due_seconds"] > figures.LATE.total_seconds())
    found |= reconciling.last(now)
    text = "".join(_gauge(f"soundings_post_{name}", words, found[name]) for name, words in WORDS.items())
    return HttpResponse(text, content_type="text/plain; version=0.0.4; charset=utf-8")


def _gauge(name: str, words: str, value: float) -> str:
    return f"# HELP {name} {words}\n# TYPE {name} gauge\n{name} {value:g}\n"


def _may_ask(request: HttpRequest) -> bool:
    said = request.headers.get("Authorization", "").removeprefix("Bearer ").strip()
    if settings.METRICS_TOKEN and constant_time_compare(said, settings.METRICS_TOKEN):
        return True
    # Behind a proxy on this machine everybody seems to be here: what was forwarded does not count as local.
    return "X-Forwarded-For" not in request.headers and _is_here(request.META.get("REMOTE_ADDR", ""))


def _is_here(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False
