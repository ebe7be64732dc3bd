"""The renderer: each widget's label, hint and error tied together, with and without errors."""

import re
from html.parser import HTMLParser

import pytest
from django import forms
from django.template import engines
from django.test import RequestFactory
from django.urls import reverse

from tests.config.gallery import EveryWidget

TEXTS = ["name", "email", "password", "number", "answer"]
VISIBLE = [name for name in EveryWidget.base_fields if name != "secret"]


class Elements(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.all: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.all.append((tag, dict(attrs)))

    def ids(self) -> list[str]:
        return [attrs["id"] for _, attrs in self.all if attrs.get("id")]

    def first(self, *tags: str) -> dict[str, str | None]:
        return next(attrs for tag, attrs in self.all if tag in tags)


def drawn(name: str, *, bound: bool) -> Elements:
    form = EveryWidget({} if bound else None)
    return Elements(form[name].as_field_group())


def summary(**context: object) -> str:
    template = engines["django"].from_string('{% include "soundings/error_summary.html" %}')
    return str(template.render(context, RequestFactory().get("/")))


@pytest.mark.parametrize("name", VISIBLE)
def test_every_reference_of_a_field_leads_to_an_element(name: str) -> None:
    for bound in (False, True):
        elements = drawn(name, bound=bound)
        ids = elements.ids()
        assert len(ids) == len(set(ids))
        for _, attrs in elements.all:
            for target in (attrs.get("aria-describedby") or "").split() + ([attrs["for"]] if attrs.get("for") else []):
                assert target in ids, f"{name}: {target} leads nowhere"


@pytest.mark.parametrize(
    ("name", "described_by"),
    [
        ("name", "id_name_helptext id_name_error"),
        ("email", "id_email_error"),
        ("password", "id_password_error"),
        ("answer", "id_answer_helptext id_answer_error id_answer-info"),
        ("kind", "id_kind_error"),
        ("file", "id_file_error"),
        ("consent", "id_consent_helptext id_consent_error"),
    ],
)
def test_error_is_tied_to_its_input(name: str, described_by: str) -> None:
    control = drawn(name, bound=True).first("input", "select", "textarea")
    assert control["aria-describedby"] == described_by
    assert control["aria-invalid"] == "true"


@pytest.mark.parametrize("name", ["agree", "topics", "when"])
def test_group_is_a_fieldset_described_once(name: str) -> None:
    elements = drawn(name, bound=True)
    fieldset = elements.first("fieldset")
    assert f"id_{name}_error" in (fieldset["aria-describedby"] or "")
    assert elements.first("legend")["class"] == "govuk-fieldset__legend so-label"
    assert all("aria-describedby" not in attrs for tag, attrs in elements.all if tag == "input")


@pytest.mark.parametrize("name", [*TEXTS, "kind", "file"])
def test_error_class_appears_with_the_error_alone(name: str) -> None:
    for bound in (False, True):
        classes = drawn(name, bound=bound).first("input", "select", "textarea")["class"] or ""
        assert ("--error" in classes) is bound


def test_widget_keeps_its_own_class_and_loses_its_placeholder() -> None:
    class Short(forms.Form):
        code = forms.CharField(widget=forms.TextInput(attrs={"class": "govuk-input--width-5", "placeholder": "SW1A"}))

    control = Elements(Short()["code"].as_widget()).first("input")
    assert control["class"] == "govuk-input govuk-input--width-5"
    assert "placeholder" not in control


def test_value_is_escaped_and_kept() -> None:
    form = EveryWidget({"name": "<b>&", "answer": "</textarea><script>", "agree": "partly"})
    assert 'value="&lt;b&gt;&amp;"' in form["name"].as_field_group()
    assert "&lt;/textarea&gt;&lt;script&gt;" in form["answer"].as_field_group()
    assert re.search(r'value="partly"[^>]* checked', form["agree"].as_field_group())


def test_word_limit_turns_on_the_count() -> None:
    html = EveryWidget()["answer"].as_field_group()
    assert 'data-module="govuk-character-count" data-count-type="words" data-maxlength="500"' in html
    assert "You can enter up to 500 words" in html
    assert "data-module" not in EveryWidget()["name"].as_field_group()


def test_stock_message_names_the_field() -> None:
    form = EveryWidget({})
    assert form["name"].problems == ["Enter name"]
    assert form["kind"].problems == ["Choose kind of organisation"]
    assert form["agree"].problems == ["Answer this: Do you agree with the proposal?"]
    assert form["consent"].problems == ["Tick the box: My response may be published"]


def test_what_an_address_looks_like_is_said_in_the_words_of_the_site() -> None:
    form = EveryWidget({"email": "nonsense"})
    assert form["email"].problems == ["Enter an e-mail address, such as name@example.org."]


@pytest.mark.django_db
@pytest.mark.parametrize("page", ["account_login", "account_reset_password", "account_signup"])
def test_pages_of_a_library_call_an_address_as_ours_do(client, page) -> None:
    html = client.get(reverse(page)).content.decode()
    assert re.findall(r"<label[^>]*>\s*(E-?mail[^<]*?)\s*<", html) == ["E-mail address"]


def test_own_message_is_left_alone() -> None:
    form = EveryWidget({"kind": "nonsense"})
    assert "nonsense" in form["kind"].problems[0]


def test_optional_is_marked_where_the_form_asks_for_it() -> None:
    class Some(forms.Form):
        mark_optional = True
        lei = forms.CharField(label="LEI", required=False)
        name = forms.CharField(label="Name")

    assert "(optional)" in Some()["lei"].as_field_group()
    assert "(optional)" not in Some()["name"].as_field_group()


def test_summary_links_to_the_first_input_of_each_field() -> None:
    html = summary(form=EveryWidget({}))
    targets = re.findall(r'href="#([^"]+)"', html)
    assert targets == [
        "id_name", "id_email", "id_password", "id_number", "id_kind", "id_agree_0", "id_topics_0", "id_answer",
        "id_when_0", "id_file", "id_consent",
    ]  # fmt: skip
    page = str(EveryWidget({}))
    assert all(f'id="{target}"' in page for target in targets)


def test_summary_holds_the_errors_of_several_forms_and_of_a_formset() -> None:
    class One(forms.Form):
        name = forms.CharField(label="Name")

    rows = forms.formset_factory(One, min_num=2, validate_min=True, extra=0)
    formset = rows({"form-TOTAL_FORMS": "1", "form-INITIAL_FORMS": "0", "form-0-name": ""})
    formset.is_valid()
    html = summary(forms=[One({}, prefix="a"), One({}, prefix="b")], formset=formset)
    assert re.findall(r'href="#([^"]+)"', html) == ["id_a-name", "id_b-name", "id_form-0-name"]
    assert "Please submit at least 2 forms" in html


def test_no_error_no_summary() -> None:
    assert summary(form=EveryWidget()).strip() == ""
    assert summary().strip() == ""


def test_summary_says_what_belongs_to_no_field() -> None:
    form = EveryWidget({})
    form.add_error(None, "Give <one> of the two.")
    assert "<li>Give &lt;one&gt; of the two.</li>" in summary(form=form)


def test_admin_widgets_are_left_to_the_admin() -> None:
    from unfold.widgets import UnfoldAdminTextInputWidget

    class Staff(forms.Form):
        name = forms.CharField(widget=UnfoldAdminTextInputWidget())

    assert "govuk-" not in Staff()["name"].as_widget()
