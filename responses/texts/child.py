"""The process in which a stranger's file is opened: `python -m responses.texts.child look|read .pdf SECONDS MEGABYTES`.

The file is its standard input; one JSON object is its standard output. It knows no settings, no database and no
secrets, and ends itself when it takes more time or memory than it was given.
"""

import json
import resource
import sys
from collections.abc import Callable
from typing import IO, Any

Reader = Callable[[IO[bytes]], Any]


def limit(seconds: int, megabytes: int) -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_AS, (megabytes * 1024 * 1024,) * 2)
    resource.setrlimit(resource.RLIMIT_FSIZE, (256 * 1024 * 1024,) * 2)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def readers() -> dict[str, Reader]:
    from responses.texts import mail, office, pdf, reading

    return {
        ".pdf": pdf.read, ".docx": office.word, ".pptx": office.slides, ".xlsx": office.sheets,
        ".odt": office.document, ".ods": office.document, ".rtf": reading.rich, ".txt": reading.plain,
        ".csv": reading.plain, ".eml": mail.eml, ".msg": mail.msg, ".png": reading.picture,
        ".jpg": reading.picture, ".jpeg": reading.picture,
    }  # fmt: skip


def lookers(taken: set[str]) -> dict[str, Reader]:
    from responses.texts import mail, pdf

    return {
        ".pdf": pdf.look,
        ".eml": lambda file: mail.look_eml(file, taken),
        ".msg": lambda file: mail.look_msg(file, taken),
    }


def answer(verb: str, ending: str, file: IO[bytes], taken: set[str]) -> dict[str, Any]:
    from responses.texts.reading import BROKEN, NOT_READ, TOO_LARGE, Unreadable

    found: dict[str, Any] = {"outcome": NOT_READ, "pages": [], "notes": [], "tool": "", "why": ""}
    reader = (lookers(taken) if verb == "look" else readers()).get(ending)
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
