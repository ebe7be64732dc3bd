"""Work that one process at a time is enough for. Rows, not this, keep it from being done twice."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.cache import cache


@contextmanager
def only_one(name: str, *, seconds: int) -> Iterator[bool]:
    """True for the first to come, until it leaves; at most `seconds`, so that a killed one holds up nobody for long."""
    key = f"only-one:{name}"
    free = bool(cache.add(key, 1, timeout=seconds))
    try:
        yield free
    finally:
        if free:
            cache.delete(key)
