"""Tries every file of a folder as an attachment and as something to read, and prints what became of each kind.

The folder has a MANIFEST.csv with the columns `file` and `expected`. Nothing is stored.
"""

import csv
from collections import Counter
from pathlib import Path
from typing import Any

from django.core.files.base import File
from django.core.management.base import BaseCommand, CommandParser

from notifications.refusal import Refusal
from responses import attaching, extraction

Outcome = tuple[str, str]  # taken or refused; what reading gave, with "+" where there are notes for the reader


def tried(path: Path) -> tuple[Outcome, str]:
    """What becomes of one file, and the words for it."""
    with path.open("rb") as content:
        try:
            attaching.checked(File(content, name=path.name), most=path.stat().st_size)
            taken, words = "taken", ""
        except Refusal as refusal:
            taken, words = "refused", refusal.message
    with path.open("rb") as content:
        found = extraction.read_file(content, path.suffix.lower())
    marked = "+" if found["notes"] else ""
    return (taken, f"{found['outcome']}{marked}"), " ".join(filter(None, [words, *found["notes"], found["why"]]))


class Command(BaseCommand):
    help = __doc__ or ""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path)
        parser.add_argument("--each", action="store_true", help="a line for each file too")

    def handle(self, *_args: Any, **options: Any) -> None:
        folder: Path = options["folder"]
        counts: Counter[tuple[str, str, str]] = Counter()
        with (folder / "MANIFEST.csv").open(newline="") as manifest:
            for row in csv.DictReader(manifest):
                outcome, words = tried(folder / row["file"])
                counts[(row["expected"], *outcome)] += 1
                if options["each"]:
                    self.stdout.write(f"{row['file']}: {' '.join(outcome)} {words}")
        for (expected, taken, read), count in sorted(counts.items()):
            self.stdout.write(f"{count:5} {expected[:60]:62}{taken:9}{read}")
