"""A trade body opens a collection for its response, lets its members in, and copies what they sent into its draft.

Members are let in by an invitation to one address or by a sharing code. Neither can be guessed, both run out, and
neither is in the database: the link of an invitation is signed when the e-mail is written, the code is made from a
nonce and our own key. Whoever may draft the response may do all of this.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.signing import BadSignature, Signer
from django.db import transaction
from django.urls import reverse
from django.utils.crypto import constant_time_compare, salted_hmac

from accounts import addresses, record
from accounts.identifiers import CODE_ALPHABET, validate_one_line
from accounts.joining import INVITATION_LASTS, INVITATIONS_A_DAY, a_person
from accounts.models import WITH_MEMBERS
from accounts.record import By
from consultations.closing import moment
from consultations.models import Question, QuestionKind
from notifications import clock, outbox
from notifications.models import Priority
from notifications.outbox import Post
from notifications.refusal import Conflict, NotAllowed, Refusal
from responses import allowances, drafting, reusing
from responses.models import Answer, Collection, MemberInvitation, Response, SentInput
from responses.reusing import Source

CODE_LASTS = timedelta(days=30)
SECRET_LENGTH = 20  # characters of 27: 95 bits
CODE_LENGTH = 10 + SECRET_LENGTH
MOST_NOTE = 10_000
SIGNER = Signer(salt="responses.collecting.invitation", sep=".")
KIND = "collection_invitation"


# --- Opening, changing, ending ----------------------------------------------------------------------------------------
@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What a collection is to ask and until when. `closes_at` was said in `time_zone`."""

    title: str
    note: str
    closes_at: datetime
    time_zone: str
    questions: list[Question]


@transaction.atomic
def open_collection(*, response: Response, wanted: Wanted, by: By, now: datetime | None = None) -> Collection:
    """Open the one collection of a response. Raises NotAllowed without the right to draft or to an organisation that
    has no members, Conflict where there is one already, Refusal at the field that is wrong."""
    now = now or clock.now()
    locked = drafting.lock_for_drafting(response, by=by, now=now)
    if locked.organisation.kind not in WITH_MEMBERS:
        raise NotAllowed("Only a trade body or a consumer body collects input: change the organisation's kind first.")
    if Collection.objects.filter(response=locked).exists():
        raise Conflict("This response has a collection already.")
    made = Collection(response=locked, opened_by=by.user, opened_at=now, code_expires_at=now)
    _set(made, wanted, now)
    _give_code(made, now)
    made.save()
    made.questions.set(wanted.questions)
    _write(made, by=by, now=now, verb="collection opened", closes_at=_instant(made), questions=len(wanted.questions))
    return made


@transaction.atomic
def change(*, collection: Collection, wanted: Wanted, by: By, now: datetime | None = None) -> Collection:
    """Change what it asks or until when. A later date opens again what has ended."""
    now = now or clock.now()
    locked = _lock(collection, by=by, now=now)
    _set(locked, wanted, now)
    locked.ended_at = None
    locked.save()
    locked.questions.set(wanted.questions)
    _write(locked, by=by, now=now, verb="collection changed", closes_at=_instant(locked))
    return locked


@transaction.atomic
def end(*, collection: Collection, by: By, now: datetime | None = None) -> Collection:
    """Nothing more can be written or sent, and nobody else comes in. What was sent stays."""
    now = now or clock.now()
    locked = _lock(collection, by=by, now=now)
    if locked.ended_at is None:
        locked.ended_at, locked.nonce = now, None
        locked.save(update_fields=["ended_at", "nonce"])
        _write(locked, by=by, now=now, verb="collection ended")
    return locked


def askable(response: Response, now: datetime) -> list[Question]:
    """The questions that members can be asked: those that are open to the response and are answered in words or by a
    choice, which a member may comment on. In the paper's order."""
    rows = Question.objects.filter(section__consultation=response.consultation_id).exclude(kind=QuestionKind.FILE)
    rows = rows.select_related("section__deadline").order_by("section__position", "section", "position", "pk")
    allowed = allowances.of(response, now)
    return [row for row in rows if row.section.is_open(now) or row.section.deadline_id in allowed]


def _set(collection: Collection, wanted: Wanted, now: datetime) -> None:
    response = collection.response
    title = drafting.clean_text(wanted.title, field="title").strip()
    note = drafting.clean_text(wanted.note, field="note").strip()
    if not title or len(title) > 200:
        raise Refusal("Give it a title of 200 characters at most.", field="title")
    try:
        validate_one_line(title)
    except ValidationError as error:
        raise Refusal(error.messages[0], field="title") from error
    if len(note) > MOST_NOTE:
        raise Refusal(f"A note has {MOST_NOTE:,} characters at most.", field="note")
    can_be = {question.pk for question in askable(response, now)}
    if not wanted.questions or {question.pk for question in wanted.questions} - can_be:
        raise Refusal("Choose at least one question, of those that are open.", field="questions")
    if wanted.closes_at <= now:
        raise Refusal("Give a moment that is still to come.", field="day")
    _refuse_too_late(response, wanted, now)
    collection.title, collection.note = title, note
    collection.closes_at, collection.time_zone = wanted.closes_at, wanted.time_zone


