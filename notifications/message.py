"""The shape of every message: text that reads well alone, HTML beside it, and headers that say it is automatic."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlsplit

import css_inline
from django.conf import settings
from django.core.mail import EmailMultiAlternatives, SafeMIMEText
from django.template.loader import render_to_string

from notifications.models import Notification

if TYPE_CHECKING:
    from notifications.circular import Circular

SUBJECT_LENGTH = 150
# On this Python some of these become line ends inside a header, and what follows them a header of its own.
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
INLINER = css_inline.CSSInliner(keep_style_tags=True, load_remote_stylesheets=False)


@dataclass(frozen=True, kw_only=True)
class Attachment:
    """A text that goes with a message, such as a calendar entry. `parameters` are those of its content type."""

    name: str
    content: str
    subtype: str
    parameters: tuple[tuple[str, str], ...] = ()

    def part(self) -> SafeMIMEText:
        part = SafeMIMEText(self.content, self.subtype, "utf-8")
        for name, value in self.parameters:
            part.set_param(name, value)
        part.add_header("Content-Disposition", "attachment", filename=self.name)
        return part


@dataclass(frozen=True, kw_only=True)
class Message:
    """What to say. `unsubscribe_url` where the reader may stop this kind of news without signing in (RFC 8058)."""

    # Where many are told the same: set by Circular.to. Not fields, so that a copy that says something else has neither.
    circular: ClassVar["Circular | None"] = None
    own: ClassVar[Mapping[str, str]] = {}

    subject: str
    text: str
    html: str = ""
    unsubscribe_url: str = ""
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True)
class Skip:
    """Nothing to say any more, and why: shown to staff."""

    reason: str


def one_line(value: str) -> str:
    """The value without any control character, each run of them and of blanks a single space."""
    return " ".join(CONTROL.sub(" ", value).split())


def shortened(value: str, length: int = SUBJECT_LENGTH) -> str:
    value = one_line(value)
    return value if len(value) <= length else value[: length - 1].rstrip() + "…"


def write(
    template: str,
    *,
    subject: str,
    why: str,
    unsubscribe_url: str = "",
    attachments: tuple[Attachment, ...] = (),
    **context: Any,
) -> Message:
    """Fill `<template>.txt` and `<template>.html`. `why` ends both: why the reader gets this."""
    subject = shortened(subject)
    context |= {
        "subject": subject,
        "why": why,
        "unsubscribe_url": unsubscribe_url,
        "site_url": settings.SITE_URL,
        "mail_host": urlsplit(settings.SITE_URL).hostname,
    }
    text = re.sub(r"\n{3,}", "\n\n", render_to_string(f"{template}.txt", context)).strip() + "\n"
    html = INLINER.inline(render_to_string(f"{template}.html", context))
    return Message(subject=subject, text=text, html=html, unsubscribe_url=unsubscribe_url, attachments=attachments)


def envelope(notification: Notification, message: Message) -> EmailMultiAlternatives:
    """The message as it is handed to the mail server. Every header value has been cleaned of control characters."""
    headers = {
        "Message-ID": notification.message_id,
        "Auto-Submitted": "auto-generated",  # RFC 3834: nobody's holiday reply is to come back
        "X-Auto-Response-Suppress": "All",
    }
    if message.unsubscribe_url:
        host = urlsplit(settings.SITE_URL).hostname or "soundings"
        headers["List-Id"] = f"Soundings alerts <alerts.{host}>"
        headers["List-Unsubscribe"] = f"<{one_line(message.unsubscribe_url)}>"
        headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    mail = EmailMultiAlternatives(
        subject=shortened(message.subject),
        body=message.text,
        from_email=one_line(settings.DEFAULT_FROM_EMAIL),
        to=[one_line(notification.address)],
        headers=headers,
    )
    if message.html:
        mail.attach_alternative(message.html, "text/html")
    for attachment in message.attachments:
        mail.attach(attachment.part())
    return mail
