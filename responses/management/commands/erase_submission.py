"""`manage.py erase_submission REFERENCE --reason …`: lawful erasure of the content of one submission."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.record import By
from notifications import clock
from notifications.refusal import Refusal
from responses import erasing
from responses.models import Submission


class Command(BaseCommand):
    help = "Erases what one submission says, for good. That it was filed, its receipt and the chain stay."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("reference")
        parser.add_argument("--reason", required=True, help="is kept and shown to whoever checks the receipt")
        parser.add_argument(
            "--drafts", action="store_true",
            help="where the law demands it of the firm's own copy too: every version of the same answers, the comments "
            "on them, other sign-offs, and files that were not filed",
        )  # fmt: skip

    def handle(self, *_: Any, **options: Any) -> None:
        submission = Submission.objects.filter(reference=options["reference"]).first()
        if submission is None:
            raise CommandError(f"No submission has the reference {options['reference']}.")
        try:
            erasing.erase(
                submission=submission, reason=options["reason"], drafts=options["drafts"],
                by=By(user=None, door="command"), now=clock.now(),
            )  # fmt: skip
        except Refusal as refusal:
            raise CommandError(refusal.message) from refusal
        self.stdout.write(f"{submission.reference} is erased.")
