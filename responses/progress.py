"""What is done and what is left: which questions a response is asked, which are answered, what stands in the way."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Q

from consultations.models import Deadline, Question, Section
from notifications.compiled import Kept, given
from notifications.message import shortened
from responses import allowances
from responses.allowances import Allowed
from responses.emptiness import SAYS_NOTHING, says_nothing
from responses.models import Answer, Attachment, Response
from responses.permissions import WHOLE, Reach

_ANSWERS = Kept(lambda: Answer.objects.filter(response=given("response")).select_related("edited_by"))
_SECTIONS = Kept(lambda: Section.objects.filter(consultation=given("consultation")).select_related("deadline"))
_QUESTIONS = Kept(lambda: Question.objects.filter(section__consultation=given("consultation")))


@dataclass(kw_only=True)
class Item:
    """One question of a response, with the draft answer and the files given for it."""

    question: Question
    answer: Answer | None
    files: list[Attachment] = field(default_factory=list)

    @property
    def is_given(self) -> bool:
        """There is something to file, be it "N/A"."""
        return bool(self.files) or (self.answer is not None and not self.answer.is_empty)

    @property
    def is_answered(self) -> bool:
        """What is there says something (emptiness.py)."""
        if self.files or self.answer is None:
            return bool(self.files)
        answer = self.answer
        return bool(answer.selected) or answer.number is not None or not says_nothing(answer.text)

    @property
    def words(self) -> int:
        return len(self.answer.text.split()) if self.answer else 0


@dataclass(kw_only=True)
class Part:
    """One section of a response: its questions that are asked, given the answers so far, and those that are not."""

    section: Section
    is_open: bool
    items: list[Item]
    unasked: list[Item] = field(default_factory=list)

    @property
    def everything(self) -> list[Item]:
        """Asked or not, in the paper's order."""
        return sorted([*self.items, *self.unasked], key=lambda item: (item.question.position, item.question.pk))

    @property
    def state(self) -> str:
        """closed, not_asked, not_started, in_progress or done."""
        if not self.is_open:
            return "closed"
        if not self.items:
            return "not_asked"
        return "not_started" if not self.answered else "in_progress" if self.answered < self.total else "done"

    @property
    def answered(self) -> int:
        return sum(item.is_answered for item in self.items)

    @property
    def total(self) -> int:
        return len(self.items)


def parts(
    response: Response, now: datetime, *, attachments: Iterable[Attachment] | None = None, reach: Reach = WHOLE
) -> list[Part]:
    """The whole response, section by section, in four queries however long it is, and one more where part has closed.

    `attachments`: the response's present ones, where the caller has read them already. `reach` limits it to some
    sections: then nothing in it follows from an answer beyond them. A question that depends on such a one is as if
    that were not answered.
    """
    questions = [
        each for each in _QUESTIONS.all(consultation=response.consultation_id) if reach.includes(each.section_id)
    ]
    drafted = {answer.question_id: answer for answer in _ANSWERS.all(response=response.pk)}
    answers = {each.pk: drafted[each.pk] for each in questions if each.pk in drafted}
    files: dict[int | None, list[Attachment]] = {}
    for attachment in Attachment.objects.filter(response=response).current() if attachments is None else attachments:
        files.setdefault(attachment.question_id, []).append(attachment)
    sections = [each for each in _SECTIONS.all(consultation=response.consultation_id) if reach.includes(each.pk)]
    is_open = {section.pk: section.is_open(now) for section in sections}
    if not all(is_open.values()):
        allowed = allowances.of(response, now)
        is_open |= {section.pk: True for section in sections if section.deadline_id in allowed}
    made = {section.pk: Part(section=section, is_open=is_open[section.pk], items=[]) for section in sections}
    chosen = {question_id: answer.selected for question_id, answer in answers.items()}
    for question in questions:
        part = made[question.section_id]
        question.section = part.section  # read already: a join would repeat its introduction for each question
        item = Item(question=question, answer=answers.get(question.pk), files=files.get(question.pk, []))
        (part.items if is_asked(question, chosen) else part.unasked).append(item)
    return list(made.values())


def is_asked(question: Question, chosen: Mapping[int, Sequence[str]]) -> bool:
    """A question with a condition is asked once the earlier answer says so; `chosen` is by question id."""
    return question.shown_if_id is None or question.shown_if_answer in chosen.get(question.shown_if_id, ())


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
            name = (
                f"Question {item.question.number}" if item.question.number else f"“{shortened(item.question.text, 60)}”"
            )
            if item.question.required and not item.is_answered and part.section.deadline_id in begun:
                found.append((item.question.code, f"{name} must be answered."))
            if item.question.word_limit and item.words > item.question.word_limit:
                over = f"{name} has {item.words:,} words; the limit is {item.question.word_limit:,}."
                found.append((item.question.code, over))
    return found


@dataclass(kw_only=True)
class Standing:
    """How far a response is, for a line in a list. `next_deadline`: the soonest under which one may still answer."""

    answered: int = 0
    total: int = 0
    must_answer: int = 0
    is_open: bool = False
    next_deadline: Deadline | None = None


def standings(responses: Iterable[Response], now: datetime) -> dict[int, Standing]:
    """Response id → how far it is: three queries for any number of responses, one more where something has closed."""
    wanted = list(responses)
    filled = ~Q(text__iregex=SAYS_NOTHING) | Q(selected__len__gt=0) | Q(number__isnull=False)
    chosen: dict[int, dict[int, list[str]]] = {}
    done: dict[int, set[int]] = {}
    rows = Answer.objects.filter(response__in=wanted).annotate(is_filled=filled)
    for response_id, question_id, selected, is_filled in rows.values_list(
        "response_id", "question_id", "selected", "is_filled"
    ):
        chosen.setdefault(response_id, {})[question_id] = selected
        if is_filled:
            done.setdefault(response_id, set()).add(question_id)
    files = Attachment.objects.filter(response__in=wanted, question__isnull=False).current()
    for response_id, question_id in files.values_list("response_id", "question_id"):
        done.setdefault(response_id, set()).add(question_id)
    questions: dict[int, list[Question]] = {}
    of_papers = Question.objects.filter(section__consultation__in={response.consultation_id for response in wanted})
    for question in of_papers.select_related("section__deadline").defer("text", "guidance", "section__introduction"):
        questions.setdefault(question.section.consultation_id, []).append(question)
    some_closed = any(not question.section.is_open(now) for asked in questions.values() for question in asked)
    allowed = allowances.of_all(wanted, now) if some_closed else {}
    return {
        response.pk: _standing(
            questions.get(response.consultation_id, []),
            chosen.get(response.pk, {}),
            done.get(response.pk, set()),
            allowed.get(response.pk, {}),
            now,
        )
        for response in wanted
    }


def _standing(
    questions: list[Question], chosen: Mapping[int, Sequence[str]], done: set[int], allowed: Allowed, now: datetime
) -> Standing:
    standing = Standing()
    for question in questions:
        deadline = question.section.deadline
        is_open = question.section.is_open(now) or question.section.deadline_id in allowed
        standing.is_open = standing.is_open or is_open
        if is_open and deadline and deadline.closes_at and _is_sooner(deadline, standing.next_deadline):
            standing.next_deadline = deadline
        if is_asked(question, chosen):
            standing.total += 1
            standing.answered += question.pk in done
            standing.must_answer += question.required and is_open and question.pk not in done
    return standing


def _is_sooner(deadline: Deadline, other: Deadline | None) -> bool:
    if other is None or other.closes_at is None or deadline.closes_at is None:
        return deadline.closes_at is not None
    return deadline.closes_at < other.closes_at
