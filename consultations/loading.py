"""Loading recorded consultations from a file: repeatable, whole or not at all.

Rows with a `source_key` are the loader's. Each load leaves in the record of acts a digest of what the file said of a
paper; a paper whose digest has not changed is left alone, so what staff have put right since then stays until the
file itself says something new of that paper. A deadline that staff have moved further than the file knows is never
moved back.

Recorded papers take no responses here, and nobody is alerted about them: recording is not publishing.
"""

import hashlib
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from django.db import connection, models, transaction

from accounts import record
from accounts.models import Act
from accounts.record import By
from consultations.models import (
    Authority,
    Consultation,
    ConsultationAuthority,
    Deadline,
    DeadlineChange,
    Outcome,
    Question,
    Section,
    Topic,
)
from consultations.shipped import ConsultationRow, ConsultationsFile, DeadlineRow, MoveRow, OutcomeRow, SectionRow

LAST_SECOND = time(23, 59, 59)
LOADER_LOCK = 7_236_402  # one loader at a time, on any number of hosts
M = TypeVar("M", bound=models.Model)


@dataclass
class Loaded:
    """What a load did: counts of rows by "made", "changed" and "unchanged", and what was left alone and why."""

    consultations: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    left_alone: list[str] = field(default_factory=list)


def load(*, file: ConsultationsFile, by: By, now: datetime) -> Loaded:
    """Put the whole file into the database, or nothing of it."""
    return _Load(file, by, now).run()


def end_of(day: date | datetime, zone: str) -> datetime:
    """The instant of a closing: the given time in the zone, or the last second of the day there."""
    local = day if isinstance(day, datetime) else datetime.combine(day, LAST_SECOND)
    return local.replace(tzinfo=ZoneInfo(zone))


def start_of(day: date, zone: str) -> datetime:
    return datetime.combine(day, time.min, tzinfo=ZoneInfo(zone))


