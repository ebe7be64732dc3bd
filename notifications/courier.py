"""Handing one message to the mail server, and what the server's answer means for its row."""

import re
import smtplib
import time
from contextlib import suppress
from email.utils import parseaddr
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.core.mail import get_connection
from django.core.mail.message import sanitize_address

from notifications import circuit, mail_service
from notifications.circular import as_bytes
from notifications.fate import Fate, ServerAway
from notifications.line import Line
from notifications.message import Message, envelope, one_line
from notifications.models import Notification

__all__ = ["Courier", "Fate", "ServerAway"]


# What SMTP's commands take as it is; Django takes a fifth of a millisecond to find that out.
PLAIN = re.compile(r"[A-Za-z0-9._+-]+@[A-Za-z0-9.-]+")


@lru_cache(maxsize=16)  # for the sender's, which has a name before it and is the same each time
def _bare(address: str) -> str:
    """The address as SMTP's commands take it. Raises ValueError, of which UnicodeError is one, where they cannot."""
    if PLAIN.fullmatch(address):
        return address
    _, bare = parseaddr(sanitize_address(one_line(address), "utf-8"))
    bare.encode("ascii")
    return bare


class Courier:
    """One connection to the mail server, opened when first needed, reused, and opened again when it drops.

    `begin` names sender and recipient and waits for no answer: it comes while the caller notes durably that the message
    is being sent. Only `hand_over` lets the content out, and e-mail services hear of a message in `hand_over` alone.
    """

    def __init__(self) -> None:
        self._backend: Any = get_connection()
        self._opened = False
        self._reused = False
        self._line: Line | None = None

    def __enter__(self) -> "Courier":
        return self

    def __exit__(self, *exception: object) -> None:
        self._close()

    def begin(self, row: Notification, message: Message) -> None:
        """No faster than the rate. Raises ServerAway."""
        circuit.wait_for_slot()
        self._row, self._message = row, message
        self._reused = self._opened
        try:
            self._name()
        except ServerAway:
            self._unless_reused()
            self._name()
        # checks.py holds what is left of the doubt period to be enough for the content and the server's answer.
        self._let_out_before = time.monotonic() + max(1.0, settings.SENDING_DOUBT_SECONDS / 3)

    def hand_over(self) -> tuple[Fate, str]:
        """What `begin` began; once more where a connection that was reused had gone stale. Raises ServerAway."""
        try:
            return self._finish()
        except ServerAway:
            self._unless_reused()
        self._name()
        return self._finish()

    def forget(self) -> None:
        """Leave what `begin` began."""
        self._close()

    def _unless_reused(self) -> None:
        """In an `except`: raise again, unless the connection was an old one and a new one is worth a try."""
        if not self._reused:
            raise
        self._reused = False

    def _name(self) -> None:
        self._open()
        self._fault = ""
        if self._line is None:
            return
        try:
            self._sender, self._recipient = _bare(settings.DEFAULT_FROM_EMAIL), _bare(self._row.address)
            self._content = as_bytes(self._row, self._message)
        except ValueError as error:
            self._fault = f"This address or message cannot be sent: {error}"
            return
        try:
            self._line.name(self._sender, self._recipient, len(self._content))
        except (smtplib.SMTPException, OSError) as error:
            self._close()
            raise ServerAway(str(error)) from error

    def _finish(self) -> tuple[Fate, str]:
        if self._fault:
            return Fate.REFUSED, self._fault
        self._refuse_if_late()
        line = self._line
        try:
            return self._send(line)
        except (smtplib.SMTPServerDisconnected, OSError) as error:
            self._close()
            if line and line.content_sent:
                return Fate.DOUBT, str(error)
            raise ServerAway(str(error)) from error

    def _refuse_if_late(self) -> None:
        """Let nothing out so long after it was marked that another may soon ask about it: this process has slept."""
        if time.monotonic() >= self._let_out_before:
            self._close()
            raise ServerAway("nothing was sent: it was marked as being sent too long ago")

    def _send(self, line: Line | None) -> tuple[Fate, str]:
        try:
            if line:
                line.send(self._sender, self._recipient, self._content, before=self._let_out_before)
            else:
                self._backend.send_messages([envelope(self._row, self._message)])
        except smtplib.SMTPServerDisconnected:
            raise
        except mail_service.ERRORS as error:
            return mail_service.fate_of(error)
        except smtplib.SMTPRecipientsRefused as error:
            code, reason = next(iter(error.recipients.values()))
            return self._refused(code, reason, final=code >= 500)
        except smtplib.SMTPSenderRefused as error:
            # Refused before the recipient was named: that is about us and not about this message.
            return self._refused(error.smtp_code, error.smtp_error, final=False)
        except smtplib.SMTPResponseException as error:
            return self._refused(error.smtp_code, error.smtp_error, final=error.smtp_code >= 500)
        except (smtplib.SMTPNotSupportedError, ValueError) as error:
            return Fate.REFUSED, f"This address or message cannot be sent: {error}"
        return Fate.ACCEPTED, ""

    def _refused(self, code: int, reason: bytes | str, *, final: bool) -> tuple[Fate, str]:
        said = reason.decode(errors="replace") if isinstance(reason, bytes) else reason
        if code == 421:  # "closing the connection": said of the connection, not of the message
            self._close()
            raise ServerAway(f"{code} {said}")
        return (Fate.REFUSED if final else Fate.LATER), f"{code} {said}"

    def _open(self) -> None:
        if self._opened:
            return
        try:
            self._backend.open()
            smtp = getattr(self._backend, "connection", None)
            self._line = Line(smtp) if isinstance(smtp, smtplib.SMTP) else None
        except (smtplib.SMTPException, OSError) as error:
            self._close()
            raise ServerAway(str(error)) from error
        self._opened = True

    def _close(self) -> None:
        self._opened, self._line = False, None
        with suppress(smtplib.SMTPException, OSError):
            self._backend.close()
