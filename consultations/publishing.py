"""The life of a consultation: published, its deadlines extended, its questions corrected, withdrawn, answered.

Each function is the one way to make its change: lock, check, write, record who, queue post, in one transaction.
`now` is the database's clock unless given. A published paper is not edited otherwise. `note` is a sentence added to
the e-mail that tells of it; with `trial` nobody is told, for a transaction that is undone (trying.py).
"""

from datetime import datetime
from typing import Any

from django.db import transaction

from accounts import record
from accounts.record import By
from consultations import announcing
from consultations.models import (
    Consultation,
    Deadline,
    DeadlineChange,
    Outcome,
    Question,
    QuestionCorrection,
    Section,
)
from notifications import clock
from notifications.refusal import Conflict, NotAllowed, Refusal


@transaction.atomic
def publish(
    *, consultation: Consultation, by: By, at: datetime | None = None, now: datetime | None = None,
    note: str = "", trial: bool = False,
) -> None:  # fmt: skip
    """Make a draft public now, or at the moment `at`; a scheduled one may be given another moment.

    Followers are told when it opens: at once here, or by `announcing.announce_due` when its moment comes.
    Raises Refusal when something is missing (`problems` names each), Conflict when it is public already.
    """
    now = now or clock.now()
    paper = _locked(consultation)
    _may(by, "consultations.publish_consultation")
    if paper.withdrawn_at:
        raise Conflict("This consultation was withdrawn. Make a new one instead.")
    if paper.is_public(now):
        raise Conflict("This consultation is published already.")
    if at is not None and at <= now:
        raise Refusal("Choose a moment that is still to come, or publish now.", field="at")
    _refuse_unready(paper, moment=at or now)
    paper.published_at = at or now
    if paper.opens_at and paper.opens_at < paper.published_at:
        paper.opens_at = None
    paper.save(update_fields=["published_at", "opens_at"])
    verb = "published" if at is None else "scheduled"
    _write(paper, by=by, now=now, verb=verb, published_at=paper.published_at.isoformat())
    announcing.plan_opening(consultation=paper, now=now, by=by, note=note)
    if not trial and (paper.opens_at or paper.published_at) <= now:
        announcing.announce_opening(consultation=paper, now=now)


@transaction.atomic
def unschedule(*, consultation: Consultation, by: By, now: datetime | None = None) -> None:
    """Take a consultation whose moment has not come back to being a draft."""
    now = now or clock.now()
    paper = _locked(consultation)
    _may(by, "consultations.publish_consultation")
    if paper.published_at is None or paper.is_public(now):
        raise Conflict("Only a consultation that is scheduled can be taken back to a draft.")
    paper.published_at = paper.opens_at = None
    paper.save(update_fields=["published_at", "opens_at"])
    announcing.unplan_opening(paper)
    _write(paper, by=by, now=now, verb="unscheduled")


@transaction.atomic
def extend_deadline(
    *, deadline: Deadline, closes_at: datetime, reason: str, by: By, now: datetime | None = None,
    note: str = "", trial: bool = False,
) -> DeadlineChange:  # fmt: skip
    """Move a deadline of a published consultation later; both instants, the reason and who are kept for ever.

    A deadline that has passed may be extended too: what had closed by it opens again. Never earlier: people rely on
    the date they were given. Raises Refusal at `closes_at` or `reason`.
    """
    now = now or clock.now()
    paper = _locked(deadline.consultation)
    _may(by, "consultations.extend_deadline")
    row = Deadline.objects.select_for_update().get(pk=deadline.pk)
    if paper.withdrawn_at or not paper.is_public(now):
        raise Conflict("Only a published consultation's deadline is extended. Edit a draft's deadline instead.")
    if row.closes_at is None:
        raise Refusal("There is no closing date to extend.", field="closes_at")
    if closes_at <= row.closes_at:
        raise Refusal("The new moment must be later than the present one.", field="closes_at")
    if closes_at <= now:
        raise Refusal("The new moment has already passed.", field="closes_at")
    if not reason.strip():
        raise Refusal("Say why the deadline moves. Everyone who reads the consultation will see it.", field="reason")
    change = DeadlineChange.objects.create(
        deadline=row, old_closes_at=row.closes_at, new_closes_at=closes_at, reason=reason.strip(),
        version=row.version + 1, changed_by=by.user, changed_by_name=by.label, changed_at=now,
    )  # fmt: skip
    row.closes_at, row.version, row.time_assumed = closes_at, row.version + 1, False
    row.save(update_fields=["closes_at", "version", "time_assumed"])
    _write(
        paper, by=by, now=now, verb="deadline extended", deadline=row.label,
        was=change.old_closes_at.isoformat() if change.old_closes_at else None, became=closes_at.isoformat(),
    )  # fmt: skip
    announcing.announce_extension(change=change, now=now, by=by, note=note, trial=trial)
    deadline.refresh_from_db()
    return change


