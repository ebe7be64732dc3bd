"""Reading a question annex that somebody pasted: sections and questions, numbers kept as printed.

Pure: no database. It never refuses and never drops words, but page numbers and the headers and footers around them,
and says so; what it is unsure of it keeps and warns about, for staff to put right before saving.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from consultations.models import QuestionKind

UNTITLED = "Questions"  # a section needs a name, and text without a heading has none

Q_STYLE = re.compile(
    r"(?P<label>Q(?:uestion)?\.? ?(?P<number>\d{1,3}(?:\.\d{1,2}){0,2}[a-z]?))(?P<rest>(?:\W.*)?)$", re.I
)
PLAIN = re.compile(r"(?P<label>(?P<number>\d{1,3}))(?P<rest>[.):] .*|[.)]$)")
DECIMAL = re.compile(r"(?P<label>(?P<number>\d{1,2}\.\d{1,2}))(?P<rest>[.):]? .*)$")
BARE = re.compile(r"(?P<label>(?P<number>\d{1,3}))(?P<rest>)$")
HEADING = re.compile(
    r"(?P<number>(?:Chapter|Annex|Appendix|Section|Part|Schedule) (?:\d{1,3}|[A-Z]|[IVX]{1,5}))"
    r"(?P<mark> ?[:.–—-])?(?P<rest>(?: .*)?)$",
    re.I,
)
LETTERED = re.compile(r"(?P<number>[A-Z]|[IVX]{1,5})[.):] (?P<title>[A-Z].*)$")  # “B. Costs”
PAGE_NUMBER = re.compile(r"(?:page )?\d{1,4}(?: (?:of|/) \d{1,4})?|[-–—] ?\d{1,4} ?[-–—]", re.I)
SUB_ITEM = re.compile(r"(?:\([a-z]{1,4}\)|[a-z][.)]|[ivx]{1,4}[.)]) ", re.I)
BULLET = re.compile(r"[•·▪◦‣●○*–—-] |o (?=[A-Za-z])")
AGREE = re.compile(r"(?:do you (?:agree|support|accept)|are you content)\b", re.I)
INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2028-\u202f\u2060\ufeff]")
CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f]")
SPACES = re.compile(r"\s+")
LAST_MARKS = ".?!:;"


@dataclass(frozen=True, kw_only=True)
class ParsedQuestion:
    """`number` as printed, without the mark after it ("Q1", "Question 12", "3"); "" where there was none."""

    number: str
    text: str
    kind: str = QuestionKind.TEXT.value


@dataclass(frozen=True, kw_only=True)
class ParsedSection:
    """`number` such as "Chapter 3"; a section without any heading is called `UNTITLED`."""

    number: str = ""
    title: str = ""
    introduction: str = ""
    questions: list[ParsedQuestion] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Annex:
    """What was read, and sentences on what to look at."""

    sections: list[ParsedSection]
    warnings: list[str]

    @property
    def questions(self) -> list[ParsedQuestion]:
        return [question for section in self.sections for question in section.questions]


@dataclass
class _Line:
    """A line with its number in what was pasted; `blank` says that an empty line stands before it."""

    at: int
    text: str
    blank: bool


def parse(text: str) -> Annex:
    """Read a pasted annex. Never raises."""
    warnings: list[str] = []
    lines = _without_pages(_lines(text), warnings)
    reader = _Reader(lines, _style_of(lines), warnings)
    sections = reader.read()
    _check_numbers(sections, warnings)
    if lines and not any(section.questions for section in sections):
        warnings.append("No question was found. Number them, as in “Q1: …”, or end each with a question mark.")
    return Annex(sections=sections, warnings=warnings)


def write(annex: Annex) -> str:
    """An annex as text that `parse` reads back the same: for editing it as one piece."""
    parts = []
    for section in annex.sections:
        heading = ": ".join(filter(None, [section.number, section.title]))
        parts += [] if heading == UNTITLED and len(annex.sections) == 1 else [heading]
        parts += [section.introduction] if section.introduction else []
        parts += [f"{question.number}: {question.text}" if question.number else question.text
                  for question in section.questions]  # fmt: skip
    return "\n\n".join(parts) + "\n"


# --- Lines ------------------------------------------------------------------------------------------------------------
def _lines(text: str) -> list[_Line]:
    """Tidied lines that hold something. A form feed is kept as a line of its own: a page ends there."""
    text = INVISIBLE.sub("", CONTROL.sub(" ", text)).replace("\r\n", "\n").replace("\r", "\n").replace("\f", "\n\f\n")
    found, blank = [], True
    for at, raw in enumerate(text.split("\n"), start=1):
        line = "\f" if raw == "\f" else SPACES.sub(" ", raw).strip()
        if line:
            found.append(_Line(at, line, blank))
        blank = not line
    return found


def _without_pages(lines: list[_Line], warnings: list[str]) -> list[_Line]:
    """Drop page numbers and what is printed around them on page after page, with a notice."""
    bare = _bare_numbers_count(lines)
    pages = {n for n, line in enumerate(lines) if line.text == "\f" or (not bare and PAGE_NUMBER.fullmatch(line.text))}
    beside = Counter(lines[n].text for n in _neighbours(pages, len(lines)))
    around = {n for n in _neighbours(pages, len(lines)) if beside[lines[n].text] >= 3 and not _asks(lines[n].text)}
    dropped = sorted(n for n in pages | around if lines[n].text != "\f")
    if dropped:
        said = list(dict.fromkeys(f"“{lines[n].text}”" for n in dropped))
        more = f" and {len(said) - 5} others" if len(said) > 5 else ""
        warnings.append(f"Left out as page numbers, headers or footers: {', '.join(said[:5])}{more}.")
    return [line for n, line in enumerate(lines) if n not in pages and n not in around]


def _neighbours(pages: set[int], total: int) -> list[int]:
    return [n for n in sorted({n + step for n in pages for step in (-1, 1)}) if 0 <= n < total and n not in pages]


def _asks(text: str) -> bool:
    return text.endswith("?") or bool(Q_STYLE.match(text) or PLAIN.match(text))


def _bare_numbers_count(lines: list[_Line]) -> bool:
    """Numbers on lines of their own are the questions' when nothing else numbers them and they run 1, 2, 3 …"""
    if any(Q_STYLE.match(line.text) or PLAIN.match(line.text) for line in lines):
        return False
    numbers = [int(line.text) for line in lines if BARE.match(line.text)]
    return len(numbers) >= 2 and numbers == list(range(1, len(numbers) + 1))


