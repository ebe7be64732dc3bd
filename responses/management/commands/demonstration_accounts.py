"""manage.py demonstration_accounts: accounts to look around with, and their password. On one's own machine alone."""

from functools import cache
from typing import Any

from django.contrib.auth.hashers import check_password
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
        ours = cache(lambda hashed: check_password(PASSWORD, hashed))  # the accounts were given the same hash
        wide = max(len(account.email) for account in ACCOUNTS)
        for account in ACCOUNTS:
            where = f"{account.firm}: " if account.firm else ""
            changed = "" if ours(people[account.email].password) else "  (its password was changed)"
            self.stdout.write(f"{account.email:<{wide}}  {where}{account.what}{changed}")
        self.stdout.write(f"Password of each: {PASSWORD}")
