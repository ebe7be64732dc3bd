"""A small site that shows every widget and every piece of the look: what the front-end tests open in a browser."""

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template import engines
from django.urls import URLPattern, URLResolver, include, path

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


WIDGETS = """{% extends "base.html" %}{% block title %}Every widget{% endblock %}
{% block before_main %}<a href="/" class="govuk-back-link">Back</a>{% endblock %}
{% block content %}{% include "soundings/error_summary.html" %}
<h1 class="govuk-heading-l">Every widget</h1>
<form method="post" enctype="multipart/form-data" novalidate class="so-form">{% csrf_token %}{{ form }}
<div class="so-actions"><button class="govuk-button" data-module="govuk-button">Save</button>
<a class="govuk-button govuk-button--secondary" href="/" role="button">Cancel</a></div></form>{% endblock %}"""

LISTING = """{% extends "base.html" %}{% block title %}Consultations{% endblock %}
{% block masthead %}<div class="so-masthead"><div class="govuk-width-container so-masthead__container">
<h1 class="so-masthead__title">Find a consultation, and be heard before it closes</h1>
<p class="so-masthead__text">What regulators in the United Kingdom and the United States are asking, until when, and what became of it.</p></div></div>{% endblock %}
{% block content %}<div class="so-listing">
<form class="so-filters" method="get" aria-label="Filter consultations"><h2 class="so-filters__title">Narrow the list</h2>{{ filters }}
<button class="govuk-button">Show results</button></form>
<div><div class="so-results__head"><p class="so-results__count">2 consultations</p></div>
<ul class="so-results">{% for status, words in statuses %}<li class="so-result"><p class="so-result__top">
<span class="so-status so-status--{{ status }}">{{ words }}</span><span>DEMO/{{ forloop.counter }} · Demonstration Authority</span></p>
<h2 class="so-result__title"><a class="govuk-link" href="/reading/">A demonstration paper on how cryptoasset firms should hold what belongs to clients</a></h2>
<p class="so-result__text">Asks whether the record-keeping rules for custody are proportionate, and what a small firm would need to meet them.</p>
<p class="so-result__foot"><span>Closes <strong>11:59pm on 12 November 2025, UK time</strong></span></p>
<ul class="so-chips"><li class="so-chip">Custody</li><li class="so-chip">Cryptoassets</li></ul></li>{% endfor %}</ul>
<nav class="govuk-pagination" aria-label="Pages"><div class="govuk-pagination__next"><a class="govuk-link govuk-pagination__link" href="/" rel="next"><span class="govuk-pagination__link-title">Next<span class="govuk-visually-hidden"> page</span></span></a></div></nav>
</div></div>{% endblock %}"""

