"""What must be set before this is run for others."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.core.exceptions import ImproperlyConfigured

from responses import keys


@register()
def signing_key_is_one(**_: Any) -> list[CheckMessage]:
    try:
        keys.present()
    except ImproperlyConfigured as error:
        return [Error(str(error), id="responses.E001")]
    return []


@register(deploy=True)
def signing_key_is_set(**_: Any) -> list[CheckMessage]:
    if settings.RECEIPT_SIGNING_KEY:
        return []
    return [Error("RECEIPT_SIGNING_KEY is not set: receipts would not be signed.", id="responses.E002")]
