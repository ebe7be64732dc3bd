"""Signing off: somebody with the right signs exactly what would be filed, and colleagues ask for it."""

import secrets
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.crypto import salted_hmac

from accounts import permissions
from accounts.emails import reachable
from accounts.models import Membership, SignOffRule, User
from accounts.permissions import MAY_SUBMIT
from accounts.record import By
from notifications import clock, outbox
from notifications.outbox import Post
from notifications.refusal import Conflict, NotAllowed, Refusal
from responses import approval, proving, submission
from responses.approval import Approval
from responses.drafting import clean_text, lock_for_drafting, refuse_untaken, write_act
from responses.models import Response, SignOff
from responses.submission import CHANGED, Prepared

MOST_NOTE = 2_000  # characters


@dataclass(frozen=True, kw_only=True)
class Ready:
    """What would be filed now, and how it stands with its sign-off."""

    prepared: Prepared
    approval: Approval


def look(response: Response, now: datetime) -> Ready:
    prepared = submission.prepare(response, now)
    return Ready(prepared=prepared, approval=approval.of(response, prepared.content))


@transaction.atomic
def sign(*, response: Response, checked: str, note: str = "", by: By, now: datetime | None = None) -> SignOff:
    """Sign off what would be filed, which must be what the person has seen: `checked` is its SHA-256.

    It is kept word for word with the sign-off. Signed again by the same person it is the same sign-off. Raises
    NotAllowed without the right or, where four eyes are wanted, for a writer; Conflict when it is not what was checked
    or nothing may be filed any more; Refusal with `problems` when something is missing.
    """
    now = now or clock.now()
    locked = submission.lock(response)
    signer = _signer(locked, by)
    refuse_untaken(locked.consultation, now)
    ready = look(locked, now)
    prepared = ready.prepared
    if not prepared.is_open:
        raise Conflict("All that this consultation asks has closed. There is nothing to sign off.", code="closed")
    if checked != prepared.sha256:
        raise Conflict(CHANGED.replace("submit", "sign"), code="changed")
    if ready.approval.rule == SignOffRule.FOUR_EYES and signer not in ready.approval.signers:
        raise NotAllowed(
            f"{locked.organisation} wants it signed off by somebody who wrote none of it, and you wrote some of it."
        )
    if prepared.problems:
        sentence = " ".join(sentence for _, sentence in prepared.problems)
        raise Refusal(sentence, code="incomplete", problems=prepared.problems)
    same = SignOff.objects.filter(response=locked, sha256=prepared.sha256, by=signer).first()
    if same is not None:
        return same
    note = clean_text(note, field="note").strip()
    if len(note) > MOST_NOTE:
        raise Refusal(f"A note has {MOST_NOTE:,} characters at most.", field="note")
    made = SignOff.objects.create(
        response=locked, content=prepared.content, sha256=prepared.sha256, nonce=secrets.token_hex(16), by=signer,
        at=now, note=note,
    )  # fmt: skip
    write_act(locked, by=by, now=now, verb="response signed off", sha256=kept_hash(made))
    _tell(made, now)
    return made


def kept_hash(made: SignOff) -> str:
    """The hash of what was signed as the record of acts has it, which is never erased: it says nothing without the
    nonce. Of a sign-off that has none, made before there were any, it is the plain one."""
    return proving.sealed(made.nonce, made.sha256) if made.nonce else made.sha256


@transaction.atomic
def ask(*, response: Response, by: By, now: datetime | None = None) -> list[User]:
    """Ask those who may sign this, by e-mail, each once for one and the same content; returns them.

    Raises NotAllowed without the right to draft, Conflict when it is signed off or nobody may sign it.
    """
    now = now or clock.now()
    locked = lock_for_drafting(response, by=by, now=now)
    ready = look(locked, now)
    if ready.approval.given:
        raise Conflict(f"{ready.approval.given.by} has signed this off already.")
    if not ready.approval.signers:
        raise Conflict("Nobody may sign this off. Ask an administrator to give somebody the right.")
    people = reachable().filter(pk__in=[person.pk for person in ready.approval.signers])
    # With our own key: the ledger of post is not erased with the content.
    what = salted_hmac("responses.signing.ask", ready.prepared.sha256, algorithm="sha256").hexdigest()[:32]
    key = f"sign_off_wanted:{locked.pk}:{what}"
    outbox.queue_many(
        Post(
            kind="sign_off_wanted",
            key=f"{key}:{person.pk}",
            address=person.email,
            due_at=now,
            payload={"user": person.pk, "response": locked.pk, "by": by.user.pk if by.user else None},
        )
        for person in people
    )
    write_act(locked, by=by, now=now, verb="sign-off asked for")
    return ready.approval.signers


def _signer(response: Response, by: By) -> User:
    if by.user is None or not permissions.can_sign_off(by.user, response.organisation):
        raise NotAllowed(f"You do not have the right to sign off for {response.organisation}. Ask an administrator.")
    return by.user


def _tell(made: SignOff, now: datetime) -> None:
    """Those who may submit, that they now can; not whoever signed."""
    may = Membership.objects.filter(organisation=made.response.organisation_id, role__in=MAY_SUBMIT)
    outbox.queue_many(
        Post(
            kind="signed_off",
            key=f"signed_off:{made.pk}:{person.pk}",
            address=person.email,
            due_at=now,
            payload={"user": person.pk, "sign_off": made.pk},
        )
        for person in reachable().filter(pk__in=may.values("user")).exclude(pk=made.by_id)
    )
