"""Public identifiers of organisations, checked for form; nothing here asks a register whether they exist."""

import re
import secrets
import unicodedata

from django.core.exceptions import ValidationError

# No vowels and no look-alikes, so that a code can be read out and never spells a word.
CODE_ALPHABET = "23456789BCDFGHJKMNPQRSTVWXZ"

REFUSED_CATEGORIES = frozenset({"Cc", "Zl", "Zp", "Cs"})
# They turn the text that follows around, so that a name can pretend to be another.
DIRECTION_MARKS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def public_code() -> str:
    """Ten characters, about 47 bits: for addresses of pages and references, never for secrets."""
    return "".join(secrets.choice(CODE_ALPHABET) for _ in range(10))


def compact(value: str) -> str:
    """An identifier as registers write it: people copy it with spaces and in small letters."""
    return "".join(value.split()).upper()


def validate_one_line(value: str) -> None:
    """A name goes into subjects of e-mails and lines of lists: no control characters, no line or direction marks."""
    if any(
        unicodedata.category(character) in REFUSED_CATEGORIES or character in DIRECTION_MARKS for character in value
    ):
        raise ValidationError("This contains characters that cannot be shown in one line. Type it again.")


def validate_lei(value: str) -> None:
    """A Legal Entity Identifier: 18 letters or digits and two check digits (ISO 17442, ISO 7064 MOD 97-10)."""
    if not re.fullmatch(r"[0-9A-Z]{18}[0-9]{2}", value):
        raise ValidationError("An LEI has 20 characters: 18 letters or digits, then two digits.")
    # The digits are reckoned as 98 minus a remainder, so 00, 01 and 99 never occur, though they leave the right rest.
    if value[18:] in ("00", "01", "99") or int("".join(str(int(character, 36)) for character in value)) % 97 != 1:
        raise ValidationError("The check digits of this LEI do not fit. Check it for a mistyped character.")


def validate_frn(value: str) -> None:
    """A Firm Reference Number on the Financial Services Register: six or seven digits."""
    if not re.fullmatch(r"[0-9]{6,7}", value):
        raise ValidationError("A Firm Reference Number has six or seven digits.")


def validate_company_number(value: str) -> None:
    """A Companies House number: eight characters, the first two letters or digits."""
    if not re.fullmatch(r"[A-Z0-9]{2}[0-9]{6}", value):
        raise ValidationError("A company number has eight characters, such as 01234567 or SC123456.")
