"""Reading a pasted annex: nothing lost, numbers as printed, doubts said."""

import re
import string
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consultations.annex import UNTITLED, Annex, ParsedQuestion, ParsedSection, parse, write

AGREE = "yes_no_partly"


def numbers(text):
    return [question.number for question in parse(text).questions]


def texts(text):
    return [question.text for question in parse(text).questions]


def headings(text):
    return [(section.number, section.title, len(section.questions)) for section in parse(text).sections]


# --- Marks of questions -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("line", "number"),
    [
        ("Q1: Do you agree?", "Q1"),
        ("Q1. Do you agree?", "Q1"),
        ("Q1 Do you agree?", "Q1"),
        ("Q.1 Do you agree?", "Q.1"),
        ("Q 1 – Do you agree?", "Q 1"),
        ("q1) Do you agree?", "q1"),
        ("Question 1. Do you agree?", "Question 1"),
        ("Question 1: Do you agree?", "Question 1"),
        ("QUESTION 1 Do you agree?", "QUESTION 1"),
        ("Q2.1: Do you agree?", "Q2.1"),
        ("Q12a: Do you agree?", "Q12a"),
        ("1. Do you agree?", "1"),
        ("1) Do you agree?", "1"),
        ("1: Do you agree?", "1"),
        ("2.1 Do you agree?", "2.1"),
        ("Q1:\u00a0Do\tyou   agree?", "Q1"),
        ("\u200bQ1: Do you agree?", "Q1"),
    ],
)
def test_a_question_is_known_by_its_mark_and_keeps_its_number_as_printed(line, number):
    (question,) = parse(line).questions
    assert question == ParsedQuestion(number=number, text="Do you agree?", kind=AGREE)


def test_a_number_on_a_line_of_its_own_belongs_to_what_follows():
    assert [(q.number, q.text) for q in parse("Q1\nDo you agree?\nQ2\nWhy?").questions] == [
        ("Q1", "Do you agree?"),
        ("Q2", "Why?"),
    ]
    assert numbers("1\nDo you agree?\n2\nWhy?\n3\nHow?") == ["1", "2", "3"]


def test_wrapped_lines_are_joined():
    assert texts("Q1: Do you agree with our\nproposal to apply cross-\nborder rules?\nQ2: Why?") == [
        "Do you agree with our proposal to apply cross-border rules?",
        "Why?",
    ]


def test_a_line_that_speaks_of_a_question_is_none():
    assert texts("Q1: In the light of\nQuestion 4 asks whether you agree.\nQ2: Why?") == [
        "In the light of Question 4 asks whether you agree.",
        "Why?",
    ]


def test_sub_items_stay_with_their_question_on_lines_of_their_own():
    text = "Q1: What are the costs of\n(a) segregation;\n(b) reconciliation\nof records; or\n• both?"
    assert texts(text) == ["What are the costs of\n(a) segregation;\n(b) reconciliation of records; or\n• both?"]


def test_smart_quotes_and_dashes_are_kept():
    assert texts("Q1: Is “custody” – as the firm’s duty – clear?") == ["Is “custody” – as the firm’s duty – clear?"]


def test_questions_without_numbers_end_with_a_question_mark():
    assert [(q.number, q.text) for q in parse("What do you think?\n\n• How much would it cost?").questions] == [
        ("", "What do you think?"),
        ("", "How much would it cost?"),
    ]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Do you agree with this?", AGREE),
        ("do you support it?", AGREE),
        ("What do you think?", "text"),
        ("Please say whether you agree.", "text"),
        ("Do you have comments?", "text"),
    ],
)
def test_a_kind_is_suggested(text, kind):
    assert parse(f"Q1: {text}").questions[0].kind == kind


# --- Headings ---------------------------------------------------------------------------------------------------------
def test_lettered_headings_between_numbered_questions_start_sections():
    text = "A. Definitions\n\n1. What is X?\n2. What is Y?\n\nB. Costs and benefits\n\n3. What would it cost?"
    assert headings(text) == [("A", "Definitions", 2), ("B", "Costs and benefits", 1)]
    assert texts(text) == ["What is X?", "What is Y?", "What would it cost?"]


