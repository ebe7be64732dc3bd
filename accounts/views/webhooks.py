"""Pages about an organisation's webhooks: which there are, what each was sent, and what came of it."""

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts import webhooks
from accounts.models import Organisation, Webhook, WebhookDelivery, WebhookEvent
from accounts.views.pages import Confirmation, SignedInRequest, by, confirm, form_page, managed, refused
from notifications import clock
from notifications.refusal import Refusal

SHOWN = 50
SHOW_NEXT = "webhook_secret_of"  # in the session: whose secret the next page shows


class WebhookForm(forms.Form):
    url = forms.URLField(
        label="Address",
        max_length=500,
        help_text="It begins with https://. Events are sent there by POST, signed in the Standard Webhooks form.",
        assume_scheme="https",
    )
    events = forms.MultipleChoiceField(
        label="Events", choices=WebhookEvent.choices, widget=forms.CheckboxSelectMultiple
    )


@login_required
@require_safe
def list_webhooks(request: SignedInRequest, code: str) -> HttpResponse:
    organisation = managed(request, code)
    context = {"organisation": organisation, "webhooks": organisation.webhooks.all()}
    return render(request, "accounts/webhooks.html", context)


@login_required
@never_cache
@form_page
def create_webhook(request: SignedInRequest, code: str) -> HttpResponse:
    organisation = managed(request, code)
    form = WebhookForm(request.POST or None)
    made: list[tuple[Webhook, str]] = []
    status = 200
    if request.method == "POST":
        status = refused(form, lambda: made.append(webhooks.create(
            by=by(request), organisation=organisation, **form.cleaned_data)))  # fmt: skip
        if not status:
            return _to_secret(request, made[0][0])
    return render(request, "accounts/webhook_form.html", {"organisation": organisation, "form": form}, status=status)


@login_required
@form_page
def renew_secret(request: SignedInRequest, code: str, webhook: str) -> HttpResponse:
    organisation = managed(request, code)
    found = _of(organisation, webhook)
    page = Confirmation(
        title="Renew the signing secret?",
        text="For 24 hours each event is signed with the new secret and with the present one, so that you can give the "
        "new one to your program. After that only the new one counts.",
        button="Renew it",
        back=reverse("accounts:webhook", args=[organisation.code, found.code]),
        then=_secret_url(found),
        done="The secret is renewed.",
    )

    def renew() -> None:
        webhooks.renew(by=by(request), webhook=found)
        request.session[SHOW_NEXT] = found.code

    return confirm(request, page, renew)


@login_required
@never_cache
@require_safe
def show_secret(request: SignedInRequest, code: str, webhook: str) -> HttpResponse:
    """Once after it was made: a page that is loaded again makes nothing and shows nothing."""
    organisation = managed(request, code)
    found = _of(organisation, webhook)
    if request.session.pop(SHOW_NEXT, None) != found.code:
        messages.warning(request, "A signing secret is shown once. Renew it where it was not copied.")
        return redirect("accounts:webhook", organisation.code, found.code)
    context = {"organisation": organisation, "webhook": found, "secret": webhooks.secret_of(found)}
    return render(request, "accounts/webhook_created.html", context)


def _to_secret(request: SignedInRequest, webhook: Webhook) -> HttpResponse:
    request.session[SHOW_NEXT] = webhook.code
    return redirect(_secret_url(webhook))


def _secret_url(webhook: Webhook) -> str:
    return reverse("accounts:webhook_secret", args=[webhook.organisation.code, webhook.code])


@login_required
@require_safe
def show_webhook(request: SignedInRequest, code: str, webhook: str) -> HttpResponse:
    """Where it goes and the log of what was sent, newest first; `?before=` goes on."""
    organisation = managed(request, code)
    found = _of(organisation, webhook)
    rows = found.deliveries.order_by("-pk")
    before = request.GET.get("before", "")
    if before.isascii() and before.isdigit() and len(before) < 19:
        rows = rows.filter(pk__lt=int(before))
    shown = list(rows[: SHOWN + 1])
    context = {
        "organisation": organisation,
        "webhook": found,
        "events": [WebhookEvent(event).label for event in found.events],
        "deliveries": shown[:SHOWN],
        "two_secrets_until": found.old_until if found.old_until and clock.now() < found.old_until else None,
        "next": shown[SHOWN - 1].pk if len(shown) > SHOWN else "",
    }
    return render(request, "accounts/webhook.html", context)


@login_required
@require_POST
def replay_delivery(request: SignedInRequest, code: str, webhook: str, reference: str) -> HttpResponse:
    organisation = managed(request, code)
    found = _of(organisation, webhook)
    delivery = get_object_or_404(WebhookDelivery.objects.select_related("webhook__organisation"), webhook=found,
                                 reference=reference)  # fmt: skip
    try:
        webhooks.replay(by=by(request), delivery=delivery)
    except Refusal as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, "It will be sent again within a minute.")
    return redirect("accounts:webhook", organisation.code, found.code)


@login_required
@form_page
def remove_webhook(request: SignedInRequest, code: str, webhook: str) -> HttpResponse:
    organisation = managed(request, code)
    found = _of(organisation, webhook)
    listed = reverse("accounts:webhooks", args=[organisation.code])
    page = Confirmation(
        title="Remove this webhook?",
        text=f"{found.url} will be told nothing more, and the log of what it was sent goes too.",
        button="Remove it",
        back=reverse("accounts:webhook", args=[organisation.code, found.code]),
        then=listed,
        done="The webhook is removed.",
    )
    return confirm(request, page, lambda: webhooks.remove(by=by(request), webhook=found))


def _of(organisation: Organisation, code: str) -> Webhook:
    found = organisation.webhooks.select_related("organisation").filter(code=code).first()
    if found is None:
        raise Http404
    return found
