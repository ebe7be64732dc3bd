"""The forms of collecting input: what the body asks, whom it lists, and what a member writes."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.forms.boundfield import BoundField
from django.http import QueryDict
from django.utils.html import format_html

from accounts.models import Organisation
from consultations import civil
from consultations.closing import happens_twice
from consultations.models import Question
from notifications.refusal import Refusal
from responses.collecting import MOST_NOTE, Wanted
from responses.collection_models import Naming
from responses.contributing import Text
from responses.forms import name_of, version_in
from responses.models import Collection, Contribution, ContributionAnswer

DAYS = ["%Y-%m-%d", "%d/%m/%Y", "%d.%m.%Y", "%d %m %Y", "%d %B %Y", "%d %b %Y"]
TIMES = ["%H:%M", "%H.%M", "%I:%M%p", "%I%p"]
WHICH = [("", "Does not apply"), (civil.EARLIER, "The earlier"), (civil.LATER, "The later")]
ANOTHER = "another"


class CollectionForm(forms.Form):
    """Title, note, closing moment in a civil zone, and the questions; all that are open unless some are unticked."""

    mark_optional = True

    title = forms.CharField(
        label="Title", max_length=200, help_text="What members read first, such as the name of the consultation.",
        error_messages={"required": "Give it a title."},
    )  # fmt: skip
    note = forms.CharField(
        label="Note to members", required=False, max_length=MOST_NOTE,
        widget=forms.Textarea(attrs={"rows": 5}), help_text="What you want to know, and whom they may ask.",
    )  # fmt: skip
    day = forms.DateField(
        label="Last day for members", input_formats=DAYS, help_text="For example 27 3 2026.",
        error_messages={"required": "Enter the last day.", "invalid": "Enter a day, such as 27 3 2026."},
    )  # fmt: skip
    time = forms.TimeField(
        label="Time", input_formats=TIMES, initial="17:00", help_text="23:59 counts to the end of that minute.",
        widget=forms.TextInput(attrs={"class": "govuk-input--width-5"}),
        error_messages={"required": "Enter the time.", "invalid": "Enter a time, such as 17:00."},
    )  # fmt: skip
    zone = forms.ChoiceField(label="Time zone")
    which = forms.ChoiceField(
        label="Earlier or later", choices=WHICH, required=False,
        help_text="Only for a time that happens twice, in the night when the clocks go back.",
    )  # fmt: skip
    questions = forms.MultipleChoiceField(
        label="Questions", widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one question."},
    )  # fmt: skip

    def __init__(self, asked: list[Question], zone: str, data: QueryDict | None, initial: dict[str, Any]) -> None:
        super().__init__(data, initial=initial, use_required_attribute=False)
        self.asked = {question.code: question for question in asked}
        self.fields["questions"].choices = [(code, _short(row)) for code, row in self.asked.items()]  # type: ignore[attr-defined]
        self.fields["zone"].choices = civil.zone_choices(zone)  # type: ignore[attr-defined]
        self.fields["zone"].initial = zone
        self.fields["questions"].initial = list(self.asked)

    @classmethod
    def of(cls, collection: Collection, asked: list[Question], data: QueryDict | None) -> "CollectionForm":
        local = collection.closes_at.astimezone(ZoneInfo(collection.time_zone))
        initial = {
            "title": collection.title, "note": collection.note, "zone": collection.time_zone,
            "day": f"{local:%d %m %Y}", "time": f"{local:%H:%M}",
            "which": "" if not happens_twice(local) else civil.LATER if local.fold else civil.EARLIER,
            "questions": list(collection.questions.values_list("code", flat=True)),
        }  # fmt: skip
        return cls(asked, collection.time_zone, data, initial=initial)

    def wanted(self) -> Wanted:
        """Raises Refusal at the day or the time."""
        given = self.cleaned_data
        closes_at: datetime = civil.instant(
            day=given["day"], clock=given["time"], zone=given["zone"], which=given["which"], day_field="day",
            clock_field="time",
        )  # fmt: skip
        return Wanted(
            title=given["title"], note=given["note"], closes_at=closes_at, time_zone=given["zone"],
            questions=[self.asked[code] for code in given["questions"]],
        )  # fmt: skip


class InviteForm(forms.Form):
    emails = forms.CharField(
        label="E-mail addresses", widget=forms.Textarea(attrs={"rows": 4}), help_text="One on each line.",
        error_messages={"required": "Enter at least one e-mail address."},
    )  # fmt: skip


class MembersForm(forms.Form):
    """Ticked among those that gave input; those that asked not to be named are no choice."""

    ticked = forms.MultipleChoiceField(
        label="Members that gave input", required=False, widget=forms.CheckboxSelectMultiple,
        error_messages={"invalid_choice": "One of them asked not to be named, or withdrew its input. Tick again."},
    )  # fmt: skip
    typed = forms.CharField(
        label="Other members", required=False, widget=forms.Textarea(attrs={"rows": 10}),
        help_text="One name on each line, as it is to be filed.",
    )  # fmt: skip

    def __init__(self, contributors: list[Contribution], data: QueryDict | None, initial: dict[str, Any]) -> None:
        super().__init__(data, initial=initial, use_required_attribute=False)
        named = [row for row in contributors if row.latest and row.latest.naming == Naming.LIST]
        self.fields["ticked"].choices = [(row.code, row.name) for row in named]  # type: ignore[attr-defined]
        if not named:
            del self.fields["ticked"]

    def given(self) -> dict[str, list[str]]:
        return {
            "ticked": self.cleaned_data.get("ticked", []), "typed": self.cleaned_data["typed"].splitlines(),
        }  # fmt: skip


class CodeForm(forms.Form):
    sharing_code = forms.CharField(
        label="Code", max_length=100, widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text="30 letters and digits. Capitals, blanks and hyphens do not matter.",
        error_messages={"required": "Enter the code."},
    )  # fmt: skip


class JoinForm(forms.Form):
    """Whom the input is from: one of one's organisations, or a member that is named."""

    who = forms.ChoiceField(
        label="Who do you answer for?", widget=forms.RadioSelect,
        error_messages={"required": "Choose whom you answer for."},
    )  # fmt: skip
    name = forms.CharField(
        label="Name of the member", required=False, max_length=200,
        help_text="Only if you answer for a member that is not in the list.",
    )  # fmt: skip

    def __init__(self, organisations: list[Organisation], data: QueryDict | None) -> None:
        super().__init__(data, use_required_attribute=False)
        self.organisations = {row.code: row for row in organisations}
        choices = [(row.code, row.name) for row in organisations]
        self.fields["who"].choices = [*choices, (ANOTHER, "A member that I name")]  # type: ignore[attr-defined]
        if not organisations:
            self.fields["who"].widget = forms.HiddenInput()
            self.fields["who"].initial = ANOTHER
            self.fields["name"].help_text = "As your trade body knows it."

    def given(self) -> dict[str, Any]:
        return {"organisation": self.organisations.get(self.cleaned_data["who"]), "name": self.cleaned_data["name"]}


