"""Working together on a response: who answers what, what is ready, and what colleagues say about it.

All of it is recorded under verbs that staff of the body do not see (accounts/staff/acts.py).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Count, Q, QuerySet

from accounts.emails import reachable
from accounts.models import Membership, User
from accounts.permissions import MAY_DRAFT, role_in
from accounts.record import By
from consultations.models import Question
from notifications import clock, outbox
from notifications.outbox import Post
from notifications.refusal import NotAllowed, Refusal
from responses import snapshot
from responses.drafting import clean_text, lock_for_drafting, write_act
from responses.models import Response, SignOff
from responses.progress import Item, Part
from responses.team_models import Comment, QuestionWork

MOST_COMMENT = 5_000  # characters
GATHERED = timedelta(minutes=15)  # so long comments wait to be told of together
STATES = {
    "not_started": "Not started", "drafting": "Drafting", "ready": "Ready", "signed_off": "Signed off",
}  # fmt: skip


@dataclass(kw_only=True)
class Line:
    """One question as the team sees it."""

    item: Item
    state: str
    owner: User | None
    comments: int
    unsettled: int

    @property
    def state_name(self) -> str:
        return STATES[self.state]

    @property
    def is_over(self) -> bool:
        limit = self.item.question.word_limit
        return limit is not None and self.item.words > limit


def lines(response: Response, parts: Iterable[Part]) -> dict[int, Line]:
    """Question id → its line: three queries however many questions."""
    work = {row.question_id: row for row in QuestionWork.objects.filter(response=response).select_related("owner")}
    said = Comment.objects.filter(response=response).order_by().values("question")
    counts = {
        row["question"]: row
        for row in said.annotate(comments=Count("pk"), unsettled=Count("pk", filter=Q(settled_at=None)))
    }
    signed = _signed(response)
    return {
        item.question.pk: Line(
            item=item,
            state=_state(item, work.get(item.question.pk), signed),
            owner=row.owner if (row := work.get(item.question.pk)) else None,
            comments=counts.get(item.question.pk, {}).get("comments", 0),
            unsettled=counts.get(item.question.pk, {}).get("unsettled", 0),
        )
        for part in parts
        for item in part.items
    }


def drafters(response: Response) -> "QuerySet[User]":
    """Those whose a question can be: people who may draft for the organisation."""
    may = Membership.objects.filter(organisation=response.organisation_id, role__in=MAY_DRAFT)
    people = User.objects.filter(pk__in=may.values("user"), is_active=True, is_service=False)
    return people.order_by("name", "email")


@transaction.atomic
def assign(
    *, response: Response, questions: Iterable[Question], to: User | None, by: By, now: datetime | None = None
) -> int:
    """Make questions somebody's, or nobody's; returns how many changed hands. The person is told of all of them in one
    e-mail, unless they took them themselves.

    Raises NotAllowed without the right to draft, Refusal at `to` for somebody who may not draft.
    """
    now = now or clock.now()
    locked = lock_for_drafting(response, by=by, now=now)
    wanted = _of_paper(locked, questions)
    if to is not None and not drafters(locked).filter(pk=to.pk).exists():
        raise Refusal(f"Choose somebody who may draft for {locked.organisation}.", field="to")
    rows = _work(locked, wanted)
    changed = [row for row in rows if row.owner_id != (to.pk if to else None)]
    for row in changed:
        row.owner, row.assigned_at = to, now
    _keep(changed, ["owner", "assigned_at"])
    if changed:
        write_act(
            locked, by=by, now=now, verb="questions assigned", to=to.email if to else None, questions=len(changed),
        )  # fmt: skip
    if changed and to is not None and (by.user is None or to.pk != by.user.pk):
        _tell(locked, to, changed, by=by, now=now)
    return len(changed)


@transaction.atomic
def call_ready(
    *, response: Response, questions: Iterable[Question], ready: bool, by: By, now: datetime | None = None
) -> int:
    """Say that answers are ready as they stand, or that they are not after all; returns how many changed.

    An answer that changes afterwards is not ready any more. Raises Refusal where there is no answer yet.
    """
    now = now or clock.now()
    locked = lock_for_drafting(response, by=by, now=now)
    wanted = _of_paper(locked, questions)
    versions = dict(locked.answers.filter(question__in=wanted).values_list("question", "version"))
    attached = set(locked.attachments.filter(removed_at=None).values_list("question", flat=True))
    if ready and (empty := [one for one in wanted if one.pk not in versions and one.pk not in attached]):
        raise Refusal(f"{len(empty)} of these are not answered yet. Only an answer can be ready.", field="question")
    rows = _work(locked, wanted)
    changed = [row for row in rows if row.ready_version != (versions.get(row.question_id, 0) if ready else None)]
    for row in changed:
        row.ready_version = versions.get(row.question_id, 0) if ready else None
        row.ready_by, row.ready_at = (by.user, now) if ready else (None, None)
    _keep(changed, ["ready_version", "ready_by", "ready_at"])
    if changed:
        write_act(
            locked,
            by=by,
            now=now,
            verb="answers called ready" if ready else "answers not ready",
            questions=len(changed),
        )
    return len(changed)


@transaction.atomic
def comment(*, response: Response, question: Question, text: str, by: By, now: datetime | None = None) -> Comment:
    """Say something about an answer to one's colleagues; those who only read may, too. Kept after everything closed.
    Whose the question is, and who commented on it before, is told, of all that is said in a quarter of an hour at once.

    Raises NotAllowed but for a member, Refusal at `text`.
    """
    now = now or clock.now()
    user = _member(response, by)
    (asked,) = _of_paper(response, [question])
    text = clean_text(text, field="text").strip()
    if not text:
        raise Refusal("Write a comment.", field="text")
    if len(text) > MOST_COMMENT:
        raise Refusal(f"A comment has {MOST_COMMENT:,} characters at most.", field="text")
    made = Comment.objects.create(response=response, question=asked, text=text, by=user, at=now)
    write_act(response, by=by, now=now, verb="comment made", comment=made.pk)
    _tell_of_comment(made, now)
    return made


@transaction.atomic
def settle(*, comment: Comment, by: By, now: datetime | None = None) -> Comment:
    """Mark a comment as dealt with. Settled twice, the first stays."""
    now = now or clock.now()
    user = _member(comment.response, by)
    if Comment.objects.filter(pk=comment.pk, settled_at=None).update(settled_at=now, settled_by=user):
        write_act(comment.response, by=by, now=now, verb="comment settled", comment=comment.pk)
    comment.refresh_from_db()
    return comment


def _state(item: Item, work: QuestionWork | None, signed: dict[str, Any]) -> str:
    if not item.is_answered:
        return "not_started"
    if signed.get(item.question.code) == _said(snapshot.of_item(item)):
        return "signed_off"
    version = item.answer.version if item.answer else 0
    if work is None or work.ready_version != version or work.ready_at is None:
        return "drafting"
    newer = any(file.uploaded_at > work.ready_at for file in item.files)
    return "drafting" if newer else "ready"


def _signed(response: Response) -> dict[str, Any]:
    """Question code → what was signed of it the last time."""
    last = SignOff.objects.filter(response=response).order_by("-id").first()
    sections = last.content.get("sections", []) if last else []  # none once erased
    return {question["code"]: _said(question) for section in sections for question in section["questions"]}


def _said(question: dict[str, Any]) -> tuple[Any, Any]:
    return question["answer"], question["files"]


def _of_paper(response: Response, questions: Iterable[Question]) -> list[Question]:
    wanted = list(questions)
    if not wanted:
        raise Refusal("Choose at least one question.", field="question")
    if any(question.section.consultation_id != response.consultation_id for question in wanted):
        raise Refusal("This question belongs to another consultation.", field="question")
    return wanted


def _work(response: Response, questions: list[Question]) -> list[QuestionWork]:
    """Each question's row, made where there is none yet. The caller holds the response's lock."""
    known = {row.question_id: row for row in QuestionWork.objects.filter(response=response, question__in=questions)}
    new = [QuestionWork(response=response, question=question) for question in questions if question.pk not in known]
    QuestionWork.objects.bulk_create(new)
    return [*known.values(), *new]


def _keep(rows: list[QuestionWork], fields: list[str]) -> None:
    if rows:
        QuestionWork.objects.bulk_update(rows, fields)


def _member(response: Response, by: By) -> User:
    if by.user is None or not role_in(by.user, response.organisation):
        raise NotAllowed(f"Only members of {response.organisation} can do this.")
    return by.user


def _tell(response: Response, to: User, rows: list[QuestionWork], *, by: By, now: datetime) -> None:
    if not reachable().filter(pk=to.pk).exists():
        return
    outbox.queue(
        kind="work_assigned",
        key=f"work_assigned:{response.pk}:{to.pk}:{now.isoformat()}",
        address=to.email,
        payload={
            "user": to.pk, "response": response.pk, "by": by.user.pk if by.user else None,
            "questions": [row.question_id for row in rows],
        },
        now=now,
    )  # fmt: skip


def _tell_of_comment(made: Comment, now: datetime) -> None:
    """One e-mail for each person, response and quarter of an hour: the key keeps a second from being owed."""
    began = datetime.fromtimestamp(now.timestamp() // GATHERED.total_seconds() * GATHERED.total_seconds(), tz=UTC)
    about = {"response": made.response_id, "question": made.question_id}
    concerned = [
        *QuestionWork.objects.filter(**about).values_list("owner", flat=True),
        *Comment.objects.filter(**about).values_list("by", flat=True),
    ]
    outbox.queue_many(
        Post(
            kind="comments_made",
            key=f"comments_made:{made.response_id}:{person.pk}:{began:%Y%m%dT%H%M}",
            address=person.email,
            due_at=began + GATHERED,
            payload={"user": person.pk, "response": made.response_id, "since": began.isoformat()},
        )
        for person in reachable().filter(pk__in={pk for pk in concerned if pk} - {made.by_id})
    )
