"""Receipts for anybody, without an account: checking one, the chain and its heads, the keys, and how it is done."""

import re
from pathlib import Path
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from consultations import markdown
from notifications.refusal import Refusal
from responses import chain, checking, keys
from responses.models import ReceiptHead, ReceiptSeal
from responses.pages import page, refuse_in
from responses.receipt_forms import CheckReceiptForm

HEADS_SHOWN = 366
LINKS_GIVEN = 2_000
GUIDE = Path(settings.BASE_DIR) / "docs" / "receipts.md"
HEADING = "## Check one with standard tools"


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def check(request: HttpRequest) -> HttpResponse:
    """Check a receipt against the record. It is read, and nothing of it is kept."""
    form = CheckReceiptForm(request.POST, request.FILES) if request.method == "POST" else CheckReceiptForm()
    report, status = None, 200
    if request.method == "POST":
        status = 400
        if form.is_valid():
            try:
                report, status = checking.check(form.document()), 200
            except Refusal as refusal:
                status = refuse_in(form, refusal)
    return page(request, "check_receipt", {"form": form, "report": report}, status=status)


@require_safe
def how(request: HttpRequest) -> HttpResponse:
    """How to check a receipt without us: the part of docs/receipts.md whose commands the tests run."""
    _, _, after = GUIDE.read_text().partition(HEADING)
    text = re.split(r"^## ", after, maxsplit=1, flags=re.MULTILINE)[0]
    context = {"guide": markdown.render(text), "keys": keys.published().values(), "site": settings.SITE_URL}
    return page(request, "how_to_check", context)


@require_safe
def shown_chain(request: HttpRequest) -> HttpResponse:
    """Where the chain stood at the end of each day."""
    context = {"heads": ReceiptHead.objects.all()[:HEADS_SHOWN], "newest": chain.newest()}
    return page(request, "receipt_chain", context)


@require_safe
def chain_json(_request: HttpRequest) -> JsonResponse:
    newest = chain.newest()
    heads = ReceiptHead.objects.all()[:HEADS_SHOWN]
    return _published(
        {
            "start": chain.START,
            "newest": newest and {
                "number": newest.number, "digest": newest.digest, "sealed_at": newest.sealed_at.isoformat(),
            },
            "heads": [{"day": row.day.isoformat(), "number": row.number, "digest": row.digest} for row in heads],
        }
    )  # fmt: skip


@require_safe
def links_json(request: HttpRequest) -> JsonResponse:
    """The links after the number given, at most LINKS_GIVEN of them: [number, leaf, digest]."""
    given = request.GET.get("after", "0")
    after = int(given) if re.fullmatch(r"[0-9]{1,18}", given) else 0
    rows = ReceiptSeal.objects.filter(number__gt=after).order_by("number").values_list("number", "leaf", "digest")
    return _published({"start": chain.START, "after": after, "links": [list(row) for row in rows[:LINKS_GIVEN]]})


@require_safe
def keys_json(_request: HttpRequest) -> JsonResponse:
    return _published({"keys": [key.row() for key in keys.published().values()]})


def _published(data: dict[str, Any]) -> JsonResponse:
    """For anybody's program, from anywhere."""
    made = JsonResponse(data, json_dumps_params={"indent": 2})
    made["Access-Control-Allow-Origin"] = "*"
    made["Cache-Control"] = "public, max-age=60"
    return made
