"""`manage.py verify_submissions`: is everything that was filed what its receipt says?"""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from responses import auditing


class Command(BaseCommand):
    help = "Goes through every submission, receipt and link of the chain; names what is wrong and ends with 1."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--files", action="store_true", help="read every stored file too")

    def handle(self, *_: Any, **options: Any) -> None:
        count = 0
        for fault in auditing.faults(files=options["files"]):
            count += 1
            self.stdout.write(fault)
        if count:
            raise CommandError(f"{count} wrong.")
        self.stdout.write("Everything that was filed is what its receipt says, and the chain is whole.")
