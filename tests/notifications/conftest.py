"""A mail server that answers as it is told, and kinds of message of its own."""

import logging
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from notifications import outbox
from notifications.models import Notification
from tests.live import free_port
from tests.notifications.kinds import KINDS

NOW = datetime(2025, 10, 1, 9, 0, tzinfo=UTC)
logging.getLogger("mail.log").setLevel(logging.WARNING)  # aiosmtpd's thread may go on speaking when a test is over


@pytest.fixture(autouse=True)
def kinds(settings: Any) -> None:
    settings.NOTIFICATION_KINDS = {**settings.NOTIFICATION_KINDS, **KINDS}


@pytest.fixture
def owe() -> Callable[..., Notification]:
    """Owe one plain message under the given key."""

    def queue(key: str = "a", *, kind: str = "plain", address: str = "", **fields: Any) -> Notification:
        payload = fields.pop("payload", {})
        address = address or f"{key}@example.org"
        outbox.queue(kind=kind, key=key, address=address, payload=payload, now=NOW, **fields)
        return Notification.objects.get(key=key)

    return queue


class Moody:
    """aiosmtpd's handler. `say["a@example.org"] = "450 later"` is answered to that recipient; so is `data`, to content.

    `hang_up`: break the line instead of answering the content, after keeping it (`keeps`) or before.
    """

    def __init__(self) -> None:
        self.say: dict[str, str] = {}
        self.data = ""
        self.hang_up = False
        self.keeps = True
        self.after: int | None = None  # say 421 to the sender after so many messages on one connection
        self.taken: list[tuple[str, bytes]] = []
        self.connections = 0
        self.offers: tuple[str, ...] = ()  # extensions

    async def handle_EHLO(
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        self.connections += 1
        self.on_this = 0
        session.host_name = hostname
        return [*(f"250-{name}" for name in self.offers), *responses]

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.after is not None and self.on_this >= self.after:
            return "421 too many messages on this connection"
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if answer := self.say.get(address):
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if not self.data and (self.keeps or not self.hang_up):
            self.taken.append((envelope.rcpt_tos[0], bytes(envelope.content or b"")))
            self.on_this += 1
        if self.hang_up:
            assert server.transport is not None
            server.transport.abort()
        return self.data or "250 OK"

    def addresses(self) -> list[str]:
        return sorted(address for address, _ in self.taken)


@pytest.fixture
def server(settings: Any) -> Iterator[Moody]:
    moody = Moody()
    controller = Controller(moody, hostname="127.0.0.1", port=free_port())
    controller.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", controller.port
    yield moody
    controller.stop()
