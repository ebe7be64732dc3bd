"""Lawful erasure of what was filed: the content goes for good, that it was filed stays provable.

What goes: the answers, consents, file names and hashes of one submission, its receipt's nonces, the sign-offs of the
same content, kept API answers, and its files where no other submission holds them. What stays: that it was filed, when
and by whom, the signed receipt and its link in the chain. The firm's own draft is the firm's to change.
"""

from datetime import datetime

from django.db import transaction

from accounts import record
from accounts.record import By
from notifications.refusal import Conflict, Refusal
from responses.models import Attachment, Erasure, FiledText, IdempotentRequest, Receipt, SignOff, Submission
from responses.receipt_models import ERASED_CONTENT


@transaction.atomic
def erase(*, submission: Submission, reason: str, by: By, now: datetime) -> Erasure:
    """Erase the content of one submission. Raises Refusal without a reason, Conflict where it was done before."""
    reason = reason.strip()
    if not reason:
        raise Refusal("Say why it is erased. The reason is shown to whoever checks the receipt.", field="reason")
    locked = Submission.objects.select_for_update(of=("self",)).select_related(
        "response__consultation", "response__organisation"
    ).get(pk=submission.pk)  # fmt: skip
    if Erasure.objects.filter(submission=locked).exists():
        raise Conflict("It was erased before.")
    made = Erasure.objects.create(submission=locked, reason=reason, by=by.label, at=now)
    signed = SignOff.objects.filter(response=locked.response_id, sha256=locked.sha256)
    signed.update(content={}, sha256="", note="")
    blank = {"content": {**locked.content, **ERASED_CONTENT}, "sha256": "", "foi_reason": ""}
    Submission.objects.filter(pk=locked.pk).update(**blank, text_consent="", name_consent="", foi_position="")
    Receipt.objects.filter(submission=locked).update(nonces={}, sha256="")
    FiledText.objects.filter(submission=locked).exclude(question="").delete()
    IdempotentRequest.objects.filter(body__reference=locked.reference).delete()
    gone = _erase_files(locked, now)
    response = locked.response
    record.write(
        by=by, verb="submission erased", subject=f"response:{response.code}", at=now,
        consultation_code=response.consultation.code, organisation_code=response.organisation.code,
        reference=locked.reference, reason=reason, files=gone,
    )  # fmt: skip
    return made


def _erase_files(submission: Submission, now: datetime) -> int:
    """Those that only this submission holds. The bytes go once the transaction stands."""
    held = Submission.attachments.through.objects.exclude(submission__erasure__isnull=False)
    rows = Attachment.objects.filter(submitted_in=submission).exclude(pk__in=held.values("attachment"))
    count = 0
    for row in rows:
        name, storage = row.file.name, row.file.storage
        transaction.on_commit(lambda name=name, storage=storage: storage.delete(name))  # type: ignore[misc]
        row.name, row.sha256, row.size, row.removed_at = "erased", "", 0, row.removed_at or now
        row.save(update_fields=["name", "sha256", "size", "removed_at"])
        if extracted := getattr(row, "extracted", None):
            extracted.delete()
        count += 1
    return count
