"""The forms of the firm's pages. They give shape and keep what was typed; what may be saved is the flows' to say."""

import json
import re
from dataclasses import replace
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.http import QueryDict
from django.utils.html import format_html, format_html_join, linebreaks
from django.utils.safestring import SafeString

from accounts.models import Organisation
from consultations.models import Question, QuestionCorrection, QuestionKind, Wording
from notifications.message import shortened
from notifications.refusal import Refusal, Stale
from responses.differences import marked
from responses.drafting import Given, StaleAnswer
from responses.merging import merge, merge_choice
from responses.models import Answer, AnswerVersion, FoiPosition, How, NameConsent, TextConsent
from responses.progress import Item

CHOOSING = {QuestionKind.YES_NO_PARTLY, QuestionKind.SINGLE, QuestionKind.MULTIPLE}
SHORT = 60  # characters of a question that has no number, where a sentence or a list names it
NO_VERSION = 999_999_999  # stands for one that is no number: nothing was ever written against it


class AnswerForm(forms.Form):
    """One question's answer, its fields named after the question's code.

    The fields check nothing (`forms.Field`): the flow refuses, and `refuse` shows its words at the right one.
    """

    conflict: "Conflict | None" = None
    corrections: list[QuestionCorrection]
    gate: Question | None = None  # the earlier question whose answer calls for this one
    gate_is_here: bool = False  # in the same section
    hint: SafeString = SafeString()

    def __init__(self, item: Item, data: QueryDict | None = None, files: Any = None) -> None:
        self.item, self.question = item, item.question
        answer = item.answer
        self.typed = data if data is not None else QueryDict(mutable=True)
        super().__init__(data, files, prefix=self.question.code, initial=_initial(item), use_required_attribute=False)
        kind, label, hint = self.question.kind, _label(self.question), SafeString()
        if kind in CHOOSING:
            widget: type[forms.RadioSelect | forms.CheckboxSelectMultiple] = (
                forms.CheckboxSelectMultiple if kind == QuestionKind.MULTIPLE else forms.RadioSelect
            )
            choices = [(choice, choice) for choice in self.question.choices]
            if answer and answer.selected and kind != QuestionKind.MULTIPLE:
                choices.append(("", "No answer"))
            self.fields["selected"] = forms.Field(
                label=label, help_text=hint, required=False, widget=widget(choices=choices)
            )
        if kind == QuestionKind.YES_NO_PARTLY:
            label = format_html("Your comments{}", _aside(self.question))
        if kind in (QuestionKind.TEXT, QuestionKind.YES_NO_PARTLY):
            self.fields["text"] = forms.Field(
                label=label, help_text=hint, required=False, widget=_textarea(self.question)
            )
        if kind == QuestionKind.NUMBER:
            number = forms.TextInput(attrs={"inputmode": "decimal", "class": "govuk-input--width-10"})
            self.fields["number"] = forms.Field(label=label, help_text=hint, required=False, widget=number)
        if kind == QuestionKind.FILE:
            self.fields["file"] = forms.Field(label=label, help_text=hint, required=False, widget=forms.FileInput())
        else:
            hidden = forms.HiddenInput(attrs={"autocomplete": "off"})
            self.fields["version"] = forms.Field(required=False, widget=hidden, initial=answer.version if answer else 0)

    def surround(
        self, *, gate: Question | None, is_here: bool, is_asked: bool, corrections: list[QuestionCorrection]
    ) -> None:
        """What the page says around the question, and on which earlier answer it depends."""
        self.gate, self.gate_is_here, self.corrections = gate, is_here, corrections
        self.hint = _hint(self.question, None if is_asked else gate, is_here=is_here)
        self.fields[self.main].help_text = self.hint

    @property
    def main(self) -> str:
        """The name of the field that an answer of this kind cannot do without."""
        return next(iter(self.fields))

    @property
    def gate_values(self) -> str:
        """The answers to the earlier question that call for this one, as conditions.js reads them."""
        return json.dumps([self.question.shown_if_answer])

    @property
    def was_sent(self) -> bool:
        return self.add_prefix("version") in self.typed

    def given(self) -> Given:
        return Given(
            question=self.question,
            text=self.typed.get(self.add_prefix("text"), ""),
            selected=tuple(filter(None, self.typed.getlist(self.add_prefix("selected")))),
            number=self.typed.get(self.add_prefix("number"), ""),
            version=version_in(self.typed.get(self.add_prefix("version"), "")),
            how=How.MERGED if self.add_prefix("base") in self.typed else How.TYPED,
        )

    @property
    def base_version(self) -> int:
        """The version that this writer had started from, before a conflict."""
        return version_in(self.typed.get(self.add_prefix("base"), ""))

    def given_file(self) -> "UploadedFile[bytes] | None":
        return self.files.get(self.add_prefix("file")) if self.files else None

    def stand(self, version: int) -> None:
        """From now on the page is written against this version of the answer."""
        self.typed[self.add_prefix("version")] = str(version)

    def refuse(self, refusal: Refusal) -> None:
        """Show why it was not saved. Of two writers' texts both are shown, and the field holds them put together where
        they fit, otherwise this writer's own. Saving again is to choose what is in the field."""
        if isinstance(refusal, StaleAnswer):
            self.conflict = Conflict(theirs=refusal.current, mine=self.given(), base=refusal.base)
            if self.conflict.is_clean:
                self._fill(self.conflict.merged)
            self.stand(refusal.current.version)
        elif isinstance(refusal, Stale):
            self.stand(0)  # written against a version that never was
        self.add_error(self.main, refusal.message)

    def put(self, which: str, theirs: Answer, base: AnswerVersion | None) -> None:
        """Into the field: "mine", "theirs" or "both", as the page of a conflict offers. Nothing is saved by it."""
        mine = replace(self.given(), text=self.typed.get(self.add_prefix("mine"), ""))
        self.conflict = Conflict(theirs=theirs, mine=mine, base=base)
        texts = {"mine": mine.text, "theirs": theirs.text, "both": self.conflict.merged.text}
        self.typed[self.add_prefix("text")] = texts.get(which, mine.text)
        self.stand(theirs.version)

    def _fill(self, given: Given) -> None:
        self.typed[self.add_prefix("text")] = given.text
        self.typed.setlist(self.add_prefix("selected"), list(given.selected))
        self.typed[self.add_prefix("number")] = given.number


