"""Handing one message to the mail server, and what the server's answer means for its row."""

import smtplib
from contextlib import suppress
from typing import Any

from django.core.mail import EmailMultiAlternatives, get_connection

from notifications import circuit, mail_service
from notifications.fate import Fate, ServerAway

__all__ = ["Courier", "Fate", "ServerAway"]


class Courier:
    """One connection to the mail server, opened when first needed, reused, and opened again when it drops."""

    def __init__(self) -> None:
        self._backend: Any = get_connection()
        self._handed_over = False
        self._opened = False

    def __enter__(self) -> "Courier":
        return self

    def __exit__(self, *exception: object) -> None:
        self._close()

    def hand_over(self, mail: EmailMultiAlternatives) -> tuple[Fate, str]:
        """Try once, or twice where a reused connection had gone stale; no faster than the rate. Raises ServerAway."""
        circuit.wait_for_slot()
        reused = self._opened
        try:
            return self._attempt(mail)
        except ServerAway:
            if not reused:
                raise
        return self._attempt(mail)

    def _attempt(self, mail: EmailMultiAlternatives) -> tuple[Fate, str]:
        self._open()
        self._handed_over = False
        try:
            return self._send(mail)
        except (smtplib.SMTPServerDisconnected, OSError) as error:
            self._close()
            if self._handed_over:
                return Fate.DOUBT, str(error)
            raise ServerAway(str(error)) from error

    def _send(self, mail: EmailMultiAlternatives) -> tuple[Fate, str]:
        try:
            self._backend.send_messages([mail])
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
        except (smtplib.SMTPNotSupportedError, UnicodeError, ValueError) as error:
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
        except (smtplib.SMTPException, OSError) as error:
            self._close()
            raise ServerAway(str(error)) from error
        self._opened = True
        self._watch()

    def _watch(self) -> None:
        """Note the moment at which a message's content goes out: before it, a broken line leaves no doubt."""
        smtp = getattr(self._backend, "connection", None)
        if not isinstance(smtp, smtplib.SMTP):
            return
        data = smtp.data

        def watched(content: Any) -> Any:
            self._handed_over = True
            return data(content)

        setattr(smtp, "data", watched)  # noqa: B010 (this one connection's own, in place of the class's)

    def _close(self) -> None:
        self._opened = False
        with suppress(smtplib.SMTPException, OSError):
            self._backend.close()