def _refuse_too_late(response: Response, wanted: Wanted, now: datetime) -> None:
    """Input must be there before the first of the sections that it is about closes."""
    allowed = allowances.of(response, now)
    for deadline in {question.section.deadline for question in wanted.questions}:
        if deadline is None or deadline.closes_at is None:
            continue
        last = max(deadline.closes_at, allowed.get(deadline.pk, deadline.closes_at))
        if wanted.closes_at >= last:
            when = moment(last, deadline.time_zone)
            raise Refusal(f"It must close before the consultation does: {deadline.label}, {when}.", field="day")


# --- The sharing code -------------------------------------------------------------------------------------------------
def sharing_code(collection: Collection) -> str:
    """The code, to be shown to whoever may share it; "" where there is none."""
    if collection.nonce is None:
        return ""
    mac = salted_hmac("responses.collecting.code", collection.nonce.hex, algorithm="sha256").digest()
    number, secret = int.from_bytes(mac), ""
    for _ in range(SECRET_LENGTH):
        number, rest = divmod(number, len(CODE_ALPHABET))
        secret += CODE_ALPHABET[rest]
    return f"{collection.code}{secret}"


def spaced(code: str) -> str:
    """In groups of five, for reading out."""
    return "-".join(code[start : start + 5] for start in range(0, len(code), 5))


def compacted(typed: str) -> str:
    """A code as it was typed, without what stands between its groups."""
    return "".join(typed.split()).replace("-", "").upper()[: CODE_LENGTH + 1]


@transaction.atomic
def renew_code(*, collection: Collection, by: By, now: datetime | None = None) -> Collection:
    """Another code; the one before opens nothing any more. Who came in by it stays. Raises Conflict once closed."""
    now = now or clock.now()
    locked = _lock(collection, by=by, now=now)
    if not locked.is_open(now):
        raise Conflict("The collection has closed. Give it a later date first.")
    _give_code(locked, now)
    locked.save(update_fields=["nonce", "code_expires_at"])
    _write(locked, by=by, now=now, verb="sharing code renewed", expires_at=locked.code_expires_at.isoformat())
    return locked


@transaction.atomic
def end_code(*, collection: Collection, by: By, now: datetime | None = None) -> Collection:
    now = now or clock.now()
    locked = _lock(collection, by=by, now=now)
    if locked.nonce is not None:
        locked.nonce = None
        locked.save(update_fields=["nonce"])
        _write(locked, by=by, now=now, verb="sharing code ended")
    return locked


def _give_code(collection: Collection, now: datetime) -> None:
    collection.nonce, collection.code_expires_at = uuid4(), min(now + CODE_LASTS, collection.closes_at)


# --- Invitations ------------------------------------------------------------------------------------------------------
@transaction.atomic
def invite(
    *, collection: Collection, emails: Iterable[str], by: By, now: datetime | None = None
) -> list[MemberInvitation]:
    """Invite each address, all or none. The links go out by e-mail and last 14 days, or until the collection closes.

    An address whose invitation still stands, or was accepted, is passed over. Raises Refusal for an address that is
    none, Conflict once closed or after INVITATIONS_A_DAY of one person.
    """
    now = now or clock.now()
    inviter = a_person(by)
    locked = _lock(collection, by=by, now=now)
    if not locked.is_open(now):
        raise Conflict("The collection has closed. Give it a later date first.", field="emails")
    wanted = _addresses(emails)
    rows = MemberInvitation.objects.filter(collection=locked)
    known = rows.exclude(accepted_at=None) | rows.open(now)
    new = [
        address
        for address in wanted
        if address not in {email.lower() for email in known.values_list("email", flat=True)}
    ]
    lately = MemberInvitation.objects.filter(invited_by=inviter, invited_at__gt=now - timedelta(days=1)).count()
    if lately + len(new) > INVITATIONS_A_DAY:
        raise Conflict(
            f"One person can invite {INVITATIONS_A_DAY} within a day. Share the code with the others.", field="emails"
        )
    rows.filter(accepted_at=None, revoked_at=None, expires_at__lte=now).update(revoked_at=now)
    made = MemberInvitation.objects.bulk_create(
        MemberInvitation(
            collection=locked, email=address, invited_by=inviter, invited_at=now,
            expires_at=min(now + INVITATION_LASTS, locked.closes_at),
        )
        for address in new
    )  # fmt: skip
    outbox.queue_many(
        Post(
            kind=KIND, key=f"{KIND}:{row.pk}", address=row.email, payload={"invitation": row.pk}, due_at=now,
            priority=Priority.ACCOUNT,
        )
        for row in made
    )  # fmt: skip
    if made:
        _write(locked, by=by, now=now, verb="members invited", emails=[row.email for row in made])
    return made


