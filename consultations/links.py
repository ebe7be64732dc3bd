"""Links in e-mails that work without signing in: signed, each for one purpose, and good for nothing else."""

from functools import cache
from typing import Any

from django.conf import settings
from django.core import signing
from django.urls import reverse

from notifications.refusal import Refusal

DAMAGED = "This link is damaged. Open it from the e-mail again."
_PLACE = "x0token0x"


def token(purpose: str, value: Any) -> str:
    """What the link carries. It does not run out by itself. `value` is what JSON can hold."""
    return signing.dumps(value, salt=purpose, compress=True)


def read(purpose: str, given: str, *kinds: type, damaged: str = DAMAGED) -> Any:
    """What a link says: a value of the one kind, or a list of values of these. Raises Refusal, in the words of
    `damaged`, for a link that was not made here, or for another purpose.
    """
    try:
        value = signing.loads(given, salt=purpose)
    except (signing.BadSignature, ValueError) as error:
        raise Refusal(damaged, code="bad_token") from error
    values = value if len(kinds) > 1 and isinstance(value, list) else [value]
    if [type(each) for each in values] != list(kinds):
        raise Refusal(damaged, code="bad_token")
    return value


def address(page: str, token: str) -> str:
    """The absolute address of a page that the token opens."""
    return f"{settings.SITE_URL}{_path(page).replace(_PLACE, token)}"


@cache  # each of a hundred thousand e-mails may have two such links
def _path(page: str) -> str:
    return reverse(page, args=[_PLACE])
