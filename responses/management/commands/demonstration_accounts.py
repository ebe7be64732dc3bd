"""manage.py demonstration_accounts: accounts to look around with, and their password. On one's own machine alone."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from notifications.refusal import Refusal
from responses.demonstration import ACCOUNTS, PASSWORD, make_accounts


class Command(BaseCommand):
    help = "Make the demonstration accounts and print them. Refused unless SOUNDINGS_LOCAL is set."

    def handle(self, *_args: Any, **_options: Any) -> None:
        try:
            people = {person.email: person for person in make_accounts()}
        except Refusal as refusal:
            raise CommandError(refusal.message) from refusal
        wide = max(len(account.email) for account in ACCOUNTS)
        for account in ACCOUNTS:
            where = f"{account.firm}: " if account.firm else ""
            changed = "" if people[account.email].check_password(PASSWORD) else "  (its password was changed)"
            self.stdout.write(f"{account.email:<{wide}}  {where}{account.what}{changed}")
        self.stdout.write(f"Password of each: {PASSWORD}")