@transaction.atomic
def withdraw(
    *, consultation: Consultation, reason: str, by: By, now: datetime | None = None, note: str = "", trial: bool = False
) -> None:
    """End a consultation without an outcome. It stays readable, with the reason; no response is taken any more."""
    now = now or clock.now()
    paper = _locked(consultation)
    _may(by, "consultations.withdraw_consultation")
    if paper.withdrawn_at:
        raise Conflict("This consultation is withdrawn already.")
    if not paper.is_public(now):
        raise Conflict("Only a published consultation is withdrawn. Delete a draft instead.")
    if not reason.strip():
        raise Refusal("Say why it is withdrawn. Everyone who reads the consultation will see it.", field="reason")
    paper.withdrawn_at, paper.withdrawal_reason = now, reason.strip()
    paper.save(update_fields=["withdrawn_at", "withdrawal_reason"])
    _write(paper, by=by, now=now, verb="withdrawn")
    announcing.announce_withdrawal(consultation=paper, now=now, by=by, note=note, trial=trial)


@transaction.atomic
def correct_question(
    *, question: Question, text: str, guidance: str, reason: str, by: By, now: datetime | None = None
) -> QuestionCorrection:
    """Put a published question right; what it said stays on record and is shown to everybody."""
    now = now or clock.now()
    paper = _locked(question.section.consultation)
    _may(by, "consultations.correct_question")
    row = Question.objects.select_for_update().get(pk=question.pk)
    if not text.strip():
        raise Refusal("A question needs its text.", field="text")
    if not reason.strip():
        raise Refusal("Say what was wrong. Everyone who reads the question will see it.", field="reason")
    if (text.strip(), guidance.strip()) == (row.text, row.guidance):
        raise Refusal("Nothing was changed.", field="text")
    correction = QuestionCorrection.objects.create(
        question=row, old_text=row.text, new_text=text.strip(), old_guidance=row.guidance,
        new_guidance=guidance.strip(), reason=reason.strip(), corrected_by=by.user, corrected_at=now,
    )  # fmt: skip
    row.text, row.guidance = correction.new_text, correction.new_guidance
    row.save(update_fields=["text", "guidance"])
    _write(paper, by=by, now=now, verb="question corrected", question=row.number or row.code)
    question.refresh_from_db()
    return correction


@transaction.atomic
def publish_outcome(
    *, outcome: Outcome, by: By, now: datetime | None = None, note: str = "", trial: bool = False
) -> None:
    """Make an outcome public on every consultation that it answers, and tell their followers."""
    now = now or clock.now()
    _may(by, "consultations.publish_outcome")
    row = Outcome.objects.select_for_update().get(pk=outcome.pk)
    papers = list(row.consultations.all())
    if row.published_at:
        raise Conflict("This outcome is published already.")
    if not papers:
        raise Refusal("Say which consultations this outcome answers.", field="consultations")
    if hidden := [str(paper) for paper in papers if not paper.is_public(now)]:
        raise Refusal(f"Not published yet: {', '.join(hidden)}.", field="consultations")
    row.published_at = now
    row.save(update_fields=["published_at"])
    for paper in papers:
        _write(paper, by=by, now=now, verb="outcome published", outcome=row.code)
    announcing.announce_outcome(outcome=row, now=now, by=by, note=note, trial=trial)
    outcome.refresh_from_db()


def is_frozen(consultation: Consultation, now: datetime) -> bool:
    """Public, so that questions and deadlines change only through the functions above."""
    return consultation.is_public(now)


def unready(consultation: Consultation, *, moment: datetime) -> list[tuple[str, str]]:
    """What is missing before the consultation could be published at `moment`: (field, sentence) pairs."""
    problems = []
    deadlines = list(consultation.deadlines.all())
    sections = list(Section.objects.filter(consultation=consultation))
    if not consultation.title:
        problems.append(("title", "Give the consultation a title."))
    if not consultation.authorities.exists():
        problems.append(("authorities", "Say which body publishes the consultation."))
    problems += [
        ("deadlines", f"“{row}” closes before the consultation would open.")
        for row in deadlines
        if row.closes_at and row.closes_at <= (consultation.opens_at or moment)
    ]
    if deadlines:
        problems += [
            ("sections", f"Say which deadline closes section “{row}”.") for row in sections if row.deadline_id is None
        ]
    if consultation.takes_responses and not Question.objects.filter(section__consultation=consultation).exists():
        problems.append(("questions", "Add at least one question or prompt to answer."))
    return problems


def _refuse_unready(consultation: Consultation, *, moment: datetime) -> None:
    if problems := unready(consultation, moment=moment):
        raise Refusal(" ".join(sentence for _, sentence in problems), code="not_ready", problems=problems)


def _locked(consultation: Consultation) -> Consultation:
    return Consultation.objects.select_for_update().get(pk=consultation.pk)


def _may(by: By, permission: str) -> None:
    """Commands and tasks act for Soundings itself (no user); a person needs the permission."""
    if by.user is not None and not by.user.has_perm(permission):
        raise NotAllowed("You do not have permission to do this. An administrator can give it to you.")


def _write(consultation: Consultation, *, by: By, now: datetime, verb: str, **detail: Any) -> None:
    record.write(
        by=by, verb=verb, subject=f"consultation:{consultation.code}", at=now,
        consultation_code=consultation.code, **detail,
    )  # fmt: skip
