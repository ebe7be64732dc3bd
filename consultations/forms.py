"""What people type in to find consultations and to choose their alerts."""

from datetime import datetime
from typing import Any

from django import forms
from django.db.models import F, Q, QuerySet

from accounts.forms import time_zones
from accounts.models import User
from consultations.models import Authority, Consultation, ConsultationAuthority, Jurisdiction, Kind, Topic
from consultations.querysets import ConsultationQuerySet, Status

NOT_LISTED = {"invalid_choice": "Choose one from the list."}
LAST_PAGE = 500  # who needs more than that searches instead
PUBLIC_STATUSES = [Status.OPEN, Status.PART_CLOSED, Status.SCHEDULED, Status.CLOSED, Status.OUTCOME_PUBLISHED,
                   Status.WITHDRAWN, Status.UNKNOWN]  # fmt: skip
SORTS = {"closing": "Closing soonest", "newest": "Newest", "match": "Best match"}
REHEARSALS = {"": "Shown", "only": "Only rehearsals", "none": "Not shown"}
LEAD_DAYS = {28: "4 weeks before", 21: "3 weeks before", 14: "2 weeks before", 7: "1 week before", 5: "5 days before",
             3: "3 days before", 2: "2 days before", 1: "1 day before", 0: "On the last day"}  # fmt: skip


class FindForm(forms.Form):
    """The filters of the list. A value that does not fit is said at its field and left out of the search."""

    q = forms.CharField(label="Search", required=False, max_length=200)
    status = forms.ChoiceField(
        label="Status",
        required=False,
        choices=[("", "Any"), *((each.value, each.label) for each in PUBLIC_STATUSES)],
        error_messages=NOT_LISTED,
    )
    body = forms.ModelChoiceField(
        label="Body",
        required=False,
        queryset=Authority.objects.all(),
        to_field_name="slug",
        empty_label="Any",
        error_messages=NOT_LISTED,
    )
    jurisdiction = forms.ChoiceField(
        label="Jurisdiction", required=False, choices=[("", "Any"), *Jurisdiction.choices], error_messages=NOT_LISTED
    )
    topic = forms.ModelChoiceField(
        label="Topic",
        required=False,
        queryset=Topic.objects.all(),
        to_field_name="slug",
        empty_label="Any",
        error_messages=NOT_LISTED,
    )
    kind = forms.ChoiceField(
        label="Kind", required=False, choices=[("", "Any"), *Kind.choices], error_messages=NOT_LISTED
    )
    rehearsals = forms.ChoiceField(
        label="Rehearsals", required=False, choices=list(REHEARSALS.items()), error_messages=NOT_LISTED
    )
    sort = forms.ChoiceField(label="Sort by", required=False, choices=list(SORTS.items()), error_messages=NOT_LISTED)
    page = forms.IntegerField(
        label="Page",
        required=False,
        min_value=1,
        max_value=LAST_PAGE,
        widget=forms.HiddenInput,
        error_messages={
            "invalid": "There is no such page: this is the first.",
            "min_value": "There is no such page: this is the first.",
            "max_value": f"Pages go up to {LAST_PAGE}. Search or filter to find what is further on. This is the first.",
        },
    )

    @property
    def found(self) -> dict[str, Any]:
        """What of the input fits, whatever else does not."""
        self.errors  # noqa: B018 (asking for them cleans the form, once)
        return {name: value for name, value in self.cleaned_data.items() if value}

    @property
    def is_narrowed(self) -> bool:
        return bool(set(self.found) - {"sort", "page"})

    @property
    def is_narrowed_more(self) -> bool:
        """By one of the filters that stand folded up."""
        return bool({"jurisdiction", "kind", "rehearsals"} & (set(self.found) | set(self.errors)))

    @property
    def page_number(self) -> int:
        return int(self.found.get("page", 1))

    def narrow(self, papers: ConsultationQuerySet, now: datetime) -> ConsultationQuerySet:
        """The papers that fit, in the order asked for. `papers` carry their status already."""
        found = self.found
        if words := found.get("q"):
            papers = papers.matching(words)
        if status := found.get("status"):
            papers = papers.filter(Q(status=status))
        if body := found.get("body"):
            papers = papers.filter(pk__in=self._run_by(authority=body))
        if jurisdiction := found.get("jurisdiction"):
            papers = papers.filter(pk__in=self._run_by(authority__jurisdiction=jurisdiction))
        if topic := found.get("topic"):
            papers = papers.filter(topics=topic)
        if kind := found.get("kind"):
            papers = papers.filter(kind=kind)
        if rehearsals := found.get("rehearsals"):
            papers = papers.filter(is_rehearsal=rehearsals == "only")
        return self._sorted(papers, now)

    def _run_by(self, **of: Any) -> QuerySet[ConsultationAuthority, Any]:
        return ConsultationAuthority.objects.filter(**of).values("consultation")

    def _sorted(self, papers: ConsultationQuerySet, now: datetime) -> ConsultationQuerySet:
        sort = self.found.get("sort")
        if sort == "newest":
            return papers.order_by("-published_at", "-pk")
        if sort == "match" and self.found.get("q"):
            return papers.order_by(F("rank").desc(), "-published_at", "-pk")
        return papers.closing_soonest(now)


class FollowForm(forms.Form):
    """Which one thing to follow or stop following, named as in its address."""

    KINDS = {"consultation": (Consultation, "code"), "authority": (Authority, "slug"), "topic": (Topic, "slug")}

    kind = forms.ChoiceField(choices=[(kind, kind) for kind in KINDS])
    name = forms.CharField(max_length=60)


class AlertsForm(forms.ModelForm):  # type: ignore[type-arg]
    """When to be reminded, and on whose calendar."""

    lead_days = forms.TypedMultipleChoiceField(
        label="Remind me of a deadline",
        required=False,
        coerce=int,
        choices=list(LEAD_DAYS.items()),
        widget=forms.CheckboxSelectMultiple,
        help_text="For consultations that you follow or are answering. None ticked: no reminders.",
    )
    time_zone = forms.ChoiceField(
        label="Your time zone",
        choices=time_zones,
        help_text="Deadlines are shown in the zone of the body that set them, and in yours beside it.",
    )

    class Meta:
        model = User
        fields = ("lead_days", "time_zone")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        own = {days: f"{days} days before" for days in self.instance.lead_days if days not in LEAD_DAYS}
        choices = sorted({**LEAD_DAYS, **own}.items(), reverse=True)
        self.fields["lead_days"].choices = choices  # type: ignore[attr-defined]

    def clean_lead_days(self) -> list[int]:
        return sorted(self.cleaned_data["lead_days"], reverse=True)
