"""Two versions of what was filed, side by side."""

import re

from django import forms
from django.http import Http404, HttpResponse
from django.views.decorators.http import require_safe

from responses import comparing
from responses.models import Submission
from responses.pages import SignedInRequest, desk, page, private


class VersionsForm(forms.Form):
    """Sent by GET; with what is no version of this response the page compares the last two."""

    one = forms.ChoiceField(label="This version")
    other = forms.ChoiceField(label="With this version")

    def __init__(self, versions: list[int], chosen: dict[str, int]) -> None:
        super().__init__(initial=chosen)
        for name in ("one", "other"):
            self.fields[name].choices = [(number, f"Version {number}") for number in versions]  # type: ignore[attr-defined]


@private
@require_safe
def compare(request: SignedInRequest, code: str) -> HttpResponse:
    """`one` and `other` are version numbers; `after` says how many differing questions come before those shown."""
    here = desk(request, code)
    filed = Submission.objects.filter(response=here.response)
    versions = list(filed.order_by("-version").values_list("version", flat=True))
    if len(versions) < 2:
        raise Http404
    chosen = {
        "one": _number(request.GET.get("one"), versions, versions[1]),
        "other": _number(request.GET.get("other"), versions, versions[0]),
    }
    both = {row.version: row for row in filed.filter(version__in=chosen.values())}
    one, other = both[chosen["one"]], both[chosen["other"]]
    after = _number(request.GET.get("after"), range(0, 100_000, comparing.AT_ONCE), 0)
    found = comparing.of(one, other, after=after)
    context = here.context(
        form=VersionsForm(versions, chosen), one=one, other=other, found=found, after=after,
        next=after + comparing.AT_ONCE if after + comparing.AT_ONCE < found.count else None,
    )  # fmt: skip
    return page(request, "compare_filed", context)


def _number(given: str | None, known: list[int] | range, otherwise: int) -> int:
    number = int(given) if given and re.fullmatch(r"[0-9]{1,9}", given) else otherwise
    return number if number in known else otherwise
