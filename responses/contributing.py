"""A member gives a trade body its input: comes in by an invitation or a code, writes, and sends.

Until it is sent nobody but the member reads it. Each version that was sent is kept word for word. Everything is decided
by the database's clock when the request arrived, and closes with the collection.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from allauth.account.models import EmailAddress
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q

from accounts import joining, permissions, record
from accounts.identifiers import validate_one_line
from accounts.joining import a_person
from accounts.models import Organisation, User
from accounts.record import By
from consultations.models import Question
from notifications import clock
from notifications.refusal import Conflict, NotAllowed, Refusal, Stale
from responses import collecting, snapshot
from responses.collection_models import Naming
from responses.drafting import clean_text
from responses.models import (
    Collection,
    Contribution,
    ContributionAnswer,
    MemberInvitation,
    SentInput,
    SpokenFor,
)

MOST = 500  # contributions to one collection
UNKNOWN = "This link or code opens nothing. It may be mistyped, or it was replaced: ask whoever gave it to you."


@dataclass(frozen=True, kw_only=True)
class Text:
    """What somebody wrote on one question; `version` is that of the text they started from, 0: none."""

    question: Question
    text: str
    version: int = 0


# --- Coming in --------------------------------------------------------------------------------------------------------
@transaction.atomic
def join(
    *, token: str, organisation: Organisation | None, name: str = "", by: By, now: datetime | None = None
) -> Contribution:
    """The contribution of the organisation, in which one must be able to draft, or of the firm that is named.

    One that is there already is found again. An invitation is used up by it. Raises Refusal for a token that opens
    nothing or without a name, Conflict where it can no longer be used, NotAllowed for whom it is not.
    """
    now = now or clock.now()
    user = a_person(by)
    offer = collecting.read(token)
    if offer is None:
        raise Refusal(UNKNOWN, code="unknown")
    collection = offer.collection
    Collection.objects.select_for_update(no_key=True, of=("self",)).get(pk=collection.pk)
    invitation = offer.invitation and MemberInvitation.objects.select_for_update().get(pk=offer.invitation.pk)
    if found := used_by(user, invitation):
        return found
    if reason := collecting.Offer(collection=collection, invitation=invitation).why_not(now):
        raise Conflict(reason)
    if why := who_may_not(user, invitation):
        raise NotAllowed(why)
    given = _refused_name(collection, organisation, name, user)
    made = _found_or_made(collection, organisation, given, by=by, now=now)
    if invitation is not None:
        invitation.accepted_at, invitation.accepted_by = now, user
        invitation.save(update_fields=["accepted_at", "accepted_by"])
    return made


def used_by(user: User, invitation: MemberInvitation | None) -> Contribution | None:
    """What this person came to write by the invitation, if they used it."""
    if invitation is None or invitation.accepted_at is None or invitation.accepted_by_id != user.pk:
        return None
    return Contribution.objects.own(user).filter(collection=invitation.collection_id).first()


def who_may_not(user: User, invitation: MemberInvitation | None) -> str:
    """Why this person cannot come in; "" when they can. Only a confirmed address counts."""
    if invitation is None:
        confirmed = EmailAddress.objects.filter(user=user, verified=True).exists()
        return "" if confirmed else "Confirm your e-mail address first, then open this page again."
    if joining.has_address(user, invitation.email):
        return ""
    return f"This invitation is for {invitation.email}. Sign in with an account that has this address confirmed."


def _refused_name(collection: Collection, organisation: Organisation | None, name: str, user: User) -> str:
    """Whom the input is from, as it is kept. Raises Refusal or NotAllowed."""
    if organisation is not None:
        if organisation.pk == collection.response.organisation_id:
            raise Refusal("This organisation collects the input. Choose the member that you answer for.", field="who")
        if not permissions.can_draft(user, organisation):
            raise NotAllowed(f"Your role in {organisation} does not let you write for it.", field="who")
        return organisation.name
    name = clean_text(name, field="name").strip()
    if not name or len(name) > 200:
        raise Refusal("Enter the name of the member that you answer for, in 200 characters at most.", field="name")
    try:
        validate_one_line(name)
    except ValidationError as error:
        raise Refusal(error.messages[0], field="name") from error
    return name


def _found_or_made(
    collection: Collection, organisation: Organisation | None, name: str, *, by: By, now: datetime
) -> Contribution:
    """The caller holds the collection's lock."""
    whose = Q(organisation=organisation) if organisation else Q(organisation=None, started_by=by.user)
    rows = Contribution.objects.filter(collection=collection)
    found = rows.filter(whose).first()
    if found is not None:
        return found
    if rows.count() >= MOST:
        raise Conflict("This collection has as many contributions as it can take.")
    made = Contribution.objects.create(
        collection=collection, organisation=organisation, name=name, started_by=by.user, joined_at=now
    )
    _write(made, by=by, now=now, verb="joined collection")
    return made


