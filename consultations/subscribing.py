"""The addresses of the public feeds, and the page that lists them. They need no account and set no cookie."""

from collections.abc import Callable
from datetime import datetime

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.utils.cache import get_conditional_response, patch_cache_control
from django.utils.crypto import salted_hmac
from django.utils.http import http_date, quote_etag
from django.views.decorators.http import require_safe

from consultations import calendars, feeds
from consultations.models import Authority, Consultation, Topic
from notifications import clock

FRESH_SECONDS = 300
ATOM, JSON = "application/atom+xml", "application/feed+json"
WRITERS: dict[str, tuple[str, Callable[..., bytes]]] = {"atom": (ATOM, feeds.atom), "json": (JSON, feeds.json_feed)}
TITLES = {"consultations": "Consultations", "changes": "Changes to consultations"}


@require_safe
def listing(request: HttpRequest) -> HttpResponse:
    """Which feeds there are, and how each is narrowed."""
    context = {"authorities": Authority.objects.all(), "topics": Topic.objects.all(), "site_url": settings.SITE_URL}
    return render(request, "consultations/feeds.html", context)


@require_safe
def deadlines(request: HttpRequest) -> HttpResponseBase:
    """Deadlines as a calendar, narrowed by ?authority=, ?topic=, ?kind=, ?jurisdiction= and ?consultation=."""
    now = clock.now()
    body, changed_at = feeds.calendar(feeds.about(request.GET, now), now)
    return published(request, body, media_type=calendars.MEDIA_TYPE, changed_at=changed_at)


@require_safe
def of_consultation(request: HttpRequest, code: str) -> HttpResponseBase:
    """The deadlines of one consultation."""
    now = clock.now()
    paper = get_object_or_404(Consultation.objects.visible_to(AnonymousUser(), now), code=code)
    body, changed_at = feeds.calendar(feeds.About(consultation=paper), now)
    return published(request, body, media_type=calendars.MEDIA_TYPE, changed_at=changed_at)


@require_safe
def feed(request: HttpRequest, what: str, form: str) -> HttpResponseBase:
    """Consultations or changes, as Atom or JSON Feed, with the same filters."""
    now = clock.now()
    wanted = feeds.about(request.GET, now)
    items = (feeds.consultations if what == "consultations" else feeds.changes)(wanted, now)
    title = f"{TITLES[what]}: {wanted.words}" if wanted.words else f"{TITLES[what]} on Soundings"
    media_type, write = WRITERS[form]
    body = write(items, title=title, url=settings.SITE_URL + request.get_full_path())
    changed_at = max((item.updated_at for item in items), default=feeds.NOTHING_YET)
    return published(request, body, media_type=media_type, changed_at=changed_at)


def published(
    request: HttpRequest, body: bytes, *, media_type: str, changed_at: datetime, private: bool = False
) -> HttpResponseBase:
    """The feed, or 304 for who has it already. The tag is of what is said, so no change can be missed."""
    etag = quote_etag(salted_hmac("consultations.feeds", body).hexdigest()[:32])
    response = HttpResponse(body, content_type=f"{media_type}; charset=utf-8")
    response["ETag"], response["Last-Modified"] = etag, http_date(changed_at.timestamp())
    if not private:
        response["Access-Control-Allow-Origin"] = "*"
    found = get_conditional_response(request, etag=etag, last_modified=int(changed_at.timestamp()), response=response)
    sent: HttpResponseBase = response if found is None else found
    if private:
        patch_cache_control(sent, private=True, no_cache=True)
    else:
        patch_cache_control(sent, public=True, max_age=FRESH_SECONDS)
    return sent
