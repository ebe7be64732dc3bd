"""Lawful erasure of what was filed: the content goes for good, that it was filed stays provable.

What goes: the answers, consents, names of members, file names and hashes of one submission, its receipt's nonces, the
sign-offs of the same content, kept API answers, exports that hold it, and its files where no other submission holds
them. What stays: that it was filed, when and by whom, the signed receipt and its link in the chain, and in the record
of acts hashes that say nothing without their nonces.

The firm's own draft is the firm's to change, and stays, unless the law demands otherwise: with `drafts` every version
of the same answers goes as well, with the comments on them, other sign-offs, and files that were not filed. What
another submission of the response holds, not erased, stays in both: erase that too. What members gave a trade body for
its response is theirs, and is erased by itself.
"""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import CharField, Value
from django.db.models.functions import Cast, Concat

from accounts import record
from accounts.record import By
from notifications import clock
from notifications.models import Notification
from notifications.refusal import Conflict, Refusal
from responses import exporting, uploading
from responses.models import (
    Answer,
    AnswerVersion,
    Attachment,
    Comment,
    Contribution,
    Erasure,
    FiledText,
    IdempotentRequest,
    Receipt,
    Response,
    Reuse,
    SignOff,
    SpokenFor,
    Submission,
)
from responses.receipt_models import ERASED_CONTENT
from responses.snapshot import SPEAKS_FOR, Content, members_named, of_answer, said_in

ERASED_COMMENT = "(erased)"


@transaction.atomic
def erase(*, submission: Submission, reason: str, by: By, now: datetime, drafts: bool = False) -> Erasure:
    """Erase the content of one submission. Raises Refusal without a reason, Conflict where it was done before."""
    reason = reason.strip()
    if not reason:
        raise Refusal("Say why it is erased. The reason is shown to whoever checks the receipt.", field="reason")
    locked = Submission.objects.select_for_update(of=("self",)).select_related(
        "response__consultation", "response__organisation"
    ).get(pk=submission.pk)  # fmt: skip
    if Erasure.objects.filter(submission=locked).exists():
        raise Conflict("It was erased before.")
    response, content = locked.response, locked.content
    made = Erasure.objects.create(submission=locked, reason=reason, by=by.label, at=now, drafts=drafts)
    gone = _erase_filed(locked, now)
    if drafts:
        _erase_drafts(response, content)
        gone += _erase_files(_of_drafts(response, content), now)
    record.write(
        by=by, verb="submission erased", subject=f"response:{response.code}", at=now,
        consultation_code=response.consultation.code, organisation_code=response.organisation.code,
        reference=locked.reference, reason=reason, files=gone, drafts=drafts,
    )  # fmt: skip
    transaction.on_commit(lambda: exporting.forget_expired(clock.now()))
    return made


def _erase_filed(submission: Submission, now: datetime) -> int:
    """The submission and what was made of it; returns how many files went."""
    _erase_sign_offs(SignOff.objects.filter(response=submission.response_id, sha256=submission.sha256))
    left = {name: value for name, value in submission.content.items() if name != SPEAKS_FOR}
    blank = {"content": {**left, **ERASED_CONTENT}, "sha256": "", "foi_reason": ""}
    Submission.objects.filter(pk=submission.pk).update(**blank, text_consent="", name_consent="", foi_position="")
    Receipt.objects.filter(submission=submission).update(nonces={}, sha256="")
    FiledText.objects.filter(submission=submission).exclude(question="").delete()
    IdempotentRequest.objects.filter(body__reference=submission.reference).delete()
    # Their keys had a part of the hash of what was to be signed.
    asked = Notification.objects.filter(kind="sign_off_wanted", payload__response=submission.response_id)
    asked.update(key=Concat(Value("sign_off_wanted:erased:"), Cast("reference", CharField())))
    return _erase_files(Attachment.objects.filter(submitted_in=submission), now)


def _erase_sign_offs(rows: Any) -> None:
    rows.update(content={}, sha256="", note="", nonce="")


