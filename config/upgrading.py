"""The many migrations of each room have become one, its `0100_schema`. A database that had them all counts as having
that; one that had only some cannot be brought on from there."""

from django.core.management.base import CommandError
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.loader import MigrationLoader

LAST_WITH_ALL = "ae7d8a4"  # a commit that still has the old ones


def refuse_half_migrated(connection: BaseDatabaseWrapper) -> None:
    """Raises CommandError for a database that had only some of them.

    Django would leave the room out of its plan, and say "No migrations to apply" or fail on one of the room's models.
    """
    loader = MigrationLoader(connection, replace_migrations=False)
    gone = {key for one in loader.replacements.values() for key in one.replaces} - loader.disk_migrations.keys()
    had = gone & loader.applied_migrations.keys()
    rooms = {room for room, _ in had} & {room for room, _ in gone - had}
    if rooms:
        raise CommandError(
            f"This database has only some of the migrations of {', '.join(sorted(rooms))} that have since become one. "
            f"Check out {LAST_WITH_ALL}, run `manage.py migrate` there, then come back."
        )
