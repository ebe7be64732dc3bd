"""Asking the mail provider whether it has a message: what settles a doubt after a worker died while sending."""

from urllib.error import HTTPError
from urllib.parse import quote, urlsplit
from urllib.request import urlopen

from django.conf import settings

TIMEOUT = 10


class CannotAsk(Exception):  # noqa: N818 (said as a sentence)
    """The provider can be asked, but did not answer just now."""


def was_accepted(message_id: str) -> bool | None:
    """Whether the provider took the message; None where no provider can be asked. Raises CannotAsk: try later."""
    base: str = settings.MAIL_LOOKUP_URL
    if urlsplit(base).scheme not in {"http", "https"}:
        return None
    try:
        with urlopen(base + quote(message_id, safe=""), timeout=TIMEOUT):  # noqa: S310 (the scheme was checked above)
            return True
    except HTTPError as error:
        error.close()
        if error.code == 404:
            return False
        raise CannotAsk(f"the provider said {error.code}") from error
    except OSError as error:
        raise CannotAsk(str(error)) from error
