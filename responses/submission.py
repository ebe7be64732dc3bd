"""Filing: a response is submitted, amended by submitting again, and withdrawn.

A submission is decided by one instant, the database's clock when the request arrived, and is durable before anybody is
told. The same content sent again while it stands is the same submission. Where the organisation wants a sign-off,
nothing is filed that was not signed (approval.py).
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from django.db import transaction

from accounts import permissions, webhooks
from accounts.models import User, WebhookEvent
from accounts.record import By
from consultations import telling
from consultations.closing import closing
from notifications import clock
from notifications.compiled import Kept, given, insert, update
from notifications.refusal import Conflict, NotAllowed, Refusal
from responses import allowances, approval, emails, progress, proving, snapshot
from responses.drafting import clean_text, refuse_untaken, write_act
from responses.models import Attachment, Response, SignOff, Submission
from responses.progress import Part
from responses.querysets import State
from responses.snapshot import Content

_LOCKED = Kept(
    lambda: (
        Response.objects.select_for_update(of=("self",))
        .select_related("consultation", "organisation")
        .defer("consultation__body", "consultation__search")
        .filter(pk=given("pk"))
        .order_by()
    )
)
_FILES = Kept(lambda: Attachment.objects.filter(response=given("response")).current())
CHANGED = "Something changed after you checked your answers. Check them again, then submit."
NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """What a submission made at `now` would hold, and what stands in its way."""

    content: Content
    parts: list[Part]
    problems: list[tuple[str, str]]

    @property
    def sha256(self) -> str:
        return snapshot.digest(self.content)

    @property
    def is_open(self) -> bool:
        """Something may still be answered."""
        return any(part.is_open for part in self.parts)

    @property
    def answer_count(self) -> int:
        return snapshot.answers_in(self.content)


def prepare(response: Response, now: datetime) -> Prepared:
    """For "check your answers" and for `submit`: the same code shows and files."""
    attachments = _FILES.all(response=response.pk)
    parts = progress.parts(response, now, attachments=attachments)
    general = [attachment for attachment in attachments if attachment.question_id is None]
    content = snapshot.build(response, parts, general)
    return Prepared(content=content, parts=parts, problems=_problems(response, parts, content))


def submit(*, response: Response, by: By, now: datetime | None = None, checked: str = "") -> Submission:
    """File the response as it stands: a first submission, or an amendment as the next version.

    All or nothing, in one transaction: the snapshot, its receipt, the state, the record and the e-mails to the firm.
    Whether it is in time is decided by `now`, the moment that the request reached us. If what stands is already filed,
    returns that submission and changes nothing. `checked` is the SHA-256 of the content that the person has seen; where
    it is given, nothing else is filed.

    Raises NotAllowed without the right to submit, Conflict when nothing may be answered any more or the content is not
    what was checked, Unsigned where a sign-off is wanted and missing, Refusal with `problems` when something is
    missing.
    """
    with transaction.atomic():
        return submit_within(response=response, by=by, received_at=now or clock.now(), checked=checked)


def submit_within(*, response: Response, by: By, received_at: datetime, checked: str = "") -> Submission:
    """`submit` in the caller's transaction, which must be undone with whatever this raises."""
    locked = lock(response)
    filer = _filer(locked, by=by)
    refuse_untaken(locked.consultation, received_at)
    prepared = prepare(locked, received_at)
    standing = locked.latest
    if not prepared.is_open:
        if standing is not None and _is_sent_again(locked, standing, prepared):
            return standing
        raise Conflict(_closed_sentence(prepared), code="closed")
    digest = prepared.sha256
    if standing is not None and locked.state == State.SUBMITTED and snapshot.is_filed_as(standing, prepared.content):
        return standing
    if checked and checked != digest:
        raise Conflict(CHANGED, code="changed")
    if prepared.problems:
        sentence = " ".join(sentence for _, sentence in prepared.problems)
        raise Refusal(sentence, code="incomplete", problems=prepared.problems)
    signed = approval.refuse_unsigned(locked, prepared.content)
    return _file(locked, prepared, digest, signed, filer=filer, by=by, received_at=received_at)


def _file(
    response: Response, prepared: Prepared, digest: str, signed: SignOff | None, *, filer: User, by: By,
    received_at: datetime,
) -> Submission:  # fmt: skip
    version = (response.latest.version if response.latest else 0) + 1
    submission = Submission(
        response=response,
        version=version,
        reference=f"{response.code}-{version}",
        content=prepared.content,
        sha256=digest,
        answer_count=prepared.answer_count,
        question_count=sum(part.total for part in prepared.parts if part.is_open),
        submitted_by=filer,
        signed_by=signed.by if signed else None,
        signed_at=signed.at if signed else None,
        received_at=received_at,
        submitted_at=clock.now(),
        text_consent=response.text_consent,
        name_consent=response.name_consent,
        foi_position=response.foi_position,
        foi_reason=response.foi_reason,
    )
    insert(submission)
    if codes := snapshot.file_codes(prepared.content):
        submission.attachments.set(Attachment.objects.filter(code__in=codes))
    receipt = proving.issue(submission, signed=signed)
    _use_allowances(submission, prepared, by=by, now=received_at)
    amended = response.state == State.SUBMITTED
    response.state, response.latest = State.SUBMITTED, submission
    response.withdrawn_at, response.withdrawal_reason = None, ""
    update(response, "state", "latest", "withdrawn_at", "withdrawal_reason")
    write_act(
        response, by=by, now=received_at, verb="response amended" if amended else "response submitted",
        reference=submission.reference, sha256=proving.kept_hash(receipt),
        **({"signed_off_by": str(signed.by)} if signed else {}),
    )  # fmt: skip
    emails.queue_filed(
        kind="response_amended" if amended else "response_submitted", submission=submission, now=received_at
    )
    event = WebhookEvent.RESPONSE_AMENDED if amended else WebhookEvent.RESPONSE_SUBMITTED
    _tell_programs(event, submission, response, received_at)
    return submission


