"""The process in which a stranger's file is opened: `python -m responses.texts.child look|read .pdf SECONDS MEGABYTES`.

The file is its standard input; one JSON object is its standard output. It knows no settings, no database and no
secrets, and ends itself when it takes more time or memory than it was given.
"""

import importlib
import json
import resource
import sys
from collections.abc import Callable
from functools import partial
from typing import IO, Any

Reader = Callable[[IO[bytes]], Any]


def limit(seconds: int, megabytes: int) -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_AS, (megabytes * 1024 * 1024,) * 2)
    resource.setrlimit(resource.RLIMIT_FSIZE, (256 * 1024 * 1024,) * 2)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


# Ending → the module that reads it and its function: only what a file needs is loaded.
READERS = {
    ".pdf": ("pdf", "read"), ".docx": ("office", "word"), ".pptx": ("office", "slides"), ".xlsx": ("office", "sheets"),
    ".odt": ("office", "document"), ".ods": ("office", "document"), ".rtf": ("reading", "rich"),
    ".txt": ("reading", "plain"), ".csv": ("reading", "plain"), ".eml": ("mail", "eml"), ".msg": ("mail", "msg"),
    ".png": ("reading", "picture"), ".jpg": ("reading", "picture"), ".jpeg": ("reading", "picture"),
}  # fmt: skip
LOOKERS = {".pdf": ("pdf", "look"), ".eml": ("mail", "look_eml"), ".msg": ("mail", "look_msg")}


def reader_of(verb: str, ending: str, taken: set[str]) -> Reader | None:
    where = (LOOKERS if verb == "look" else READERS).get(ending)
    if where is None:
        return None
    module, name = where
    function: Any = getattr(importlib.import_module(f"responses.texts.{module}"), name)
    return partial(function, taken=taken) if verb == "look" and module == "mail" else function


def answer(verb: str, ending: str, file: IO[bytes], taken: set[str]) -> dict[str, Any]:
    from responses.texts.reading import BROKEN, NOT_READ, TOO_LARGE, Unreadable

    found: dict[str, Any] = {"outcome": NOT_READ, "pages": [], "notes": [], "tool": "", "why": ""}
    reader = reader_of(verb, ending, taken)
    if reader is None:
        return found
    try:
        read = reader(file)
    except Unreadable as unreadable:
        return {**found, "outcome": unreadable.outcome, "why": str(unreadable)}
    except MemoryError:
        return {**found, "outcome": TOO_LARGE, "why": "needs more memory than is given to one file."}
    except Exception as error:
        return {**found, "outcome": BROKEN, "why": f"is damaged ({type(error).__name__})."}
    if read is None:
        return {**found, "outcome": "read"}
    read.bounded()
    return {**found, "outcome": read.outcome, "pages": read.pages, "notes": read.notes, "tool": read.tool}


def main(arguments: list[str]) -> None:
    verb, ending, seconds, megabytes, *taken = arguments
    limit(int(seconds), int(megabytes))
    # pdfium wants a file that can be sought in, which standard input is when it was opened from one.
    found = answer(verb, ending, sys.stdin.buffer, set(taken))
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1:])
