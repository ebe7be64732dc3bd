"""The door for what an e-mail service tells us of messages it took: /anymail/<service>/tracking/.

Closed (404) unless WEBHOOK_SECRET is set. django-anymail then demands the secret of every call, checks the service's
own signature where there is one, and hands each event to notifications/hearing.py. Incoming mail has no door.
"""

from importlib import import_module

from anymail.exceptions import AnymailConfigurationError
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponseBase
from django.urls import NoReverseMatch, resolve, reverse
from django.views.decorators.csrf import csrf_exempt


@csrf_exempt  # services post without a page of ours; anymail demands the secret of each call
def tracking(request: HttpRequest, service: str) -> HttpResponseBase:
    """The service's events. 404 for a service that is unknown or not set up, 400 for a call without the secret."""
    if not settings.WEBHOOK_SECRET:
        raise Http404
    import_module("anymail.urls")
    try:
        address = reverse(f"{service}_tracking_webhook", urlconf="anymail.urls")
        view = resolve(address, urlconf="anymail.urls").func
        return view(request)  # type: ignore[no-any-return]
    except (NoReverseMatch, AnymailConfigurationError) as error:
        raise Http404 from error
