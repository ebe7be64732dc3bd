"""notifications/message.py: text and HTML, and headers that nobody's input can add to."""

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from notifications import outbox, provider
from notifications.message import shortened, write
from notifications.models import Notification
from tests.live import body_of, free_port
from tests.notifications.conftest import NOW

pytestmark = pytest.mark.django_db

HEADERS = {
    "Content-Type", "MIME-Version", "Subject", "From", "To", "Date", "Message-ID", "Auto-Submitted",
    "X-Auto-Response-Suppress",
}  # fmt: skip
CONTROL = "\r\n\t\x00\x0b\x0c\x1c\x1d\x1e\x1f\x7f\x85\x9b\u2028\u2029"


def sent(mailbox, owe, **fields):
    row = owe("a", **fields)
    outbox.deliver(now=NOW, worker="test")
    return row, mailbox.wait_for(1)[0]


def test_a_message_is_marked_as_automatic_and_carries_the_rows_own_id(mailbox, owe):
    row, message = sent(mailbox, owe)

    assert message["Message-ID"] == row.message_id
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["X-Auto-Response-Suppress"] == "All"
    assert abs(parsedate_to_datetime(message["Date"]).replace(tzinfo=UTC) - datetime.now(UTC)) < timedelta(minutes=1)
    assert {"List-Unsubscribe", "List-Unsubscribe-Post", "List-Id"}.isdisjoint(message.keys())
    assert message.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]


def test_news_that_can_be_stopped_says_how_in_its_headers(mailbox, owe, settings):
    _, message = sent(mailbox, owe, kind="linked")

    assert message["List-Unsubscribe"].strip() == f"<{settings.SITE_URL}/unsubscribe/token/>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert message["List-Id"] == "Soundings alerts <alerts.localhost>"


@hypothesis_settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    subject=st.text(
        st.one_of(st.sampled_from(CONTROL), st.characters(exclude_categories=["Cs"])), min_size=0, max_size=200
    )
)
@example("ACME\x0cReply-To : evil@example.org")
@example("ACME\x0bBcc: evil@example.org\x1c\x1d\x1e\r\n\r\nbody")
@example("a\u2028Bcc: evil@example.org")
def test_no_subject_adds_a_header_or_ends_them(mailbox, owe, subject):
    """Through the real mail server: what arrives has exactly the headers that a message has."""
    mailbox.empty()
    Notification.objects.all().delete()

    _, message = sent(mailbox, owe, payload={"subject": subject.replace("\x00", "")})

    assert set(message.keys()) == HEADERS
    assert message["To"] == "a@example.org"
    assert not re.search(f"[{re.escape(CONTROL)}]", str(message["Subject"] or ""))
    assert body_of(message).strip() == "Hello."


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        ("ACME\x0cReply-To : evil@example.org", "ACME Reply-To : evil@example.org"),
        ("  two\t\twords \x85", "two words"),
        ("x" * 400, "x" * 149 + "…"),
    ],
)
def test_a_subject_is_one_line_of_bounded_length(given_, expected):
    assert shortened(given_) == expected


def test_html_is_escaped_and_text_is_not():
    message = write(
        "accounts/email/invitation",
        subject="Join",
        why="Because.",
        inviter="a@example.org",
        organisation="Müller & <b>Söhne</b>",
        role="Reader",
        link="https://example.org/?a=1&b=2",
        expires="tomorrow",
    )

    assert "Müller & <b>Söhne</b>" in message.text
    assert "https://example.org/?a=1&b=2" in message.text
    assert "Müller &amp; &lt;b&gt;Söhne&lt;/b&gt;" in message.html
    assert "Because." in message.text
    assert "Because." in message.html


def test_html_carries_its_styles_inline_and_fetches_nothing():
    html = write(
        "accounts/email/account_mail", subject="Confirm", why="Because.", body="Open https://example.org/x/"
    ).html

    assert 'style="' in html
    assert not re.search(r"<(img|link|script|iframe)|url\(|@import|@font-face", html)
    assert '<a href="https://example.org/x/"' in html


# --- The provider -----------------------------------------------------------------------------------------------------
def test_the_provider_knows_what_it_took_and_what_it_did_not(mailbox, owe):
    row, _ = sent(mailbox, owe)

    assert provider.was_accepted(row.message_id) is True
    assert provider.was_accepted("<another@soundings>") is False


def test_without_a_provider_to_ask_nothing_is_known(settings):
    settings.MAIL_LOOKUP_URL = ""

    assert provider.was_accepted("<a@soundings>") is None


def test_a_provider_that_is_away_is_not_a_no(settings):
    settings.MAIL_LOOKUP_URL = f"http://127.0.0.1:{free_port()}/"

    with pytest.raises(provider.CannotAsk):
        provider.was_accepted("<a@soundings>")
