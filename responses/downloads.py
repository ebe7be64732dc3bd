"""One version as its firm keeps it: a PDF or a Word file of exactly what was filed, made anew each time it is wanted.

What people typed reaches Typst as data, which none of it can leave. In Word an answer's Markdown is what it stands for,
by the writer of the Word form.
"""

import io
import json
import re
from typing import Any

from django.template.defaultfilters import filesizeformat

from consultations.closing import zone_of
from responses import emails, receipts, snapshot
from responses.models import FoiPosition, NameConsent, Submission, TextConsent
from responses.wordform import writing

TEMPLATE = receipts.TEMPLATE.with_name("submission.typ")
UNWRITABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")  # what XML cannot hold


def pdf(submission: Submission) -> bytes:
    return receipts.typeset(TEMPLATE, {"filed": json.dumps(facts(submission))}, of=submission.reference)


def word(submission: Submission) -> bytes:
    """A .docx with a heading for each section and question; what was answered looks as it did where it was read."""
    given = facts(submission)
    document = writing.begun(title=given["title"], author=given["organisation"])
    if given["rehearsal"]:
        document.add_paragraph("A rehearsal: this was practice, and no response to the body.")
    table = document.add_table(rows=0, cols=2, style="Table Grid")
    for name, value in given["facts"]:
        cells = table.add_row().cells
        cells[0].paragraphs[0].add_run(name).bold = True
        cells[1].text = _text(value)
    for section in submission.content["sections"]:
        document.add_heading(_text(f"{section['number']} {section['title']}".strip()), level=1)
        for question in section["questions"]:
            _word_of(document, question)
    if given["left_out"]:
        document.add_heading("Left out, because the section had closed", level=1)
        for line in given["left_out"]:
            document.add_paragraph(_text(line), style="List Bullet")
    document.sections[0].footer.paragraphs[0].text = _text(f"{given['reference']}, {given['organisation']}")
    made = io.BytesIO()
    document.save(made)
    return made.getvalue()


def _word_of(document: Any, question: snapshot.Content) -> None:
    number = f"Question {question['number']}: " if question["number"] else ""
    document.add_heading(_text(number + question["text"]), level=2)
    for line in _chosen(question):
        document.add_paragraph(_text(line))
    writing.add_markdown(document, question["answer"]["text"])
    for line in _files(question):
        document.add_paragraph(_text(line))


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
            *(("Speaks for", name) for name in snapshot.members_named(content)),
            ("Received", emails.to_the_second(submission.received_at, zone_of(paper))),
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
    return [*_chosen(question), *filter(str.strip, question["answer"]["text"].split("\n")), *_files(question)]


def _chosen(question: snapshot.Content) -> list[str]:
    answer = question["answer"]
    return [line for line in (", ".join(answer["selected"]), answer["number"] or "") if line.strip()]


def _files(question: snapshot.Content) -> list[str]:
    return [f"File: {file['name']}" for file in question["files"]]


def _text(text: str) -> str:
    return UNWRITABLE.sub("", text)
