"""The page on which one chooses how soon news comes: of everything, and of one thing otherwise."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from accounts.alerts import Rhythm
from accounts.models import User
from accounts.record import By, by_request
from accounts.views.pages import form_page
from consultations import rhythms
from consultations.models import Follow
from notifications import clock


class RhythmsForm(forms.Form):
    """One choice for all, and one for each of the follows given, which may be as for all."""

    rhythm = forms.ChoiceField(
        label="How soon do you want to hear of openings and outcomes?", choices=Rhythm.choices, widget=forms.RadioSelect
    )

    def __init__(self, data: Any = None, *, person: User, follows: Sequence[Follow]) -> None:
        super().__init__(data, initial={"rhythm": person.rhythm})
        self.person, self.follows = person, follows
        for row in follows:
            self.fields[f"follow_{row.pk}"] = forms.ChoiceField(
                label=row.target, choices=[("", "As above"), *Rhythm.choices], required=False, initial=row.rhythm or ""
            )

    @property
    def each(self) -> list[forms.BoundField]:
        return [self[f"follow_{row.pk}"] for row in self.follows]

    @property
    def is_mixed(self) -> bool:
        """One of them differs, or was typed wrongly: they are not to stand folded up."""
        return any(row.rhythm for row in self.follows) or any(name != "rhythm" for name in self.errors)

    @transaction.atomic
    def save(self, *, by: By, now: datetime) -> None:
        rhythms.choose(user=self.person, rhythm=self.cleaned_data["rhythm"], by=by, now=now)
        for row in self.follows:
            rhythms.choose_for(follow=row, rhythm=self.cleaned_data[f"follow_{row.pk}"], by=by, now=now)


def own_follows(person: User) -> list[Follow]:
    rows = Follow.objects.filter(user=person, muted=False)
    return list(rows.select_related("user", "consultation", "authority", "topic").order_by("pk"))


@login_required
@form_page
def choose_rhythm(request: HttpRequest) -> HttpResponse:
    """How soon one hears of openings and outcomes."""
    person = request.user
    if not person.is_authenticated:
        raise Http404
    form = RhythmsForm(request.POST if request.method == "POST" else None, person=person, follows=own_follows(person))
    if request.method == "POST" and form.is_valid():
        form.save(by=by_request(request, "page"), now=clock.now())
        messages.success(request, "How soon you hear of openings and outcomes is saved.")
        return redirect("consultations:following")
    return render(request, "consultations/rhythm.html", {"form": form}, status=400 if form.errors else 200)
