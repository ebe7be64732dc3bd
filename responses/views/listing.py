"""The signed-in front page: every consultation that matters to one's organisations, the soonest to close first."""

from datetime import datetime
from typing import Any

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from accounts.models import Role, User
from accounts.permissions import MAY_DRAFT
from notifications import clock
from responses import guests, portfolio
from responses.models import Guest
from responses.pages import SignedInRequest, code_in, page, private

PAGE = 20
SHARED = 50
WAITING = 5


@private
@require_safe
def my_responses(request: SignedInRequest) -> HttpResponse:
    """`?show=` narrows the list (portfolio.SHOWS); `?after=<code>` goes on after that row."""
    now = clock.now()
    show = request.GET.get("show", "")
    show = show if show in portfolio.SHOWS else ""
    after = code_in(request.GET.get("after", ""))
    lines = portfolio.lines(request.user, now, show=show, after=after, most=PAGE + 1)
    roles = list(request.user.memberships.values_list("role", flat=True))
    context = {
        "lines": lines[:PAGE],
        "show": show,
        "shows": portfolio.SHOWS.items(),
        "next": lines[PAGE - 1].code if len(lines) > PAGE else "",
        "waiting": portfolio.not_heard_of(request.user, now, most=WAITING) if not show and not after else [],
        "late": portfolio.may_begin_late(request.user, now) if not show and not after else [],
        "now": now,
        "may_draft": bool({*roles} & {*MAY_DRAFT}),
        "is_member": bool(roles),
        "is_admin": Role.ADMIN in roles,
        **(_shared(request.user, now) if not show and not after else {}),
    }
    return page(request, "list", context)


def _shared(user: User, now: datetime) -> dict[str, Any]:
    """What others let this person see as a guest, and the invitations to it that wait for an answer."""
    rows = Guest.objects.of(user).select_related("response__consultation", "response__organisation").order_by("-id")
    offers = guests.offers_for(user, now=now)[:SHARED]
    return {"shared": list(rows[:SHARED]), "offers": [(offer, guests.link(offer)) for offer in offers]}
