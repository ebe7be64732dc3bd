"""manage.py rehearse REFERENCE [--if-missing]: a marked copy of a consultation that can be answered now."""

from difflib import get_close_matches
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.db.models import Q

from accounts.record import By
from consultations.closing import closing
from consultations.models import Consultation
from consultations.rehearsing import open_rehearsal, rehearse
from notifications import clock
from notifications.refusal import Refusal


class Command(BaseCommand):
    help = "Make a rehearsal of a consultation: a clearly marked copy that opened a week ago, its deadlines ahead."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("reference", help="as printed (CP25/25), or the consultation's code or key")
        parser.add_argument("--if-missing", action="store_true", help="do nothing where one can still be answered")

    def handle(self, *_args: Any, **options: Any) -> None:
        original = self.find(options["reference"])
        with transaction.atomic():
            Consultation.objects.select_for_update().get(pk=original.pk)  # two at once make one
            found = open_rehearsal(consultation=original, now=clock.now()) if options["if_missing"] else None
            try:
                copy = found or rehearse(consultation=original, by=By(user=None, door="command"))
            except Refusal as refusal:
                raise CommandError(refusal.message) from refusal
        self.stdout.write(f"{'There is a rehearsal' if found else 'Rehearsal made'}: {copy.name} ({copy.code})")
        for deadline in copy.deadlines.all():
            self.stdout.write(f"  {deadline.label}: closes {closing(deadline)}")

    def find(self, reference: str) -> Consultation:
        words = reference.replace("\x00", "").strip()
        if not words:
            raise CommandError("Give the reference of a consultation, such as CP25/25.")
        real = Consultation.objects.filter(is_rehearsal=False)
        exact = list(real.filter(Q(reference__iexact=words) | Q(code__iexact=words) | Q(source_key__iexact=words))[:2])
        if len(exact) == 1:
            return exact[0]
        if exact:
            codes = ", ".join(real.filter(reference__iexact=words).values_list("code", flat=True))
            raise CommandError(f"Several consultations have the reference “{words}”. Give the code of one: {codes}.")
        near = self.near(words)
        raise CommandError(
            f"No consultation has the reference “{words}”."
            + (f" Did you mean {', '.join(near)}?" if near else " Run load_consultations first?")
        )

    def near(self, words: str) -> list[str]:
        names = {
            name.lower(): name
            for pair in Consultation.objects.filter(is_rehearsal=False).values_list("reference", "source_key")
            for name in pair
            if name
        }
        holding = [name for lower, name in names.items() if words and words.lower() in lower]
        close = [names[lower] for lower in get_close_matches(words.lower(), names, n=5, cutoff=0.5)]
        return list(dict.fromkeys(holding + close))[:5]
