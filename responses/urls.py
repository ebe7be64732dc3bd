"""The firm's pages."""

from django.urls import URLPattern, path, register_converter

from accounts.identifiers import CODE_ALPHABET
from responses.views import (
    checking,
    collecting,
    comparing,
    consents,
    contributing,
    expected,
    files,
    filing,
    guests,
    history,
    holdings,
    late,
    listing,
    more_time,
    proof,
    section,
    signing,
    starting,
    subscription,
    task_list,
    team,
    word,
)


class CodeConverter:
    """Our public codes and nothing else: what cannot be one never reaches the database."""

    regex = f"[{CODE_ALPHABET}]{{10}}"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


class ReferenceConverter(CodeConverter):
    """A submission's: the response's code and the version."""

    regex = f"[{CODE_ALPHABET}]{{10}}-[0-9]{{1,9}}"


register_converter(CodeConverter, "response_code")
register_converter(ReferenceConverter, "submission_reference")

app_name = "responses"

urlpatterns: list[URLPattern] = [
    path("", listing.my_responses, name="list"),
    path("start/", starting.start, name="start"),
    path("late/", late.ask, name="late"),
    path("search/", holdings.search, name="search"),
    path("exports/", holdings.exports, name="exports"),
    path("exports/<response_code:export>/", holdings.export, name="export"),
    path("reminders/", expected.show, name="expected"),
    path("reminders/<str:token>/", expected.show_by_link, name="expected_by_link"),
    path("calendar/", subscription.show, name="calendar"),
    path("calendar/renew/", subscription.renew, name="renew_calendar"),
    path("calendar/organisations/<response_code:organisation>/", subscription.renew_for, name="renew_calendar_for"),
    path("calendar/<str:token>.ics", subscription.feed, name="own_calendar"),
    path("receipts/check/", checking.check, name="check_receipt"),
    path("receipts/how-to-check/", checking.how, name="how_to_check"),
    path("receipts/chain/", checking.shown_chain, name="receipt_chain"),
    path("receipts/chain.json", checking.chain_json, name="chain_json"),
    path("receipts/links.json", checking.links_json, name="links_json"),
    path("receipts/<response_code:code>/", proof.receipt, name="receipt"),
    path("receipts/<response_code:code>/receipt.pdf", proof.receipt_pdf, name="receipt_pdf"),
    path("receipts/<response_code:code>/receipt.json", proof.receipt_json, name="receipt_json"),
    path("submissions/<submission_reference:reference>/content.json", proof.content_json, name="content_json"),
    path("submissions/<submission_reference:reference>/filed.pdf", proof.filed_pdf, name="filed_pdf"),
    path("submissions/<submission_reference:reference>/filed.docx", proof.filed_word, name="filed_word"),
    path("submissions/<submission_reference:reference>/", proof.submission, name="submission"),
    path("invitations/<str:token>/", guests.invitation, name="guest_invitation"),
    path("contributions/", contributing.contributions, name="contributions"),
    path("contributions/join/<str:token>/", contributing.join, name="join_collection"),
    path("contributions/<response_code:code>/", contributing.contribution, name="contribution"),
    path("files/<response_code:code>/", files.download, name="attachment"),
    path("files/<response_code:code>/remove/", files.remove, name="remove_attachment"),
    path("<response_code:code>/", task_list.show, name="detail"),
    path("<response_code:code>/sections/<int:number>/", section.answer, name="section"),
    path("<response_code:code>/sections/<int:number>/autosave/", section.autosave, name="autosave"),
    path("<response_code:code>/questions/<response_code:question>/versions/", history.versions, name="versions"),
    path(
        "<response_code:code>/questions/<response_code:question>/versions/<int:ordinal>/restore/",
        history.restore,
        name="restore",
    ),
    path("<response_code:code>/questions/<response_code:question>/earlier/", holdings.earlier, name="earlier"),
    path("<response_code:code>/files/", files.attachments, name="attachments"),
    path("<response_code:code>/word/", word.show, name="word"),
    path("<response_code:code>/word/save/", word.save, name="save_word"),
    path("<response_code:code>/form.<form_kind:kind>", word.download, name="word_form"),
    path("<response_code:code>/consents/", consents.state, name="consents"),
    path("<response_code:code>/check/", filing.check, name="check"),
    path("<response_code:code>/work/", team.work, name="work"),
    path("<response_code:code>/questions/<response_code:question>/comments/", team.comments, name="comments"),
    path("<response_code:code>/comments/<int:pk>/settle/", team.settle, name="settle_comment"),
    path("<response_code:code>/guests/", guests.manage, name="guests"),
    path("<response_code:code>/guests/<response_code:guest>/", guests.change, name="guest"),
    path("<response_code:code>/guests/<response_code:guest>/end/", guests.end, name="end_guest"),
    path("<response_code:code>/shared/", guests.shared, name="shared"),
    path("<response_code:code>/shared/leave/", guests.leave, name="leave_shared"),
    path("<response_code:code>/collection/", collecting.collection, name="collection"),
    path("<response_code:code>/collection/change/", collecting.change_collection, name="change_collection"),
    path("<response_code:code>/collection/input/", collecting.collected, name="collected"),
    path("<response_code:code>/members/", collecting.members, name="members"),
    path("<response_code:code>/sign-off/", signing.sign_off, name="sign_off"),
    path("<response_code:code>/sign-off/ask/", signing.ask, name="ask_for_sign_off"),
    path("<response_code:code>/filed/compare/", comparing.compare, name="compare_filed"),
    path("<response_code:code>/more-time/", more_time.ask, name="more_time"),
    path("<response_code:code>/submit/", filing.submit, name="submit"),
    path("<response_code:code>/withdraw/", filing.withdraw, name="withdraw"),
]