def _erase_files(rows: Any, now: datetime) -> int:
    """Those that no submission holds any more. The bytes go once the transaction stands."""
    held = Submission.attachments.through.objects.exclude(submission__erasure__isnull=False)
    count = 0
    for row in rows.exclude(pk__in=held.values("attachment")).exclude(sha256="").select_related("extracted"):
        name, storage = row.file.name, row.file.storage
        transaction.on_commit(lambda name=name, storage=storage: storage.delete(name))  # type: ignore[misc]
        row.name, row.sha256, row.size, row.removed_at = "erased", "", 0, row.removed_at or now
        row.save(update_fields=["name", "sha256", "size", "removed_at"])
        if extracted := getattr(row, "extracted", None):
            extracted.delete()
        count += 1
    return count


# --- A member's input to a trade body ---------------------------------------------------------------------------------
@transaction.atomic
def erase_input(*, contribution: Contribution, reason: str, by: By, now: datetime) -> Contribution:
    """Erase all that a member wrote and sent to a trade body, and take it from the list of members. That it was sent,
    when and by whom stays, and so does what the body has copied into its own draft. Raises Refusal without a reason."""
    reason = reason.strip()
    if not reason:
        raise Refusal("Say why it is erased.", field="reason")
    locked = Contribution.objects.select_for_update(of=("self",)).select_related(
        "organisation", "collection__response__consultation"
    ).get(pk=contribution.pk)  # fmt: skip
    locked.answers.all().delete()
    locked.versions.filter(erased_at=None).update(content={}, sha256="", erased_at=now)
    Reuse.objects.filter(sent__contribution=locked).update(sha256="")
    SpokenFor.objects.filter(contribution=locked).delete()
    locked.withdrawn_at = locked.withdrawn_at or now
    locked.save(update_fields=["withdrawn_at"])
    record.write(
        by=by, verb="input erased", subject=f"contribution:{locked.code}", at=now, reason=reason,
        consultation_code=locked.collection.response.consultation.code,
        organisation_code=locked.organisation.code if locked.organisation else "",
    )  # fmt: skip
    transaction.on_commit(lambda: exporting.forget_expired(clock.now()))
    return locked


# --- The firm's own versions ------------------------------------------------------------------------------------------
def _erase_drafts(response: Response, content: Content) -> None:
    """What the draft, its versions, comments and sign-offs say in place of, or about, the answers in `content`."""
    standing = list(Submission.objects.filter(response=response, erasure=None))
    kept = [said_in(filed.content) for filed in standing]
    asked = said_in(content)
    answers = Answer.objects.filter(response=response, question__code__in=asked).select_related("question")
    for answer in answers:
        filed = [said[answer.question.code] for said in kept if answer.question.code in said]
        rows = [row for row in AnswerVersion.objects.filter(answer=answer) if of_answer(row) not in filed]
        blank: dict[str, Any] = {"text": "", "selected": [], "number": None}
        AnswerVersion.objects.filter(pk__in=[row.pk for row in rows]).update(**blank)
        if of_answer(answer) not in filed:
            Answer.objects.filter(pk=answer.pk).update(**blank)
    Reuse.objects.filter(answer__in=answers).update(sha256="")
    named = {name for filed in standing for name in members_named(filed.content)}
    SpokenFor.objects.filter(response=response).exclude(name__in=named).delete()
    Comment.objects.filter(response=response, question__code__in=asked).update(text=ERASED_COMMENT)
    others = SignOff.objects.filter(response=response).exclude(sha256__in=[filed.sha256 for filed in standing])
    _erase_sign_offs(others.exclude(sha256=""))
    if response.foi_reason and response.foi_reason == content["consents"]["foi_reason"]:
        Response.objects.filter(pk=response.pk).update(foi_reason="", foi_position="")
    for upload in response.uploads.all():
        transaction.on_commit(lambda upload=upload: uploading.cancel(upload))  # type: ignore[misc]


def _of_drafts(response: Response, content: Content) -> Any:
    """The files that were given for these answers or for the whole, filed or not."""
    rows = Attachment.objects.filter(response=response)
    return rows.filter(question=None) | rows.filter(question__code__in=said_in(content))
