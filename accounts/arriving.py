"""How somebody who was invited finds the way back: through registering, confirming an address and signing in."""

from django.http import HttpRequest
from django.urls import reverse

WAITING = "invitation"  # in the session, which survives signing in


def remember(request: HttpRequest, token: str) -> None:
    request.session[WAITING] = token


def forget(request: HttpRequest) -> None:
    request.session.pop(WAITING, None)


def invitation_page(request: HttpRequest) -> str:
    """The page of the invitation that this browser opened before, "" if none."""
    token = request.session.get(WAITING)
    return reverse("accounts:accept_invitation", args=[token]) if token else ""
