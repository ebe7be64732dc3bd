"""What people type in to find consultations and to choose their alerts."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django import forms
from django.db.models import F, Q, QuerySet

from accounts import alerts
from accounts.alerts import Holidays
from accounts.forms import time_zones
from accounts.models import Organisation, User
from consultations.models import Authority, Consultation, ConsultationAuthority, Follow, Jurisdiction, Kind, Topic
from consultations.querysets import ConsultationQuerySet, Status

NOT_LISTED = {"invalid_choice": "Choose one from the list."}
LAST_PAGE = 500  # who needs more than that searches instead
PUBLIC_STATUSES = [Status.OPEN, Status.PART_CLOSED, Status.SCHEDULED, Status.CLOSED, Status.OUTCOME_PUBLISHED,
                   Status.WITHDRAWN, Status.UNKNOWN]  # fmt: skip
SORTS = {"closing": "Closing soonest", "newest": "Newest", "match": "Best match"}
REHEARSALS = {"": "Shown", "only": "Only rehearsals", "none": "Not shown"}
LEADS = {"28d": "4 weeks before", "14d": "2 weeks before", "10w": "10 working days before", "7d": "1 week before",
         "5w": "5 working days before", "2d": "2 days before", "1d": "1 day before",
         "0d": "The morning of the last day", "3h": "3 hours before"}  # fmt: skip


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
    def criteria(self) -> dict[str, str]:
        """What of the search can be followed, as typed: a status passes, and an order is none."""
        return {name: self.data[name] for name in SearchForm.CRITERIA if self.found.get(name)}

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


class LeadsMixin(forms.Form):
    """Lead times: the usual ones to tick, and a line for any other."""

    leads = forms.MultipleChoiceField(
        label="Remind me of a deadline", required=False, choices=(), widget=forms.CheckboxSelectMultiple
    )
    other_leads = forms.CharField(
        label="Other times",
        required=False,
        max_length=200,
        help_text="Such as “15 working days, 3 weeks, 6 hours”: with commas between them.",
    )

    def offer(self, chosen: Iterable[str]) -> None:
        """Those that are usual and those that are chosen already, the longest first."""
        offered = alerts.in_order([*LEADS, *chosen])
        self.fields["leads"].choices = [(code, LEADS.get(code) or alerts.words(code)) for code in offered]  # type: ignore[attr-defined]

    def clean_other_leads(self) -> list[str]:
        return [alerts.typed(part) for part in self.cleaned_data["other_leads"].split(",") if part.strip()]

    def chosen_leads(self) -> list[str]:
        """Everything that was ticked and typed. Raises ValidationError for too many."""
        chosen = alerts.in_order([*self.cleaned_data.get("leads", []), *self.cleaned_data.get("other_leads", [])])
        if len(chosen) > alerts.MOST_LEADS:
            raise forms.ValidationError({"other_leads": f"Choose at most {alerts.MOST_LEADS} times."})
        return chosen


class AlertsForm(LeadsMixin, forms.ModelForm):  # type: ignore[type-arg]
    """When to be reminded, and on whose calendar."""

    time_zone = forms.ChoiceField(
        label="Your time zone",
        choices=time_zones,
        help_text="Reminders come in your working hours, from 9am to 5pm. Deadlines are shown in the zone of the body "
        "that set them, and in yours beside it.",
    )
    holidays = forms.ChoiceField(
        label="Your bank holidays",
        required=False,
        choices=[("", "Those of your time zone"), *Holidays.choices],
        help_text="No reminder comes on them if it can come on a working day.",
    )
    field_order = ("leads", "other_leads", "time_zone", "holidays")

    class Meta:
        model = User
        fields = ("leads", "time_zone", "holidays")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["leads"].help_text = "For what you follow or are answering. None ticked: no reminders."
        self.offer(self.instance.leads)

    def clean(self) -> dict[str, Any]:
        self.cleaned_data["leads"] = self.chosen_leads()
        self.cleaned_data.pop("other_leads", None)  # they are among them
        return self.cleaned_data


class FollowLeadsForm(LeadsMixin):
    """When one follow reminds: as everything else does, or at times of its own."""

    AS_USUAL, OWN = "usual", "own"

    when = forms.ChoiceField(
        label="When",
        choices=[(AS_USUAL, "As chosen under “Your alerts”"), (OWN, "At the times chosen here")],
        widget=forms.RadioSelect,
        initial=AS_USUAL,
    )
    field_order: Any = ("when", "leads", "other_leads")

    def __init__(self, *args: Any, chosen: list[str] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["leads"].label, self.fields["leads"].initial = "Times", chosen
        if chosen is not None:
            self.fields["when"].initial = self.OWN
        self.offer(chosen or [])

    def clean(self) -> dict[str, Any]:
        own = self.cleaned_data.get("when") == self.OWN
        self.cleaned_data["chosen"] = self.chosen_leads() if own else None
        return self.cleaned_data


class SearchForm(FollowLeadsForm):
    """What to follow: all of it must fit. The names are those of the list's filters."""

    q = forms.CharField(
        label="Words", required=False, max_length=200, help_text="As in the search of the list. Empty: any."
    )
    body = FindForm.base_fields["body"]
    topic = FindForm.base_fields["topic"]
    jurisdiction = FindForm.base_fields["jurisdiction"]
    kind = FindForm.base_fields["kind"]
    whose = forms.ChoiceField(label="Who hears of it", required=False, widget=forms.RadioSelect)
    CRITERIA = ("q", "body", "topic", "jurisdiction", "kind")
    field_order = (*CRITERIA, "whose", "when", "leads", "other_leads")

    def __init__(self, *args: Any, organisations: Iterable[Organisation], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        ours = [(each.code, f"{each.name}: everybody there who may draft") for each in organisations]
        if ours:
            self.fields["whose"].choices = [("", "You"), *ours]  # type: ignore[attr-defined]
        else:
            del self.fields["whose"]

    def wanted(self) -> Follow:
        """A follow of nobody's, not saved: its criteria."""
        found = self.cleaned_data
        return Follow(
            authority=found["body"], topic=found["topic"], jurisdiction=found["jurisdiction"], kind=found["kind"],
            words=found["q"],
        )  # fmt: skip
