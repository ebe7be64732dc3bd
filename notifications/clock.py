"""The clock that decides. There is one: the database's, because web servers and clients disagree about the time."""

from datetime import datetime

from notifications import compiled


def now() -> datetime:
    """The database's present instant, in UTC; unlike SQL's now() it moves on within a transaction."""
    with compiled.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        (instant,) = cursor.fetchone()
    return instant  # type: ignore[no-any-return]
