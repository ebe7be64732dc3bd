"""A calendar of one's own: the deadlines of what a person, or an organisation, hears of and answers, at an address that
only they know.

The address needs no sign-in, since calendars cannot; so it shows what is public, which of it concerns the owner, and
how far their responses are, but never a word of one. It can be renewed, and then the old one is dead. A person has one
as soon as they look; an organisation has one once an administrator makes it, until one ends it.
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

from accounts import permissions, record
from accounts.models import Organisation, User
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
    return url_of(row)


def url_of(row: CalendarAddress) -> str:
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


@transaction.atomic
def renew_for(*, organisation: Organisation, by: By, now: datetime | None = None) -> CalendarAddress:
    """Make the organisation's address, or another in its place. Raises NotAllowed but for an administrator."""
    now = now or clock.now()
    _refuse_other(organisation, by)
    CalendarAddress.objects.filter(organisation=organisation).delete()
    made = CalendarAddress.objects.create(organisation=organisation, renewed_at=now)
    _write(organisation, by=by, now=now, verb="renewed calendar address")
    return made


@transaction.atomic
def end_for(*, organisation: Organisation, by: By, now: datetime | None = None) -> None:
    """The organisation has no address any more. Raises NotAllowed but for an administrator."""
    _refuse_other(organisation, by)
    if CalendarAddress.objects.filter(organisation=organisation).delete()[0]:
        _write(organisation, by=by, now=now or clock.now(), verb="ended calendar address")


def owner_at(token: str) -> User | Organisation | None:
    """Whose address it is; None for one that is not, or no longer, anybody's. An organisation that nobody belongs to
    any more has none."""
    try:
        nonce = UUID(signing.Signer(salt=SALT, sep="~").unsign(token))
    except (signing.BadSignature, ValueError):
        return None
    row = CalendarAddress.objects.select_related("user", "organisation").filter(nonce=nonce).first()
    if row and row.organisation:
        return row.organisation if row.organisation.memberships.filter(user__is_active=True).exists() else None
    return row.user if row and row.user and row.user.is_active else None


def _refuse_other(organisation: Organisation, by: By) -> None:
    """And lock the organisation, so that two at once make one address."""
    if by.user is None or not permissions.can_manage(by.user, organisation):
        raise NotAllowed(f"An administrator of {organisation} decides on its calendar address.")
    Organisation.objects.select_for_update(no_key=True).get(pk=organisation.pk)


def _write(organisation: Organisation, *, by: By, now: datetime, verb: str) -> None:
    subject = f"organisation:{organisation.code}"
    record.write(by=by, verb=verb, subject=subject, at=now, organisation_code=organisation.code)


# --- What it says -----------------------------------------------------------------------------------------------------
def calendar(owner: User | Organisation, now: datetime) -> tuple[bytes, datetime]:
    """The owner's deadlines, and when they last changed; the number of queries does not grow with them."""
    if isinstance(owner, Organisation):
        name, rows = f"Soundings: deadlines of {owner}", Response.objects.filter(organisation=owner)
        heard = following.heard_by_organisation(owner)
    else:
        name, rows, heard = "Soundings: my deadlines", Response.objects.of(owner), following.heard_by(owner)
    own = list(rows.select_related("organisation", "latest").order_by("organisation__name"))
    public = Consultation.objects.visible_to(AnonymousUser(), now)
    mine = public.filter(heard | Q(pk__in=[row.consultation_id for row in own]))
    responses: dict[int, list[Response]] = defaultdict(list)
    for row in own:
        responses[row.consultation_id].append(row)
    dated = feeds.dated(mine, now)
    entries = [
        calendars.entry(
            row, stamp=feeds.changed_at(row), doing="\n".join(map(standing, responses[row.consultation_id]))
        )
        for row in dated
    ]
    touched = [*map(feeds.changed_at, dated), *(row.edited_at for row in own), *(_filed_at(row) for row in own)]
    return calendars.calendar(name=name, entries=entries), max(touched, default=feeds.NOTHING_YET)


def standing(response: Response) -> str:
    """ "Demonstration Firm A: submitted, version 2"."""
    state = State(response.state)
    if state == State.SUBMITTED and response.latest:
        return f"{response.organisation}: submitted, version {response.latest.version}"
    return f"{response.organisation}: {'not submitted yet' if state == State.DRAFT else 'withdrawn'}"


def _filed_at(response: Response) -> datetime:
    moments = [response.withdrawn_at, response.latest.received_at if response.latest else None]
    return max(filter(None, moments), default=feeds.NOTHING_YET)
