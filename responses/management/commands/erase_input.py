"""`manage.py erase_input CODE --reason …`: lawful erasure of what a member gave a trade body as input."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.record import By
from notifications import clock
from notifications.refusal import Refusal
from responses import erasing
from responses.models import Contribution


class Command(BaseCommand):
    help = "Erases all that one member wrote and sent to a trade body, for good. That it was sent stays."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("code", help="of the member's input, as its page's address has it")
        parser.add_argument("--reason", required=True, help="is kept in the record")

    def handle(self, *_: Any, **options: Any) -> None:
        found = Contribution.objects.filter(code=options["code"].upper()).first()
        if found is None:
            raise CommandError(f"No member's input has the code {options['code']}.")
        try:
            by = By(user=None, door="command")
            erasing.erase_input(contribution=found, reason=options["reason"], by=by, now=clock.now())
        except Refusal as refusal:
            raise CommandError(refusal.message) from refusal
        self.stdout.write(f"The input {found.code} is erased.")
