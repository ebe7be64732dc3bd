"""`manage.py explain_notice ADDRESS CONSULTATION`: why did, or didn't, somebody get this?"""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from consultations.models import Consultation
from notifications import clock
from responses import explaining


class Command(BaseCommand):
    help = "Says from the record why an address got, or did not get, something about a consultation."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("address", help="an e-mail address")
        parser.add_argument("consultation", help="its code or its reference, such as CP25/25")

    def handle(self, *_: Any, address: str, consultation: str, **__: Any) -> None:
        paper = Consultation.objects.filter(code=consultation).first()
        papers = [paper] if paper else list(Consultation.objects.filter(reference__iexact=consultation)[:2])
        if not papers:
            raise CommandError(f"There is no consultation with the code or reference {consultation}.")
        if len(papers) > 1:
            raise CommandError(f"Several consultations have the reference {consultation}. Give the code of one.")
        for line in explaining.explain(address=address, consultation=papers[0], now=clock.now()):
            self.stdout.write(line)
