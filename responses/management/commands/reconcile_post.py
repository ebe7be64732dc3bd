"""`manage.py reconcile_post`: compare now, as is done each hour, and say what is missing."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from notifications import clock
from responses import reconciling


class Command(BaseCommand):
    help = "Compares the post that should exist with the post that does; ends with 1 where something is missing."

    def handle(self, *_: Any, **__: Any) -> None:
        found = reconciling.reconcile(clock.now())
        for kind, address, key in found.missing:
            self.stdout.write(f"missing: {kind} to {address} [{key}]")
        for code in found.unannounced:
            self.stdout.write(f"opened and not announced: {code}")
        late = "a message has been due for more than five minutes" if found.late else "nothing is late"
        self.stdout.write(f"{late}; in the last hour {found.failed} failed, {found.doubted} in doubt")
        if not found.is_clean:
            raise CommandError("The post is not what it should be.")
