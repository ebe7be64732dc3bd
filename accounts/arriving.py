"""How somebody who was invited finds the way back: through registering, confirming an address and signing in."""

from django.http import HttpRequest

WAITING = "invitation_page"  # in the session, which survives signing in


def remember(request: HttpRequest) -> None:
    """This page, an invitation's."""
    request.session[WAITING] = request.path


def forget(request: HttpRequest) -> None:
    request.session.pop(WAITING, None)


def invitation_page(request: HttpRequest) -> str:
    """The page of the invitation that this browser opened before, "" if none."""
    return str(request.session.get(WAITING, ""))
