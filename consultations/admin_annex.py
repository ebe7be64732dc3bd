"""Paste a question annex: text in, a preview whose every row can be put right, questions in the draft."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.forms import BaseFormSet, formset_factory
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse

from accounts import record
from accounts.staff import StaffForm
from accounts.staff.forms import StaffRenderer, text_area, text_input
from consultations import annex, pasting
from consultations.models import Consultation, Deadline
from consultations.pasting import NewQuestion, NewSection
from notifications.refusal import Refusal

if TYPE_CHECKING:
    from accounts.staff import BaseAdmin

MOST_ROWS = 350  # more fields than a form may have
MOST_SECTIONS = 60


class AnnexForm(StaffForm):
    annex = forms.CharField(
        label="The annex",
        max_length=400_000,
        strip=False,
        widget=text_area(18),
        help_text="Paste the list of questions with its headings. Numbers are kept as printed. "
        "Nothing is saved before you have seen what was read.",
    )


class RowForm(forms.Form):
    default_renderer = StaffRenderer
    use_required_attribute = False


class SectionRow(RowForm):
    number = forms.CharField(label="Number", max_length=20, required=False, widget=text_input())
    title = forms.CharField(label="Title", max_length=300, required=False, widget=text_input())
    introduction = forms.CharField(label="Introduction", required=False, widget=text_area(2))
    deadline = forms.ModelChoiceField(
        Deadline.objects.none(),
        label="Closes with",
        required=False,
        empty_label="No closing date",
        widget=forms.Select(attrs={"class": "sa-input"}),
    )

    def __init__(self, *args: Any, deadlines: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice: Any = self.fields["deadline"]
        choice.queryset = deadlines
        if deadlines:
            choice.empty_label = "Not chosen yet"


class QuestionRow(RowForm):
    keep = forms.BooleanField(label="Keep", required=False, initial=True)
    section = forms.TypedChoiceField(label="Section", coerce=int, widget=forms.Select(attrs={"class": "sa-input"}))
    number = forms.CharField(label="Number", max_length=20, required=False, widget=text_input())
    text = forms.CharField(label="Text", required=False, widget=text_area(3))
    kind = forms.ChoiceField(
        label="Answer",
        choices=[(kind.value, kind.label) for kind in pasting.KINDS],
        widget=forms.Select(attrs={"class": "sa-input"}),
    )

    def __init__(self, *args: Any, sections: list[tuple[int, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["section"].choices = sections  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("keep") and not cleaned.get("text", "").strip() and "text" not in self.errors:
            self.add_error("text", "Write the question, or untick it.")
        return cleaned


class _Rows(BaseFormSet):  # type: ignore[type-arg]
    default_renderer = StaffRenderer
    renderer = StaffRenderer()


SectionRows = formset_factory(SectionRow, formset=_Rows, extra=0, max_num=MOST_SECTIONS, absolute_max=MOST_SECTIONS)
QuestionRows = formset_factory(QuestionRow, formset=_Rows, extra=0, max_num=MOST_ROWS, absolute_max=MOST_ROWS)


def page(admin: "BaseAdmin", request: HttpRequest, object_id: str) -> HttpResponse:
    """The text, then (POST `read`) the preview, then (POST `save`) the draft with its questions."""
    if not request.user.has_perm("consultations.add_question"):
        raise PermissionDenied
    paper = admin.get_object(request, object_id)
    if paper is None:
        return admin.say_missing(request, object_id)
    if paper.published_at is not None:
        messages.warning(request, "Questions are added to a draft.")
        return HttpResponseRedirect(admin.change_url(paper))
    if request.method == "POST" and "save" in request.POST:
        return _save(admin, request, paper)
    if request.method == "POST":
        return _read(admin, request, paper)
    return _show(admin, request, paper, form=AnnexForm())


def _read(admin: "BaseAdmin", request: HttpRequest, paper: Consultation) -> HttpResponse:
    form = AnnexForm(request.POST)
    if not form.is_valid():
        return _show(admin, request, paper, form=form, status=422)
    parsed = annex.parse(form.cleaned_data["annex"])
    asked = len(parsed.questions)
    if not asked:
        form.add_error("annex", " ".join(parsed.warnings) or "No question was found.")
    elif asked > MOST_ROWS or len(parsed.sections) > MOST_SECTIONS:
        form.add_error("annex", f"There are {asked} questions. Paste at most {MOST_ROWS} at a time.")
    if form.errors:
        return _show(admin, request, paper, form=form, status=422)
    sections, questions = _rows(paper, None, parsed)
    return _show(admin, request, paper, sections=sections, questions=questions, warnings=parsed.warnings)


def _rows(paper: Consultation, data: Any, parsed: annex.Annex | None = None) -> tuple[Any, Any]:
    """The two formsets, from what was read or from what was posted."""
    deadlines = Deadline.objects.filter(consultation=paper)
    only = deadlines.first() if deadlines.count() == 1 else None
    parts = parsed.sections if parsed else []
    first = [
        {"number": part.number[:20], "title": part.title[:300], "introduction": part.introduction, "deadline": only}
        for part in parts
    ]
    asked = [
        {"keep": True, "section": at, "number": each.number, "text": each.text, "kind": each.kind}
        for at, part in enumerate(parts)
        for each in part.questions
    ]
    sections = SectionRows(data, initial=first, prefix="s", form_kwargs={"deadlines": deadlines})
    named = [
        (at, str(form["title"].value() or form["number"].value() or at + 1)[:60]) for at, form in enumerate(sections)
    ]
    return sections, QuestionRows(data, initial=asked, prefix="q", form_kwargs={"sections": named})


def _save(admin: "BaseAdmin", request: HttpRequest, paper: Consultation) -> HttpResponse:
    sections, questions = _rows(paper, request.POST)
    if not (sections.is_valid() & questions.is_valid()) or _nameless(sections, questions):
        return _show(admin, request, paper, sections=sections, questions=questions, status=422)
    try:
        added = pasting.add_questions(
            consultation=paper, sections=_asked(sections, questions), by=record.by_request(request, "admin")
        )
    except Refusal as refusal:
        messages.error(request, refusal.message)
        return _show(admin, request, paper, sections=sections, questions=questions, status=refusal.status)
    messages.success(request, f"{added} question{'' if added == 1 else 's'} added.")
    return HttpResponseRedirect(admin.change_url(paper))


def _nameless(sections: Any, questions: Any) -> bool:
    """Some section that will be kept has neither number nor title; it is said there."""
    kept = {row["section"] for row in questions.cleaned_data if row.get("keep")}
    nameless = [
        form
        for at, form in enumerate(sections)
        if (at in kept or form.cleaned_data.get("introduction"))
        and not (form.cleaned_data.get("number") or form.cleaned_data.get("title"))
    ]
    for form in nameless:
        form.add_error("title", "Give the section a number or a title.")
    return bool(nameless)


def _asked(sections: Any, questions: Any) -> list[NewSection]:
    kept: dict[int, list[NewQuestion]] = {}
    for row in questions.cleaned_data:
        if row.get("keep"):
            question = NewQuestion(number=row["number"], text=row["text"], kind=row["kind"])
            kept.setdefault(row["section"], []).append(question)
    return [
        NewSection(**{**row, "questions": kept.get(at, [])})
        for at, row in enumerate(sections.cleaned_data)
        if kept.get(at) or row.get("introduction")
    ]


def _show(
    admin: "BaseAdmin", request: HttpRequest, paper: Consultation, *, status: int = 200, **more: Any
) -> HttpResponse:
    context = {
        **admin.admin_site.each_context(request),
        "opts": admin.opts,
        "original": paper,
        "title": f"Paste a question annex: {paper}",
        "back": admin.change_url(paper),
        **more,
    }
    if more.get("sections") is not None:
        context["wrong"] = sum(1 for form in [*more["sections"], *more["questions"]] if form.is_bound and form.errors)
    return TemplateResponse(request, "admin/consultations/consultation/paste.html", context, status=status)
