"""Drafting: a response is started, its questions are answered and its consents stated, until each deadline.

Draft text may be over its word limit or unfinished: it is kept as typed, and what stands in the way of submitting is
told by submission.py. What cannot be kept (a choice that is not offered, a number that is none) is refused.
Every version that was saved is kept (keeping.py), and so is a text that came too late to be.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db import transaction

from accounts import permissions, record
from accounts.models import Membership, Organisation, User
from accounts.record import By
from consultations import following
from consultations.models import Consultation, Question, QuestionKind, Section
from notifications import clock
from notifications.refusal import Conflict, NotAllowed, Refusal, Stale
from responses import allowances, keeping
from responses.keeping import CHANGE, CLOSE, NOTHING, Written
from responses.models import Answer, AnswerVersion, FoiPosition, How, NameConsent, Response, TextConsent
from responses.permissions import Reach, writing_in

THOUSANDS = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d*)?")
MAX_TEXT = 200_000  # characters; the longest answers in real consultations are under 60,000


@dataclass(frozen=True, kw_only=True)
class Given:
    """What somebody gives as the answer to one question. `version` is that of the answer they started from; 0: none."""

    question: Question
    text: str = ""
    selected: tuple[str, ...] = ()
    number: str = ""
    version: int = 0
    how: str = How.TYPED


class StaleAnswer(Stale):
    """Somebody else saved this answer meanwhile; `current` is what stands now, `written` what was not saved."""

    def __init__(self, current: Answer, written: Written) -> None:
        who = current.edited_by or "Somebody else"
        super().__init__(
            f"{who} changed this answer while you were writing. Yours is kept below: put the two together, then save.",
            field=current.question.code,
        )
        self.current, self.written = current, written

    @property
    def base(self) -> AnswerVersion | None:
        """What both had started from; None: an empty answer."""
        return keeping.standing(self.current, self.written.based_on)


@transaction.atomic
def start(*, consultation: Consultation, organisation: Organisation, by: By, now: datetime | None = None) -> Response:
    """The organisation's response to the consultation: a new draft, or the one that is there already.

    Everyone in the organisation who may draft follows the consultation from now on, unless they have muted it.
    After everything has closed only an organisation that was allowed more time starts one. Raises NotAllowed without
    the right to draft, Conflict when no response can be taken.
    """
    now = now or clock.now()
    if by.user is None or not permissions.can_draft(by.user, organisation):
        raise NotAllowed(f"Your role in {organisation} does not let you start a response. Ask an administrator.")
    existing = Response.objects.filter(consultation=consultation, organisation=organisation).first()
    if existing:
        return existing
    refuse_untaken(consultation, now)
    is_open = any(section.is_open(now) for section in sections_of(consultation))
    if not is_open and not allowances.lets_begin(organisation, consultation, now):
        raise Conflict("This consultation has closed.", code="closed")
    response, created = Response.objects.get_or_create(
        consultation=consultation,
        organisation=organisation,
        defaults={"started_by": by.user, "started_at": now, "edited_at": now},
    )
    if created:
        write_act(response, by=by, now=now, verb="response started")
        drafters = User.objects.filter(
            memberships__in=Membership.objects.filter(organisation=organisation, role__in=permissions.MAY_DRAFT)
        )
        following.follow_all(users=drafters, consultation=consultation)
    return response


def save_answer(*, response: Response, given: Given, by: By, now: datetime | None = None) -> Answer:
    """Save one answer. Raises what `save_answers` reports."""
    answers, refusals = save_answers(response=response, given=[given], by=by, now=now)
    for refusal in refusals.values():
        raise refusal
    return answers[given.question.code]


@transaction.atomic
def save_answers(
    *, response: Response, given: Iterable[Given], by: By, now: datetime | None = None
) -> tuple[dict[str, Answer], dict[str, Refusal]]:
    """Save what was given, question by question; what one answer is refused for does not keep back the others.

    Returns the answers that now stand and the refusals, both by question code. A save of what stands already changes
    nothing, not even the version. A text that is refused as stale is kept beside the versions of the answer. Raises
    NotAllowed or Conflict when nothing at all can be saved.
    """
    now = now or clock.now()
    locked, reach = lock_for_answering(response, by=by, now=now)
    wanted = list(given)
    stored = _stored(locked, wanted)
    last = keeping.newest(stored.values())
    last |= {answer.pk: keeping.as_it_stood(answer) for answer in stored.values() if answer.pk not in last}
    saved: dict[str, Answer] = {}
    refused: dict[str, Refusal] = {}
    changed: dict[int, Written] = {}
    aside: list[Written] = []
    for item in wanted:
        try:
            _refuse_beyond(reach, item.question)
            written = _written(locked, item, stored.get(item.question.pk), last, by=by, now=now)
        except StaleAnswer as refusal:
            refused[item.question.code] = refusal
            aside.append(refusal.written)
            continue
        except Refusal as refusal:
            refused[item.question.code] = refusal
            continue
        saved[item.question.code] = stored[item.question.pk] = written.answer
        if written.does != NOTHING:
            changed[item.question.pk] = written
    _store(locked, [written.answer for written in changed.values() if written.does == CHANGE], now=now)
    keeping.keep(list(changed.values()), aside, last, by=by.user, now=now)
    return saved, refused


def _stored(response: Response, wanted: list[Given]) -> dict[int, Answer]:
    """Question id → its answer, where there is one."""
    rows = Answer.objects.filter(response=response, question__in=[item.question for item in wanted])
    return {answer.question_id: answer for answer in rows.select_related("edited_by", "question")}


def _store(response: Response, changed: list[Answer], *, now: datetime) -> None:
    """Write what changed: three statements at most, for a section of any length."""
    if not changed:
        return
    new = [answer for answer in changed if answer.pk is None]
    Answer.objects.bulk_update(
        [answer for answer in changed if answer.pk is not None],
        ["text", "selected", "number", "version", "edited_by", "edited_at"],
    )
    Answer.objects.bulk_create(new)
    Response.objects.filter(pk=response.pk).update(edited_at=now)


def _written(
    response: Response, given: Given, stored: Answer | None, last: dict[int, AnswerVersion], *, by: By, now: datetime
) -> Written:
    """The answer as it is to stand, its version raised where it differs from what stands. Raises Refusal."""
    question = given.question
    if question.section.consultation_id != response.consultation_id:
        raise Refusal("This question belongs to another consultation.", field=question.code)
    if not allowances.is_open(question.section, response, now):
        raise Conflict(f"{question.section} has closed; its answers can no longer change.", field=question.code)
    text, selected, number = clean(given)
    if stored is None:
        if given.version:
            raise Stale("There is no earlier version of this answer.", field=question.code)
        stored = Answer(response=response, question=question, version=0)
    written = Written(answer=stored, how=given.how, based_on=given.version, text=text, selected=selected, number=number)
    if (stored.text, stored.selected, stored.number) == (text, selected, number):
        # What stands already, or an empty answer to a question that has none. Saved on purpose, an autosave is closed.
        closes = keeping.closes(last.get(stored.pk), written, by=by.user, now=now)
        return replace(written, does=CLOSE if closes else NOTHING)
    if stored.version != given.version:
        raise StaleAnswer(stored, written)
    stored.text, stored.selected, stored.number = text, selected, number
    stored.version, stored.edited_by, stored.edited_at = stored.version + 1, by.user, now
    return written


def clean(given: Given) -> tuple[str, list[str], Decimal | None]:
    """The given answer as it can be stored for its kind of question. Raises Refusal at the question's code."""
    question = given.question
    text = clean_text(given.text, field=question.code)
    if question.kind == QuestionKind.NUMBER:
        return "", [], _number(given.number or text, field=question.code)
    if question.kind == QuestionKind.TEXT:
        return text, [], None
    if question.kind == QuestionKind.FILE:
        raise Refusal("This question is answered with a file.", field=question.code)
    chosen = [choice for choice in question.choices if choice in given.selected]
    if set(given.selected) - set(question.choices):
        raise Refusal("Choose from the answers that are offered.", field=question.code)
    if question.kind != QuestionKind.MULTIPLE and len(chosen) > 1:
        raise Refusal("Choose one answer only.", field=question.code)
    return text if question.kind == QuestionKind.YES_NO_PARTLY else "", chosen, None


