"""Forms of the staff pages about consultations. A time is typed as the clock in its zone shows it."""

from datetime import time
from typing import Any

from django import forms

from accounts.models import User
from accounts.staff import StaffForm, StaffModelForm
from accounts.staff.forms import LinesField, text_area, text_input
from consultations import announcing, civil
from consultations.closing import HOME_ZONE, happens_twice, zone_words
from consultations.models import (
    Authority,
    Consultation,
    ConsultationAuthority,
    Deadline,
    Document,
    Question,
    QuestionKind,
    Section,
    Topic,
)
from notifications.refusal import Refusal

VIA = {"online_form_url": "online form", "email": "e-mail", "post": "post", "other": "other"}
WHICH = [("", "Does not apply"), (civil.EARLIER, "The earlier"), (civil.LATER, "The later")]
WHICH_HELP = "Only for a time that happens twice, in the night when the clocks go back."


def day_input() -> forms.DateInput:
    return forms.DateInput(format="%Y-%m-%d", attrs={"type": "date", "class": "sa-input sa-input--short"})


def time_input() -> forms.TimeInput:
    return forms.TimeInput(format="%H:%M", attrs={"type": "time", "class": "sa-input sa-input--short"})


def select(**attrs: Any) -> forms.Select:
    return forms.Select(attrs={"class": "sa-input", **attrs})


def ticks() -> forms.CheckboxSelectMultiple:
    return forms.CheckboxSelectMultiple(attrs={"class": "sa-ticks"})


def which_field() -> forms.ChoiceField:
    return forms.ChoiceField(
        label="Earlier or later", choices=WHICH, required=False, widget=select(), help_text=WHICH_HELP
    )


class ConsultationForm(StaffModelForm):
    """Also edits the bodies, in order, and how to respond elsewhere."""

    lead = forms.ModelChoiceField(
        Authority.objects.all(), label="Leading body", required=False, empty_label="Not chosen yet", widget=select()
    )
    joint = forms.ModelMultipleChoiceField(
        Authority.objects.all(), label="Jointly with", required=False, widget=ticks()
    )
    topics = forms.ModelMultipleChoiceField(Topic.objects.all(), label="Topics", required=False, widget=ticks())
    sources = LinesField(label="Sources", required=False, max_length_each=500, help_text="One address a line.")
    via_online_form_url = forms.URLField(
        label="Online form", required=False, max_length=500, assume_scheme="https", widget=text_input()
    )
    via_email = forms.CharField(label="E-mail", required=False, max_length=500, widget=text_input())
    via_post = forms.CharField(label="Post", required=False, max_length=500, widget=text_area(2))
    via_other = forms.CharField(label="Other", required=False, max_length=500, widget=text_area(2))

    owner = forms.ModelChoiceField(
        label="Owner", required=False, queryset=User.objects.filter(is_staff=True, is_active=True).order_by("email"),
        widget=select(), empty_label="Nobody: all who may publish are reminded",
        help_text="Who is reminded of the paper's dates.",
    )  # fmt: skip

    class Meta:
        model = Consultation
        fields = (
            "reference", "title", "kind", "topics", "summary", "body", "published_on", "published_on_text", "owner",
            "outcome_due_on", "takes_responses", "closing_unknown", "question_count", "confidentiality_note",
            "confidentiality_source", "docket_id", "rin", "fr_document_number", "fr_citation", "responses_received",
            "sources", "record_note",
        )  # fmt: skip
        widgets = {"published_on": day_input(), "outcome_due_on": day_input()}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            bodies = list(
                ConsultationAuthority.objects.filter(consultation=self.instance).values_list("authority", flat=True)
            )
            self.initial.update(lead=bodies[0] if bodies else None, joint=bodies[1:])
        via = self.instance.respond_via or {}
        self.initial.update({f"via_{key}": via.get(key, "") for key in VIA})

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        named = [cleaned.get(name, getattr(self.instance, name)) for name in ("reference", "title", "summary")]
        if not any(named) and not self.errors:
            self.add_error("title", "Give a title, a reference or a summary.")
        if cleaned.get("joint") and not cleaned.get("lead"):
            self.add_error("lead", "Say which of the bodies leads.")
        return cleaned

    def save(self, commit: bool = True) -> Any:
        if any(f"via_{key}" in self.cleaned_data for key in VIA):
            typed = {key: self.cleaned_data.get(f"via_{key}", "") for key in VIA}
            kept = {key: value for key, value in (self.instance.respond_via or {}).items() if key not in VIA}
            self.instance.respond_via = {**kept, **{key: value for key, value in typed.items() if value}}
        return super().save(commit)

    def save_bodies(self, consultation: Consultation) -> None:
        if "lead" not in self.cleaned_data:
            return
        lead = self.cleaned_data["lead"]
        bodies = ([lead] if lead else []) + [body for body in self.cleaned_data["joint"] if body != lead]
        ConsultationAuthority.objects.filter(consultation=consultation).exclude(authority__in=bodies).delete()
        for position, body in enumerate(bodies):
            ConsultationAuthority.objects.update_or_create(
                consultation=consultation, authority=body, defaults={"position": position}
            )