@pytest.mark.parametrize("between", ["\n", "\n\n"])
def test_lettered_answers_stay_with_their_question(between):
    text = between.join(["Q1: Which one?", "A. The first", "B. The second", "Q2: Why?"])
    assert texts(text) == ["Which one?\nA. The first\nB. The second", "Why?"]


def test_lettered_line_that_may_be_a_heading_is_said():
    read = parse("1. What is X?\n\nB. Costs\n\nHere we ask about costs.\n\n2. What would it cost?")
    assert "Line 3: “B. Costs” was kept with 1. Check that it belongs." in read.warnings


def test_word_parted_at_the_end_of_a_line_is_said():
    """Whether the hyphen is the word's own cannot be known."""
    assert parse("Q1: Is it propor-\ntionate?").warnings == [
        "Line 2: “propor-tionate” was parted at the end of a line. Check its hyphen."
    ]


@pytest.mark.parametrize(
    ("line", "number", "title"),
    [
        ("Chapter 3: Custody", "Chapter 3", "Custody"),
        ("Chapter 3 – Custody", "Chapter 3", "Custody"),
        ("Chapter 3 Custody", "Chapter 3", "Custody"),
        ("Chapter 3\nCustody of cryptoassets", "Chapter 3", "Custody of cryptoassets"),
        ("Chapter 3", "Chapter 3", ""),
        ("CHAPTER 3", "CHAPTER 3", ""),
        ("Annex 1", "Annex 1", ""),
        ("Annex B: List of questions", "Annex B", "List of questions"),
        ("Part IV Prudential", "Part IV", "Prudential"),
        ("STAKING AND LENDING", "", "STAKING AND LENDING"),
        ("Stablecoin issuance", "", "Stablecoin issuance"),
    ],
)
def test_a_heading_starts_a_section(line, number, title):
    assert headings(f"{line}\n\nQ1: Do you agree?\nQ2: Why?") == [(number, title, 2)]


def test_what_stands_before_any_heading_goes_into_a_section_of_its_own():
    assert headings("Q1: Why?\n\nChapter 2: Custody\nQ2: How?") == [("", UNTITLED, 1), ("Chapter 2", "Custody", 1)]


def test_prose_before_the_questions_is_the_introduction():
    (section,) = parse("Chapter 1: Scope\nWe propose to apply the rules\nto all firms.\nQ1: Why?").sections
    assert section.introduction == "We propose to apply the rules to all firms."


def test_a_sentence_about_a_chapter_is_no_heading():
    text = "Q1: Do you agree?\nChapter 3 sets out our proposals.\nQ2: Why?"
    assert headings(text) == [("", UNTITLED, 2)]


def test_a_wrapped_line_in_capitals_is_no_heading():
    assert headings("Q1: Is it right under the\nFSMA 2000 ORDER\nas it stands?\nQ2: Why?") == [("", UNTITLED, 2)]


# --- Noise and doubts -------------------------------------------------------------------------------------------------
def test_page_numbers_and_what_is_printed_around_them_go_with_a_notice():
    pages = "".join(
        f"Q{n}: Do you agree with proposal {n}?\nFinancial Conduct Authority\n{n + 50}\fCP99/1 Annex\n"
        for n in range(1, 6)
    )
    annex = parse(pages)
    assert numbers(pages) == ["Q1", "Q2", "Q3", "Q4", "Q5"]
    assert texts(pages)[0] == "Do you agree with proposal 1?"
    assert "Financial Conduct Authority" in annex.warnings[0]


@pytest.mark.parametrize("line", ["57", "Page 57", "Page 57 of 90", "57 of 90", "- 57 -", "— 57 —"])
def test_a_page_number_within_a_question_is_left_out(line):
    assert texts(f"Q1: Do you agree with\n{line}\nthe proposal?\nQ2: Why?") == [
        "Do you agree with the proposal?",
        "Why?",
    ]


