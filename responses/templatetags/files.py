"""What the virus scanner says of a file, for templates."""

from typing import Any

from django import template

from responses import scanning
from responses.models import Attachment

register = template.Library()


@register.filter
def may_open(attachment: Attachment | dict[str, Any]) -> bool:
    """Of a file as a submission names it nothing is known here: the door to it says what there is to say."""
    return isinstance(attachment, dict) or scanning.may_be_read(attachment)


@register.filter
def scan_state(attachment: Attachment | dict[str, Any]) -> str:
    """ "waiting for the virus scanner"; "" where there is nothing to say"""
    return "" if isinstance(attachment, dict) else scanning.state_words(attachment)