def _style_of(lines: list[_Line]) -> re.Pattern[str] | None:
    """How this annex marks a question; None: only by ending with a question mark."""
    if any(_starts(Q_STYLE, line.text) for line in lines):
        return Q_STYLE
    for style in (PLAIN, DECIMAL, BARE):
        if any(style.match(line.text) for line in lines):
            return style
    return None


def _starts(style: re.Pattern[str], text: str) -> tuple[str, str] | None:
    """(number as printed, the rest) where a question starts. “Question 4 asks whether …” is none."""
    match = style.match(text)
    if not match:
        return None
    rest = match["rest"]
    marked = rest.lstrip().lstrip(":.)-–—").lstrip() if rest.strip() else ""
    unmarked = rest.strip() == marked
    if style is Q_STYLE and unmarked and marked and not (marked[0].isupper() or marked[0] in "“‘\"'(["):
        return None
    return match["label"], marked


# --- Sections and questions -------------------------------------------------------------------------------------------
class _Reader:
    """Goes through the lines once, in order; what is open now is in `sections[-1]` and `number`, `parts`."""

    def __init__(self, lines: list[_Line], style: re.Pattern[str] | None, warnings: list[str]) -> None:
        self.lines, self.style, self.warnings = lines, style, warnings
        self.sections: list[ParsedSection] = []
        self.introduction: list[str] = []
        self.number: str | None = None  # of the open question; None: none is open
        self.parts: list[str] = []

    def read(self) -> list[ParsedSection]:
        at = 0
        while at < len(self.lines):
            at += self.take(at)
        self.close_section()
        return [self.named(section) for section in self.sections]

    def take(self, at: int) -> int:
        """Take the line at `at`, and the next with it where both are one heading; returns how many."""
        line = self.lines[at]
        if started := self.question_at(at):
            self.close_question()
            self.number, self.parts = started[0], [started[1]] if started[1] else []
            return 1
        if heading := self.heading_at(at):
            number, title, used = heading
            self.close_section()
            self.sections.append(ParsedSection(number=number, title=title))
            return used
        self.carry_on(line)
        return 1

    def question_at(self, at: int) -> tuple[str, str] | None:
        line = self.lines[at]
        if self.style is None:
            whole = line.text.endswith("?") and (line.blank or self.number is None or self.finished())
            bullet = BULLET.match(line.text)
            return ("", line.text[bullet.end() :] if bullet else line.text) if whole else None
        return _starts(self.style, line.text)

    def heading_at(self, at: int) -> tuple[str, str, int] | None:
        """(number, title, lines used) where a section starts."""
        line = self.lines[at]
        if len(line.text) > 150 or line.text.endswith("?") or not (line.blank or self.finished()):
            return None
        if match := HEADING.match(line.text):
            return self.numbered_heading(match, at)
        short = len(line.text.split()) <= 10 and line.text[-1] not in LAST_MARKS and not BULLET.match(line.text)
        capitals = line.text.isupper() and sum(map(str.isalpha, line.text)) >= 6 and line.text[-1] not in LAST_MARKS
        next_asks = at + 1 < len(self.lines) and self.question_at(at + 1) is not None
        if short and next_asks and (match := LETTERED.match(line.text)) and not self.is_option(at):
            return match["number"], match["title"], 1
        if (capitals or (short and next_asks and line.text[0].isupper())) and not SUB_ITEM.match(line.text):
            return "", line.text, 1
        return None

    def is_option(self, at: int) -> bool:
        """One of several answers to the open question: “A. Yes”, “B. No”. A heading has a blank line before it."""
        return self.number is not None and not (self.lines[at].blank and not LETTERED.match(self.lines[at - 1].text))

    def numbered_heading(self, match: re.Match[str], at: int) -> tuple[str, str, int] | None:
        number, title = match["number"], match["rest"].strip()
        if title and not match["mark"] and not (title[0].isupper() or title[0] in "“‘\"'("):
            return None  # “Chapter 3 sets out …” is a sentence
        if title and title[-1] in ".;" and len(title.split()) > 12:
            return None
        following = self.lines[at + 1] if at + 1 < len(self.lines) else None
        if not title and following and self.could_be_title(following, at + 1):
            return number, following.text, 2
        return number, title, 1

    def could_be_title(self, line: _Line, at: int) -> bool:
        short = len(line.text.split()) <= 12 and len(line.text) <= 150 and line.text[-1] not in LAST_MARKS
        marked = self.question_at(at) or HEADING.match(line.text) or BULLET.match(line.text)
        return short and not marked

    def carry_on(self, line: _Line) -> None:
        """A line that starts nothing belongs to what is open: the question, or the section's introduction."""
        into = self.introduction if self.number is None else self.parts
        own_line = bool(SUB_ITEM.match(line.text) or BULLET.match(line.text))
        if not into:
            into.append(line.text)
        elif own_line:
            if line.blank and LETTERED.match(line.text) and into[-1][-1] in "?.":
                self.doubt(line)
            into.append("\n" + line.text)
        elif line.blank and into[-1][-1] in LAST_MARKS:
            self.doubt(line)
            into.append("\n\n" + line.text)
        else:
            split_word = into[-1][-1] == "-" and into[-1][-2:-1].isalpha() and line.text[0].islower()
            if split_word:
                word = into[-1].split()[-1] + line.text.split()[0].rstrip(LAST_MARKS + ",")
                self.warnings.append(f"Line {line.at}: “{word}” was parted at the end of a line. Check its hyphen.")
            into.append(line.text if split_word else " " + line.text)

    def doubt(self, line: _Line) -> None:
        if self.number is not None:
            called = self.number or "the question before it"
            self.warnings.append(f"Line {line.at}: “{line.text[:60]}” was kept with {called}. Check that it belongs.")

    def finished(self) -> bool:
        """What is open could end here: nothing is open, or it ends with a mark that ends a sentence."""
        return self.number is None or bool(self.parts and self.parts[-1][-1] in LAST_MARKS)

    def close_question(self) -> None:
        if self.number is None:
            return
        if not self.sections:
            self.sections.append(ParsedSection())
        self.settle_introduction()
        text = "".join(self.parts)
        if text:
            kind = QuestionKind.YES_NO_PARTLY if AGREE.match(text) else QuestionKind.TEXT
            question = ParsedQuestion(number=self.number[:20], text=text, kind=kind.value)
            self.sections[-1].questions.append(question)
        elif self.number:
            self.warnings.append(f"{self.number} has no text. It was left out.")
        self.number, self.parts = None, []

    def settle_introduction(self) -> None:
        if self.introduction:
            last = self.sections[-1]
            self.sections[-1] = ParsedSection(
                number=last.number, title=last.title, introduction="".join(self.introduction), questions=last.questions
            )
            self.introduction = []

    def close_section(self) -> None:
        self.close_question()
        if self.introduction:
            if not self.sections:
                self.sections.append(ParsedSection())
            self.settle_introduction()

    def named(self, section: ParsedSection) -> ParsedSection:
        if section.number or section.title:
            return section
        return ParsedSection(title=UNTITLED, introduction=section.introduction, questions=section.questions)


