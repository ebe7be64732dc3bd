"""What Soundings asks of allauth: who may sign in, where they go next, and that each message is a row of the ledger."""

from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context as allauth_context
from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse

from accounts import addresses, arriving
from accounts.models import SERVICE_DOMAIN, User
from accounts.record import client_ip
from notifications import clock, outbox
from notifications.models import Priority


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    # --- who ---
    def pre_login(self, request: HttpRequest, user: User, **kwargs: Any) -> HttpResponse | None:
        """An organisation's key is no person: it has no password, and no other way in either."""
        if user.is_service:
            response: HttpResponse = self.respond_user_inactive(request, user)
            return response
        return super().pre_login(request, user, **kwargs)  # type: ignore[no-any-return]

    def clean_email(self, email: str) -> str:
        if email.lower().endswith(f"@{SERVICE_DOMAIN}"):
            raise ValidationError("Enter an e-mail address that can receive mail.")
        return email

    def save_user(self, request: HttpRequest, user: User, form: BaseForm, commit: bool = True) -> User:
        user.name = form.cleaned_data.get("name", "")
        return super().save_user(request, user, form, commit=commit)  # type: ignore[no-any-return]

    # --- from where ---
    def get_client_ip(self, request: HttpRequest) -> str:
        """For the rate limits: as for the record, X-Forwarded-For is believed as far as our own proxies reach."""
        ip = client_ip(request)
        if ip is None:
            raise PermissionDenied("The address that this request comes from cannot be told.")
        return ip

    # --- where to ---
    def is_safe_url(self, url: str) -> bool:
        """`next` leads to this site or nowhere."""
        return arriving.is_here(allauth_context.request, url)

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        """Whoever came by an invitation goes back to it, and whoever registered on the way to a page goes on to it:
        without `next`, after a confirmed address too."""
        wanted = arriving.wanted_page(request)
        return arriving.invitation_page(request) or wanted or super().get_login_redirect_url(request)

    # --- post ---
    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Queue, never send: what is said here survives a mail server that is down, and waits for no one's page."""
        if email.lower().endswith(f"@{SERVICE_DOMAIN}"):
            return
        site = {"site_url": settings.SITE_URL, "site_name": "Soundings", "is_bare": is_bare_address(email)}
        links = {key: at_site(value) for key, value in context.items() if key.endswith("_url")}
        request = allauth_context.request
        message = self.render_mail(
            template_prefix, email, {"request": request, "email": email, **context, **site, **links}
        )
        outbox.queue(
            kind="account_mail",
            key=f"account_mail:{uuid4()}",
            address=email,
            payload={"subject": message.subject, "text": message.body, "secret": True},
            priority=Priority.ACCOUNT,
            now=clock.now(),
        )


def is_bare_address(email: str) -> bool:
    """Known, but only for e-mails about consultations: there is no password yet that could be forgotten."""
    owner = addresses.owner_of(email)
    return owner is not None and addresses.is_bare(owner)


def at_site(url: str) -> str:
    """The same page at SITE_URL: a link that goes out by e-mail never follows the Host header of a request."""
    parts = urlsplit(url)
    return f"{settings.SITE_URL}{parts.path}" + (f"?{parts.query}" if parts.query else "")
