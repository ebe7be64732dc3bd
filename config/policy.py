"""What is set for the staff pages and for nothing else: their content security policy, and whose clock they show.

django-unfold evaluates expressions written in attributes (Alpine) and writes style elements. Scripts and styles still
come from this site alone, and no script may stand in a page.
"""

from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

from csp.constants import SELF, UNSAFE_EVAL, UNSAFE_INLINE
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone

STAFF_PAGES = {"admin", "staff"}  # django's own, and those beside them (config/previews.py)
STAFF_POLICY = {"script-src": [SELF, UNSAFE_EVAL], "style-src": [SELF, UNSAFE_INLINE]}


class StaffPolicyMiddleware:
    """Stands after django-csp's own, which writes the header from what it finds on the response."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        with timezone.override(None):  # what process_view sets ends with the page
            response = self.get_response(request)
        if is_staff_page(request):
            response._csp_replace = STAFF_POLICY  # type: ignore[attr-defined]  # as django-csp's decorators do
        return response

    def process_view(self, request: HttpRequest, *_view: Any) -> None:
        """Moments are shown by the clock of who looks, and with its zone (config/formats)."""
        if is_staff_page(request) and request.user.is_authenticated:
            timezone.activate(ZoneInfo(request.user.time_zone))


def is_staff_page(request: HttpRequest) -> bool:
    match = request.resolver_match
    return match is not None and bool(STAFF_PAGES & {*match.app_names})