# --- Numbering --------------------------------------------------------------------------------------------------------
def _check_numbers(sections: list[ParsedSection], warnings: list[str]) -> None:
    seen: set[str] = set()
    last = 0
    for section in sections:
        for first, question in _marked_first(section.questions):
            count = re.search(r"\d+(?!.*\d)", question.number)
            whole = count and re.fullmatch(r"\D*\d+", question.number)
            if first and last and whole and int(count[0]) == 1 and question.number in seen:  # type: ignore[index]
                name = section.title or section.number
                warnings.append(f"Numbering starts again in “{name}”. Say which section when you refer to a question.")
                seen, last = set(), 0
            if question.number and question.number in seen:
                warnings.append(f"{question.number} appears more than once.")
            seen.add(question.number)
            if whole and count:
                last = _check_next(int(count[0]), last, question.number, warnings)


def _check_next(number: int, last: int, printed: str, warnings: list[str]) -> int:
    if last and number > last + 1:
        missing = f"{last + 1}" if number == last + 2 else f"{last + 1} to {number - 1}"
        warnings.append(f"Nothing is numbered {missing}: {printed} follows {last}.")
    elif number < last:
        warnings.append(f"{printed} comes after {last}. Check the order.")
    return number


def _marked_first(questions: list[ParsedQuestion]) -> Iterator[tuple[bool, ParsedQuestion]]:
    for position, question in enumerate(questions):
        yield position == 0, question
