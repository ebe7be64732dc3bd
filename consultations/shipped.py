"""Reading a file of consultations: its shape, checked to the last field before anything is written.

The shape is described in consultations/data/README.md. Whatever is wrong is refused with the row and field named,
as `consultations[6] (CP25/25), deadlines[0], closes: …`.
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

from consultations.checking import TOP, Row, parse
from consultations.models import Certainty, Jurisdiction, Kind
from notifications.refusal import Refusal

FORMAT = "soundings-consultations-1"
SHIPPED_FILE = Path(__file__).parent / "data" / "consultations.json"
VIA = ("online_form_url", "email", "post", "other")
IDENTIFIERS = {"docket": 60, "rin": 20, "fr_document": 20, "fr_citation": 30}
OUTCOME_CERTAINTY = ("stated", "reported", "expected")


@dataclass(frozen=True, kw_only=True)
class AuthorityRow:
    slug: str
    name: str
    short_name: str
    jurisdiction: str
    time_zone: str


@dataclass(frozen=True, kw_only=True)
class TopicRow:
    slug: str
    name: str


@dataclass(frozen=True, kw_only=True)
class MoveRow:
    """One move of a deadline: `was` the closing date before it, `on` the day it was made known, if known."""

    was: date | datetime
    on: date | None
    reason: str


@dataclass(frozen=True, kw_only=True)
class DeadlineRow:
    """`closes` is a date where the source gives no time, and None where there is no closing date."""

    label: str
    closes: date | datetime | None
    zone: str
    certainty: str
    note: str
    source: str
    moved: list[MoveRow]


@dataclass(frozen=True, kw_only=True)
class QuestionRow:
    number: str
    text: str
    source: str


@dataclass(frozen=True, kw_only=True)
class SectionRow:
    number: str
    title: str
    introduction: str
    closes_with: str
    questions: list[QuestionRow]


@dataclass(frozen=True, kw_only=True)
class SubjectRow:
    """What some questions are about, where their wording is not known. `numbers` as "1 to 24", where known."""

    subject: str
    closes_with: str
    numbers: str
    note: str


@dataclass(frozen=True, kw_only=True)
class ConsultationRow:
    where: str
    key: str
    reference: str
    title: str
    kind: str
    authorities: list[str]
    topics: list[str]
    summary: str
    published_on: date | None
    published_as_printed: str
    closing_not_known: bool
    closed_by: date | None
    deadlines: list[DeadlineRow]
    sections: list[SectionRow]
    subjects: list[SubjectRow]
    question_count: int | None
    how_to_respond: dict[str, Any]
    confidentiality: str
    identifiers: dict[str, str]
    responses_received: int | None
    sources: list[str]
    note: str


@dataclass(frozen=True, kw_only=True)
class OutcomeRow:
    where: str
    key: str
    kind: str
    reference: str
    title: str
    published_on: date | None
    url: str
    ends: bool
    certainty: str
    note: str
    answers: list[str]


@dataclass(frozen=True, kw_only=True)
class ConsultationsFile:
    as_of: date
    authorities: list[AuthorityRow]
    topics: list[TopicRow]
    confidentiality: dict[str, tuple[str, str]] = field(default_factory=dict)
    consultations: list[ConsultationRow] = field(default_factory=list)
    outcomes: list[OutcomeRow] = field(default_factory=list)


def read_file(path: Path) -> ConsultationsFile:
    """The whole file, checked; or a refusal that names the first thing wrong."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise Refusal(f"{path} cannot be read: {error.strerror}.", field="file") from error
    except UnicodeDecodeError as error:
        raise Refusal(f"{path} is not UTF-8 text (byte {error.start}).", field="file") from error
    return read(text)


def read(text: str) -> ConsultationsFile:
    return _file(Row(parse(text), TOP))