def _addresses(given: Iterable[str]) -> list[str]:
    found: dict[str, None] = {}
    for line in filter(str.strip, given):
        try:
            found[addresses.clean(line)] = None
        except Refusal as refusal:
            raise Refusal(f"{line.strip()[:100]}: {refusal.message}", field="emails") from refusal
    if not found:
        raise Refusal("Enter at least one e-mail address.", field="emails")
    return list(found)


@transaction.atomic
def revoke(*, invitation: MemberInvitation, by: By, now: datetime | None = None) -> MemberInvitation:
    """Take an offer back. Raises Conflict once it was accepted."""
    now = now or clock.now()
    collection = _lock(invitation.collection, by=by, now=now)
    locked = MemberInvitation.objects.select_for_update().get(pk=invitation.pk)
    if locked.accepted_at:
        raise Conflict("This invitation has been accepted.")
    if locked.revoked_at is None:
        locked.revoked_at = now
        locked.save(update_fields=["revoked_at"])
        _write(collection, by=by, now=now, verb="member's invitation withdrawn", email=locked.email)
    return locked


def link(invitation: MemberInvitation) -> str:
    """The absolute address that the invited person opens. Only the e-mail holds it."""
    return f"{settings.SITE_URL}{reverse('responses:join_collection', args=[SIGNER.sign(invitation.code)])}"


@dataclass(frozen=True, kw_only=True)
class Offer:
    """What an invitation's link or a sharing code leads to. `invitation` is none where it was a code."""

    collection: Collection
    invitation: MemberInvitation | None = None

    def why_not(self, now: datetime) -> str:
        """Why nobody can come in by it (any more), "" when somebody can."""
        row, body = self.invitation, self.collection.response.organisation
        if row and row.accepted_at:
            return "This invitation has been used."
        if row and row.revoked_at:
            return "This invitation has been withdrawn."
        if row and row.expires_at <= now and self.collection.is_open(now):
            return f"This invitation has run out. Ask {body} for another."
        if reason := closed(self.collection, now):
            return reason
        if row is None and not self.collection.has_code(now):
            return f"This code has run out. Ask {body} for another."
        return ""


def closed(collection: Collection, now: datetime) -> str:
    """Why members can no longer write or send; "" while they can. `collection` has its response and consultation."""
    if not collection.is_open(now):
        at = collection.closes_at if collection.ended_at is None else collection.ended_at
        return f"{collection.response.organisation} closed this collection at {moment(at, collection.time_zone)}."
    try:
        drafting.refuse_untaken(collection.response.consultation, now)
    except Conflict as refusal:
        return refusal.message
    return ""


def read(token: str) -> Offer | None:
    """What a link or a code leads to, whatever has become of it since; None for what was not made here, or for a code
    that was replaced or ended."""
    rows = Collection.objects.select_related("response__organisation", "response__consultation")
    if "." in token:
        try:
            code = SIGNER.unsign(token)
        except BadSignature:
            return None
        row = MemberInvitation.objects.filter(code=code).first()
        return Offer(collection=rows.get(pk=row.collection_id), invitation=row) if row else None
    token = compacted(token)
    if len(token) != CODE_LENGTH or set(token) - set(CODE_ALPHABET):
        return None
    collection = rows.filter(code=token[:10]).first()
    if collection is None or not constant_time_compare(sharing_code(collection), token):
        return None
    return Offer(collection=collection)


# --- Copying ----------------------------------------------------------------------------------------------------------
def copy(*, response: Response, question: Question, sent: SentInput, by: By, now: datetime | None = None) -> Answer:
    """Append what a member sent on a question to the draft answer, and note where it came from.

    Raises Conflict where the member has sent another version since or withdrew it, and what reusing.append raises.
    """
    contribution = sent.contribution
    if contribution.collection.response_id != response.pk:
        raise Refusal("This was not sent to your collection.")
    if not contribution.is_sent or contribution.latest_id != sent.pk:
        raise Conflict(f"{contribution.name} has sent another version since, or withdrew it. Read the page again.")
    passage = sent.content.get(question.code, "")
    if not passage:
        raise Refusal(f"{contribution.name} wrote nothing on this question.")
    source = Source(
        words=f"{contribution.name} (input, version {sent.number})", key=f"{contribution.code}-{sent.number}", sent=sent
    )
    return reusing.append(
        response=response, question=question, source=source, passage=passage, verb="input copied", by=by, now=now
    )


def _lock(collection: Collection, *, by: By, now: datetime) -> Collection:
    """The collection's row, under the lock of its response, for whoever may draft that."""
    response = drafting.lock_for_drafting(collection.response, by=by, now=now)
    locked = Collection.objects.get(pk=collection.pk)
    locked.response = response
    return locked


def _instant(collection: Collection) -> str:
    return moment(collection.closes_at, collection.time_zone)


def _write(collection: Collection, *, by: By, now: datetime, verb: str, **detail: Any) -> None:
    response = collection.response
    record.write(
        by=by, verb=verb, subject=f"collection:{collection.code}", at=now,
        consultation_code=response.consultation.code, organisation_code=response.organisation.code, **detail,
    )  # fmt: skip