@transaction.atomic
def withdraw(*, response: Response, reason: str, by: By, now: datetime | None = None) -> Response:
    """Withdraw a submitted response. Its submissions and receipts stay on record; the body is told not to count it.

    Raises NotAllowed without the right to submit, Conflict unless it is submitted, Refusal without a reason.
    """
    now = now or clock.now()
    locked = lock(response)
    _filer(locked, by=by, does="withdraw")
    if not locked.may_become(State.WITHDRAWN) or locked.latest is None:
        raise Conflict("Only a submitted response can be withdrawn.")
    reason = clean_text(reason, field="reason").strip()
    if not reason:
        raise Refusal("Say why you withdraw it. The reason is kept with the response.", field="reason")
    locked.state, locked.withdrawn_at, locked.withdrawal_reason = State.WITHDRAWN, now, reason
    update(locked, "state", "withdrawn_at", "withdrawal_reason")
    write_act(locked, by=by, now=now, verb="response withdrawn", reference=locked.latest.reference)
    emails.queue_filed(kind="response_withdrawn", submission=locked.latest, now=now)
    _tell_programs(WebhookEvent.RESPONSE_WITHDRAWN, locked.latest, locked, now)
    return locked


def _tell_programs(event: WebhookEvent, submission: Submission, response: Response, now: datetime) -> None:
    """The organisation's own, and nobody else's; what was filed and when, never a word of what it says."""
    webhooks.owe(
        event=event,
        key=str(submission.pk),
        organisation=response.organisation,
        now=now,
        data={
            "consultation": telling.named(response.consultation),
            "response": response.code,
            "submission": submission.reference,
            "version": submission.version,
            "received_at": submission.received_at,
            "rehearsal": response.consultation.is_rehearsal,
        },
    )


def lock(response: Response) -> Response:
    """The response's row, locked. Not joined with `latest`: after a wait for the lock, PostgreSQL gives the row as it
    is now and what is joined to it as it was before the wait."""
    locked = _LOCKED.first(pk=response.pk)
    if locked is None:
        raise Response.DoesNotExist
    return locked


def _filer(response: Response, *, by: By, does: str = "submit") -> User:
    """Who files or withdraws: a member with the right to submit. Raises NotAllowed."""
    if by.user is None or not permissions.can_submit(by.user, response.organisation):
        raise NotAllowed(
            f"Your role in {response.organisation} does not let you {does}. Ask a submitter or an administrator."
        )
    return by.user


def _use_allowances(submission: Submission, prepared: Prepared, *, by: By, now: datetime) -> None:
    """What was open for this organisation alone is used up by what was filed under it, or by anything where nothing
    else was open."""
    late = [part for part in prepared.parts if part.is_open and not part.section.is_open(now)]
    filed = {section["id"] for section in prepared.content["sections"]}
    only = all(part in late for part in prepared.parts if part.is_open and part.everything)
    used = {part.section.deadline for part in late if part.section.deadline and (only or part.section.pk in filed)}
    if used and allowances.use(submission, opened={deadline.pk for deadline in used}, now=now):
        labels = sorted(deadline.label for deadline in used)
        write_act(submission.response, by=by, now=now, verb="allowance used", reference=submission.reference, of=labels)


def _is_sent_again(response: Response, standing: Submission, prepared: Prepared) -> bool:
    """The same submission sent twice under an allowance, which the first used up."""
    return (
        response.state == State.SUBMITTED
        and allowances.was_used_by(standing)
        and snapshot.is_filed_as(standing, prepared.content)
        and not snapshot.outdated(prepared.parts, prepared.content)
    )


def _problems(response: Response, parts: list[Part], content: Content) -> list[tuple[str, str]]:
    found = progress.problems(parts)
    if not content["sections"] and not content["files"]:
        found.append(("answers", "Answer at least one question or attach a file before you submit."))
    if not (response.text_consent and response.name_consent and response.foi_position):
        found.append(("consents", "State the three consents before you submit."))
    return found


def _closed_sentence(prepared: Prepared) -> str:
    closed = [part.section.deadline for part in prepared.parts if part.section.deadline]
    last = max(closed, key=lambda deadline: deadline.closes_at or NEVER, default=None)
    when = f" at {closing(last)}" if last else ""
    return f"This consultation closed{when}. Your draft is kept, but it can no longer be submitted."
