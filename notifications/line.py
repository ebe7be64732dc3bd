"""One message over an open SMTP connection, in two steps with time between them for something else.

smtplib's own sendmail waits for each of four answers in turn. Where the server offers PIPELINING (RFC 2920), sender and
recipient are named and the content is announced in one go, and the answers are read when the content is sent.
"""

import re
import smtplib
import time
from contextlib import suppress

OK = 250
ACCEPTED = (250, 251)
GO_AHEAD = 354
CLOSING = 421
Answer = tuple[int, bytes]


class Line:
    """An open connection. Errors are smtplib's, raised as its sendmail raises them."""

    def __init__(self, smtp: smtplib.SMTP) -> None:
        self.smtp = smtp
        smtp.ehlo_or_helo_if_needed()
        self.at_once = smtp.has_extn("pipelining")
        self.content_sent = False  # from here on a broken line leaves doubt

    def name(self, sender: str, recipient: str, size: int) -> None:
        """Who sends, and to whom, as bare addresses without any control character. Reads no answer."""
        self.content_sent = False
        limit = f" size={size}" if self.smtp.has_extn("size") else ""
        self._commands = [f"MAIL FROM:<{sender}>{limit}", f"RCPT TO:<{recipient}>", "DATA"]
        self._say(3 if self.at_once else 1)

    def send(self, sender: str, recipient: str, content: bytes, *, before: float) -> None:
        """The content to whom `name` named. Returns once the server has taken it.

        Leaves the server where its answers took until `before`, an instant of time.monotonic().
        """
        mail = self.smtp.getreply()
        named = self._answer_after(mail[0] == OK) or mail
        data = self._answer_after(named[0] in ACCEPTED) or named
        if data[0] != GO_AHEAD or mail[0] != OK or named[0] not in ACCEPTED:
            self._give_up(mail, named, data)
        if mail[0] != OK:
            raise smtplib.SMTPSenderRefused(*mail, sender)
        if named[0] not in ACCEPTED:
            raise smtplib.SMTPRecipientsRefused({recipient: named})
        if data[0] != GO_AHEAD:
            raise smtplib.SMTPDataError(*data)
        if time.monotonic() >= before:
            self.smtp.close()
            raise smtplib.SMTPServerDisconnected("nothing was sent: the server was too slow to answer")
        self.content_sent = True
        self.smtp.send(re.sub(rb"(?m)^\.", b"..", content) + (b"" if content.endswith(b"\r\n") else b"\r\n") + b".\r\n")
        taken = self.smtp.getreply()
        if taken[0] != OK:
            self._give_up(taken)
            raise smtplib.SMTPDataError(*taken)

    def _answer_after(self, went_well: bool) -> Answer | None:
        """The answer to the next command, which is given now where it could not be before."""
        if not self.at_once:
            if not went_well:
                return None
            self._say(1)
        return self.smtp.getreply()

    def _say(self, count: int) -> None:
        """The next commands, in one packet."""
        said, self._commands = self._commands[:count], self._commands[count:]
        self.smtp.send("".join(f"{command}\r\n" for command in said))

    def _give_up(self, *answers: Answer) -> None:
        """Be ready for another message; a server that waits for the content of this one can only be left."""
        if any(code in (CLOSING, GO_AHEAD) for code, _ in answers):
            self.smtp.close()
        else:
            with suppress(smtplib.SMTPServerDisconnected):
                self.smtp.rset()