def test_a_line_that_only_repeats_is_kept():
    text = "".join(f"Q{n}: Do you agree?\nPlease explain your answer.\n" for n in range(1, 6))
    assert set(texts(text)) == {"Do you agree? Please explain your answer."}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Q1: A?\nQ2: B?\nQ4: C?", "Nothing is numbered 3"),
        ("Q1: A?\nQ5: C?", "Nothing is numbered 2 to 4"),
        ("Q1: A?\nQ1: B?", "Q1 appears more than once"),
        ("Q2: A?\nQ1: B?", "Q1 comes after 2"),
        ("Q1: A?\nQ2: B?\n\nCHAPTER TWO\nQ1: C?\nQ2: D?", "Numbering starts again in “CHAPTER TWO”"),
        ("Q1:\nQ2: B?", "Q1 has no text"),
        ("Only prose here.", "No question was found"),
        ("Q1: A?\n\nWe think so.\nQ2: B?", "was kept with Q1"),
    ],
)
def test_a_doubt_is_said(text, words):
    assert any(words in warning for warning in parse(text).warnings), parse(text).warnings


def test_good_numbering_raises_no_doubt():
    assert parse("Chapter 1: A\nQ1: A?\nQ2: B?\n\nChapter 2: B\nQ3: C?").warnings == []
    assert parse("Q2.1: A?\nQ2.2: B?\nQ3.1: C?").warnings == []


def test_nothing_at_all_is_nothing():
    assert parse("") == parse(" \n\t\n") == Annex(sections=[], warnings=[])


def test_211_questions_take_no_time():
    text = "\n".join(f"{n}. Do you agree with item {n},\nwhich goes over two lines?" for n in range(1, 212))
    started = time.perf_counter()
    annex = parse(text)
    assert time.perf_counter() - started < 1
    assert [question.number for question in annex.questions] == [str(n) for n in range(1, 212)]
    assert annex.warnings == []


# --- Whatever is pasted -----------------------------------------------------------------------------------------------
WORD = re.compile(r"[^\W_]+")
LINES = st.one_of(
    st.text(string.ascii_letters + string.digits + " .?!:;()-–“”'\t\u00a0", max_size=60),
    st.builds("Q{}: {}".format, st.integers(1, 300), st.text(string.ascii_letters + " ?", max_size=40)),
    st.builds("{}. {}".format, st.integers(1, 300), st.text(string.ascii_letters + " ?", max_size=40)),
    st.builds("({}) {}".format, st.sampled_from("abcxi"), st.text(string.ascii_letters + " ", max_size=20)),
    st.sampled_from(
        ["", "", "Chapter 2: Custody", "Chapter 3", "CAPITALS HERE", "Annex A", "Question 7", "Q", "•", "-"]
    ),
)


@settings(deadline=None)
@given(st.text(max_size=400))
def test_it_never_raises(text):
    parse(text)


@settings(deadline=None)
@given(st.lists(LINES, max_size=25).map("\n".join))
def test_no_word_is_lost(text):
    """Every word comes out, but numbers, which may be page numbers, and marks without a text, which are warned of."""
    annex = parse(text)
    out = write(annex) + " ".join(annex.warnings)
    lost = [word for word in WORD.findall(text) if not word.isdigit() and word not in out]
    assert not lost, (lost, annex)


SENTENCE = st.lists(
    st.sampled_from(["firms", "hold", "assets", "on", "trust", "for", "clients", "under", "rules"]),
    min_size=2,
    max_size=12,
)
QUESTION = SENTENCE.map(lambda words: "How should " + " ".join(words) + "?")


@st.composite
def annexes(draw):
    sections, number = [], 0
    for chapter in range(1, draw(st.integers(1, 4)) + 1):
        questions = []
        for _ in range(draw(st.integers(1, 5))):
            number += 1
            questions.append(ParsedQuestion(number=f"Q{number}", text=draw(QUESTION)))
        title = draw(st.sampled_from(["Custody", "Prudential rules", ""]))
        prose = draw(st.one_of(st.just(""), SENTENCE.map(lambda words: "We propose that " + " ".join(words) + ".")))
        sections.append(
            ParsedSection(number=f"Chapter {chapter}", title=title, introduction=prose, questions=questions)
        )
    return Annex(sections=sections, warnings=[])


@settings(deadline=None)
@given(annexes())
def test_what_is_written_reads_back_the_same(annex):
    assert parse(write(annex)) == annex