def _file(row: Row) -> ConsultationsFile:
    if row.text("format") != FORMAT:
        raise row.wrong("format", f"should be “{FORMAT}”.")
    as_of = row.day("as_of", required=True)
    authorities = [_authority(each) for each in row.rows("authorities", lambda value: value.get("slug"))]
    topics = [_topic(each) for each in row.rows("topics", lambda value: value.get("slug"))]
    statements = [_statement(each) for each in row.rows("confidentiality_statements", lambda value: value.get("key"))]
    named = row.rows("consultations", lambda value: value.get("reference") or value.get("key"))
    consultations = [_consultation(each) for each in named]
    outcomes = [_outcome(each) for each in row.rows("outcomes", lambda value: value.get("key"))]
    row.done()
    whole = ConsultationsFile(
        as_of=as_of or date.min,
        authorities=authorities,
        topics=topics,
        confidentiality={key: (text, source) for key, text, source in statements},
        consultations=consultations,
        outcomes=outcomes,
    )
    _fits_together(whole)
    return whole


def _authority(row: Row) -> AuthorityRow:
    made = AuthorityRow(
        slug=row.slug("slug"),
        name=row.text("name", limit=200, required=True),
        short_name=row.text("short_name", limit=40),
        jurisdiction=row.choice("jurisdiction", Jurisdiction.values),
        time_zone=row.zone("time_zone"),
    )
    row.done()
    return made


def _topic(row: Row) -> TopicRow:
    made = TopicRow(slug=row.slug("slug"), name=row.text("name", limit=100, required=True))
    row.done()
    return made


def _statement(row: Row) -> tuple[str, str, str]:
    made = (row.slug("key"), row.text("text", required=True), row.text("source", limit=500))
    row.done()
    return made


def _consultation(row: Row) -> ConsultationRow:
    published = Row(row.take("published", dict, words="an object") or {}, f"{row.where}, published")
    closing = row.take("closing_not_known", dict, words="an object")
    not_known = Row(closing or {}, f"{row.where}, closing_not_known")
    made = ConsultationRow(
        where=row.where,
        key=row.slug("key"),
        reference=row.text("reference", limit=100),
        title=row.text("title", limit=400),
        kind=row.choice("kind", Kind.values),
        authorities=row.texts("authorities"),
        topics=row.texts("topics"),
        summary=row.text("summary"),
        published_on=published.day("on"),
        published_as_printed=published.text("as_printed", limit=60),
        closing_not_known=closing is not None,
        closed_by=not_known.day("closed_by"),
        deadlines=[_deadline(each) for each in row.rows("deadlines")],
        sections=[_section(each) for each in row.rows("sections")],
        subjects=[_subject(each) for each in row.rows("question_subjects")],
        question_count=row.number("question_count", limit=32_767),
        how_to_respond=_how_to_respond(row),
        confidentiality=row.text("confidentiality"),
        identifiers=_identifiers(row),
        responses_received=row.number("responses_received", limit=2_147_483_647),
        sources=row.texts("sources"),
        note=row.text("note"),
    )
    for part in (published, not_known, row):
        part.done()
    return made


def _deadline(row: Row) -> DeadlineRow:
    if "closes" not in row.left:
        raise row.wrong("closes", "is missing. Write null where there is no closing date.")
    made = DeadlineRow(
        label=row.text("label", limit=200, required=True),
        closes=row.day_or_moment("closes"),
        zone=row.zone("zone"),
        certainty=row.choice("certainty", Certainty.values),
        note=row.text("note", limit=300),
        source=row.text("source", limit=500),
        moved=[_move(each) for each in row.rows("moved")],
    )
    row.done()
    return made


def _move(row: Row) -> MoveRow:
    was = row.day_or_moment("from", required=True)
    made = MoveRow(was=was or date.min, on=row.day("on"), reason=row.text("reason", required=True))
    row.done()
    return made


def _section(row: Row) -> SectionRow:
    made = SectionRow(
        number=row.text("number", limit=20),
        title=row.text("title", limit=300),
        introduction=row.text("introduction"),
        closes_with=row.text("closes_with"),
        questions=[_question(each) for each in row.rows("questions")],
    )
    if not (made.number or made.title):
        raise row.wrong("number", "a section needs a number or a title.")
    row.done()
    return made


def _question(row: Row) -> QuestionRow:
    made = QuestionRow(
        number=row.text("number", limit=20), text=row.text("text", required=True), source=row.text("source", limit=500)
    )
    row.done()
    return made


def _subject(row: Row) -> SubjectRow:
    made = SubjectRow(
        subject=row.text("subject", required=True),
        closes_with=row.text("closes_with"),
        numbers=row.text("numbers", limit=60),
        note=row.text("note"),
    )
    row.done()
    return made