# --- Writing ----------------------------------------------------------------------------------------------------------
@transaction.atomic
def save(
    *, contribution: Contribution, texts: Iterable[Text], naming: str, by: By, now: datetime | None = None
) -> dict[str, Refusal]:
    """Save what was written, each question by itself; returns what was refused, by question code. Nothing is sent.

    A text that was written against an older version is refused as stale. Raises NotAllowed or Conflict when nothing at
    all can be saved.
    """
    now = now or clock.now()
    locked = lock(contribution, by=by, now=now)
    asked = set(locked.collection.questions.values_list("pk", flat=True))
    stored = {row.question_id: row for row in locked.answers.select_related("edited_by")}
    refused: dict[str, Refusal] = {}
    for given in texts:
        try:
            if given.question.pk in asked:
                _save_one(locked, given, stored.get(given.question.pk), by.user, now)
        except Refusal as refusal:
            refused[given.question.code] = refusal
    if naming in Naming.values and naming != locked.naming:
        locked.naming = naming
        locked.save(update_fields=["naming"])
    return refused


def _save_one(
    contribution: Contribution, given: Text, stored: ContributionAnswer | None, user: User | None, now: datetime
) -> None:
    text = clean_text(given.text, field=given.question.code)
    if text == (stored.text if stored else ""):
        return
    if given.version != (stored.version if stored else 0):
        who = (stored.edited_by if stored else None) or "Somebody else"
        raise Stale(
            f"{who} changed this text while you were writing. Theirs is shown above the field, which holds yours.",
            field=given.question.code,
        )
    row = stored or ContributionAnswer(contribution=contribution, question=given.question, version=0)
    row.text, row.version, row.edited_by, row.edited_at = text, row.version + 1, user, now
    row.save()


# --- Sending ----------------------------------------------------------------------------------------------------------
@transaction.atomic
def send(*, contribution: Contribution, by: By, now: datetime | None = None) -> SentInput:
    """Send what is saved to the trade body, as the next version. The same again is the same version.

    Who does not want to be named is taken from the list of members that the response speaks for. Raises NotAllowed,
    Conflict once the collection has closed, Refusal where nothing is written or it was not said whether to be named.
    """
    now = now or clock.now()
    locked = lock(contribution, by=by, now=now)
    sender = a_person(by)
    asked = locked.answers.filter(question__in=locked.collection.questions.all()).select_related("question")
    content = {row.question.code: row.text.strip() for row in asked if row.text.strip()}
    if not content:
        raise Refusal("Write something on at least one question before you send.", code="empty")
    if not locked.naming:
        raise Refusal("Say whether you may be named.", field="naming")
    digest, before = snapshot.digest(content), locked.latest
    if before and locked.is_sent and (before.sha256, before.naming) == (digest, locked.naming):
        return before
    made = SentInput.objects.create(
        contribution=locked, number=before.number + 1 if before else 1, content=content, sha256=digest,
        naming=locked.naming, sent_by=sender, sent_at=now,
    )  # fmt: skip
    locked.latest, locked.withdrawn_at = made, None
    locked.save(update_fields=["latest", "withdrawn_at"])
    if locked.naming == Naming.WITHHOLD:
        listed = SpokenFor.objects.filter(response=locked.collection.response)
        listed.filter(Q(contribution=locked) | Q(name__iexact=locked.name)).delete()
    _write(locked, by=by, now=now, verb="input sent", version=made.number)
    return made


@transaction.atomic
def withdraw(*, contribution: Contribution, by: By, now: datetime | None = None) -> Contribution:
    """Take back what was sent, at any time: the body reads it no longer. What it has copied is in its own draft."""
    now = now or clock.now()
    locked = _locked(contribution, by)
    if not locked.is_sent:
        raise Conflict("There is nothing that you have sent.")
    locked.withdrawn_at = now
    locked.save(update_fields=["withdrawn_at"])
    SpokenFor.objects.filter(contribution=locked).delete()
    _write(locked, by=by, now=now, verb="input withdrawn")
    return locked


def may_write(user: User, contribution: Contribution) -> bool:
    """Whoever may draft for the organisation that it is from; where there is none, who began it."""
    if contribution.organisation is None:
        return contribution.started_by_id == user.pk
    return permissions.can_draft(user, contribution.organisation)


def lock(contribution: Contribution, *, by: By, now: datetime) -> Contribution:
    """The contribution's row, locked, while the collection is open. Raises NotAllowed or Conflict."""
    locked = _locked(contribution, by)
    if reason := collecting.closed(locked.collection, now):
        raise Conflict(reason, code="closed")
    return locked


def _locked(contribution: Contribution, by: By) -> Contribution:
    rows = Contribution.objects.select_for_update(of=("self",)).select_related(
        "organisation", "collection__response__organisation", "collection__response__consultation"
    )
    locked = rows.get(pk=contribution.pk)
    if not may_write(a_person(by), locked):
        raise NotAllowed(f"Your role in {locked.name} lets you read this, not change it.")
    return locked


def _write(contribution: Contribution, *, by: By, now: datetime, verb: str, **detail: object) -> None:
    """In the member's own record: the collecting body's holds nothing of it."""
    organisation = contribution.organisation
    record.write(
        by=by, verb=verb, subject=f"contribution:{contribution.code}", at=now,
        consultation_code=contribution.collection.response.consultation.code,
        organisation_code=organisation.code if organisation else "", **detail,
    )  # fmt: skip
