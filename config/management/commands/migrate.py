"""`manage.py migrate`: Django's own, which first refuses a database that it could not bring on."""

from typing import Any

from django.core.management.commands.migrate import Command as Migrate
from django.db import connections

from config import upgrading


class Command(Migrate):
    def handle(self, *arguments: Any, **options: Any) -> None:
        upgrading.refuse_half_migrated(connections[options["database"]])
        super().handle(*arguments, **options)