READING = """{% extends "base.html" %}{% block title %}A demonstration paper{% endblock %}
{% block before_main %}<nav class="govuk-breadcrumbs" aria-label="Breadcrumb"><ol class="govuk-breadcrumbs__list"><li class="govuk-breadcrumbs__list-item"><a class="govuk-breadcrumbs__link" href="/">Consultations</a></li><li class="govuk-breadcrumbs__list-item" aria-current="page">DEMO/1</li></ol></nav>{% endblock %}
{% block content %}<div class="so-columns"><div>
<span class="govuk-caption-l">DEMO/1 · Demonstration Authority</span><h1 class="govuk-heading-xl">A demonstration paper on how firms should hold what belongs to clients</h1>
<p class="so-lead">It asks whether the proposed rules are proportionate, and what would have to change for small firms.</p>
<div class="so-prose"><h2>What this is about</h2><p>Firms that hold assets for others keep records. <a href="/">Read the rules</a>.</p><ul><li>One point</li><li>Another point</li></ul></div>
<h2 class="govuk-heading-m">Documents</h2><ul class="so-files"><li class="so-file"><a class="govuk-link so-file__name" href="/">demonstration-paper-with-a-rather-long-name.pdf</a><span class="so-file__facts">PDF, 1.2 MB</span></li></ul>
<h2 class="govuk-heading-m">Responses by kind of organisation</h2>
<table class="so-table" role="table"><caption>Of the 78 respondents, 62 answered question 1</caption><thead role="rowgroup"><tr role="row"><th scope="col" role="columnheader">Kind</th><th scope="col" role="columnheader">Status</th><th scope="col" class="so-table__number" role="columnheader">Responses</th></tr></thead>
<tbody role="rowgroup"><tr role="row"><td role="cell" data-label="Kind">Firm</td><td role="cell" data-label="Status"><span class="so-status so-status--submitted">Submitted</span></td><td class="so-table__number" role="cell" data-label="Responses">41</td></tr>
<tr role="row"><td role="cell" data-label="Kind">Trade body</td><td role="cell" data-label="Status"><span class="so-status so-status--drafting">Drafting</span></td><td class="so-table__number" role="cell" data-label="Responses">21</td></tr></tbody></table>
<h2 class="govuk-heading-m">What happened</h2><ol class="so-timeline"><li><time datetime="2025-09-17">17 September 2025</time>Published</li><li><time datetime="2025-10-01">1 October 2025</time>Deadline moved from 15 to 22 October 2025</li></ol>
</div><div><section class="so-aside" aria-labelledby="closes"><h2 class="so-aside__title" id="closes">When it closes</h2><ul class="so-deadlines">
<li class="so-deadline so-deadline--soon"><span class="so-deadline__label">Discussion chapters 6–7</span><strong class="so-deadline__when">15 October 2025, 11:59pm</strong><span class="so-deadline__zone">UK time (6:59pm Eastern Time)</span><span class="so-deadline__left">2 days left</span></li>
<li class="so-deadline"><span class="so-deadline__label">Chapters 1–5</span><strong class="so-deadline__when">12 November 2025, 11:59pm</strong><span class="so-deadline__zone">UK time (6:59pm Eastern Time)</span><span class="so-deadline__left">30 days left</span></li>
<li class="so-deadline so-deadline--passed"><span class="so-deadline__label">Annex</span><strong class="so-deadline__when">1 October 2025, 11:59pm</strong><span class="so-deadline__zone">UK time</span><span class="so-deadline__left">Closed</span></li></ul>
<div class="so-actions"><a class="govuk-button" href="/answering/" role="button">Start a response</a><a class="govuk-button govuk-button--secondary" href="/" role="button">Follow</a></div></section>
<section class="so-aside" aria-labelledby="facts"><h2 class="so-aside__title" id="facts">About this paper</h2><dl class="so-facts"><dt>Kind</dt><dd>Consultation paper</dd><dt>Published</dt><dd>17 September 2025</dd><dt>Questions</dt><dd>31</dd></dl></section></div></div>{% endblock %}"""

