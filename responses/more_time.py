"""More time, or late acceptance: a firm asks with a reason; staff grant it to that firm, extend for all, or refuse."""

from datetime import date, datetime

from django.db import transaction

from accounts import permissions, record
from accounts.emails import reachable
from accounts.models import Membership, Organisation, User
from accounts.permissions import MAY_SUBMIT
from accounts.record import By
from consultations import duties
from consultations.closing import closing, moment
from consultations.models import Deadline
from notifications import clock, outbox
from notifications.outbox import Post
from notifications.refusal import Conflict, NotAllowed, Refusal
from responses.drafting import clean_text, refuse_untaken
from responses.models import Allowance, Decision, TimeRequest

PERMISSION = "consultations.extend_deadline"
MOST_REASON = 4_000


@transaction.atomic
def ask(
    *,
    deadline: Deadline,
    organisation: Organisation,
    reason: str,
    by: By,
    wanted_on: date | None = None,
    now: datetime | None = None,
) -> TimeRequest:
    """Ask for more time under one deadline, before it or after it. Whoever decides is told.

    Raises NotAllowed without the right to submit, Conflict while another request waits or where nothing closes, Refusal
    without a reason.
    """
    now = now or clock.now()
    if by.user is None or not permissions.can_submit(by.user, organisation):
        raise NotAllowed(f"Your role in {organisation} does not let you ask. A submitter or an administrator does.")
    refuse_untaken(deadline.consultation, now)
    if deadline.closes_at is None:
        raise Conflict("This has no closing date, so no more time is needed.", code="open")
    reason = _reason(reason, "Say why you need more time.")
    if wanted_on is not None and wanted_on < now.date():
        raise Refusal("Give a day that is still to come.", field="wanted_on")
    Organisation.objects.select_for_update(no_key=True).get(pk=organisation.pk)  # two at once are one after the other
    if TimeRequest.objects.waiting().filter(organisation=organisation, deadline=deadline).exists():
        raise Conflict("You have asked already. The request waits for a decision.", code="asked")
    made = TimeRequest.objects.create(
        organisation=organisation, deadline=deadline, closes_at=deadline.closes_at, reason=reason,
        wanted_on=wanted_on, asked_by=by.user, asked_at=now,
    )  # fmt: skip
    _write(made, by=by, now=now, verb="more time asked for", wanted_on=str(wanted_on or ""))
    _tell(made, "more_time_asked", duties.deciders(deadline.consultation), now)
    return made


def grant(*, request: TimeRequest, until: datetime, reason: str, by: By, now: datetime | None = None) -> TimeRequest:
    """Let this organisation alone submit once until `until`. Raises Refusal, Conflict where it is decided."""
    now = now or clock.now()
    with transaction.atomic():
        locked = _locked(request, by)
        if until <= now:
            raise Refusal("Give a moment that is still to come.", field="until")
        if locked.deadline.closes_at is None or until <= locked.deadline.closes_at:
            raise Refusal(f"The deadline itself is {closing(locked.deadline)}: give a later moment.", field="until")
        _decide(locked, Decision.GRANTED, reason, by=by, now=now, until=moment(until, locked.deadline.time_zone))
        Allowance.objects.create(
            request=locked, organisation=locked.organisation, deadline=locked.deadline, until=until
        )
    return locked


def note_extension(*, request: TimeRequest, reason: str, by: By, now: datetime | None = None) -> TimeRequest:
    """The deadline was extended for everybody (consultations.publishing), and that is the answer. Raises Conflict
    where it was not."""
    with transaction.atomic():
        locked = _locked(request, by)
        if locked.deadline.closes_at is not None and locked.deadline.closes_at <= locked.closes_at:
            raise Conflict("The deadline has not moved since they asked. Extend it first.", code="not_extended")
        _decide(locked, Decision.EXTENDED, reason, by=by, now=now or clock.now())
    return locked


def refuse(*, request: TimeRequest, reason: str, by: By, now: datetime | None = None) -> TimeRequest:
    with transaction.atomic():
        locked = _locked(request, by)
        _decide(locked, Decision.REFUSED, reason, by=by, now=now or clock.now())
    return locked


def _locked(request: TimeRequest, by: By) -> TimeRequest:
    if by.user is None or not (by.user.is_staff and by.user.has_perm(PERMISSION)):
        raise NotAllowed("You do not have the right to decide on deadlines.")
    rows = TimeRequest.objects.select_for_update(of=("self",)).select_related("organisation", "deadline__consultation")
    locked = rows.get(pk=request.pk)
    if not locked.is_waiting:
        raise Conflict(f"It has been decided: {locked.get_decision_display().lower()}.")
    return locked


def _decide(request: TimeRequest, decision: Decision, reason: str, *, by: By, now: datetime, until: str = "") -> None:
    request.decision, request.decided_by, request.decided_at = decision, by.user, now
    request.decision_reason = _reason(reason, "Give the reason. The firm is told, and it is kept.")
    request.save(update_fields=["decision", "decided_by", "decided_at", "decision_reason"])
    _write(request, by=by, now=now, verb=f"more time {decision.value}", until=until, reason=request.decision_reason)
    may = Membership.objects.filter(organisation=request.organisation_id, role__in=MAY_SUBMIT)
    _tell(request, "more_time_decided", list(reachable().filter(pk__in=may.values("user"))), now)


def _reason(given: str, missing: str) -> str:
    reason = clean_text(given, field="reason").strip()
    if not reason:
        raise Refusal(missing, field="reason")
    if len(reason) > MOST_REASON:
        raise Refusal(f"A reason has {MOST_REASON:,} characters at most.", field="reason")
    return reason


def _tell(request: TimeRequest, kind: str, people: list[User], now: datetime) -> None:
    outbox.queue_many(
        Post(
            kind=kind,
            key=f"{kind}:{request.pk}:{person.pk}",
            address=person.email,
            due_at=now,
            payload={"user": person.pk, "request": request.pk},
        )
        for person in people
    )


def _write(request: TimeRequest, *, by: By, now: datetime, verb: str, **detail: str) -> None:
    paper = request.deadline.consultation
    record.write(
        by=by, verb=verb, subject=f"timerequest:{request.code}", at=now, consultation_code=paper.code,
        organisation_code=request.organisation.code, deadline=request.deadline.label,
        **{name: value for name, value in detail.items() if value},
    )  # fmt: skip
