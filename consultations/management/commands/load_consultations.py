"""manage.py load_consultations [FILE]: record the consultations of a file. Repeatable; a bad file changes nothing."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.record import By
from consultations import loading, shipped
from notifications import clock
from notifications.refusal import Refusal


class Command(BaseCommand):
    help = "Record the consultations of a file (by default the one that comes with Soundings). It can be run again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", nargs="?", type=Path, default=shipped.SHIPPED_FILE, help="JSON; see its README.md")

    def handle(self, *_args: Any, **options: Any) -> None:
        path: Path = options["file"]
        try:
            file = shipped.read_file(path)
            done = loading.load(file=file, by=By(user=None, door="command"), now=clock.now())
        except Refusal as refusal:
            raise CommandError(f"Nothing was loaded. {refusal.message}") from refusal
        self.stdout.write(f"{path.name}, as of {file.as_of.isoformat()}:")
        for name, counts in (("consultations", done.consultations), ("outcomes", done.outcomes)):
            made, changed, same = (counts[what] for what in ("made", "changed", "unchanged"))
            self.stdout.write(f"  {sum(counts.values())} {name}: {made} new, {changed} changed, {same} as before")
        for sentence in done.left_alone:
            self.stdout.write(f"  left alone: {sentence}")
