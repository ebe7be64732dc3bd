from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts import record
from accounts.models import Act, Seal


class Command(BaseCommand):
    help = (
        "Recompute the hash chain over the record of acts. Keep the head that it prints somewhere else: with --head, "
        "a later run shows that nothing up to that head was altered, cut off or written anew."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--head", default="", metavar="NUMBER:DIGEST", help="a head that an earlier run printed")

    def handle(self, *_args: Any, head: str, **_options: Any) -> None:
        wrong = record.verify() or missing_head(head)
        if wrong:
            raise CommandError(f"The record does not hold. {wrong}")
        last = Seal.objects.order_by("-number").first()
        waiting = Act.objects.filter(seal__isnull=True).count()
        self.stdout.write(f"The record holds: {last.number if last else 0} acts sealed, {waiting} not sealed yet.")
        if last:
            self.stdout.write(f"Head: {last.number}:{last.digest}")


def missing_head(head: str) -> str:
    """A sentence when the chain does not contain the given head, "" when it does or none is given."""
    if not head:
        return ""
    number, _, digest = head.partition(":")
    if not number.isdecimal() or not digest:
        raise CommandError("A head looks like 1042:9f86d0…, as this command prints it.")
    if Seal.objects.filter(number=number, digest=digest).exists():
        return ""
    return f"Its seal number {number} is not the one that was kept."
