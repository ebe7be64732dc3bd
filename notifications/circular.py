"""What many are told in the same words: written, inlined and put into MIME once, and filled in for each reader.

A place is a word that stands in the text for what is each reader's own, such as the link that unsubscribes them. To
write a message costs some ten milliseconds, to fill one in some hundredths of that.
"""

import uuid
from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any

from notifications.message import Message, envelope, one_line
from notifications.models import Notification

UNSUBSCRIBE = "https://x0unsubscribe0x"
_ADDRESS = "x0address0x@soundings.invalid"
_ROW = Notification(address=_ADDRESS, reference=uuid.UUID("5e0f7c1a-9d34-4a52-8a6b-0c1d2e3f4a5b"))


class Circular:
    """A message with places in it. `to` gives a reader's own: an ordinary Message that is quick to put into MIME."""

    def __init__(self, message: Message) -> None:
        self.message = message
        self._whole: dict[str, bool] = {}

    def to(self, own: Mapping[str, str]) -> Message:
        """`own`: place → what stands there for this reader. A place that does not occur is passed over."""
        message = self.message
        filled = replace(
            message,
            text=_filled(message.text, own),
            html=_filled(message.html, own),
            unsubscribe_url=_filled(message.unsubscribe_url, own),
            attachments=tuple(replace(each, content=_filled(each.content, own)) for each in message.attachments),
        )
        object.__setattr__(filled, "circular", self)
        object.__setattr__(filled, "own", own)
        return filled

    def mime(self, row: Notification, own: Mapping[str, str]) -> bytes | None:
        """What `to` gave, as it goes over the line; None where it has to be put together by itself."""
        own = {**own, _ADDRESS: one_line(row.address), _ROW.message_id: row.message_id}
        if not all(value.isascii() and self._is_whole(place) for place, value in own.items()):
            return None
        mime = self._mime
        for place, value in own.items():
            mime = mime.replace(place.encode(), value.encode())
        return mime

    @cached_property
    def _mime(self) -> bytes:
        return _put_together(_ROW, self.message)

    def _is_whole(self, place: str) -> bool:
        """The place came through the encoding of headers and parts unaltered, wherever it stands."""
        if place not in self._whole:
            self._whole[place] = self._mime.count(place.encode()) == self._expected(place)
        return self._whole[place]

    def _expected(self, place: str) -> int:
        if place in (_ADDRESS, _ROW.message_id):
            return 1
        message = self.message
        parts = [message.text, message.html, message.unsubscribe_url, *(each.content for each in message.attachments)]
        return sum(part.count(place) for part in parts)


def _filled(text: str, own: Mapping[str, str]) -> str:
    for place, value in own.items():
        text = text.replace(place, value)
    return text


def as_bytes(row: Notification, message: Message) -> bytes:
    """The message as it goes over the line."""
    mime = message.circular.mime(row, message.own) if message.circular else None
    return mime or _put_together(row, message)


def _put_together(row: Notification, message: Message) -> bytes:
    mime: Any = envelope(row, message).message()
    return bytes(mime.as_bytes(linesep="\r\n"))
