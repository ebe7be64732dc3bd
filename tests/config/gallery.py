"""A small site that shows every widget and every piece of the look: what the front-end tests open in a browser."""

from pathlib import Path

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template import engines
from django.urls import URLPattern, URLResolver, include, path

PAGES = Path(__file__).parent / "gallery_pages"
CHOICES = [("yes", "Yes"), ("no", "No"), ("partly", "Partly")]


class EveryWidget(forms.Form):
    name = forms.CharField(label="Name", help_text="As it should appear in the list of respondents.")
    email = forms.EmailField(label="E-mail address", widget=forms.EmailInput(attrs={"autocomplete": "email"}))
    password = forms.CharField(label="Password", widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}))
    number = forms.DecimalField(label="Firms in your group", help_text="Only those in the United Kingdom.")
    kind = forms.ChoiceField(
        label="Kind of organisation", choices=[("", "Choose one"), ("firm", "Firm"), ("trade", "Trade body")]
    )
    agree = forms.ChoiceField(
        label="Do you agree with the proposal?", choices=CHOICES, widget=forms.RadioSelect, help_text="Choose one."
    )
    topics = forms.MultipleChoiceField(
        label="Topics", choices=[("s", "Stablecoins"), ("c", "Custody")], widget=forms.CheckboxSelectMultiple
    )
    answer = forms.CharField(
        label="Why?", widget=forms.Textarea(attrs={"data-maxwords": 500}), help_text="Give evidence where you have it."
    )
    when = forms.SplitDateTimeField(label="When did it start?", help_text="For example 12/11/2025 and 09:30.")
    file = forms.FileField(label="Attachment")
    consent = forms.BooleanField(
        label="My response may be published", help_text="You can change this until the deadline."
    )
    secret = forms.CharField(widget=forms.HiddenInput, required=False)


STATUSES = [
    ("open", "Open"), ("part_closed", "Part closed"), ("closed", "Closed"), ("scheduled", "Scheduled"),
    ("outcome_published", "Outcome published"), ("withdrawn", "Withdrawn"), ("unknown", "Not known"),
]  # fmt: skip


class Filters(forms.Form):
    search = forms.CharField(label="Search", required=False, widget=forms.TextInput(attrs={"type": "search"}))
    status = forms.ChoiceField(label="Status", required=False, choices=[("", "Any"), ("open", "Open")])
    jurisdiction = forms.MultipleChoiceField(
        label="Where", required=False, choices=[("UK", "United Kingdom"), ("US", "United States")],
        widget=forms.CheckboxSelectMultiple(attrs={"class": "govuk-checkboxes--small"}),
    )  # fmt: skip


def page(request: HttpRequest, name: str, **context: object) -> HttpResponse:
    source = (PAGES / f"{name}.html").read_text()
    return HttpResponse(engines["django"].from_string(source).render(context, request))


def widgets(request: HttpRequest) -> HttpResponse:
    form = (
        EveryWidget(request.POST or None, request.FILES or None)
        if request.method != "POST"
        else EveryWidget(request.POST, request.FILES)
    )
    if form.is_bound and not form.is_valid():
        form.add_error(None, "Give at least one of the two.")
    return page(request, "widgets", form=form)


def listing(request: HttpRequest) -> HttpResponse:
    return page(request, "listing", filters=Filters(), statuses=STATUSES)


def reading(request: HttpRequest) -> HttpResponse:
    messages.success(request, "You now follow DEMO/1.")
    messages.error(request, "The file was not added: it is larger than 20 MB.")
    return page(request, "reading", rehearsal=True)


def answering(request: HttpRequest) -> HttpResponse:
    return page(request, "answering", form=EveryWidget())


REPLIES: list[tuple[int, dict[str, object]]] = []
SEEN: list[dict[str, list[str]]] = []


def autosave(request: HttpRequest) -> HttpResponse:
    """Answers as the test has laid down in REPLIES, and notes in SEEN what came."""
    SEEN.append({name: request.POST.getlist(name) for name in request.POST if name != "csrfmiddlewaretoken"})
    status, body = REPLIES.pop(0) if REPLIES else (200, {"saved_at": "10:31 UK time", "versions": {"agree-version": 2}})
    return JsonResponse(body, status=status)


ACCOUNTS = [path(f"{name}/", listing, name=name) for name in ("organisation", "tokens", "profile")]
urlpatterns: list[URLPattern | URLResolver] = [
    path("", include(([path("", listing, name="list"), path("alerts/", listing, name="following")], "consultations"))),
    path("responses/", include(([path("", listing, name="list")], "responses"))),
    path("", include((ACCOUNTS, "accounts"))),
    path("widgets/", widgets, name="widgets"),
    path("reading/", reading, name="reading"),
    path("answering/", answering, name="answering"),
    path("autosave/", autosave, name="autosave"),
    path("account/", include("allauth.urls")),
]
