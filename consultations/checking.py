"""Taking JSON apart with care: every value is checked for its type, length and form, and nothing is left unread.

Each refusal names the place (`where`) and the key, so that whoever wrote the file can find it.
"""

import json
import re
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from accounts import zones
from notifications.refusal import Refusal

TOP = "the file"


def parse(text: str) -> Any:
    def no_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        keys = [key for key, _ in pairs]
        for key in keys:
            if keys.count(key) > 1:
                raise Refusal(f"The key “{key}” appears twice in one object.", field=key)
        return dict(pairs)

    try:
        return json.loads(text, object_pairs_hook=no_repeats)
    except json.JSONDecodeError as error:
        raise Refusal(f"Not JSON: {error.msg} at line {error.lineno}, column {error.colno}.", field="file") from error
    except RecursionError as error:
        raise Refusal("The file is nested too deeply.", field="file") from error


class Row:
    """One object of the file. Each getter takes a key out and checks it; `done` refuses what is left over."""

    def __init__(self, value: Any, where: str) -> None:
        self.where = where
        if not isinstance(value, dict):
            raise Refusal(f"{where}: should be an object in braces, not {_kind_of(value)}.", field=where)
        self.left = dict(value)

    def wrong(self, key: str, message: str) -> Refusal:
        return Refusal(f"{self.where}, {key}: {message}", field=f"{self.where}, {key}")

    def take(self, key: str, kind: type, *, required: bool = False, words: str = "") -> Any:
        value = self.left.pop(key, None)
        if value is None:
            if required:
                raise self.wrong(key, "is missing.")
            return None
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise self.wrong(key, f"should be {words or kind.__name__}, not {_kind_of(value)}.")
        return value

    def text(self, key: str, *, limit: int = 20_000, required: bool = False) -> str:
        value: str = self.take(key, str, required=required, words="text") or ""
        if required and not value.strip():
            raise self.wrong(key, "is empty.")
        if len(value) > limit:
            raise self.wrong(key, f"has {len(value)} characters; {limit} are allowed.")
        if any(character < " " and character not in "\n\t" for character in value):
            raise self.wrong(key, "has a control character.")
        return value

    def choice(self, key: str, allowed: Any, *, required: bool = True) -> str:
        value = self.text(key, required=required)
        if value and value not in allowed:
            raise self.wrong(key, f"“{value}” is not known. Use one of: {', '.join(sorted(allowed))}.")
        return value

    def slug(self, key: str) -> str:
        value = self.text(key, limit=60, required=True)
        if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", value):
            raise self.wrong(key, f"“{value}” should be small letters, digits and single hyphens.")
        return value

    def zone(self, key: str) -> str:
        value = self.text(key, required=True)
        if value not in zones.known():
            raise self.wrong(key, f"“{value}” is not a time zone. Use a name such as Europe/London.")
        return value

    def day(self, key: str, *, required: bool = False) -> date | None:
        value = self.text(key, required=required)
        try:
            return date.fromisoformat(value) if value else None
        except ValueError as error:
            raise self.wrong(key, f"“{value}” is not a date. Write it as 2025-11-12.") from error

    def day_or_moment(self, key: str, *, required: bool = False) -> date | datetime | None:
        """A date, or a date with a time of day that is meant in the deadline's own zone."""
        value = self.text(key, required=required)
        if len(value) <= 10:
            self.left[key] = value or None
            return self.day(key, required=required)
        try:
            moment = datetime.fromisoformat(value)
        except ValueError as error:
            raise self.wrong(key, f"“{value}” is not a date and time. Write it as 2025-11-12T17:00.") from error
        if moment.tzinfo is not None:
            raise self.wrong(key, "leave out the offset; the time is read in the zone given beside it.")
        return moment

    def number(self, key: str, *, limit: int) -> int | None:
        value: int | None = self.take(key, int, words="a whole number")
        if value is not None and not 0 <= value <= limit:
            raise self.wrong(key, f"{value} is not between 0 and {limit}.")
        return value

    def flag(self, key: str) -> bool | None:
        value: bool | None = self.take(key, bool, words="true or false")
        return value

    def texts(self, key: str, *, limit: int = 500) -> list[str]:
        values = self.take(key, list, words="a list") or []
        return [Row({key: value}, f"{self.where}, {key}[{n}]").text(key, limit=limit, required=True)
                for n, value in enumerate(values)]  # fmt: skip

    def rows(self, key: str, name: Callable[[dict[str, Any]], Any] = lambda _: None) -> list["Row"]:
        """The objects of a list; `name` finds what a reader calls one of them, to say beside its index."""
        made = []
        prefix = "" if self.where == TOP else f"{self.where}, "
        for index, value in enumerate(self.take(key, list, words="a list") or []):
            called = name(value) if isinstance(value, dict) else None
            made.append(Row(value, f"{prefix}{key}[{index}]" + (f" ({called})" if isinstance(called, str) else "")))
        return made

    def done(self) -> None:
        for key in self.left:
            raise self.wrong(key, "is not a key that belongs here.")


def _kind_of(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "text", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")
