"""A person's own calendar: the deadlines of what they hear of and answer, at an address that only they know.

The address needs no sign-in, since calendars cannot; so it shows what is public, which of it concerns the person, and
how far their organisations' responses are, but never a word of one. It can be renewed, and then the old one is dead.
"""

from collections import defaultdict
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.core import signing
from django.db import transaction
from django.db.models import Q
from django.urls import reverse

from accounts import record
from accounts.models import User
from accounts.record import By
from consultations import calendars, feeds, following
from consultations.models import Consultation
from notifications import clock
from notifications.refusal import NotAllowed
from responses.models import CalendarAddress, Response
from responses.querysets import State

SALT = "responses.subscribing.calendar"


# --- The address ------------------------------------------------------------------------------------------------------
def address_of(*, user: User, now: datetime) -> str:
    """The person's own address, made when it is first asked for."""
    row, _ = CalendarAddress.objects.get_or_create(user=user, defaults={"renewed_at": now})
    return f"{settings.SITE_URL}{reverse('responses:own_calendar', args=[token_of(row)])}"


def token_of(row: CalendarAddress) -> str:
    return str(signing.Signer(salt=SALT, sep="~").sign(row.nonce.hex))


@transaction.atomic
def renew(*, by: By, now: datetime | None = None) -> None:
    """From now on there is another address, and the old one opens nothing."""
    if by.user is None:
        raise NotAllowed("Only a person has a calendar address.")
    now = now or clock.now()
    CalendarAddress.objects.filter(user=by.user).delete()
    CalendarAddress.objects.create(user=by.user, renewed_at=now)
    record.write(by=by, verb="renewed calendar address", subject=f"user:{by.user.pk}", at=now)


def person_at(token: str) -> User | None:
    """Whose address it is; None for one that is not, or no longer, anybody's."""
    try:
        nonce = UUID(signing.Signer(salt=SALT, sep="~").unsign(token))
    except (signing.BadSignature, ValueError):
        return None
    return User.objects.filter(calendar_address__nonce=nonce, is_active=True).first()


# --- What it says -----------------------------------------------------------------------------------------------------
def calendar(user: User, now: datetime) -> tuple[bytes, datetime]:
    """The person's deadlines, and when they last changed; the number of queries does not grow with them."""
    own = list(Response.objects.of(user).select_related("organisation", "latest").order_by("organisation__name"))
    public = Consultation.objects.visible_to(AnonymousUser(), now)
    mine = public.filter(following.heard_by(user) | Q(pk__in=[row.consultation_id for row in own]))
    responses: dict[int, list[Response]] = defaultdict(list)
    for row in own:
        responses[row.consultation_id].append(row)
    rows = feeds.dated(mine, now)
    entries = [
        calendars.entry(
            row, stamp=feeds.changed_at(row), doing="\n".join(map(standing, responses[row.consultation_id]))
        )
        for row in rows
    ]
    touched = [*map(feeds.changed_at, rows), *(row.edited_at for row in own), *(_filed_at(row) for row in own)]
    return calendars.calendar(name="Soundings: my deadlines", entries=entries), max(touched, default=feeds.NOTHING_YET)


def standing(response: Response) -> str:
    """ "Demonstration Firm A: submitted, version 2"."""
    state = State(response.state)
    if state == State.SUBMITTED and response.latest:
        return f"{response.organisation}: submitted, version {response.latest.version}"
    return f"{response.organisation}: {'not submitted yet' if state == State.DRAFT else 'withdrawn'}"


def _filed_at(response: Response) -> datetime:
    moments = [response.withdrawn_at, response.latest.received_at if response.latest else None]
    return max(filter(None, moments), default=feeds.NOTHING_YET)
