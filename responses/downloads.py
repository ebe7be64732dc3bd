"""One version as its firm keeps it: a PDF or a Word file of exactly what was filed, made anew each time it is wanted.

What people typed reaches Typst as data and Word as text; none of it is read as markup.
"""

import io
import json
import re
from typing import Any

import docx
from django.template.defaultfilters import filesizeformat

from consultations.closing import moment, zone_of
from responses import receipts, snapshot
from responses.models import FoiPosition, NameConsent, Submission, TextConsent

TEMPLATE = receipts.TEMPLATE.with_name("submission.typ")
UNWRITABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")  # what XML cannot hold


def pdf(submission: Submission) -> bytes:
    return receipts.typeset(TEMPLATE, {"filed": json.dumps(facts(submission))}, of=submission.reference)


def word(submission: Submission) -> bytes:
    """A .docx with a heading for each section and question."""
    given = facts(submission)
    document = docx.Document()
    document.core_properties.title, document.core_properties.author = given["title"], given["organisation"]
    document.add_heading(_text(given["title"]), level=1)
    table = document.add_table(rows=0, cols=2)
    for name, value in given["facts"]:
        cells = table.add_row().cells
        cells[0].text, cells[1].text = name, _text(value)
    for section in given["sections"]:
        document.add_heading(_text(section["title"]), level=2)
        for question in section["questions"]:
            document.add_heading(_text(question["title"]), level=3)
            for paragraph in question["answer"]:
                document.add_paragraph(_text(paragraph))
    if given["left_out"]:
        document.add_heading("Left out, because the section had closed", level=2)
        for line in given["left_out"]:
            document.add_paragraph(_text(line), style="List Bullet")
    made = io.BytesIO()
    document.save(made)
    return made.getvalue()


def facts(submission: Submission) -> dict[str, Any]:
    """What both say. `submission` has its response with consultation and organisation, and who filed it."""
    content, paper = submission.content, submission.response.consultation
    consents = content["consents"]
    stated = [
        ("May the text be published?", dict(TextConsent.choices).get(consents["text"])),
        ("May the name be listed?", dict(NameConsent.choices).get(consents["name"])),
        ("Freedom of information", dict(FoiPosition.choices).get(consents["foi"])),
        ("Reason for confidentiality", consents["foi_reason"]),
    ]
    return {
        "reference": submission.reference,
        "organisation": content["organisation"]["name"],
        "title": f"{content['consultation']['reference']} {content['consultation']['title']}".strip() or str(paper),
        "rehearsal": paper.is_rehearsal,
        "facts": [
            ("Reference", submission.reference),
            ("From", content["organisation"]["name"]),
            ("Received", moment(submission.received_at, zone_of(paper))),
            ("Submitted by", str(submission.submitted_by)),
            ("SHA-256 of the content", submission.sha256),
            *((name, words) for name, words in stated if words),
            *(("File", f"{file['name']} ({filesizeformat(file['size'])})") for file in content["files"]),
        ],
        "sections": [
            {
                "title": f"{section['number']} {section['title']}".strip(),
                "questions": [
                    {"title": f"{question['number']} {question['text']}".strip(), "answer": paragraphs(question)}
                    for question in section["questions"]
                ],
            }
            for section in content["sections"]
        ],
        "left_out": [" ".join(filter(None, [row["number"], row["section"]])) for row in content["left_out"]],
    }


def paragraphs(question: snapshot.Content) -> list[str]:
    """What was answered, line by line: choices, number, text, files."""
    answer = question["answer"]
    said = [", ".join(answer["selected"]), answer["number"] or "", *answer["text"].split("\n")]
    return [line for line in said if line.strip()] + [f"File: {file['name']}" for file in question["files"]]


def _text(text: str) -> str:
    return UNWRITABLE.sub("", text)