class InputForm(forms.Form):
    """A member's input: a text for each question, and whether the member may be named. What may be saved is the flow's
    to say (`forms.Field` checks nothing); `refuse` shows its words at the question."""

    def __init__(
        self, asked: list[Question], answers: dict[int, ContributionAnswer], naming: str, data: QueryDict | None = None
    ) -> None:
        self.asked, self.answers, self.typed = asked, answers, data.copy() if data is not None else None
        super().__init__(self.typed, use_required_attribute=False)
        self.stale: set[str] = set()
        for question in asked:
            stored = answers.get(question.pk)
            area = forms.Textarea(attrs={"rows": 6})
            self.fields[f"{question.code}-text"] = forms.Field(
                label=_label(question), help_text=_choices(question), required=False, widget=area,
                initial=stored.text if stored else "",
            )  # fmt: skip
            self.fields[f"{question.code}-version"] = forms.Field(
                required=False, widget=forms.HiddenInput(attrs={"autocomplete": "off"}),
                initial=stored.version if stored else 0,
            )  # fmt: skip
        self.fields["naming"] = forms.Field(
            label="May you be named as a member that the response speaks for?", required=False, initial=naming or None,
            widget=forms.RadioSelect(choices=Naming.choices),
            help_text="The names are filed with the response, and whoever works on the consultation reads them.",
        )  # fmt: skip

    def texts(self) -> list[Text]:
        """What was sent with the page; a question that was not on it is not touched."""
        typed = self.typed if self.typed is not None else QueryDict()
        return [
            Text(
                question=question, text=typed.get(f"{question.code}-text", ""),
                version=version_in(typed.get(f"{question.code}-version", "")),
            )
            for question in self.asked
            if f"{question.code}-text" in typed
        ]  # fmt: skip

    def rows(self) -> list[tuple[Question, BoundField, BoundField, ContributionAnswer | None]]:
        """Each question with its fields, and with what stands where somebody else was faster."""
        return [
            (
                question, self[f"{question.code}-text"], self[f"{question.code}-version"],
                self.answers.get(question.pk) if question.code in self.stale else None,
            )
            for question in self.asked
        ]  # fmt: skip

    def stand(self) -> None:
        """From now on the page is written against what is stored now, but that a refused text is not lost for it."""
        for question in self.asked:
            stored = self.answers.get(question.pk)
            if self.typed is not None:
                self.typed[f"{question.code}-version"] = str(stored.version if stored else 0)

    def refuse(self, code: str, refusal: Refusal) -> None:
        self.add_error(f"{code}-text", refusal.message)
        if refusal.code == "stale":
            self.stale.add(code)


def _short(question: Question) -> str:
    text = question.text if len(question.text) <= 100 else f"{question.text[:99]}…"
    return f"{question.number} {text}".strip()


def _label(question: Question) -> str:
    name = name_of(question) if question.number else "Question"
    return format_html(
        '<span class="so-question__number">{}</span> <span class="so-breaks">{}</span>',
        name[:1].upper() + name[1:], question.text,
    )  # fmt: skip


def _choices(question: Question) -> str:
    offered = ", ".join(question.choices)
    return format_html("The consultation offers: {}. Say which you would choose, and why.", offered) if offered else ""
