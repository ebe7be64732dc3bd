"""The files of a response: listed, added, taken out, and given out to those who may read them."""

import logging

from django.conf import settings
from django.contrib import messages
from django.http import FileResponse, Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from consultations.models import Question
from notifications import clock
from notifications.refusal import Refusal
from responses import allowances, attaching, scanning
from responses.forms import UploadForm
from responses.models import Attachment, Guest, Response
from responses.pages import Desk, SignedInRequest, by, desk, page, private, refuse_in
from responses.permissions import shared_with

logger = logging.getLogger(__name__)
DONE = 0


@private
@require_http_methods(["GET", "HEAD", "POST"])
def attachments(request: SignedInRequest, code: str) -> HttpResponse:
    here = desk(request, code)
    questions = _taking_files(here)
    status = 200
    if request.method == "POST":
        form = UploadForm(questions, request.POST, request.FILES)
        status = _attach(request, here, form)
        if status == DONE:
            messages.success(request, f"{form.cleaned_data['file'].name} is attached.")
            return redirect("responses:attachments", code)
    else:
        form = UploadForm(questions, initial={"about": request.GET.get("question", "")})
    context = here.context(
        form=form,
        files=_files(here),
        kinds=", ".join(sorted({ending.strip(".").upper() for ending in attaching.ALLOWED})),
        may_write=here.may_draft and not here.untaken,
        at_once=settings.ATTACHMENT_MAX_BYTES,
        most=settings.UPLOAD_MAX_BYTES,
        scanned=scanning.is_set_up(),
    )
    return page(request, "attachments", context, status=status)


@private
@require_POST
def remove(request: SignedInRequest, code: str) -> HttpResponse:
    """Take a file out of the draft. Asked once more it is out already, and that is no error."""
    own = Attachment.objects.filter(response__in=Response.objects.of(request.user))
    attachment = get_object_or_404(own.select_related("response", "question__section__deadline"), code=code)
    try:
        attaching.remove(attachment=attachment, by=by(request), now=clock.now())
    except Refusal as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, f"{attachment.name} is removed from the draft.")
    return redirect("responses:attachments", attachment.response.code)


@private
@require_safe
def download(request: SignedInRequest, code: str) -> HttpResponseBase:
    """The file as it was given, to be saved and never opened in the page; 409 until the virus scanner has passed it."""
    attachment = _readable(request, code)
    try:
        content = attaching.open_stored(attachment)
    except FileNotFoundError as error:
        logger.exception("stored file is missing", extra={"attachment": attachment.code})
        raise Http404 from error
    given = FileResponse(content, as_attachment=True, filename=attachment.name, content_type=attachment.content_type)
    given["X-Content-Type-Options"] = "nosniff"
    given["Content-Security-Policy"] = "default-src 'none'; sandbox"
    given["Cache-Control"] = "private, no-store"
    return given


def _readable(request: SignedInRequest, code: str) -> Attachment:
    """What the reader may open: what they see, and as a guest the present files of the questions shared with them."""
    if own := Attachment.objects.visible_to(request.user).filter(code=code).first():
        return own
    given = Attachment.objects.current().filter(question__isnull=False).select_related("response", "question")
    attachment = get_object_or_404(given, code=code)
    guest = get_object_or_404(Guest.objects.of(request.user), response=attachment.response)
    if attachment.question is None or not shared_with(guest).includes(attachment.question.section_id):
        raise Http404
    return attachment


def _taking_files(here: Desk) -> list[Question]:
    """The questions, still open, to which a file can be given."""
    return [
        item.question
        for part in here.parts()
        if part.is_open
        for item in part.items
        if item.question.kind in attaching.TAKING_FILES
    ]


def _attach(request: SignedInRequest, here: Desk, form: UploadForm) -> int:
    """DONE, or the status of the page that says why not."""
    if not form.is_valid():
        return 400
    file = form.cleaned_data["file"]
    if file is None:
        form.add_error("file", "Choose a file.")
        return 400
    question = form.questions.get(form.cleaned_data["about"])
    try:
        attaching.attach(response=here.response, question=question, file=file, by=by(request), now=here.now)
    except Refusal as refusal:
        return refuse_in(form, refusal)
    return DONE


def _files(here: Desk) -> list[Attachment]:
    current = Attachment.objects.filter(response=here.response).current()
    files = list(current.select_related("question__section__deadline", "uploaded_by"))
    for file in files:
        asked = file.question
        file.may_go = asked is None or allowances.is_open(asked.section, here.response, here.now)  # type: ignore[attr-defined]
    return files
