"""The chain over all receipts, and where it stood each day, published: a receipt that is removed or altered shows.

Each link covers what one receipt signs and the link before: SHA-256 over the text "<digest before> <number> <leaf>",
the leaf being the SHA-256 of what is signed. So the chain holds hashes of hashes, and the content may go without
breaking it. `seal` runs each minute, as the record of acts is sealed (accounts/record.py); the database refuses to
change links.
"""

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from django.db import connection, transaction

from responses import keys, snapshot
from responses.models import Receipt, ReceiptHead, ReceiptSeal

SEALING = 7_236_417  # one sealer at a time, on any number of hosts
START = "0" * 64
WALKED = 20_000  # links that a check inside a request follows
LINKS = """
SELECT s.number, s.leaf, s.digest, r.id, r.payload, r.code, x.reference, r.issued_at, r.sha256, e.id
FROM responses_receiptseal s
LEFT JOIN responses_receipt r ON r.id = s.receipt_id
LEFT JOIN responses_submission x ON x.id = r.submission_id
LEFT JOIN responses_erasure e ON e.submission_id = x.id
ORDER BY s.number
"""


def leaf(payload: dict[str, Any]) -> str:
    """The SHA-256 of what is signed: canonical JSON."""
    return hashlib.sha256(snapshot.canonical(payload)).hexdigest()


def leaf_of(receipt: Receipt) -> str:
    if receipt.payload is not None:
        return leaf(receipt.payload)
    return _plain_leaf(receipt.code, receipt.submission.reference, receipt.issued_at, receipt.sha256)


def _plain_leaf(code: str, reference: str, issued_at: datetime, sha256: str) -> str:
    """Of a receipt that was made before receipts were signed."""
    fields = {"receipt": code, "reference": reference, "issued_at": issued_at.astimezone(UTC).isoformat()}
    return leaf({**fields, "sha256": sha256})


def link(previous: str, number: int, leaf: str) -> str:
    return hashlib.sha256(f"{previous} {number} {leaf}".encode()).hexdigest()


@transaction.atomic
def seal(now: datetime, limit: int = 2_000) -> int:
    """Chain up to `limit` receipts that have no link yet, and settle the heads of days that are over; returns how many
    were chained. A second sealer finds the lock taken: 0."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [SEALING])
        if not cursor.fetchone()[0]:
            return 0
    keys.register(now)
    last = newest()
    _settle(last, now)
    number, previous = (last.number, last.digest) if last else (0, START)
    made = []
    fresh = (
        Receipt.objects.filter(seal__isnull=True).select_related("submission").defer("submission__content", "nonces")
    )
    for receipt in fresh.order_by("pk")[:limit]:
        own = leaf_of(receipt)
        number, previous = number + 1, link(previous, number + 1, own)
        made.append(ReceiptSeal(number=number, receipt=receipt, leaf=own, digest=previous, sealed_at=now))
    ReceiptSeal.objects.bulk_create(made)
    return len(made)


def newest() -> ReceiptSeal | None:
    return ReceiptSeal.objects.order_by("-number").first()


def _settle(last: ReceiptSeal | None, now: datetime) -> None:
    """The head of the last day on which anything was sealed, once that day is over. A day without links has none."""
    if last is None or last.sealed_at.astimezone(UTC).date() >= now.astimezone(UTC).date():
        return
    day = last.sealed_at.astimezone(UTC).date()
    ReceiptHead.objects.get_or_create(day=day, defaults={"number": last.number, "digest": last.digest})


def faults() -> Iterator[str]:
    """What is wrong with the chain, named, oldest first; nothing when it is whole. One pass, by a server cursor."""
    heads = {head.number: head for head in ReceiptHead.objects.order_by("number")}
    number, previous, code = 0, START, ""
    with transaction.atomic(), connection.chunked_cursor() as cursor:
        cursor.execute(LINKS)
        for row in cursor:
            while number + 1 < row[0]:
                number += 1
                yield f"Link {number} of the chain is missing."
                previous = ""
            number = row[0]
            yield from _of_link(row, previous)
            previous, code = row[2], row[5] or ""
            head = heads.pop(number, None)
            if head and head.digest != previous:
                yield f"Link {number} of the chain (receipt {code}) is not the head published for {head.day}."
    for head in heads.values():
        yield f"Link {head.number} of the chain, the head published for {head.day}, is missing."


def _of_link(row: tuple[Any, ...], previous: str) -> Iterator[str]:
    number, own, digest, receipt, payload, code, reference, issued_at, sha256, erasure = row
    if previous and digest != link(previous, number, own):
        yield f"Link {number} of the chain does not follow from the one before."
    if receipt is None:
        yield f"The receipt of link {number} is missing: it was removed."
        return
    if reference is None:
        yield f"The submission of receipt {code} (link {number}) is missing: it was removed."
        return
    if payload is not None:
        stored = leaf(json.loads(payload) if isinstance(payload, str) else payload)
    elif erasure is not None:
        return  # made before receipts were signed, and its hash went with the content
    else:
        stored = _plain_leaf(code, reference, issued_at, sha256)
    if stored != own:
        yield f"Receipt {code} ({reference}) is not what link {number} of the chain covers."


def fault_from(seal: ReceiptSeal) -> tuple[str, str]:
    """Follow the chain from one link to the next published head, or to its end: (what is wrong, where it led).

    At most WALKED links: it may be asked within a request.
    """
    before = ReceiptSeal.objects.filter(number=seal.number - 1).first()
    if before is None and seal.number > 1:
        return f"Link {seal.number - 1} of the chain is missing.", ""
    head = ReceiptHead.objects.filter(number__gte=seal.number).order_by("number").first()
    number, previous = seal.number - 1, before.digest if before else START
    rows = ReceiptSeal.objects.filter(number__gte=seal.number).order_by("number")
    upto = min(head.number if head else seal.number + WALKED, seal.number + WALKED)
    for row in rows.filter(number__lte=upto).values_list("number", "leaf", "digest").iterator(chunk_size=2_000):
        if row[0] != number + 1:
            return f"Link {number + 1} of the chain is missing.", ""
        if row[2] != link(previous, row[0], row[1]):
            return f"Link {row[0]} of the chain does not follow from the one before.", ""
        number, previous = row[0], row[2]
    if head and number == head.number:
        wrong = "" if previous == head.digest else f"Link {number} is not the head published for {head.day}."
        return wrong, f"the head published for {head.day.day} {head.day:%B %Y}"
    if head and number < min(head.number, upto):
        return f"Link {number + 1} of the chain is missing.", ""
    return "", f"link {number}" + ("; no head has been published since" if head is None else "")
