"""Rehearsals: a clearly marked copy of a consultation that can be answered now, for trying things out and for training.

All dates are moved by the same number of whole civil days, so that the copy opened a week ago; every deadline keeps its
time of day in its own zone, across changes of the clocks. Where the paper's own questions are not known, the copy asks
one free-text prompt a subject, marked as Soundings' own words. A copy of what is not public yet is shown to staff alone
(`ConsultationQuerySet.visible_to`).
"""

from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from functools import cache
from itertools import count
from zoneinfo import ZoneInfo

from django.db import transaction

from accounts import record
from accounts.record import By
from consultations import shipped
from consultations.closing import zone_of
from consultations.models import (
    Consultation,
    ConsultationAuthority,
    Deadline,
    Document,
    Kind,
    Question,
    Section,
    Wording,
)
from consultations.shipped import SubjectRow
from notifications import clock
from notifications.refusal import NotAllowed

OPENED_DAYS_AGO = 7
PRACTICE_DAYS = 30
PRACTICE_LABEL = "Practice deadline"
PRACTICE_NOTE = "Made for this rehearsal: the closing date of the real paper is not known."
# Kinds that ask for views at large rather than by number.
FREE_FORM = (Kind.CALL_FOR_INPUT, Kind.DRAFT_LEGISLATION, Kind.REQUEST_FOR_COMMENT)
LAST_SECOND = time(23, 59, 59)


@dataclass(frozen=True, kw_only=True)
class Shift:
    """How far the dates move. `today` is the civil date now in the zone of the leading body."""

    days: int
    today: date
    zone: str

    def moved(self, instant: datetime, zone: str) -> datetime:
        """The same time of day in `zone`, `days` civil days later."""
        local = instant.astimezone(ZoneInfo(zone))
        return datetime.combine(local.date() + timedelta(days=self.days), local.timetz().replace(tzinfo=None)).replace(
            tzinfo=ZoneInfo(zone), fold=local.fold
        )

    def opened_on(self) -> date:
        return self.today - timedelta(days=OPENED_DAYS_AGO)


@transaction.atomic
def rehearse(*, consultation: Consultation, by: By, now: datetime | None = None) -> Consultation:
    """Make a rehearsal of the consultation, open since a week ago with its deadlines ahead, and return it."""
    now = now or clock.now()
    if by.user is not None and not by.user.has_perm("consultations.add_consultation"):
        raise NotAllowed("You do not have permission to make a rehearsal. An administrator can give it to you.")
    original = Consultation.objects.select_for_update().get(pk=consultation.pk)
    original = original.rehearsal_of or original
    shift = shift_of(original, now)
    copy = _copy_of(original, shift, by, now)
    deadlines = _deadlines(original, copy, shift)
    _sections(original, copy, deadlines)
    _write(original, copy, by, now)
    return copy


def open_rehearsal(*, consultation: Consultation, now: datetime) -> Consultation | None:
    """The newest rehearsal of the consultation that can still be answered, if there is one."""
    return Consultation.objects.taking_responses(now).filter(rehearsal_of=consultation).order_by("-pk").first()


def shift_of(original: Consultation, now: datetime) -> Shift:
    """Whole days that bring the opening to a week ago; where that would leave a deadline behind, its first ahead.

    The opening is the date on the paper, or else the day it was opened here. A draft has neither: its deadlines stay
    where they are when they are all ahead.
    """
    zone = zone_of(original)
    today = now.astimezone(ZoneInfo(zone)).date()
    opened = original.published_on or (original.opening and original.opening.astimezone(ZoneInfo(zone)).date())
    shift = Shift(days=(today - opened).days - OPENED_DAYS_AGO if opened else 0, today=today, zone=zone)
    closings = [row for row in original.deadlines.all() if row.closes_at]
    if not closings or min(shift.moved(row.closes_at, row.time_zone) for row in closings if row.closes_at) > now:
        return shift
    first = min(closings, key=lambda row: row.closes_at or now)
    local = first.closes_local
    return replace(shift, days=(today - local.date()).days + PRACTICE_DAYS) if local else shift


def _copy_of(original: Consultation, shift: Shift, by: By, now: datetime) -> Consultation:
    opened = shift.opened_on()
    reference = f"{original.reference[:88]} (rehearsal)" if original.reference else ""
    copy = Consultation.objects.create(
        reference=reference,
        title=f"Rehearsal: {original.title or original.reference or original.summary}"[:400],
        kind=original.kind,
        summary=original.summary,
        body=original.body,
        published_at=datetime.combine(opened, time.min, tzinfo=ZoneInfo(shift.zone)),
        published_on=opened,
        takes_responses=True,
        confidentiality_note=original.confidentiality_note,
        confidentiality_source=original.confidentiality_source,
        sources=original.sources,
        record_note=_record_note(original),
        rehearsal_of=original,
        is_rehearsal=True,
        created_by=by.user,
        announced_at=now,
    )
    for row in ConsultationAuthority.objects.filter(consultation=original):
        ConsultationAuthority.objects.create(consultation=copy, authority_id=row.authority_id, position=row.position)
    copy.topics.set(original.topics.all())
    for document in original.documents.all():
        Document.objects.create(
            consultation=copy,
            title=document.title,
            url=document.url,
            file=document.file.name,
            position=document.position,
        )
    return copy


def _record_note(original: Consultation) -> str:
    bodies = " and ".join(str(body) for body in original.authorities.order_by("consultationauthority__position"))
    return (
        f"A rehearsal made in Soundings of {original.title or original.name}. Its dates are moved. "
        f"What is sent here does not reach {bodies or 'the body'}."
    )


