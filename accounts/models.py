"""Who: people, organisations, what each may do in them, and the record of what was done.

Each topic has a file of its own; they are gathered here, where Django looks for models and everybody imports them.
"""

from accounts.organisation_models import (
    WITH_MEMBERS,
    Invitation,
    Membership,
    MembershipQuerySet,
    Organisation,
    OrganisationKind,
    Role,
    SignOffRule,
)
from accounts.person_models import SERVICE_DOMAIN, User, validate_time_zone
from accounts.record_models import Act, Seal
from accounts.token_models import ApiToken
from accounts.webhook_models import DeliveryState, Webhook, WebhookDelivery, WebhookEvent

__all__ = [
    "SERVICE_DOMAIN",
    "WITH_MEMBERS",
    "Act",
    "ApiToken",
    "DeliveryState",
    "Invitation",
    "Membership",
    "MembershipQuerySet",
    "Organisation",
    "OrganisationKind",
    "Role",
    "Seal",
    "SignOffRule",
    "User",
    "Webhook",
    "WebhookDelivery",
    "WebhookEvent",
    "validate_time_zone",
]
