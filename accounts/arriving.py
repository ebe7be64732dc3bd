"""How somebody finds the way on to where they were going: by registering, confirming an address and signing in."""

from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme

WAITING = "invitation_page"  # in the session, which survives signing in
WANTED = "wanted_page"


def remember(request: HttpRequest) -> None:
    """This page, an invitation's."""
    request.session[WAITING] = request.path


def forget(request: HttpRequest) -> None:
    request.session.pop(WAITING, None)


def invitation_page(request: HttpRequest) -> str:
    """The page of the invitation that this browser opened before, "" if none."""
    return str(request.session.get(WAITING, ""))


def want(request: HttpRequest) -> None:
    """Whoever registers was going to `next`. Asked of everybody alike, whether the address is known or not."""
    page = request.POST.get("next") or request.GET.get("next") or ""
    if is_here(request, page):
        request.session[WANTED] = page


def wanted_page(request: HttpRequest) -> str:
    """Where this browser was going when its reader registered, once; "" if nowhere."""
    return str(request.session.pop(WANTED, ""))


def is_here(request: HttpRequest, page: str) -> bool:
    """A page of this site."""
    return bool(page) and url_has_allowed_host_and_scheme(page, {request.get_host()}, require_https=request.is_secure())
