"""What is done and what is left: which questions a response is asked, which are answered, what stands in the way."""

from dataclasses import dataclass, field
from datetime import datetime

from consultations.models import Question, Section
from responses.models import Answer, Attachment, Response


@dataclass(kw_only=True)
class Item:
    """One question of a response, with the draft answer and the files given for it."""

    question: Question
    answer: Answer | None
    files: list[Attachment] = field(default_factory=list)

    @property
    def is_answered(self) -> bool:
        return bool(self.files) or (self.answer is not None and not self.answer.is_empty)

    @property
    def words(self) -> int:
        return len(self.answer.text.split()) if self.answer else 0


@dataclass(kw_only=True)
class Part:
    """One section of a response: its questions that are asked, given the answers so far."""

    section: Section
    is_open: bool
    items: list[Item]

    @property
    def answered(self) -> int:
        return sum(item.is_answered for item in self.items)

    @property
    def total(self) -> int:
        return len(self.items)


def parts(response: Response, now: datetime) -> list[Part]:
    """The whole response, section by section, in four queries however long it is."""
    questions = list(
        Question.objects.filter(section__consultation=response.consultation_id).select_related("section__deadline")
    )
    answers = {answer.question_id: answer for answer in Answer.objects.filter(response=response)}
    files: dict[int | None, list[Attachment]] = {}
    for attachment in Attachment.objects.filter(response=response).current():
        files.setdefault(attachment.question_id, []).append(attachment)
    grouped: dict[int, list[Item]] = {}
    for question in questions:
        if is_asked(question, answers):
            item = Item(question=question, answer=answers.get(question.pk), files=files.get(question.pk, []))
            grouped.setdefault(question.section_id, []).append(item)
    sections = Section.objects.filter(consultation=response.consultation_id).select_related("deadline")
    return [
        Part(section=section, is_open=section.is_open(now), items=grouped.get(section.pk, [])) for section in sections
    ]


def is_asked(question: Question, answers: dict[int, Answer]) -> bool:
    """A question with a condition is asked once the earlier answer says so."""
    if question.shown_if_id is None:
        return True
    earlier = answers.get(question.shown_if_id)
    return earlier is not None and question.shown_if_answer in earlier.selected


def problems(parts_now: list[Part]) -> list[tuple[str, str]]:
    """What stands in the way of submitting: (question code, sentence) pairs.

    A question that must be answered stands in the way only where something else under its deadline is answered: a
    paper with two deadlines is filed in two goes, and the first must not wait for the second.
    """
    begun = {part.section.deadline_id for part in parts_now if part.answered}
    found = []
    for part in parts_now:
        if not part.is_open:
            continue
        for item in part.items:
            name = f"Question {item.question.number}" if item.question.number else f"“{item.question.text[:60]}”"
            if item.question.required and not item.is_answered and part.section.deadline_id in begun:
                found.append((item.question.code, f"{name} must be answered."))
            if item.question.word_limit and item.words > item.question.word_limit:
                over = f"{name} has {item.words:,} words; the limit is {item.question.word_limit:,}."
                found.append((item.question.code, over))
    return found
