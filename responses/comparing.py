"""Two versions of one submission, question by question, with what differs marked word by word."""

from dataclasses import dataclass, field

from django.utils.safestring import SafeString

from responses import downloads, snapshot
from responses.differences import marked
from responses.models import Submission
from responses.snapshot import Content

AT_ONCE = 10  # questions compared word by word on one page: each may take a tenth of a second


@dataclass(frozen=True, kw_only=True)
class Change:
    """One question that differs; each side as HTML, "" where that version does not answer it."""

    title: str
    section: str
    one: SafeString
    other: SafeString


@dataclass(frozen=True, kw_only=True)
class Comparison:
    changes: list[Change]
    count: int
    same: int
    facts: list[tuple[str, str, str]] = field(default_factory=list)


def of(one: Submission, other: Submission, *, after: int = 0) -> Comparison:
    """Compares at most AT_ONCE questions that differ, past the first `after` of them."""
    before, since = _questions(one.content), _questions(other.content)
    codes = list(dict.fromkeys([*since, *before]))
    differ = [code for code in codes if _said(before.get(code)) != _said(since.get(code))]
    changes = []
    for code in differ[after : after + AT_ONCE]:
        section, question = since.get(code) or before[code]
        left, right = marked("\n".join(_said(before.get(code))), "\n".join(_said(since.get(code))))
        changes.append(
            Change(title=f"{question['number']} {question['text']}".strip(), section=section, one=left, other=right)
        )
    return Comparison(
        changes=changes, count=len(differ), same=len(codes) - len(differ), facts=_facts(one.content, other.content)
    )


def _facts(one: Content, other: Content) -> list[tuple[str, str, str]]:
    """What differs besides the answers: the files for the whole, and the consents."""
    names = {
        "text": "Consent: text", "name": "Consent: name", "foi": "Freedom of information",
        "foi_reason": "Reason for confidentiality",
    }  # fmt: skip
    pairs = [(words, one["consents"][name], other["consents"][name]) for name, words in names.items()]
    pairs.append(("Files for the whole response", _files(one), _files(other)))
    pairs.append(("Members it speaks for", _members(one), _members(other)))
    return [pair for pair in pairs if pair[1] != pair[2]]


def _files(content: Content) -> str:
    return ", ".join(f"{file['name']} ({file['sha256'][:12]}…)" for file in content["files"])


def _members(content: Content) -> str:
    return "; ".join(snapshot.members_named(content))


def _said(found: tuple[str, Content] | None) -> list[str]:
    if found is None:
        return []
    files = [f"{file['name']} ({file['sha256'][:12]}…)" for file in found[1]["files"]]
    return [*downloads.paragraphs({**found[1], "files": []}), *files]


def _questions(content: Content) -> dict[str, tuple[str, Content]]:
    """Question code → the section it is in, and it."""
    return {
        question["code"]: (f"{section['number']} {section['title']}".strip(), question)
        for section in content["sections"]
        for question in section["questions"]
    }
