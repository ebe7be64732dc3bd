"""The parts of a paper: deadlines, sections, questions, documents, each on a page of its own.

They belong to a draft. Once the paper is scheduled or public they are read, and change by buttons alone.
"""

from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.db.models import Max
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString, mark_safe

from accounts.record import By
from accounts.staff import BaseAdmin, Button
from consultations import announcing, publishing, trying
from consultations.admin_forms import (
    CorrectForm,
    DeadlineForm,
    DocumentForm,
    ExtendForm,
    QuestionForm,
    SectionForm,
)
from consultations.closing import closing, moment, zone_of
from consultations.models import (
    Consultation,
    Deadline,
    Document,
    News,
    Question,
    QuestionCorrection,
    QuestionKind,
    Section,
)
from consultations.pasting import refuse_unless_draft
from notifications import clock

WITH_CHOICES = (QuestionKind.YES_NO_PARTLY, QuestionKind.SINGLE, QuestionKind.MULTIPLE)


class PartAdmin(BaseAdmin):
    """Always of one consultation: given in the address of "add", fixed afterwards."""

    show_add_link = False

    def get_model_perms(self, request: HttpRequest) -> dict[str, bool]:
        return {}  # not in the index: they are reached from their consultation

    def paper_of(self, obj: Any) -> Consultation:
        paper: Consultation = obj.consultation
        return paper

    def asked_paper(self, request: HttpRequest) -> Consultation | None:
        """The consultation that a part is being added to."""
        wanted = request.GET.get("consultation", "")
        if not (wanted.isdecimal() and len(wanted) < 19):
            return None
        return Consultation.objects.visible_to(request.user, clock.now()).filter(pk=int(wanted)).first()

    # --- when it may change ---
    def may_add_to(self, paper: Consultation) -> bool:
        return paper.published_at is None

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and (obj is None or self.paper_of(obj).published_at is None)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and (obj is None or self.paper_of(obj).published_at is None)

    def refuse_overtaken(self, paper: Consultation) -> None:
        """Under the paper's lock, so that it is not published between looking and saving."""
        refuse_unless_draft(Consultation.objects.select_for_update().get(pk=paper.pk))

    # --- pages ---
    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        if not self.has_view_or_change_permission(request):
            return super().changelist_view(request)
        return HttpResponseRedirect(reverse("admin:consultations_consultation_changelist"))

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        paper = self.asked_paper(request) if self.has_add_permission(request) else None
        if self.has_add_permission(request) and (paper is None or not self.may_add_to(paper)):
            self.message_user(request, "Parts are added to a draft, from its own page.", "warning")
            return HttpResponseRedirect(reverse("admin:consultations_consultation_changelist"))
        extra = {"title": f"Add {self.opts.verbose_name}", "subtitle": str(paper), "paper": paper}
        return super().add_view(request, form_url, {**extra, **(extra_context or {})})

    def change_view(self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None) -> Any:
        obj = self.get_object(request, unquote(object_id))
        extra = {"title": str(self.opts.verbose_name).capitalize(), "paper": self.paper_of(obj)} if obj else {}
        return super().change_view(request, object_id, form_url, {**extra, **(extra_context or {})})

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """The form class, with choices narrowed to what the paper has."""
        form: Any = super().get_form(request, obj, change=change, **kwargs)
        paper = self.paper_of(obj) if obj else self.asked_paper(request)
        if paper is not None:
            form.paper = paper
            self.narrow_choices(form, paper, obj)
        return form

    def narrow_choices(self, form: Any, paper: Consultation, obj: Any) -> None:
        """Set the choices of `form.base_fields` that depend on the paper."""

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        paper = self.asked_paper(request)
        return {"position": self.next_position(paper)} if paper else {}

    def next_position(self, paper: Consultation) -> int:
        last = self.model.objects.filter(consultation=paper).aggregate(last=Max("position"))["last"]
        return 0 if last is None else min(last + 1, 32_767)

    # --- saving ---
    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if change or not self.may_add_to(Consultation(published_at=clock.now())):
            self.refuse_overtaken(self.paper_of(obj))
        super().save_model(request, obj, form, change)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        self.refuse_overtaken(self.paper_of(obj))
        super().delete_model(request, obj)

    def called(self, obj: Any) -> str:
        return f"{obj}, {self.paper_of(obj)}"

    def back(self, obj: Any) -> tuple[str, str] | None:
        return str(self.paper_of(obj)), self.paper_url(obj)

    def paper_url(self, obj: Any) -> str:
        return reverse("admin:consultations_consultation_change", args=[self.paper_of(obj).pk])

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: Any = None) -> HttpResponse:
        answer = super().response_add(request, obj, post_url_continue)
        if "_addanother" in request.POST:
            return HttpResponseRedirect(request.get_full_path())
        return answer if "_continue" in request.POST else HttpResponseRedirect(self.paper_url(obj))

    def response_change(self, request: HttpRequest, obj: Any) -> HttpResponse:
        answer = super().response_change(request, obj)
        return answer if "_continue" in request.POST else HttpResponseRedirect(self.paper_url(obj))

    def response_delete(self, request: HttpRequest, obj_display: str, obj_id: Any) -> HttpResponse:
        super().response_delete(request, obj_display, obj_id)
        return HttpResponseRedirect(request.session.pop("staff_paper", None) or reverse("admin:index"))

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> Any:
        obj = self.get_object(request, unquote(object_id))
        if obj is not None and request.method == "POST":
            request.session["staff_paper"] = self.paper_url(obj)
        return super().delete_view(request, object_id, extra_context)

    def consultation_code(self, obj: Any) -> str:
        return self.paper_of(obj).code