def _how_to_respond(row: Row) -> dict[str, Any]:
    via = Row(row.take("how_to_respond", dict, words="an object") or {}, f"{row.where}, how_to_respond")
    made: dict[str, Any] = {key: via.text(key, limit=500) for key in VIA}
    made["online_form"] = via.flag("online_form")
    via.done()
    return {key: value for key, value in made.items() if value not in (None, "")}


def _identifiers(row: Row) -> dict[str, str]:
    found = Row(row.take("identifiers", dict, words="an object") or {}, f"{row.where}, identifiers")
    made = {key: found.text(key, limit=limit) for key, limit in IDENTIFIERS.items()}
    found.done()
    return made


def _outcome(row: Row) -> OutcomeRow:
    made = OutcomeRow(
        where=row.where,
        key=row.text("key", limit=400, required=True),
        kind=row.text("kind", limit=40, required=True),
        reference=row.text("reference", limit=200),
        title=row.text("title", limit=400),
        published_on=row.day("published_on"),
        url=row.text("url", limit=500),
        ends=bool(row.flag("ends")),
        certainty=row.choice("certainty", OUTCOME_CERTAINTY),
        note=row.text("note"),
        answers=row.texts("answers"),
    )
    row.done()
    return made


def _fits_together(file: ConsultationsFile) -> None:
    """What one row says of another: names that exist, and nothing named twice."""
    _once("authorities", "slug", [each.slug for each in file.authorities])
    _once("authorities", "name", [each.name for each in file.authorities])
    _once("topics", "slug", [each.slug for each in file.topics])
    _once("topics", "name", [each.name for each in file.topics])
    _once("consultations", "key", [each.key for each in file.consultations])
    _once("outcomes", "key", [each.key for each in file.outcomes])
    authorities, topics = {each.slug for each in file.authorities}, {each.slug for each in file.topics}
    for row in file.consultations:
        _known(row.where, "authorities", row.authorities, authorities)
        _known(row.where, "topics", row.topics, topics)
        _known(row.where, "confidentiality", [row.confidentiality] if row.confidentiality else [], file.confidentiality)
        _consultation_holds(row)
    for outcome in file.outcomes:
        _known(outcome.where, "answers", outcome.answers, {each.key for each in file.consultations})
        if not outcome.answers:
            raise Refusal(f"{outcome.where}, answers: name the consultations it answers.", field=outcome.where)
        if outcome.certainty == "stated" and outcome.published_on is None:
            raise Refusal(f"{outcome.where}, published_on: is missing; what is stated has a date.", field=outcome.where)


def _consultation_holds(row: ConsultationRow) -> None:
    if not row.authorities:
        raise Refusal(f"{row.where}, authorities: name at least one body.", field=row.where)
    if not (row.reference or row.title or row.summary):
        raise Refusal(f"{row.where}, title: give a reference, a title or a summary.", field=row.where)
    if row.closing_not_known and row.deadlines:
        raise Refusal(f"{row.where}, closing_not_known: it has deadlines, so its closing is known.", field=row.where)
    if not row.closing_not_known and not row.deadlines:
        raise Refusal(f"{row.where}, deadlines: give them, or say closing_not_known.", field=row.where)
    labels = [each.label for each in row.deadlines]
    _once(f"{row.where}, deadlines", "label", labels)
    for part, named in (("sections", row.sections), ("question_subjects", row.subjects)):
        _known(row.where, f"{part}, closes_with", [each.closes_with for each in named if each.closes_with], labels)


def _once(where: str, key: str, values: list[str]) -> None:
    for index, value in enumerate(values):
        if value in values[:index]:
            raise Refusal(f"{where}[{index}], {key}: “{value}” is used twice.", field=f"{where}[{index}], {key}")


def _known(where: str, key: str, values: list[str], known: Any) -> None:
    for index, value in enumerate(values):
        if value not in known:
            raise Refusal(f"{where}, {key}[{index}]: “{value}” is not in the file.", field=f"{where}, {key}[{index}]")
    _once(f"{where}, {key}", key, values if not key.endswith("closes_with") else [])