class PartForm(StaffModelForm):
    """A part of a paper. One that is being added knows its paper before it is checked: constraints ask for it."""

    paper: Consultation | None = None  # set by the admin, on a class made for the request

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.paper is not None and self.instance.pk is None and hasattr(type(self.instance), "consultation"):
            self.instance.consultation = self.paper

    def _get_validation_exclusions(self) -> set[str]:
        left_out: set[str] = super()._get_validation_exclusions()  # type: ignore[misc]
        return left_out - {"consultation"}


class SectionForm(PartForm):
    class Meta:
        model = Section
        fields = ("number", "title", "introduction", "deadline", "position")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.errors and not (cleaned.get("number") or cleaned.get("title")):
            self.add_error("title", "Give the section a number or a title.")
        return cleaned


class DocumentForm(PartForm):
    url = forms.URLField(label="Address", max_length=500, assume_scheme="https", widget=text_input())

    class Meta:
        model = Document
        fields = ("title", "url", "position")


class DeadlineForm(PartForm):
    closes_on = forms.DateField(
        label="Closes on", required=False, widget=day_input(), help_text="Empty: there is no closing date."
    )
    closes_time = forms.TimeField(
        label="Closes at",
        required=False,
        initial=time(23, 59),
        widget=time_input(),
        help_text="By the clock in the time zone below. 23:59 counts to the end of that minute.",
    )
    which = which_field()
    time_zone = forms.ChoiceField(label="Time zone", widget=select())

    class Meta:
        model = Deadline
        fields = ("label", "time_zone", "note", "source", "position")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        local = self.instance.closes_local
        if "time_zone" in self.fields:
            choices = civil.zone_choices(
                self.instance.time_zone, *Authority.objects.values_list("time_zone", flat=True)
            )
            self.fields["time_zone"].choices = choices  # type: ignore[attr-defined]
        if local:
            self.initial.update(closes_on=local.date(), closes_time=local.time().replace(second=0, microsecond=0))
            self.initial["which"] = civil.LATER if local.fold else civil.EARLIER if happens_twice(local) else ""

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if self.errors or "closes_on" not in cleaned:
            return cleaned
        namesakes = Deadline.objects.filter(consultation=self.instance.consultation, label=cleaned["label"])
        if namesakes.exclude(pk=self.instance.pk).exists():
            self.add_error("label", "This consultation has a deadline of this name already.")
        day, clock = cleaned["closes_on"], cleaned.get("closes_time")
        if day and clock is None:
            self.add_error("closes_time", "Enter the time of day at which it closes.")
        elif day:
            self._set_instant(cleaned)
        else:
            self.instance.closes_at = None
        return cleaned

    def _set_instant(self, cleaned: dict[str, Any]) -> None:
        try:
            self.instance.closes_at = civil.instant(
                day=cleaned["closes_on"], clock=cleaned["closes_time"], zone=cleaned["time_zone"],
                which=cleaned.get("which", ""), day_field="closes_on", clock_field="closes_time",
            )  # fmt: skip
        except Refusal as refusal:
            self.add_error("which" if refusal.code == "ambiguous" else refusal.field, refusal.message)


class QuestionForm(PartForm):
    options = LinesField(
        label="Options",
        required=False,
        help_text="For “one of several” and “any of several”: one a line, two at least.",
    )

    class Meta:
        model = Question
        fields = (
            "section", "number", "text", "guidance", "kind", "wording", "required", "word_limit", "options", "shown_if",
            "shown_if_answer", "position",
        )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if self.errors or "kind" not in cleaned:
            return cleaned
        options, earlier = cleaned.get("options", []), cleaned.get("shown_if")
        if cleaned["kind"] in (QuestionKind.SINGLE, QuestionKind.MULTIPLE) and len(options) < 2:
            self.add_error("options", "Give at least two options, one a line.")
        if len(set(options)) < len(options):
            self.add_error("options", "An option appears twice.")
        if earlier and cleaned.get("shown_if_answer") not in earlier.choices:
            said = "”, “".join(earlier.choices)
            self.add_error("shown_if_answer", f"Say which answer to the earlier question leads here: “{said}”.")
        if not earlier and cleaned.get("shown_if_answer"):
            self.add_error("shown_if", "Choose the earlier question that this answer is given to.")
        return cleaned


