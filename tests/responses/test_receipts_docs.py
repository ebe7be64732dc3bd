"""docs/receipts.md does what it says: its commands check a real receipt, with nothing of Soundings on the path."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from django.urls import reverse
from django.utils import timezone

from responses import chain
from responses.models import Receipt
from tests.responses.pages import signed_in
from tests.responses.test_proof import file

PAGE = Path(__file__).resolve().parents[2] / "docs" / "receipts.md"
MISSING = [tool for tool in ("bash", "curl", "python3", "openssl") if shutil.which(tool) is None]


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}")
def test_a_receipt_is_checked_with_standard_tools_alone(live_server, tmp_path):
    filed, _ = file(text="Zoë’s “answer”\x7f\n\u2028", sealed=False), file()
    chain.seal(timezone.now())
    client = signed_in(filed.submitted_by)
    receipt = Receipt.objects.get(submission=filed)
    for name, address in (
        ("receipt.json", reverse("responses:receipt_json", args=[receipt.code])),
        ("content.json", reverse("responses:content_json", args=[filed.reference])),
    ):
        (tmp_path / name).write_bytes(client.get(address).content)
    assert run(tmp_path, live_server.url) == [
        "Signature Verified Successfully", "all 4 hashes hold",
        "the receipt is in the chain, and the chain is whole",
    ]  # fmt: skip
    content = tmp_path / "content.json"
    content.write_bytes(content.read_bytes().replace(b"answer", b"Answer"))
    assert run(tmp_path, live_server.url)[1].startswith("wrong: ['content', ")


def run(folder: Path, site: str) -> list[str]:
    blocks = re.findall(r"^```sh\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    environment = {"PATH": os.environ["PATH"], "SOUNDINGS": site, "no_proxy": "*"}
    done = subprocess.run(
        ["bash"], input="set -euo pipefail\n" + "".join(blocks), cwd=folder, env=environment, capture_output=True,
        text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()
