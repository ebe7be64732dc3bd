"""What must fit together in the settings of the post."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register


@register()
def mail_timeout_fits_into_the_doubt_period(**_: Any) -> list[CheckMessage]:
    """Nobody asks what became of a message while it may still be on its way.

    It is let out within a third of SENDING_DOUBT_SECONDS, or not at all; the content and the answer to it (of an e-mail
    service: connecting and the answer) may then take EMAIL_TIMEOUT each.
    """
    timeout, doubt = settings.EMAIL_TIMEOUT, settings.SENDING_DOUBT_SECONDS
    if timeout and 0 < timeout * 3 <= doubt:
        return []
    said = f"EMAIL_TIMEOUT is {timeout} and SENDING_DOUBT_SECONDS is {doubt}: a slow server could get a message twice."
    hint = "Set EMAIL_TIMEOUT to at least 1 and at most a third of SENDING_DOUBT_SECONDS."
    return [Error(said, hint=hint, id="notifications.E001")]
