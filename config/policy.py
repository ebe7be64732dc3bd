"""The content security policy of the staff pages, and of nothing else.

django-unfold evaluates expressions written in attributes (Alpine) and writes style elements. Scripts and styles still
come from this site alone, and no script may stand in a page.
"""

from collections.abc import Callable

from csp.constants import SELF, UNSAFE_EVAL, UNSAFE_INLINE
from django.http import HttpRequest, HttpResponseBase

STAFF_PAGES = {"admin", "staff"}  # django's own, and those beside them (config/previews.py)
STAFF_POLICY = {"script-src": [SELF, UNSAFE_EVAL], "style-src": [SELF, UNSAFE_INLINE]}


class StaffPolicyMiddleware:
    """Stands after django-csp's own, which writes the header from what it finds on the response."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        match = request.resolver_match
        if match is not None and STAFF_PAGES & {*match.app_names}:
            response._csp_replace = STAFF_POLICY  # type: ignore[attr-defined]  # as django-csp's decorators do
        return response