def extend(deadline: Deadline, cleaned: dict[str, Any], by: By) -> str:
    change = publishing.extend_deadline(deadline=deadline, by=by, **cleaned)
    told = announcing.what_became(News.EXTENDED, change=change)
    return f"“{deadline}” now closes {closing(deadline)}. {told}"


@admin.register(Deadline)
class DeadlineAdmin(PartAdmin):
    form = DeadlineForm
    fields = ("label", "closes_on", "closes_time", "time_zone", "which", "note", "source", "position")
    buttons = (
        Button(
            path="extend", label="Extend", permission="consultations.extend_deadline", do=extend, form=ExtendForm,
            test=trying.extension,
            shown=lambda row: bool(row.closes_at) and row.consultation.is_public(clock.now())
            and not row.consultation.withdrawn_at,
            explain=lambda row: f"It closes {closing(row)}. It can only move later, and both moments are kept.\n"
            + announcing.audience_words(News.EXTENDED, [row.consultation]),
            after=lambda row: reverse("admin:consultations_consultation_change", args=[row.consultation_id]),
        ),
    )  # fmt: skip

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        paper = self.asked_paper(request)
        lead = paper.authorities.order_by("consultationauthority__position").first() if paper else None
        return {**super().get_changeform_initial_data(request), **({"time_zone": lead.time_zone} if lead else {})}

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is not None and not self.has_change_permission(request, obj):
            return ("label", "closes_words", "note", "source", "certainty", "version")
        return self.fields

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("closes_words",)

    @admin.display(description="closes")
    def closes_words(self, obj: Deadline) -> str:
        return closing(obj)


@admin.register(Section)
class SectionAdmin(PartAdmin):
    form = SectionForm
    fields = ("number", "title", "introduction", "deadline", "position")

    def narrow_choices(self, form: Any, paper: Consultation, obj: Any) -> None:
        if "deadline" in form.base_fields:
            deadlines = Deadline.objects.filter(consultation=paper)
            form.base_fields["deadline"].queryset = deadlines
            form.base_fields["deadline"].empty_label = "Not chosen yet" if deadlines else "No closing date"


def what_changed(row: QuestionCorrection) -> SafeString:
    pairs = (("It said", row.old_text, row.new_text), ("Its guidance said", row.old_guidance, row.new_guidance))
    said = [(label, was, became) for label, was, became in pairs if was != became]
    return format_html_join(mark_safe("<br>"), "{}: {}", ((label, was or "nothing") for label, was, _ in said))


def correct(question: Question, cleaned: dict[str, Any], by: By) -> str:
    publishing.correct_question(question=question, by=by, **cleaned)
    return "The correction is recorded and shown with the question."


@admin.register(Question)
class QuestionAdmin(PartAdmin):
    form = QuestionForm
    fieldsets = (
        (None, {"fields": ("section", "number", "text", "guidance", "kind", "options", "required", "word_limit")}),
        ("Whose words, and when it is asked", {"fields": ("wording", "shown_if", "shown_if_answer", "position")}),
    )
    buttons = (
        Button(
            path="correct", label="Correct", permission="consultations.correct_question", do=correct, form=CorrectForm,
            shown=lambda row: row.section.consultation.is_public(clock.now()),
            explain="What it said stays on record and is shown to everybody, with the reason.",
            after=lambda row: reverse("admin:consultations_consultation_change", args=[row.section.consultation_id]),
        ),
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("section__consultation")

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """What was corrected, where something was."""
        if obj is None or not obj.corrections.exists():
            return self.fieldsets
        return [*self.fieldsets, ("Corrections", {"fields": ("corrections_shown",)})]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("corrections_shown",)

    @admin.display(description="corrections")
    def corrections_shown(self, obj: Question) -> SafeString:
        zone = zone_of(self.paper_of(obj))
        rows = obj.corrections.select_related("corrected_by").order_by("-corrected_at", "-pk")
        return format_html_join(
            "", '<p class="sa-correction"><strong>{}</strong>, {}: {}<br>{}</p>',
            ((moment(row.corrected_at, zone), row.corrected_by or "Soundings", row.reason, what_changed(row))
             for row in rows),
        )  # fmt: skip

    def paper_of(self, obj: Any) -> Consultation:
        paper: Consultation = obj.section.consultation
        return paper

    def next_position(self, paper: Consultation) -> int:
        last = Question.objects.filter(section__consultation=paper).aggregate(last=Max("position"))["last"]
        return 0 if last is None else min(last + 1, 32_767)

    def narrow_choices(self, form: Any, paper: Consultation, obj: Any) -> None:
        if "section" not in form.base_fields:
            return
        sections = Section.objects.filter(consultation=paper)
        form.base_fields["section"].queryset = sections
        form.base_fields["section"].initial = sections.last()
        earlier = Question.objects.filter(section__consultation=paper, kind__in=WITH_CHOICES)
        form.base_fields["shown_if"].queryset = earlier.exclude(pk=obj.pk) if obj else earlier


@admin.register(Document)
class DocumentAdmin(PartAdmin):
    """An address where the document is. A published paper may gain documents; none is changed or taken away."""

    form = DocumentForm
    fields = ("title", "url", "position")

    def may_add_to(self, paper: Consultation) -> bool:
        return True