class _Load:
    def __init__(self, file: ConsultationsFile, by: By, now: datetime) -> None:
        self.file, self.by, self.now = file, by, now
        self.loaded = Loaded()
        self.authorities: dict[str, Authority] = {}
        self.topics: dict[str, Topic] = {}
        self.consultations: dict[str, Consultation] = {}
        self.outcomes: dict[str, Outcome] = {}
        self.digests: dict[str, str] = {}  # what the file said of each when it was last loaded, by subject

    @transaction.atomic
    def run(self) -> Loaded:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOADER_LOCK])
        self.find_known()
        for body in self.file.authorities:
            values = {"name": body.name, "short_name": body.short_name, "jurisdiction": body.jurisdiction}
            values["time_zone"] = body.time_zone
            known = Authority.objects.filter(slug=body.slug).first()
            self.authorities[body.slug] = _put(Authority, known, {"slug": body.slug}, values)
        topics = {topic.slug: topic for topic in Topic.objects.all()}
        for each in self.file.topics:
            self.topics[each.slug] = _put(Topic, topics.get(each.slug), {"slug": each.slug}, {"name": each.name})
        for row in self.file.consultations:
            self.consultation(row)
        for outcome in self.file.outcomes:
            self.outcome(outcome)
        return self.loaded

    def find_known(self) -> None:
        papers = Consultation.objects.select_for_update().filter(
            source_key__in=[row.key for row in self.file.consultations]
        )
        outcomes = Outcome.objects.filter(source_key__in=[row.key for row in self.file.outcomes])
        self.consultations = {paper.source_key or "": paper for paper in papers}
        self.outcomes = {outcome.source_key or "": outcome for outcome in outcomes}
        subjects = [*map(_subject, self.consultations.values()), *map(_subject, self.outcomes.values())]
        acts = Act.objects.filter(subject__in=subjects, detail__has_key="file_digest").order_by("pk")
        self.digests = dict(acts.values_list("subject", "detail__file_digest"))

    # --- Consultations ------------------------------------------------------------------------------------------------
    def consultation(self, row: ConsultationRow) -> None:
        known = self.consultations.get(row.key)
        # Without a date on the paper, the date of the file is the day it became public here.
        as_of = None if row.published_on else self.file.as_of
        digest = _digest(replace(row, where=""), self.file.confidentiality.get(row.confidentiality), as_of)
        if known and digest == self.digests.get(_subject(known)):
            self.loaded.consultations["unchanged"] += 1
            return
        once = {"announced_at": self.now}
        made = _put(Consultation, known, {"source_key": row.key}, self.facts(row) | ({} if known else once))
        self.consultations[row.key] = made
        self.bodies_and_topics(made, row)
        deadlines = self.deadlines(made, row, is_new=known is None)
        self.sections(made, row, deadlines, is_new=known is None)
        if known:
            _drop(made.deadlines.exclude(label__in=deadlines), self.loaded)
        self.loaded.consultations["changed" if known else "made"] += 1
        self.write("consultation recorded", _subject(made), made.code, digest)

    def facts(self, row: ConsultationRow) -> dict[str, Any]:
        zone = self.authorities[row.authorities[0]].time_zone
        text, source = self.file.confidentiality.get(row.confidentiality, ("", ""))
        return {
            "reference": row.reference,
            "title": row.title,
            "kind": row.kind,
            "summary": row.summary,
            "published_at": start_of(row.published_on or self.file.as_of, zone),
            "published_on": row.published_on,
            "published_on_text": row.published_as_printed,
            "takes_responses": False,
            "closing_unknown": row.closing_not_known,
            "known_closed_at": start_of(row.closed_by, zone) if row.closed_by else None,
            "question_count": row.question_count,
            "respond_via": row.how_to_respond,
            "confidentiality_note": text,
            "confidentiality_source": source,
            "docket_id": row.identifiers["docket"],
            "rin": row.identifiers["rin"],
            "fr_document_number": row.identifiers["fr_document"],
            "fr_citation": row.identifiers["fr_citation"],
            "responses_received": row.responses_received,
            "sources": row.sources,
            "record_note": row.note,
        }

    def bodies_and_topics(self, consultation: Consultation, row: ConsultationRow) -> None:
        wanted = [(self.authorities[slug].pk, position) for position, slug in enumerate(row.authorities)]
        bodies = ConsultationAuthority.objects.filter(consultation=consultation)
        if list(bodies.values_list("authority_id", "position")) != wanted:
            bodies.delete()
            ConsultationAuthority.objects.bulk_create(
                ConsultationAuthority(consultation=consultation, authority_id=pk, position=position)
                for pk, position in wanted
            )
        consultation.topics.set([self.topics[slug] for slug in row.topics])

    def deadlines(self, consultation: Consultation, row: ConsultationRow, *, is_new: bool) -> dict[str, Deadline]:
        known = {} if is_new else {each.label: each for each in consultation.deadlines.all()}
        return {
            each.label: self.deadline(consultation, each, position, known.get(each.label))
            for position, each in enumerate(row.deadlines)
        }

    def deadline(self, consultation: Consultation, row: DeadlineRow, position: int, known: Deadline | None) -> Deadline:
        version = len(row.moved) + 1
        if known and known.version > version:
            self.loaded.left_alone.append(f"{consultation.name}: “{row.label}” was moved here, and stays as it is.")
            return known
        values = {
            "closes_at": end_of(row.closes, row.zone) if row.closes else None,
            "time_zone": row.zone,
            "time_assumed": row.closes is not None and not isinstance(row.closes, datetime),
            "certainty": row.certainty,
            "note": row.note,
            "source": row.source,
            "version": version,
            "position": position,
        }
        deadline = _put(Deadline, known, {"consultation": consultation, "label": row.label}, values)
        for number, move in enumerate(row.moved):
            self.move(deadline, row, number, move)
        return deadline

    def move(self, deadline: Deadline, row: DeadlineRow, number: int, move: MoveRow) -> None:
        """The move that made version `number + 2`: from its own `was` to the next one's, or to what holds now."""
        then = row.moved[number + 1].was if number + 1 < len(row.moved) else row.closes
        lead = deadline.consultation.authorities.order_by("consultationauthority__position").first()
        values = {
            "old_closes_at": end_of(move.was, row.zone),
            "new_closes_at": end_of(then, row.zone) if then else None,
            "reason": move.reason,
            "changed_by_name": lead.name if lead else "",
            "changed_at": start_of(move.on, row.zone) if move.on else None,
        }
        known = DeadlineChange.objects.filter(deadline=deadline, version=number + 2).first()
        _put(DeadlineChange, known, {"deadline": deadline, "version": number + 2}, values)

    def sections(
        self, consultation: Consultation, row: ConsultationRow, deadlines: dict[str, Deadline], *, is_new: bool
    ) -> None:
        known = {} if is_new else {each.position: each for each in consultation.sections.all()}
        for position, each in enumerate(row.sections):
            values = {
                "number": each.number,
                "title": each.title,
                "introduction": each.introduction,
                "deadline": deadlines.get(each.closes_with),
            }
            where = {"consultation": consultation, "position": position}
            self.questions(_put(Section, known.get(position), where, values), each)
        for position, section in known.items():
            if position >= len(row.sections):
                section.delete()

    def questions(self, section: Section, row: SectionRow) -> None:
        known = {each.position: each for each in section.questions.all()} if row.questions else {}
        for position, each in enumerate(row.questions):
            guidance = f"As quoted at {each.source}" if each.source else ""
            values = {"number": each.number, "text": each.text, "guidance": guidance}
            _put(Question, known.get(position), {"section": section, "position": position}, values)
        section.questions.filter(position__gte=len(row.questions)).delete()

    # --- Outcomes -----------------------------------------------------------------------------------------------------
    def outcome(self, row: OutcomeRow) -> None:
        known = self.outcomes.get(row.key)
        digest = _digest(replace(row, where=""))
        if known and digest == self.digests.get(_subject(known)):
            self.loaded.outcomes["unchanged"] += 1
            return
        lead = next(each for each in self.file.consultations if each.key == row.answers[0]).authorities[0]
        stated = row.certainty == "stated" and row.published_on is not None
        values = {
            "kind": row.kind,
            "reference": row.reference,
            "title": row.title,
            "url": row.url,
            "published_on": row.published_on,
            "is_final": row.ends,
            "note": row.note,
            # What is only reported or expected ends no consultation: it stays unpublished, its note kept.
            "published_at": start_of(row.published_on, self.authorities[lead].time_zone)
            if stated and row.published_on
            else None,
        }
        outcome = _put(Outcome, known, {"source_key": row.key}, values)
        outcome.consultations.set([self.consultations[key] for key in row.answers])
        self.loaded.outcomes["changed" if known else "made"] += 1
        self.write("outcome recorded", _subject(outcome), "", digest)

    # --- The record ---------------------------------------------------------------------------------------------------
    def write(self, verb: str, subject: str, consultation_code: str, digest: str) -> None:
        record.write(
            by=self.by,
            verb=verb,
            subject=subject,
            at=self.now,
            consultation_code=consultation_code,
            file_digest=digest,
            as_of=self.file.as_of.isoformat(),
        )


def _digest(*parts: object) -> str:
    """Of the checked values, so that another layout of the same file is no change."""
    return hashlib.sha256("\x1f".join(map(repr, parts)).encode()).hexdigest()


def _subject(row: Consultation | Outcome) -> str:
    return f"{'outcome' if isinstance(row, Outcome) else 'consultation'}:{row.code}"


def _put(model: type[M], known: M | None, where: dict[str, Any], values: dict[str, Any]) -> M:
    """The known row, or a new one at `where`, made to hold `values`."""
    if known is None:
        return model._default_manager.create(**where, **values)
    different = [name for name, value in values.items() if getattr(known, name) != value]
    for name in different:
        setattr(known, name, values[name])
    if different:
        known.save(update_fields=different)
    return known


def _drop(gone: "models.QuerySet[Deadline]", loaded: Loaded) -> None:
    """Deadlines that the file no longer has, unless somebody's section still hangs on one."""
    for deadline in gone:
        if deadline.sections.exists():
            loaded.left_alone.append(f"{deadline.consultation.name}: “{deadline.label}” is still used by a section.")
        else:
            deadline.delete()
