"""The content of a submission: what exactly is filed, in one canonical form that can be hashed and checked.

Only what may still be answered is taken from the draft. Of a section that has closed, an amendment keeps what the
version before had filed in time; what never was filed in time is left out and listed.
"""

import hashlib
import json
from typing import Any

from accounts.models import WITH_MEMBERS
from responses.collection_models import Naming
from responses.emptiness import says_nothing
from responses.models import Answer, AnswerVersion, Attachment, Response, SpokenFor, Submission
from responses.progress import Item, Part
from responses.querysets import State

Content = dict[str, Any]

SPEAKS_FOR = "speaks_for"  # not there at all where the response speaks for nobody


def canonical(content: Content) -> bytes:
    """The bytes that are hashed: JSON with sorted keys, no spaces, UTF-8."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def digest(content: Content) -> str:
    """SHA-256 of the canonical content, in hexadecimal."""
    return hashlib.sha256(canonical(content)).hexdigest()


def build(response: Response, parts: list[Part], general_files: list[Attachment]) -> Content:
    """What a submission of the response would hold, given its parts at the deciding moment.

    `response` has its consultation and organisation, and `latest` where there is one.
    """
    filed = _filed_before(response)
    sections, left_out = [], []
    for part in parts:
        if part.is_open:
            questions = [of_item(item) for item in part.items if item.is_given]
        else:
            questions = filed.get(part.section.pk, [])
            kept = {question["code"] for question in questions}
            left_out += [
                {"code": item.question.code, "number": item.question.number, "section": str(part.section)}
                for item in part.items
                if item.is_given and item.question.code not in kept
            ]
        if questions:
            sections.append(_section(part, questions))
    spoken_for = _spoken_for(response)
    return {
        "consultation": {
            "code": response.consultation.code,
            "reference": response.consultation.reference,
            "title": response.consultation.title,
        },
        "organisation": {"code": response.organisation.code, "name": response.organisation.name},
        "consents": {
            "text": response.text_consent,
            "name": response.name_consent,
            "foi": response.foi_position,
            "foi_reason": response.foi_reason,
        },
        "sections": sections,
        "files": [_file(attachment) for attachment in general_files],
        "left_out": left_out,
        **({SPEAKS_FOR: spoken_for} if spoken_for else {}),
    }


def _spoken_for(response: Response) -> list[Content]:
    """The members that a trade body speaks for, each with the code of its organisation where it came in as one. Who
    asked not to be named is never among them. Other responses are not asked for any."""
    if response.organisation.kind not in WITH_MEMBERS:
        return []
    rows = SpokenFor.objects.filter(response=response).exclude(contribution__latest__naming=Naming.WITHHOLD)
    return [
        {"name": name, "organisation": code or ""}
        for name, code in rows.values_list("name", "contribution__organisation__code")
    ]


def members_named(content: Content) -> list[str]:
    """The names of the members that a submission speaks for."""
    return [row["name"] for row in content.get(SPEAKS_FOR, [])]


def is_filed_as(filed: Submission, content: Content) -> bool:
    """The content is what that submission holds. Until the closing moments left it, a moved deadline changed it: what
    was filed then is compared without them."""
    if filed.sha256 == digest(content):
        return True
    bare = [
        {name: value for name, value in section.items() if name != "closes_at"} for section in filed.content["sections"]
    ]
    return digest({**filed.content, "sections": bare}) == digest(content)


def answers_in(content: Content) -> int:
    """How many questions are answered: what says nothing ("N/A") is filed as it was written, and is not counted."""
    return sum(_says(question) for section in content["sections"] for question in section["questions"])


def _says(question: Content) -> bool:
    answer = question["answer"]
    chosen = bool(question["files"] or answer["selected"]) or answer["number"] is not None
    return chosen or not says_nothing(answer["text"])


def outdated(parts: list[Part], content: Content) -> list[Item]:
    """Answers that were changed after they were filed, in sections that have closed: what was filed in time stands."""
    filed = {question["code"]: question for section in content["sections"] for question in section["questions"]}
    return [
        item
        for part in parts
        if not part.is_open
        for item in part.items
        if item.question.code in filed and _said(of_item(item)) != _said(filed[item.question.code])
    ]


def _said(question: Content) -> tuple[Content, list[Content]]:
    return question["answer"], question["files"]


def file_codes(content: Content) -> set[str]:
    """The codes of all the files that the content names."""
    of_questions = [
        file["code"]
        for section in content["sections"]
        for question in section["questions"]
        for file in question["files"]
    ]
    return {*of_questions, *(file["code"] for file in content["files"])}


def _filed_before(response: Response) -> dict[int, list[Content]]:
    """Section id → its questions in the version that stands; nothing when that was withdrawn."""
    if response.latest is None or response.state != State.SUBMITTED:
        return {}
    return {section["id"]: section["questions"] for section in response.latest.content["sections"]}


def _section(part: Part, questions: list[Content]) -> Content:
    section = part.section
    return {
        "id": section.pk,
        "number": section.number,
        "title": section.title,
        "deadline": section.deadline.label if section.deadline else "",
        "questions": questions,
    }


def said_in(content: Content) -> dict[str, Content]:
    """Question code → the answer, for each question in the content."""
    return {
        question["code"]: question["answer"] for section in content["sections"] for question in section["questions"]
    }


def of_answer(answer: Answer | AnswerVersion | None) -> Content:
    """What an answer says, as a submission holds it."""
    number = answer.number if answer else None
    return {
        "text": answer.text if answer else "",
        "selected": list(answer.selected) if answer else [],
        "number": f"{number.normalize():f}" if number is not None else None,
    }


def of_item(item: Item) -> Content:
    """One question as a submission holds it."""
    return {
        "code": item.question.code,
        "number": item.question.number,
        "text": item.question.text,
        "kind": item.question.kind,
        "answer": of_answer(item.answer),
        "files": [_file(attachment) for attachment in item.files],
    }


def _file(attachment: Attachment) -> Content:
    return {
        "code": attachment.code,
        "name": attachment.name,
        "content_type": attachment.content_type,
        "size": attachment.size,
        "sha256": attachment.sha256,
    }