class Conflict:
    """Two answers to one question, as they are shown side by side, and put together as far as they fit.

    `base` is what both had started from. `is_clean`: no word was changed by both; otherwise `merged` holds both
    wordings where they collide.
    """

    def __init__(self, *, theirs: Answer, mine: Given, base: AnswerVersion | None) -> None:
        self.theirs, self.mine, self.base = theirs, mine, base
        self.their_text, self.my_text = marked(theirs.text, mine.text)
        self.their_choice = ", ".join(theirs.selected) or plain_number(theirs)
        self.my_choice = ", ".join(mine.selected) or mine.number
        text = merge(base.text if base else "", _lines(mine.text), theirs.text)
        chosen, is_one_choice = merge_choice(base.selected if base else [], mine.selected, theirs.selected)
        numbers = [[given] if given else [] for given in (plain_number(base), mine.number, plain_number(theirs))]
        number, is_one_number = merge_choice(*numbers)
        self.is_clean = text.is_clean and is_one_choice and is_one_number
        self.merged = replace(mine, text=text.text, selected=tuple(chosen), number="".join(number))
        self.texts_differ = bool(theirs.text.strip()) and _lines(mine.text) != theirs.text


def _lines(text: str) -> str:
    """Line ends as they are stored."""
    return text.replace("\r\n", "\n")


def plain_number(answer: Answer | AnswerVersion | None) -> str:
    """1250, not 1250.000000."""
    return f"{answer.number.normalize():f}" if answer and answer.number is not None else ""


def _initial(item: Item) -> dict[str, Any]:
    answer = item.answer
    if answer is None:
        return {}
    chosen: Any = answer.selected
    if item.question.kind != QuestionKind.MULTIPLE:
        chosen = answer.selected[0] if answer.selected else None
    return {"text": answer.text, "selected": chosen, "number": plain_number(answer)}


def version_in(typed: str) -> int:
    return int(typed) if re.fullmatch(r"[0-9]{1,9}", typed) else NO_VERSION


def name_of(question: Question) -> str:
    """How sentences speak of it: "question 2.1"."""
    number = question.number
    return f"question {number}" if number[:1].isdigit() else number or f"“{shortened(question.text, SHORT)}”"


def _label(question: Question) -> SafeString:
    name = name_of(question) if question.number else "Question"
    return format_html(
        '<span class="so-question__number">{}{}</span> <span class="so-breaks">{}</span>',
        name[:1].upper() + name[1:], ", must be answered" if question.required else "", question.text,
    )  # fmt: skip


def _aside(question: Question) -> SafeString:
    """Whose comments: several questions of a page have a field with this label."""
    return format_html('<span class="govuk-visually-hidden"> on {}</span>', name_of(question))


