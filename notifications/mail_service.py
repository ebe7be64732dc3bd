"""What an e-mail service's answer by HTTP means for a message, as SMTP's codes do for a mail server's.

Services are called through django-anymail. Its errors are requests' errors and so OSErrors: they have to be told apart
before anything takes them for a broken line.
"""

from anymail.exceptions import AnymailAPIError, AnymailRecipientsRefused
from requests.exceptions import ConnectTimeout
from urllib3.exceptions import NameResolutionError, NewConnectionError

from notifications.fate import Fate, ServerAway

ERRORS = (AnymailAPIError, AnymailRecipientsRefused)
# Said of us or of the moment and not of the message: our key, our quota, their maintenance.
ABOUT_US = {401, 402, 403, 407, 408, 429, 503}


def fate_of(error: Exception) -> tuple[Fate, str]:
    """What became of the message. Raises ServerAway where the service cannot be used at all now."""
    said = " ".join(str(error).split())[:300]
    status = getattr(error, "status_code", None)
    if isinstance(error, AnymailRecipientsRefused):
        return Fate.REFUSED, said
    if status in ABOUT_US or (status is None and _never_reached(error)):
        raise ServerAway(said) from error
    if status is None or status >= 500 or 200 <= status < 300:
        return Fate.DOUBT, said  # it may have been taken before something broke
    return Fate.REFUSED, said


def _never_reached(error: BaseException) -> bool:
    """The connection was not made, so the service has nothing of it."""
    if isinstance(error, ConnectTimeout):
        return True
    reasons = [error.__cause__, *getattr(error.__cause__, "args", ())]
    reasons += [getattr(reason, "reason", None) for reason in reasons]
    return any(isinstance(reason, ConnectTimeout | NewConnectionError | NameResolutionError) for reason in reasons)