class AlertForm(StaffForm):
    """What causes an e-mail to the followers: staff may add a sentence to it."""

    note = forms.CharField(
        label="Add a note to the e-mail", required=False, max_length=announcing.NOTE_LENGTH, widget=text_input(),
        help_text="One line, shown in the e-mail as a note from the body. It stays on record.",
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.order_fields([*(name for name in self.fields if name != "note"), "note"])

    def clean(self) -> dict[str, Any]:
        note = announcing.checked(self.cleaned_data.get("note", ""))
        asked = super().clean()
        return {**asked, "note": note} if not self.errors else asked


class PublishOutcomeForm(AlertForm):
    title = "Publish"


class PublishForm(AlertForm):
    """Now, or at a moment by the clock of a zone."""

    title = "Publish"
    when = forms.ChoiceField(
        label="When does it become public?",
        choices=[("now", "Now"), ("later", "At a set moment")],
        initial="now",
        widget=forms.RadioSelect(attrs={"class": "sa-ticks"}),
    )
    on = forms.DateField(label="Date", required=False, widget=day_input())
    at = forms.TimeField(label="Time", required=False, widget=time_input())
    time_zone = forms.ChoiceField(label="Time zone", widget=select())
    which = which_field()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        bodies = list(
            self.obj.authorities.order_by("consultationauthority__position").values_list("time_zone", flat=True)
        )
        self.fields["time_zone"].choices = civil.zone_choices(*bodies)  # type: ignore[attr-defined]
        self.fields["time_zone"].initial = bodies[0] if bodies else HOME_ZONE

    def as_asked(self, cleaned: dict[str, Any]) -> dict[str, Any]:
        if cleaned["when"] == "now":
            if cleaned.get("on") or cleaned.get("at"):  # it was filled in, and the choice above it overlooked
                raise Refusal("You gave a date or a time. Choose “At a set moment”, or leave both empty.", field="when")
            return {"at": None}
        for field, words in (("on", "Enter the date."), ("at", "Enter the time of day.")):
            if cleaned.get(field) is None:
                raise Refusal(words, field=field)
        return {
            "at": civil.instant(
                day=cleaned["on"], clock=cleaned["at"], zone=cleaned["time_zone"], which=cleaned["which"],
                day_field="on", clock_field="at",
            )
        }  # fmt: skip


class ExtendForm(AlertForm):
    title = "Extend"
    closes_at = forms.DateField(label="New closing date", widget=day_input())
    closes_time = forms.TimeField(label="New closing time", widget=time_input())
    which = which_field()
    reason = forms.CharField(
        label="Reason", max_length=2000, widget=text_area(3), help_text="Everyone who reads the consultation sees it."
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        local = self.obj.closes_local
        zone = zone_words(self.obj.time_zone)
        self.fields["closes_time"].help_text = f"{zone}. 23:59 counts to the end of that minute."
        if local:
            self.fields["closes_time"].initial = local.time().replace(second=0, microsecond=0)

    def as_asked(self, cleaned: dict[str, Any]) -> dict[str, Any]:
        moment = civil.instant(
            day=cleaned["closes_at"], clock=cleaned["closes_time"], zone=self.obj.time_zone,
            which=cleaned["which"], day_field="closes_at", clock_field="closes_time",
        )  # fmt: skip
        return {"closes_at": moment, "reason": cleaned["reason"]}


class WithdrawForm(AlertForm):
    reason = forms.CharField(
        label="Reason", max_length=2000, widget=text_area(3), help_text="Everyone who reads the consultation sees it."
    )


class CorrectForm(StaffForm):
    title = "Correct"
    text = forms.CharField(label="Text", widget=text_area(5))
    guidance = forms.CharField(label="Guidance", required=False, widget=text_area(4))
    reason = forms.CharField(
        label="What was wrong",
        max_length=2000,
        widget=text_area(2),
        help_text="Everyone who reads the question sees it.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["text"].initial = self.obj.text
        self.fields["guidance"].initial = self.obj.guidance
