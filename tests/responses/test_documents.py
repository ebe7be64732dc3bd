"""Real and broken documents, read in place: each becomes what is expected of it. `manage.py read_documents` tries all.

The suite takes a sample, in this process where that is safe, and does not recognise scans; what it counts is printed.
"""

import csv
import io
import zipfile
from collections import Counter
from pathlib import Path

import pytest

from responses import attaching, extraction
from responses.texts import archives, child, reading

FOLDER = Path(__file__).resolve().parents[3] / "shared/data/corpora/documents"
EACH = 10  # of the PDFs, which are opened in a process each, one in so many
SOUND = {"read", "read+", "empty", "empty+"}
FAILED = {"locked", "broken", "active", "too_large"}
NOT_TAKEN = {"not_read"}
# What may become of a file, by how the manifest's expectation begins. A kind that is not taken is refused by its name.
EXPECTED = {
    "extract_ok": SOUND | NOT_TAKEN | {"scanned+"},  # one of them is a picture of its text
    "parse_ok_or_clean_error": SOUND | FAILED | NOT_TAKEN,
    "parse_ok": SOUND | NOT_TAKEN,
    "clean_error_or_ok": SOUND | FAILED | NOT_TAKEN | {"scanned+"},
    "clean_error": FAILED,
    "needs_ocr": {"scanned+", "empty"},
    "reject_or_flag": {"locked", "read+"} | NOT_TAKEN,
    "flag: PDF features": SOUND | {"locked"},  # some of missing fonts alone, which is nothing to flag
    "flag": {"active", "read+", "empty+", "locked"} | NOT_TAKEN,
    "bounded unpack": NOT_TAKEN,
    "round-trip unchanged": NOT_TAKEN,
}
# Flagged by their collectors for what these files do not do: a field that is an ordinary link, PDFs without features.
HARMLESS = {"testInstrLink.docx"}
OLD_KINDS = {".doc", ".xls", ".pages", ".mbox", ".pst", ".p7s"}  # expected to be readable, and not taken here


def rows() -> list[dict[str, str]]:
    with (FOLDER / "MANIFEST.csv").open(newline="") as manifest:
        return list(csv.DictReader(manifest))


def read(path: Path) -> str:
    ending = path.suffix.lower()
    with path.open("rb") as content:
        if ending == ".pdf":
            found = extraction.read_file(content, ending)
        else:
            found = child.answer("read", ending, content, set())
    return found["outcome"] + ("+" if found["notes"] else "")


@pytest.mark.skipif(not FOLDER.exists(), reason=f"the documents are not at {FOLDER}")
def test_documents_become_what_is_expected_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading.shutil, "which", lambda _: None)
    monkeypatch.setenv("PATH", "/nowhere")  # no Tesseract in the processes either
    counts: Counter[tuple[str, str]] = Counter()
    wrong = []
    for number, row in enumerate(rows()):
        path = FOLDER / row["file"]
        if path.suffix.lower() == ".pdf" and number % EACH:
            continue
        outcome = read(path)
        expected = next(words for words in EXPECTED if row["expected"].startswith(words))
        counts[(expected, outcome)] += 1
        fits = outcome in EXPECTED[expected] or (path.name in HARMLESS and outcome == "read")
        if outcome == "not_read" and expected in ("extract_ok", "parse_ok") and path.suffix.lower() not in OLD_KINDS:
            fits = False
        if not fits:
            wrong.append((row["file"], row["expected"], outcome))
    print("\n".join(f"{count:4} {expected}: {outcome}" for (expected, outcome), count in sorted(counts.items())))
    assert wrong == []
    assert sum(counts.values()) > 135


@pytest.mark.skipif(not FOLDER.exists(), reason=f"the documents are not at {FOLDER}")
@pytest.mark.parametrize("name", ["droste.zip", "test-zip-of-zip.zip", "testOpenOfficeInAZip.zip"])
def test_archives_within_archives_are_unpacked_within_bounds(name: str) -> None:
    """Under the name of an office file, since archives as such are not taken."""
    assert ".zip" not in attaching.ALLOWED
    with (FOLDER / "archives" / name).open("rb") as content:
        if name == "droste.zip":  # it holds itself, without end
            with pytest.raises(archives.Unsafe, match="archives within archives"):
                archives.office(content)
        else:
            assert archives.office(content)[0]


def test_a_sheet_of_a_million_empty_rows_is_read_or_given_up_in_bounds() -> None:
    sheet = b"<worksheet xmlns='http://schemas.openxmlformats.org/spreadsheetml/2006/main'><sheetData>%s</sheetData></worksheet>"
    stored = io.BytesIO()
    with zipfile.ZipFile(stored, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", sheet % (b"<row/>" * 1_048_576))
    parts, _ = archives.office(stored)
    assert parts["xl/worksheets/sheet1.xml"] > 6_000_000
