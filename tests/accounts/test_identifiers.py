import pytest
from django.core.exceptions import ValidationError
from hypothesis import assume, given
from hypothesis import strategies as st

from accounts.identifiers import (
    CODE_ALPHABET,
    compact,
    public_code,
    validate_company_number,
    validate_frn,
    validate_lei,
    validate_one_line,
)

BODIES = st.text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=18, max_size=18)


def number(characters: str) -> int:
    return int("".join(str(int(character, 36)) for character in characters))


def with_check_digits(body: str) -> str:
    """ISO 7064 MOD 97-10, reckoned from the standard and not from the code under test."""
    return f"{body}{98 - number(body + '00') % 97:02d}"


@given(BODIES)
def test_lei_with_its_check_digits_is_taken(body):
    validate_lei(with_check_digits(body))


@given(BODIES, st.integers(0, 17), st.sampled_from("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
def test_lei_with_one_character_mistyped_is_refused(body, position, typed):
    """A digit for a digit, a letter for a letter: for a letter in place of a digit the standard promises nothing."""
    lei = with_check_digits(body)
    assume(lei[position] != typed and lei[position].isdigit() == typed.isdigit())
    with pytest.raises(ValidationError):
        validate_lei(lei[:position] + typed + lei[position + 1 :])


@given(BODIES, st.integers(0, 99))
def test_lei_takes_one_pair_of_check_digits(body, digits):
    lei = with_check_digits(body)
    assume(lei[18:] != f"{digits:02d}")
    with pytest.raises(ValidationError):
        validate_lei(f"{body}{digits:02d}")


@given(BODIES, st.integers(0, 16))
def test_lei_with_two_neighbours_swapped_is_refused(body, position):
    """Of one sort: B1 and 1B are both reckoned as 111."""
    lei = with_check_digits(body)
    assume(lei[position].isdigit() == lei[position + 1].isdigit())
    swapped = lei[:position] + lei[position + 1] + lei[position] + lei[position + 2 :]
    assume(swapped != lei)
    with pytest.raises(ValidationError):
        validate_lei(swapped)


@pytest.mark.parametrize("lei", ["", "5493", "5493001kjtiigc8y1r12", "5493001KJTIIGC8Y1R1X", "5493001KJTIIGC8Y1R120"])
def test_lei_of_wrong_shape_is_refused(lei):
    with pytest.raises(ValidationError):
        validate_lei(lei)


@pytest.mark.parametrize("frn", ["122702", "1234567"])
def test_frn_of_six_or_seven_digits_is_taken(frn):
    validate_frn(frn)


@pytest.mark.parametrize("frn", ["12345", "12345678", "12345A", "１２３４５６"])
def test_frn_of_another_shape_is_refused(frn):
    with pytest.raises(ValidationError):
        validate_frn(frn)


@pytest.mark.parametrize("company", ["01234567", "SC123456"])
def test_company_number_is_taken(company):
    validate_company_number(company)


@pytest.mark.parametrize("company", ["1234567", "sc123456", "ABC12345", "0123456٧"])
def test_company_number_of_another_shape_is_refused(company):
    with pytest.raises(ValidationError):
        validate_company_number(company)


@pytest.mark.parametrize(
    "name", ["A\x0bB", "A\x0cReply-To: e@example.org", "A\nB", "A\x85B", "A\u2028B", "A\u202egnp.exe"]
)
def test_one_line_refuses_what_breaks_or_turns_a_line(name):
    with pytest.raises(ValidationError):
        validate_one_line(name)


def test_one_line_takes_names_of_all_scripts():
    for name in ("Zoë O’Brien-Łukasz", "株式会社デモ", "Démonstration & Fils (UK) plc"):
        validate_one_line(name)


def test_compact_takes_out_spaces_and_small_letters():
    assert compact(" 5493 001k jtii\t") == "5493001KJTII"


def test_public_code_has_ten_characters_of_its_alphabet():
    codes = {public_code() for _ in range(200)}
    assert len(codes) == 200
    assert {len(code) for code in codes} == {10}
    assert set("".join(codes)) <= set(CODE_ALPHABET)
