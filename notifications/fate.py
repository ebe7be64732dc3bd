"""What may become of one attempt to hand a message over."""

from enum import Enum


class Fate(Enum):
    """What became of one attempt."""

    ACCEPTED = "accepted"
    LATER = "later"  # a passing fault of this message or address
    REFUSED = "refused"  # for good
    DOUBT = "doubt"  # the line broke after the message was handed over: the server may have it


class ServerAway(Exception):  # noqa: N818 (said as a sentence)
    """The mail server cannot be used now; the message was certainly not accepted."""
