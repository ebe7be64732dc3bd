"""A pasted annex becomes the sections and questions of a draft."""

from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction
from django.db.models import Max

from accounts import record
from accounts.record import By
from consultations.models import Consultation, Deadline, Question, QuestionKind, Section
from notifications import clock
from notifications.refusal import Conflict, NotAllowed, Refusal

# Choices need their options, which an annex does not give: they are set on the question's own page.
KINDS = (QuestionKind.TEXT, QuestionKind.YES_NO_PARTLY, QuestionKind.NUMBER, QuestionKind.FILE)


@dataclass(frozen=True, kw_only=True)
class NewQuestion:
    number: str
    text: str
    kind: str = QuestionKind.TEXT.value


@dataclass(frozen=True, kw_only=True)
class NewSection:
    number: str
    title: str
    introduction: str = ""
    deadline: Deadline | None = None
    questions: list[NewQuestion] = field(default_factory=list)


@transaction.atomic
def add_questions(
    *, consultation: Consultation, sections: list[NewSection], by: By, now: datetime | None = None
) -> int:
    """Add the sections and their questions after those that the draft has; returns how many questions were added.

    Raises Conflict when it is scheduled or published, Refusal when there is nothing to add or a part has no words.
    """
    now = now or clock.now()
    paper = Consultation.objects.select_for_update().get(pk=consultation.pk)
    if by.user is not None and not by.user.has_perm("consultations.add_question"):
        raise NotAllowed("You do not have permission to add questions. An administrator can give it to you.")
    refuse_unless_draft(paper)
    if not any(section.questions for section in sections):
        raise Refusal("There is no question to add. Tick at least one.")
    position = 1 + (paper.sections.aggregate(last=Max("position"))["last"] or 0)
    added = sum(_add(paper, section, position + at) for at, section in enumerate(sections))
    record.write(
        by=by, verb="questions added", subject=f"consultation:{paper.code}", at=now, consultation_code=paper.code,
        questions=added, sections=len(sections),
    )  # fmt: skip
    return added


def refuse_unless_draft(consultation: Consultation) -> None:
    """What was checked when it was published or scheduled is what readers get."""
    if consultation.published_at is not None:
        raise Conflict(
            "Sections, deadlines and questions change only in a draft. Take a scheduled consultation back to a draft "
            "first; in a published one, extend a deadline or correct a question."
        )


def _add(paper: Consultation, given: NewSection, position: int) -> int:
    if not (given.number or given.title):
        raise Refusal("A section needs a number or a title.")
    if given.deadline is not None and given.deadline.consultation_id != paper.pk:
        raise Refusal("This deadline belongs to another consultation.")
    section = Section.objects.create(
        consultation=paper, deadline=given.deadline, number=given.number, title=given.title,
        introduction=given.introduction, position=min(position, 32_767),
    )  # fmt: skip
    made = [_question(section, each, at) for at, each in enumerate(given.questions)]
    return len(Question.objects.bulk_create(made))


def _question(section: Section, given: NewQuestion, position: int) -> Question:
    if not given.text.strip():
        raise Refusal(f"Question {given.number} has no text.".replace("  ", " "))
    if given.kind not in KINDS:
        raise Refusal("This kind of question cannot be pasted.")
    return Question(section=section, number=given.number, text=given.text.strip(), kind=given.kind, position=position)
