"""Answers that were written elsewhere come back: first what would change is shown, then what the person takes is saved.

Each frame of a form says which version of the answer it went out with. What was not touched since changes nothing; what
was is put together, by words, with what colleagues have saved meanwhile (merging.py), and the person decides.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import PurePath

from accounts.record import By
from consultations.models import Question, QuestionKind
from notifications.refusal import Refusal
from responses import drafting, keeping, merging, progress
from responses.drafting import Given
from responses.emptiness import says_nothing
from responses.models import Answer, AnswerVersion, How, Response
from responses.permissions import WHOLE, Reach
from responses.progress import Item, Part
from responses.wordform import markup, reading, sheet, writing
from responses.wordform.marks import CHOICE, NUMBER, WORDS
from responses.wordform.reading import Form, Frame

WORD, SHEET = ".docx", ".xlsx"
MOST_BYTES = reading.MOST_BYTES
MOST_OUTSIDE = 50
# What would become of an answer.
CHANGED, EMPTIED, CONFLICT, REFUSED = "changed", "emptied", "conflict", "refused"


@dataclass(kw_only=True)
class Change:
    """One answer that would not stay as it is. `given` is what saving would save, written against what stands now."""

    question: Question
    state: str
    given: Given
    current: Answer | None
    theirs: str = ""  # what the form says, where `given` is that put together with a newer draft
    why: str = ""
    notes: list[str] = field(default_factory=list)
    is_clean: bool = True

    @property
    def takes(self) -> bool:
        """Whether the person, having said nothing, wants it."""
        return self.state == CHANGED or (self.state == CONFLICT and self.is_clean)


@dataclass(kw_only=True)
class Proposal:
    changes: list[Change]
    same: int  # answers of the form that say what stands
    ignored: int  # frames in which nothing was written
    outside: list[str]
    notes: list[tuple[Question, list[str]]]


def form(response: Response, kind: str, now: datetime, *, reach: Reach = WHOLE) -> bytes:
    """The form to write in: WORD or SHEET."""
    parts = progress.parts(response, now, reach=reach)
    return writing.form(response, parts) if kind == WORD else sheet.form(response, parts)


def propose(*, response: Response, name: str, content: bytes, now: datetime, reach: Reach = WHOLE) -> Proposal:
    """What the file would change; nothing is saved. Raises Refusal at `file` for a file that is not this form."""
    kind = PurePath(name).suffix.lower()
    if kind not in (WORD, SHEET):
        raise Refusal("Give the Word form (.docx) or the spreadsheet (.xlsx) of this response.", field="file")
    found = (reading if kind == WORD else sheet).read(content)
    if any(frame.mark.response != response.code for frame in found.frames):
        raise Refusal("This form belongs to another response. Download the form of this one.", field="file")
    parts = progress.parts(response, now, reach=reach)
    return _proposal(found, parts, own=_own_words(response, parts, kind))


def save(*, response: Response, given: Iterable[Given], by: By, now: datetime) -> dict[str, Refusal]:
    """Save what the person took. Returns what was refused, by question code; a text that came too late is kept beside
    its answer (drafting.save_answers)."""
    return drafting.save_answers(response=response, given=given, by=by, now=now)[1]


def _own_words(response: Response, parts: list[Part], kind: str) -> set[str]:
    """What the form says outside of its frames when it goes out."""
    if kind == SHEET:
        return set()
    if not any(part.is_open and part.everything for part in parts):
        return set()
    return {_squeezed(text) for text in reading.read(writing.form(response, parts)).outside}


def _proposal(found: Form, parts: list[Part], *, own: set[str]) -> Proposal:
    items = {item.question.code: (item, part) for part in parts for item in part.everything}
    frames: dict[str, dict[str, Frame]] = {}
    for frame in found.frames:
        frames.setdefault(frame.mark.question, {})[frame.mark.part] = frame
    made = Proposal(changes=[], same=0, ignored=0, outside=[], notes=[])
    for code, written in frames.items():
        if code not in items:
            made.outside += [frame.text for frame in written.values() if not says_nothing(frame.text)]
            continue
        item, part = items[code]
        if notes := [note for frame in written.values() for note in frame.notes]:
            made.notes.append((item.question, notes))
        _judge(item, part, written, made, notes)
    outside = [text for text in found.outside if _squeezed(text) not in own]
    made.outside = [text[:1000] for text in [*made.outside, *outside]][:MOST_OUTSIDE]
    order = {code: at for at, code in enumerate(items)}
    made.changes.sort(key=lambda change: order[change.question.code])
    return made


def _judge(item: Item, part: Part, written: dict[str, Frame], made: Proposal, notes: list[str]) -> None:
    version = next(iter(written.values())).mark.version
    went_out = _version(item, version)
    texts = {name: frame.text for name, frame in written.items()}
    blank = all(says_nothing(text) for text in texts.values())
    if not any(_is_touched(item.question, went_out, name, text) for name, text in texts.items()):
        made.ignored += blank
        made.same += not blank
        return
    current = item.answer
    if blank and (went_out is None or current is None or current.is_empty):
        made.ignored += 1
        return
    given = _given(item.question, texts, went_out, current)
    change = Change(question=item.question, state=CHANGED, given=given, current=current, notes=notes)
    if current is not None and _says(given) == _says(current):
        made.same += 1
        return
    _settle(change, part, went_out, blank=blank)
    made.changes.append(change)


def _settle(change: Change, part: Part, went_out: Answer | AnswerVersion | None, *, blank: bool) -> None:
    """Its state: why it cannot be saved, or that it meets a newer draft, or what else it does."""
    current = change.current
    if not part.is_open:
        change.state, change.why = REFUSED, f"{part.section} has closed; its answers can no longer change."
        return
    try:
        drafting.clean(change.given)
    except Refusal as refusal:
        change.state, change.why = REFUSED, refusal.message
        return
    base_version = went_out.version if went_out else 0
    if current is not None and current.version != base_version:
        base = went_out.text if went_out else ""
        merged = merging.merge(base, change.given.text, current.text)
        choice, fits = merging.merge_choice(
            went_out.selected if went_out else [], list(change.given.selected), current.selected
        )
        change.state, change.theirs = CONFLICT, change.given.text
        change.is_clean = merged.is_clean and fits
        change.given = _replaced(change.given, text=merged.text, selected=tuple(choice))
    elif blank:
        change.state = EMPTIED


def _version(item: Item, version: int) -> Answer | AnswerVersion | None:
    """What the answer said when the form went out."""
    if item.answer is None or version == 0:
        return None
    return item.answer if item.answer.version == version else keeping.standing(item.answer, version)


def _is_touched(question: Question, said: Answer | AnswerVersion | None, part: str, text: str) -> bool:
    """Whether the frame holds something else than went out. The text comes back saying the same, and not always letter
    by letter: so what went out is sent the same way, without the file."""
    went_out = writing.content_of(Item(question=question, answer=said), part)  # type: ignore[arg-type]
    if not went_out:
        return not says_nothing(text)
    same = (went_out.strip(), markup.write(markup.parse(went_out)))
    if part == WORDS:
        return text not in same
    return _squeezed(text) not in {_squeezed(each) for each in same}


def _given(
    question: Question, texts: dict[str, str], went_out: Answer | AnswerVersion | None, current: Answer | None
) -> Given:
    """What the form says, whole: a part that nobody touched, or that is not in it, is as the draft has it."""
    text = current.text if current else ""
    selected = tuple(current.selected) if current else ()
    number = ""
    for part, words in texts.items():
        if not _is_touched(question, went_out, part, words):
            continue
        words = "" if says_nothing(words) else words
        if part == WORDS:
            text = words
        elif part == NUMBER:
            number = plain(words)
        elif part == CHOICE:
            selected = chosen(question, words)
    version = current.version if current else 0
    return Given(question=question, text=text, selected=selected, number=number, version=version, how=How.IMPORTED)


def plain(words: str) -> str:
    """Markdown without its marks, for a number or a choice."""
    return "\n".join(_plain_lines(markup.parse(words)))


def _plain_lines(blocks: Iterable[markup.Block]) -> list[str]:
    lines: list[str] = []
    for block in blocks:
        if isinstance(block, markup.Paragraph):
            lines += "".join(span.text for span in block.spans).split("\n")
        elif isinstance(block, markup.Bullets):
            for item in block.items:
                lines += _plain_lines(item)
        elif isinstance(block, markup.Quote):
            lines += _plain_lines(block.blocks)
    return lines


def chosen(question: Question, words: str) -> tuple[str, ...]:
    """The choices that are written, each on its line, whatever their capitals; what is none is kept, to be refused."""
    known = {choice.casefold(): choice for choice in question.choices}
    whole = plain(words).strip()
    if whole.casefold() in known:
        return (known[whole.casefold()],)
    parts = whole.split("\n") if question.kind == QuestionKind.MULTIPLE else [whole]
    if question.kind == QuestionKind.MULTIPLE and len(parts) == 1:
        parts = whole.split(";")
    stripped = [part.strip().rstrip(".").strip() for part in parts]
    return tuple(known.get(part.casefold(), part) for part in stripped if part)


def _says(said: "Given | Answer") -> tuple[str, tuple[str, ...], str]:
    number = (
        said.number
        if isinstance(said, Given)
        else writing.content_of(Item(question=said.question, answer=said), NUMBER)
    )
    return said.text, tuple(said.selected), str(number).replace(",", "").strip()


def _replaced(given: Given, *, text: str, selected: tuple[str, ...]) -> Given:
    return Given(
        question=given.question, text=text, selected=selected, number=given.number, version=given.version, how=given.how
    )


def _squeezed(text: str) -> str:
    return " ".join(text.split())