def _deadlines(original: Consultation, copy: Consultation, shift: Shift) -> dict[int | None, Deadline | None]:
    """The copy's deadlines by the ids of the original's; where none is known, a practice deadline stands for None."""
    made: dict[int | None, Deadline | None] = {None: None}
    for row in original.deadlines.all():
        made[row.pk] = Deadline.objects.create(
            consultation=copy,
            label=row.label,
            closes_at=shift.moved(row.closes_at, row.time_zone) if row.closes_at else None,
            time_zone=row.time_zone,
            time_assumed=row.time_assumed,
            note="Moved for this rehearsal." if row.closes_at else "",
            position=row.position,
        )
    if len(made) == 1:
        closes = datetime.combine(shift.today + timedelta(days=PRACTICE_DAYS), LAST_SECOND, tzinfo=ZoneInfo(shift.zone))
        made[None] = Deadline.objects.create(
            consultation=copy, label=PRACTICE_LABEL, closes_at=closes, time_zone=shift.zone, note=PRACTICE_NOTE
        )
    return made


# --- Sections and questions -------------------------------------------------------------------------------------------
def _sections(original: Consultation, copy: Consultation, deadlines: dict[int | None, Deadline | None]) -> None:
    """Sections whose questions are known are copied; the rest of a recorded paper becomes prompts by deadline."""
    recorded = original.source_key is not None
    positions = count()
    sections = list(original.sections.prefetch_related("questions"))
    copied: dict[int, Question] = {}
    for section in sections:
        if section.questions.all() or not recorded:
            _copy_section(section, copy, deadlines[section.deadline_id], next(positions), copied)
    if recorded:
        _prompts(original, copy, deadlines, [each for each in sections if not each.questions.all()], positions)
    elif not copied:
        section = Section.objects.create(
            consultation=copy, deadline=_any_of(deadlines), title="Your views", position=next(positions)
        )
        _prompt(section, f"Your views on: {original.title or original.name}", "", 0)


def _any_of(deadlines: dict[int | None, Deadline | None]) -> Deadline | None:
    return next((row for row in deadlines.values() if row), None)


def _copy_section(
    section: Section, copy: Consultation, deadline: Deadline | None, position: int, copied: dict[int, Question]
) -> None:
    made = Section.objects.create(
        consultation=copy,
        deadline=deadline,
        number=section.number,
        title=section.title,
        introduction=section.introduction,
        position=position,
    )
    for question in section.questions.all():
        shown_if = copied.get(question.shown_if_id) if question.shown_if_id else None
        copied[question.pk] = Question.objects.create(
            section=made,
            number=question.number,
            text=question.text,
            guidance=question.guidance,
            kind=question.kind,
            wording=question.wording,
            required=question.required,
            word_limit=question.word_limit,
            options=question.options,
            shown_if=shown_if,
            shown_if_answer=question.shown_if_answer if shown_if else "",
            position=question.position,
        )


def _prompts(
    original: Consultation,
    copy: Consultation,
    deadlines: dict[int | None, Deadline | None],
    chapters: list[Section],
    positions: "count[int]",
) -> None:
    """One section a deadline, its chapters named in the introduction, with one prompt a subject that closes with it."""
    subjects = _subjects().get(original.source_key or "", [])
    for pk, deadline in deadlines.items():
        if deadline is None:
            continue
        label = "" if pk is None else deadline.label
        section = Section.objects.create(
            consultation=copy,
            deadline=deadline,
            title=label or "Your views",
            introduction=_introduction(original, [each for each in chapters if each.deadline_id == pk]),
            position=next(positions),
        )
        _fill(section, [each for each in subjects if each.closes_with == label], original)


def _introduction(original: Consultation, chapters: list[Section]) -> str:
    named = "".join(f"\n- {chapter}" for chapter in chapters)
    listed = f"These chapters close together:\n{named}\n\n" if named else ""
    if original.kind in FREE_FORM:
        return listed + "No list of questions is known: say what you wish to say, and attach files if they help."
    return listed + "The paper's own questions are not reproduced here. The prompts name its subjects."


def _fill(section: Section, subjects: list[SubjectRow], original: Consultation) -> None:
    texts = [(f"Your views on: {each.subject}", _guidance(each)) for each in subjects]
    if not subjects:
        texts.append((f"Your views on: {original.title or original.reference or original.summary}", ""))
    elif original.kind in FREE_FORM:
        texts.append(("Anything else that you wish to say", ""))
    for position, (text, guidance) in enumerate(texts):
        _prompt(section, text, guidance, position)


def _guidance(subject: SubjectRow) -> str:
    numbers = f"Questions {subject.numbers} of the paper are on this subject." if subject.numbers else ""
    return " ".join(filter(None, [numbers, subject.note]))


def _prompt(section: Section, text: str, guidance: str, position: int) -> None:
    Question.objects.create(section=section, text=text, guidance=guidance, wording=Wording.SOUNDINGS, position=position)


@cache
def _subjects() -> dict[str, list[SubjectRow]]:
    """What the questions of each recorded paper are about, from the file that comes with Soundings."""
    return {row.key: row.subjects for row in shipped.read_file(shipped.SHIPPED_FILE).consultations}


def _write(original: Consultation, copy: Consultation, by: By, now: datetime) -> None:
    record.write(
        by=by,
        verb="rehearsal made",
        subject=f"consultation:{copy.code}",
        at=now,
        consultation_code=copy.code,
        rehearsal_of=original.code,
    )
