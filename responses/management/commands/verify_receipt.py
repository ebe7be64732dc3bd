"""`manage.py verify_receipt FILE`: check a receipt against the record."""

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from notifications.refusal import Refusal
from responses import chain, checking


class Command(BaseCommand):
    help = "Checks a receipt.json against the record and the whole chain; ends with 1 and says which check failed."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", help="receipt.json, or - for what is typed in")

    def handle(self, *_: Any, **options: Any) -> None:
        name = options["file"]
        try:
            report = checking.check(sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes())
        except OSError as error:
            raise CommandError(f"{name} cannot be read: {error.strerror}.") from error
        except Refusal as refusal:
            raise CommandError(refusal.message) from refusal
        for finding in report.findings:
            self.stdout.write(f"{finding.asked} {finding.word}. {finding.says}")
        broken = list(chain.faults())
        for fault in broken:
            self.stdout.write(fault)
        if broken or not report.is_good:
            raise CommandError("The receipt does not hold.")
