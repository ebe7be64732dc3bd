"""Messages for tests of the post room, which knows nothing of consultations."""

from datetime import datetime

from django.conf import settings

from notifications.message import Message, Skip
from notifications.models import Notification

KINDS = {name: f"tests.notifications.kinds.{name}" for name in ("plain", "unwanted", "broken", "linked")}


def plain(notification: Notification, now: datetime) -> Message:
    return Message(subject=notification.payload.get("subject", "Plain"), text="Hello.\n", html="<p>Hello.</p>")


def linked(notification: Notification, now: datetime) -> Message:
    return Message(subject="News", text="News.\n", unsubscribe_url=f"{settings.SITE_URL}/unsubscribe/token/")


def unwanted(notification: Notification, now: datetime) -> Skip:
    return Skip("Nobody wants it.")


def broken(notification: Notification, now: datetime) -> Message:
    raise KeyError("a fault of the program")
