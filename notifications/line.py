"""One message over an open SMTP connection, in two steps with time between them for something else.

smtplib's own sendmail waits for each of four answers in turn. Here sender and recipient are named first, both at once
where the server offers PIPELINING (RFC 2920), and their answers are read when the content is sent.
"""

import smtplib
from contextlib import suppress

OK = 250
ACCEPTED = (250, 251)
CLOSING = 421


class Line:
    """An open connection. Errors are smtplib's, raised as its sendmail raises them."""

    def __init__(self, smtp: smtplib.SMTP) -> None:
        self.smtp = smtp
        smtp.ehlo_or_helo_if_needed()
        self.both = smtp.has_extn("pipelining")
        self.content_sent = False  # from here on a broken line leaves doubt

    def name(self, sender: str, recipient: str, size: int) -> None:
        """Who sends, and to whom, as bare addresses. Reads no answer."""
        self.content_sent = False
        limit = f" size={size}" if self.smtp.has_extn("size") else ""
        self.smtp.putcmd("mail", f"FROM:<{sender}>{limit}")
        if self.both:
            self._name_recipient(recipient)

    def send(self, sender: str, recipient: str, content: bytes) -> None:
        """The content to whom `name` named. Returns once the server has taken it."""
        mail = self.smtp.getreply()
        if not self.both and mail[0] == OK:
            self._name_recipient(recipient)
        recipient_answer = self.smtp.getreply() if self.both or mail[0] == OK else mail
        if mail[0] != OK:
            self._give_up(mail[0])
            raise smtplib.SMTPSenderRefused(*mail, sender)
        if recipient_answer[0] not in ACCEPTED:
            self._give_up(recipient_answer[0])
            raise smtplib.SMTPRecipientsRefused({recipient: recipient_answer})
        self.content_sent = True
        self._send_content(content)

    def _send_content(self, content: bytes) -> None:
        try:
            code, said = self.smtp.data(content)
            if code != OK:
                raise smtplib.SMTPDataError(code, said)
        except smtplib.SMTPDataError as error:
            self._give_up(error.smtp_code)
            raise

    def _name_recipient(self, recipient: str) -> None:
        self.smtp.putcmd("rcpt", f"TO:<{recipient}>")

    def _give_up(self, code: int) -> None:
        if code == CLOSING:
            self.smtp.close()
        else:
            with suppress(smtplib.SMTPServerDisconnected):
                self.smtp.rset()