def clean_text(text: str, *, field: str) -> str:
    """Text as the database can hold it: line ends as newlines, no NUL. Nothing else of what was said is touched."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise Refusal(f"Character {error.start + 1} is broken (half of a pair). Type it again.", field=field) from error
    if len(text) > MAX_TEXT:
        raise Refusal(f"This is {len(text):,} characters; the most is {MAX_TEXT:,}. Attach it as a file.", field=field)
    return text


def _number(given: str, *, field: str) -> Decimal | None:
    written = given.strip()
    if not written:
        return None
    if "," in written and not THOUSANDS.fullmatch(written):
        raise Refusal("Commas go between thousands, decimals after a point, such as 1,250.75.", field=field)
    try:
        number = Decimal(written.replace(",", ""))
    except InvalidOperation as error:
        raise Refusal("Enter a number, such as 1250 or 0.75.", field=field) from error
    if not number.is_finite() or "_" in written:
        raise Refusal("Enter a number, such as 1250 or 0.75.", field=field)
    if abs(number) >= Decimal(10) ** 18:
        raise Refusal("This number is too large to be kept.", field=field)
    if number != round(number, 6):
        raise Refusal("Give at most six decimal places.", field=field)
    return number.quantize(Decimal("0.000001"))


@transaction.atomic
def state_consents(
    *,
    response: Response,
    text_consent: str,
    name_consent: str,
    foi_position: str,
    foi_reason: str = "",
    by: By,
    now: datetime | None = None,
) -> Response:
    """State the three consents. Raises Refusal with each field that is missing or not one of its choices."""
    now = now or clock.now()
    locked = lock_for_drafting(response, by=by, now=now)
    reason = clean_text(foi_reason, field="foi_reason").strip()
    problems = []
    if text_consent not in TextConsent.values:
        problems.append(("text_consent", "Say whether the text may be published."))
    if name_consent not in NameConsent.values:
        problems.append(("name_consent", "Say whether your name may be listed."))
    if foi_position not in FoiPosition.values:
        problems.append(("foi_position", "Say your position on freedom of information requests."))
    if foi_position == FoiPosition.CONFIDENTIAL and not reason:
        problems.append(("foi_reason", "Say why it should be treated as confidential: the body must weigh it."))
    if problems:
        raise Refusal(" ".join(sentence for _, sentence in problems), code="consents", problems=problems)
    locked.text_consent, locked.name_consent = text_consent, name_consent
    locked.foi_position, locked.foi_reason, locked.edited_at = foi_position, reason, now
    locked.save(update_fields=["text_consent", "name_consent", "foi_position", "foi_reason", "edited_at"])
    return locked


def refuse_untaken(consultation: Consultation, now: datetime) -> None:
    """Raise Conflict, with the reason, when the consultation takes no responses here at `now`."""
    if not consultation.takes_responses:
        raise Conflict(
            "Responses to this consultation are not taken here. Its page says how to respond.", code="elsewhere"
        )
    if consultation.withdrawn_at and consultation.withdrawn_at <= now:
        raise Conflict("This consultation was withdrawn.", code="withdrawn")
    if not consultation.is_taking(now):
        raise Conflict("This consultation has not opened yet.", code="not_open")


def lock_for_drafting(response: Response, *, by: By, now: datetime) -> Response:
    """The response's row, locked, after checking that `by`, a member, may draft in it and that it can still be written
    to. A guest may not: of all that drafting is, theirs is answering alone (`lock_for_answering`)."""
    locked = lock(response)
    if by.user is None or not permissions.can_draft(by.user, locked.organisation):
        raise NotAllowed(f"Your role in {locked.organisation} lets you read this response, not change it.")
    refuse_untaken(locked.consultation, now)
    return locked


def lock_for_answering(response: Response, *, by: By, now: datetime) -> tuple[Response, Reach]:
    """As `lock_for_drafting`, for guests too: with what `by` may answer of it."""
    locked = lock(response)
    reach = writing_in(by.user, locked)
    if reach is None:
        raise NotAllowed(f"You may not change this response of {locked.organisation}.")
    refuse_untaken(locked.consultation, now)
    return locked, reach


def lock(response: Response) -> Response:
    return (
        Response.objects.select_for_update(of=("self",))
        .select_related("consultation", "organisation")
        .get(pk=response.pk)
    )


def _refuse_beyond(reach: Reach, question: Question) -> None:
    if not reach.includes(question.section_id):
        raise NotAllowed("This section is not shared with you.", field=question.code)


def sections_of(consultation: Consultation) -> list[Section]:
    return list(Section.objects.filter(consultation=consultation).select_related("deadline"))


def write_act(response: Response, *, by: By, now: datetime, verb: str, **detail: Any) -> None:
    record.write(
        by=by, verb=verb, subject=f"response:{response.code}", at=now,
        consultation_code=response.consultation.code, organisation_code=response.organisation.code, **detail,
    )  # fmt: skip