def _hint(question: Question, gate: Question | None, *, is_here: bool) -> SafeString:
    """Whose words they are, when to answer, and the guidance: read out with the field."""
    notes = ["Soundings’ own prompt, not the paper’s wording."] if question.wording == Wording.SOUNDINGS else []
    if gate:
        where = "" if is_here else f" in {gate.section}"
        notes.append(f"Answer only if you answered “{question.shown_if_answer}” to {name_of(gate)}{where}.")
    guidance = SafeString(linebreaks(question.guidance, autoescape=True)) if question.guidance else SafeString()
    return format_html_join(" ", "<span>{}</span>", ((note,) for note in notes)) + guidance


def _textarea(question: Question) -> forms.Textarea:
    limit = question.word_limit
    is_aside = question.kind == QuestionKind.YES_NO_PARTLY
    rows = 6 if is_aside or (limit and limit <= 150) else 10
    return forms.Textarea(attrs={"rows": rows, **({"data-maxwords": limit} if limit else {})})


def _radios(choices: list[tuple[str, str]], label: str, help_text: str) -> forms.Field:
    return forms.Field(label=label, help_text=help_text, required=False, widget=forms.RadioSelect(choices=choices))


def _reason(label: str, help_text: str) -> forms.Field:
    return forms.Field(label=label, help_text=help_text, required=False, widget=forms.Textarea(attrs={"rows": 4}))


class ConsentsForm(forms.Form):
    text_consent = _radios(
        TextConsent.choices,
        "May the text of your response be published?",
        "The body may publish what you wrote, and quote it in its feedback.",
    )
    name_consent = _radios(
        NameConsent.choices,
        "May your organisation’s name be listed?",
        "Bodies often publish a list of who responded. This is apart from the text.",
    )
    foi_position = _radios(
        FoiPosition.choices,
        "What if somebody asks for your response under freedom of information law?",
        "The body decides under the law that binds it. It will know what you ask for here.",
    )
    foi_reason = _reason(
        "Why should it be treated as confidential?",
        "Needed only where you ask for that. Say which parts, and what harm disclosure would do.",
    )


class FormUploadForm(forms.Form):
    """A Word form or spreadsheet of ours that comes back."""

    file = forms.FileField(label="The form that you have written in", required=False, allow_empty_file=True)


class UploadForm(forms.Form):
    """One file, for the whole response or for one of the questions that take files."""

    about = forms.ChoiceField(label="What is it for?", required=False)
    file = forms.FileField(label="File", required=False, allow_empty_file=True)

    def __init__(self, questions: list[Question], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.questions = {question.code: question for question in questions}
        choices = [("", "The whole response")]
        for question in questions:
            words = shortened(question.text, SHORT)
            name = name_of(question)
            choices.append((question.code, f"{name[:1].upper()}{name[1:]}: {words}" if question.number else words))
        about = self.fields["about"]
        about.choices = choices  # type: ignore[attr-defined]
        if not questions:
            about.widget = forms.HiddenInput()


class WithdrawForm(forms.Form):
    reason = _reason(
        "Why do you withdraw it?",
        "The reason is kept with the response, and goes by e-mail to those of you who draft or submit. Whoever works "
        "on the consultation can read it.",
    )


class NoteForm(forms.Form):
    mark_optional = True

    note = forms.CharField(label="Note", required=False, widget=forms.Textarea(attrs={"rows": 3}), max_length=2_000)


class CommentForm(forms.Form):
    text = forms.CharField(label="Comment", required=False, widget=forms.Textarea(attrs={"rows": 4}))


class StartForm(forms.Form):
    organisation = forms.ChoiceField(
        label="Who is the response from?", widget=forms.RadioSelect,
        error_messages={"required": "Choose the organisation that responds."},
    )  # fmt: skip

    def __init__(self, organisations: list[Organisation], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["organisation"].choices = [  # type: ignore[attr-defined]
            (organisation.code, organisation.name) for organisation in organisations
        ]


class CompareForm(forms.Form):
    """Two versions of one answer. Sent by GET: what is no version is as if it had not been asked for."""

    one = forms.ChoiceField(label="This version")
    other = forms.ChoiceField(label="With this version")

    def __init__(self, rows: list[AnswerVersion], chosen: dict[str, str]) -> None:
        super().__init__(initial=chosen)
        for name in ("one", "other"):
            self.fields[name].choices = [(str(row.ordinal), f"{row.ordinal}, {row.by or 'left'}") for row in rows]  # type: ignore[attr-defined]
