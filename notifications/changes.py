"""How many times something has happened that messages about to go may speak of.

Whoever owes post tells of an event: a deadline moved, a paper was withdrawn, a response was filed. A worker that looked
up what its batch says sees by this number that it has to look again. It is a sequence of the database: to raise it
waits for nobody, and a worker reads it in the statement that it makes for each message anyway.
"""

from django.db import connection, transaction

from notifications import compiled


def number() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT last_value FROM notifications_changes")
        (last,) = cursor.fetchone()
    return int(last)


def note() -> None:
    """Once this transaction is committed: raised within it, workers would look again too early and see what was."""
    transaction.on_commit(_raise)


def _raise() -> None:
    with compiled.cursor() as cursor:
        cursor.execute("SELECT nextval('notifications_changes')")
