"""How a frame says what it is: the response, the question, the version of the answer that went out, and which part."""

import re
from typing import NamedTuple

WORDS, CHOICE, NUMBER = "t", "c", "n"
LABEL, END = "▼ Answer", "▲"  # the lines that open and close a frame
_MARK = re.compile(r"snd_([0-9A-Z]{10})_([0-9A-Z]{10})_(\d{1,9})_([tcn])")


class Mark(NamedTuple):
    response: str
    question: str
    version: int
    part: str


def mark(response: str, question: str, version: int, part: str) -> str:
    """At most 40 characters, which is what a bookmark may have; a content control's tag may have 64."""
    return f"snd_{response}_{question}_{version}_{part}"


def ending(name: str) -> str:
    """The name of the bookmark that closes the frame which `name` opens."""
    return f"end_{name.removeprefix('snd_')}"


def read(name: str) -> Mark | None:
    match = _MARK.fullmatch(name)
    return Mark(match[1], match[2], int(match[3]), match[4]) if match else None
