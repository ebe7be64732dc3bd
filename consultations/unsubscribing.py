"""Stopping e-mails from the e-mail itself: one click, no signing in, no harm if done twice (RFC 8058)."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt

from accounts.record import By, client_ip
from accounts.views.pages import form_page
from consultations import following, managing, rhythms
from notifications import clock


@csrf_exempt  # mail programs post without a page of ours; the signed token is the authority, and it can only mute
@never_cache
@form_page
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """GET asks, since scanners of mail open every link; POST does it. A damaged token is refused on both."""
    template = "consultations/unsubscribe.html"
    if request.method == "POST":
        return render(request, template, {"papers": following.unsubscribe(token), "done": True})
    _, papers = following.read_unsubscribe_token(token)
    return render(request, template, {"papers": papers, "done": False})


@csrf_exempt  # as above: to post with the token can only end digests
@never_cache
@form_page
def end_digests(request: HttpRequest, token: str) -> HttpResponse:
    """GET asks, POST does it. A damaged token is refused on both."""
    person = rhythms.read_token(token)
    if request.method == "POST":
        by = By(user=None, door="link", ip=client_ip(request))
        rhythms.end_digests(token=token, by=by, now=clock.now())
    context = {"done": request.method == "POST", "manage_token": managing.token(person)}
    return render(request, "consultations/end_digests.html", context)