ANSWERING = """{% extends "base.html" %}{% load static %}{% block title %}Section 2{% endblock %}
{% block scripts %}<script type="module" src="{% static 'soundings/autosave.js' %}"></script><script type="module" src="{% static 'soundings/conditions.js' %}"></script>{% endblock %}
{% block content %}<div class="so-response"><nav class="so-sections" aria-labelledby="sections"><h2 class="so-sections__title" id="sections">Sections</h2>
<progress class="so-progress" value="3" max="9" aria-label="Questions answered">3 of 9</progress><ol class="so-sections__list">
<li class="so-sections__item"><a class="so-sections__link" href="/">1 Scope<span class="so-sections__facts">3 of 3 answered</span></a></li>
<li class="so-sections__item so-sections__item--current"><a class="so-sections__link" href="/" aria-current="page">2 Custody of what belongs to clients<span class="so-sections__facts">0 of 4 answered</span></a></li>
<li class="so-sections__item so-sections__item--closed"><a class="so-sections__link" href="/">6 Discussion<span class="so-sections__facts">Closed on 15 October 2025</span></a></li></ol></nav>
<div><span class="govuk-caption-l">Section 2 of 6</span><h1 class="govuk-heading-l">Custody of what belongs to clients</h1>
<section class="so-conflict" aria-labelledby="clash"><h2 class="so-conflict__title" id="clash">A colleague changed this answer while you were writing</h2><p class="govuk-body">Both texts are kept. Choose what to save.</p>
<div class="so-conflict__sides"><div class="so-conflict__side"><h3 class="so-conflict__who">Saved by a colleague at 10:31 UK time</h3><p class="so-diff">Records should be kept for <del>five</del><ins>six</ins> years.</p></div><div class="so-conflict__side"><h3 class="so-conflict__who">Yours, not saved</h3><p class="so-diff">Records should be kept for five years <ins>at least</ins>.</p></div></div>
<div class="so-actions"><button type="button" class="govuk-button so-button--small">Keep mine</button><button type="button" class="so-linkbutton">Keep the colleague's</button></div></section>
<form method="post" novalidate data-autosave-url="/autosave/">{% csrf_token %}
<div class="so-question" data-answer><span class="so-question__number">Question 3</span>{{ form.agree.as_field_group }}<input type="hidden" name="agree-version" value="1"></div>
<div class="so-question" data-answer data-shown-if="agree" data-shown-if-values='["no","partly"]'><span class="so-question__number">Question 4</span>{{ form.answer.as_field_group }}<input type="hidden" name="answer-version" value="1"></div>
<div class="so-question so-question--closed"><span class="so-question__number">Question 5</span><p class="so-question__text">What would a small firm need?</p><p class="so-closed"><strong>Closed</strong> <span>since 11:59pm on 15 October 2025, UK time</span></p><p class="so-question__answer">Twelve months' notice.</p></div>
<div class="so-savebar"><button class="govuk-button">Save and continue</button><button class="govuk-button govuk-button--secondary" name="later">Save and return later</button>{% include "soundings/save_status.html" %}</div></form></div></div>{% endblock %}"""

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


def page(request: HttpRequest, source: str, **context: object) -> HttpResponse:
    return HttpResponse(engines["django"].from_string(source).render(context, request))


def widgets(request: HttpRequest) -> HttpResponse:
    form = (
        EveryWidget(request.POST or None, request.FILES or None)
        if request.method != "POST"
        else EveryWidget(request.POST, request.FILES)
    )
    if form.is_bound and not form.is_valid():
        form.add_error(None, "Give at least one of the two.")
    return page(request, WIDGETS, form=form)


def listing(request: HttpRequest) -> HttpResponse:
    return page(request, LISTING, filters=Filters(), statuses=STATUSES)


def reading(request: HttpRequest) -> HttpResponse:
    messages.success(request, "You now follow DEMO/1.")
    messages.error(request, "The file was not added: it is larger than 20 MB.")
    return page(request, READING, rehearsal=True)


def answering(request: HttpRequest) -> HttpResponse:
    return page(request, ANSWERING, form=EveryWidget())


REPLIES: list[tuple[int, dict[str, object]]] = []
SEEN: list[dict[str, list[str]]] = []


def autosave(request: HttpRequest) -> HttpResponse:
    """Answers as the test has laid down in REPLIES, and notes in SEEN what came."""
    SEEN.append({name: request.POST.getlist(name) for name in request.POST if name != "csrfmiddlewaretoken"})
    status, body = REPLIES.pop(0) if REPLIES else (200, {"saved_at": "10:31 UK time", "versions": {"agree-version": 2}})
    return JsonResponse(body, status=status)


urlpatterns: list[URLPattern | URLResolver] = [
    path("", include(([path("", listing, name="list")], "consultations"))),
    path("widgets/", widgets, name="widgets"),
    path("reading/", reading, name="reading"),
    path("answering/", answering, name="answering"),
    path("autosave/", autosave, name="autosave"),
    path("accounts/", include("allauth.urls")),
]
