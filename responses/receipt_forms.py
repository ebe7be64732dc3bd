"""The form of the page on which anybody checks a receipt."""

from typing import Any

from django import forms

from responses.checking import MOST_BYTES


class CheckReceiptForm(forms.Form):
    """A receipt.json, as a file or pasted."""

    file = forms.FileField(
        label="Your receipt", required=False, max_length=300, help_text="The file receipt.json as you downloaded it."
    )
    text = forms.CharField(
        label="Or paste what is in it", required=False, widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false"}),
        max_length=MOST_BYTES,
    )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not cleaned.get("file") and not cleaned.get("text") and not self.errors:
            self.add_error("file", "Choose the file receipt.json, or paste what is in it.")
        return cleaned

    def document(self) -> bytes:
        given = self.cleaned_data["file"]
        if given:
            return bytes(given.read(MOST_BYTES + 1))
        return str(self.cleaned_data["text"]).encode(errors="surrogatepass")
