"""Going through everything that was filed: is it what its receipt says, and is the chain over all receipts whole?

One pass by server-side cursors, so that the memory does not grow with what was filed.
"""

import hashlib
from collections.abc import Iterator

from django.core.files.storage import default_storage
from django.db.models import QuerySet

from responses import chain, keys, proving, snapshot
from responses.keys import PublicKey
from responses.models import Attachment, Receipt, Submission
from responses.receipt_models import ERASED_CONTENT

CHUNK = 100
PIECE = 1024 * 1024


def faults(*, files: bool = False) -> Iterator[str]:
    """What is wrong, each in a sentence that names it; nothing when all is well. `files`: read each stored file too."""
    known = keys.published()
    for submission in _submissions().iterator(chunk_size=CHUNK):
        yield from (f"{submission.reference}: {fault}" for fault in of(submission, known, files=files))
    yield from chain.faults()


def of(submission: Submission, known: dict[str, PublicKey], *, files: bool = False) -> Iterator[str]:
    receipt: Receipt | None = getattr(submission, "receipt", None)
    if receipt is None:
        yield "Its receipt is missing: it was removed."
        return
    if receipt.is_signed:
        yield from _of_signature(receipt, known)
    if getattr(submission, "erasure", None) is not None:
        yield from _of_erased(submission, receipt)
        return
    if snapshot.digest(submission.content) != submission.sha256:
        yield "Its content is not what was filed: the SHA-256 differs."
    if receipt.sha256 != submission.sha256:
        yield "Its receipt names another SHA-256."
    if receipt.payload is not None:
        yield from proving.differences(receipt.payload, receipt)
    yield from _of_files(submission, files=files)


def _submissions() -> "QuerySet[Submission]":
    rows = Submission.objects.select_related("receipt", "erasure").prefetch_related("attachments")
    return rows.order_by("pk")


def _of_signature(receipt: Receipt, known: dict[str, PublicKey]) -> Iterator[str]:
    key = known.get(receipt.key_id)
    if key is None:
        yield f"Its receipt names a key, {receipt.key_id}, that is none of ours."
    elif receipt.payload is not None:
        if not keys.is_signed_by(key, snapshot.canonical(receipt.payload), receipt.signature):
            yield "Its receipt's signature is not good."
        if receipt.payload["reference"] != receipt.submission.reference:
            yield f"Its receipt is that of {receipt.payload['reference']}."


def _of_erased(submission: Submission, receipt: Receipt) -> Iterator[str]:
    content = submission.content
    kept = {name: content.get(name) for name in ERASED_CONTENT} != ERASED_CONTENT or snapshot.SPEAKS_FOR in content
    if kept or receipt.nonces or submission.sha256:
        yield "It was to be erased, and something of its content is still there."


def _of_files(submission: Submission, *, files: bool) -> Iterator[str]:
    stored = {row.code: row for row in submission.attachments.all()}
    for code, sha256 in proving.hashes(submission.content)["files"].items():
        row = stored.get(code)
        if row is None:
            yield f"The file {code} is missing."
        elif row.sha256 != sha256:
            yield f"The file {code} is noted with another SHA-256."
        elif files and _read(row) != sha256:
            yield f"The stored file {code} is not what was filed."


def _read(attachment: Attachment) -> str:
    """The SHA-256 of the stored bytes; "" where they cannot be read."""
    made = hashlib.sha256()
    try:
        with default_storage.open(str(attachment.file.name)) as stored:
            for piece in iter(lambda: stored.read(PIECE), b""):
                made.update(piece)
    except OSError:
        return ""
    return made.hexdigest()
