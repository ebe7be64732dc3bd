"""The local mailbox: keeps what it said it kept, and shows hostile mail without harm."""

import json
import smtplib
import socket
from email.message import EmailMessage
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import Request

import pytest

from script.mailbox import with_links
from tests.live import DIRECT, Mailbox


def send(mailbox: Mailbox, *, to: str = "a@example.org", subject: str = "Hello", **parts: str) -> str:
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = subject, "soundings@example.org", to
    message["Message-ID"] = message_id = f"<{abs(hash((to, subject)))}/x@example.org>"
    message.set_content(parts.get("text", "Plain."))
    if "html" in parts:
        message.add_alternative(parts["html"], subtype="html")
    if "file" in parts:
        message.add_attachment(parts["file"].encode(), "application", "pdf", filename='r"e\u20acceipt.pdf')
    with smtplib.SMTP("127.0.0.1", mailbox.smtp_port) as smtp:
        smtp.send_message(message)
    return message_id


def status_of(url: str) -> int:
    try:
        with DIRECT.open(url) as answer:
            return answer.status
    except HTTPError as error:
        error.close()
        return error.code


def test_messages_are_listed_by_whole_recipient_address(mailbox):
    send(mailbox, to="a@example.org", subject="One")
    send(mailbox, to="B@example.org", subject="Two")
    assert [m["Subject"] for m in mailbox.messages(to="b@example.org")] == ["Two"]
    assert [m["Subject"] for m in mailbox.messages(to="example.org")] == []
    assert [m["Subject"] for m in mailbox.messages()] == ["One", "Two"]


def test_provider_question_is_answered_by_message_id(mailbox):
    message_id = send(mailbox)
    assert status_of(mailbox.lookup_url + quote(message_id, safe="")) == 200
    assert status_of(mailbox.lookup_url + quote("<never-sent@example.org>", safe="")) == 404


def test_what_was_acknowledged_survives_a_kill(mailbox):
    send(mailbox, subject="Kept")
    mailbox.process.kill()
    mailbox.process.start()
    assert [m["Subject"] for m in mailbox.messages()] == ["Kept"]


def test_hostile_message_is_shown_as_text(mailbox):
    send(
        mailbox,
        subject="<script>alert(1)</script>",
        text="<b>x</b>",
        html="<script>alert(2)</script><p>Hi</p>",
        file="%PDF",
    )
    number = mailbox.summaries()[0]["id"]
    for page in ("/", f"/messages/{number}"):
        assert b"<script" not in mailbox.get(page)
    assert b"&lt;b&gt;x&lt;/b&gt;" in mailbox.get(f"/messages/{number}")
    with DIRECT.open(f"{mailbox.url}/messages/{number}/html") as answer:
        assert answer.headers["Content-Security-Policy"].startswith("sandbox allow-popups ")
        assert "script-src" not in answer.headers["Content-Security-Policy"]
    with DIRECT.open(f"{mailbox.url}/messages/{number}/attachments/0") as answer:
        assert answer.headers["Content-Type"] == "application/octet-stream"
        assert answer.headers["Content-Disposition"] == "attachment; filename*=UTF-8''r%22e%E2%82%ACceipt.pdf"
        assert answer.read() == b"%PDF"


@pytest.mark.parametrize(
    "path", ["/nowhere", "/messages/0", "/messages/9/html", "/messages/9/attachments/0", "/by-message-id/"]
)
def test_what_is_not_there_is_404(mailbox, path):
    assert status_of(f"{mailbox.url}{path}") == 404


def test_malformed_mail_is_kept_and_shown(mailbox):
    headers = b"Subject: =?utf-8?b?!!!?=\r\nFrom: \xff\xfe <<<\r\nContent-Type: text/plain; charset=nonsense\r\n"
    with socket.create_connection(("127.0.0.1", mailbox.smtp_port), timeout=10) as line:
        answers = line.makefile("rb")
        answers.readline()
        for said in (b"HELO x\r\n", b"MAIL FROM:<x@example.org>\r\n", b"RCPT TO:<y@example.org>\r\n", b"DATA\r\n"):
            line.sendall(said)
            answers.readline()
        line.sendall(headers + b"\r\n\xff body\r\n.\r\n")
        assert answers.readline().startswith(b"250 ")
        answers.close()
    number = mailbox.summaries(to="y@example.org")[0]["id"]
    assert b"body" in mailbox.get(f"/messages/{number}")
    assert status_of(f"{mailbox.url}/") == 200


def test_links_end_before_the_sentence_does():
    assert with_links("Go to https://x.example/a?b=1&c=2. (or http://y.example/)") == (
        'Go to <a href="https://x.example/a?b=1&amp;c=2">https://x.example/a?b=1&amp;c=2</a>. '
        '(or <a href="http://y.example/">http://y.example/</a>)'
    )


# --- Faults on purpose ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("mode", "raises", "kept"),
    [
        ("later", smtplib.SMTPDataError, 0),
        ("refuse", smtplib.SMTPDataError, 0),
        ("drop", smtplib.SMTPServerDisconnected, 1),
        ("lose", smtplib.SMTPServerDisconnected, 0),
    ],
)
def test_faults_strike_as_told_until_they_are_ended(mailbox, mode, raises, kept):
    def faults(asked: str) -> dict[str, int]:
        address = f"{mailbox.url}/faults?mode={asked}&share=1"
        with DIRECT.open(Request(address, method="PUT"), timeout=10) as answer:
            return json.load(answer)

    before = faults(mode)[mode]
    try:
        with pytest.raises(raises):
            send(mailbox)
    finally:
        after = faults("")[mode]
    assert (after - before, len(mailbox.messages())) == (1, kept)
    send(mailbox)
    assert len(mailbox.messages()) == kept + 1
