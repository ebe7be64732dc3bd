"""A local mailbox: takes whatever is sent by SMTP, keeps it, and shows it on a web page. Nothing leaves this machine.

    python script/mailbox.py --folder var/mailbox --smtp-port 1025 --web-port 8025

Pages: /  /messages/<id>  (and its /html, /raw, /attachments/<n>).
For programs: GET /messages.json[?to=address], GET /by-message-id/<quoted Message-ID> (200 or 404), DELETE /messages.

To see what becomes of senders when things go wrong: PUT /faults?mode=later&share=0.3 (and mode= to end it), GET /faults
counts them. Modes: `later` and `refuse` answer 451 and 550, `slow` takes half a second, `drop` keeps the message and
breaks the line in place of an answer, `lose` breaks it without keeping.

A message is on the disk before SMTP's "250" is answered. Run by script/server and script/test; not for production.
"""

import argparse
import asyncio
import json
import random
import re
import signal
import sys
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from html import escape
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

from aiosmtpd.smtp import SMTP, Envelope, Session

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from script.mailbox_store import Store, header

PAGE_SIZE = 50
MAX_BYTES = 40 * 1024 * 1024
PAGE_POLICY = "default-src 'none'; style-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'"
# The message's own HTML: no scripts, nothing fetched, and its links open in a tab of their own.
HTML_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:"
)


# --- Taking -----------------------------------------------------------------------------------------------------------
class Faults:
    """What goes wrong on purpose, to which share of the messages, and how often it has."""

    MODES = ("", "later", "refuse", "slow", "drop", "lose")

    def __init__(self) -> None:
        self.mode, self.share = "", 0.0
        self.counts = dict.fromkeys(self.MODES[1:], 0)

    def strike(self) -> str:
        """The fault that this message meets, if any."""
        if not self.mode or random.random() >= self.share:
            return ""
        self.counts[self.mode] += 1
        return self.mode


class Receiver:
    """aiosmtpd's handler: a 250 means that the message is on the disk."""

    def __init__(self, store: Store, faults: Faults) -> None:
        self.store, self.faults = store, faults

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        fault = self.faults.strike()
        if fault in {"later", "refuse"}:
            return "451 Try later" if fault == "later" else "550 No such person"
        if fault == "slow":
            await asyncio.sleep(0.5)
        if fault != "lose":
            self._keep(envelope)
        if fault in {"drop", "lose"} and server.transport is not None:
            server.transport.abort()
        return "250 Message kept"

    def _keep(self, envelope: Envelope) -> None:
        content = envelope.content if isinstance(envelope.content, bytes) else str(envelope.content).encode()
        self.store.keep(sender=envelope.mail_from or "", recipients=envelope.rcpt_tos, raw=content)


# --- Showing ----------------------------------------------------------------------------------------------------------
class Pages(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    store: Store  # set on the subclass that `main` makes
    faults: Faults
    ROUTES = (
        (re.compile(r"/"), "show_list"),
        (re.compile(r"/mailbox\.css"), "show_style"),
        (re.compile(r"/messages\.json"), "show_json"),
        (re.compile(r"/faults"), "show_faults"),
        (re.compile(r"/by-message-id/(.+)"), "show_whether_kept"),
        (re.compile(r"/messages/(\d{1,18})"), "show_message"),
        (re.compile(r"/messages/(\d{1,18})/html"), "show_html"),
        (re.compile(r"/messages/(\d{1,18})/raw"), "show_raw"),
        (re.compile(r"/messages/(\d{1,18})/attachments/(\d{1,4})"), "show_attachment"),
    )

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        self.query = {name: values[-1] for name, values in parse_qs(url.query).items()}
        for pattern, method in self.ROUTES:
            if match := pattern.fullmatch(url.path):
                getattr(self, method)(*match.groups())
                return
        self.not_found()

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_PUT(self) -> None:
        url = urlsplit(self.path)
        asked = {name: values[-1] for name, values in parse_qs(url.query).items()}
        if url.path != "/faults" or asked.get("mode", "") not in Faults.MODES:
            self.not_found()
            return
        self.faults.share = float(asked.get("share", "1"))
        self.faults.mode = asked.get("mode", "")
        self.show_faults()

    def do_DELETE(self) -> None:
        if self.path != "/messages":
            self.not_found()
            return
        self.store.empty()
        self.answer(b"{}", "application/json")

    def show_list(self) -> None:
        to, before = self.query.get("to", ""), self.query.get("before", "")
        rows = self.store.page(to=to, before=int(before) if before.isdecimal() else None, limit=PAGE_SIZE)
        items = "".join(
            f'<li><a href="/messages/{row["id"]}">{escape(row["subject"])}</a>'
            f"<span>To {escape(row['recipients'] or 'nobody')}</span>{moment(row['received_at'])}</li>"
            for row in rows
        )
        older = ""
        if len(rows) == PAGE_SIZE:
            older = f'<p><a href="/?to={quote(to)}&amp;before={rows[-1]["id"]}">Older messages</a></p>'
        listing = f"<ol>{items}</ol>{older}" if rows else "<p>No messages.</p>"
        self.page(
            "Local mailbox",
            "<p>Everything that Soundings sends on this machine arrives here and goes no further. Newest first.</p>"
            '<form><label for="to">Sent to (whole address)</label>'
            f'<input id="to" name="to" type="email" autocomplete="off" value="{escape(to)}">'
            "<button>Show</button></form>"
            f"{listing}",
        )

    def show_message(self, number: str) -> None:
        if (message := self.message(number)) is None:
            return
        headers = "".join(
            f"<dt>{escape(n)}</dt><dd>{escape(header(message, n))}</dd>" for n in dict.fromkeys(message.keys())
        )
        text, html = content(message, "plain"), content(message, "html")
        frame = (
            '<h2>As HTML</h2><iframe title="The message as HTML" sandbox="allow-popups allow-popups-to-escape-sandbox"'
            f' src="/messages/{number}/html"></iframe>'
        )
        files = "".join(
            f'<li><a href="/messages/{number}/attachments/{n}">{escape(part.get_filename() or "unnamed")}</a>'
            f" ({escape(part.get_content_type())})</li>"
            for n, part in enumerate(message.iter_attachments())
        )
        self.page(
            header(message, "Subject") or "(no subject)",
            '<p><a href="/">All messages</a></p>'
            + (f"<h2>As plain text</h2><pre>{with_links(text)}</pre>" if text else "<p>It has no plain text.</p>")
            + (frame if html else "<p>It has no HTML.</p>")
            + (f"<h2>Attachments</h2><ul>{files}</ul>" if files else "")
            + f'<h2>Headers</h2><dl>{headers}</dl><p><a href="/messages/{number}/raw">The message as it came</a></p>',
        )

    def show_html(self, number: str) -> None:
        if message := self.message(number):
            page = '<!doctype html><base target="_blank">' + content(message, "html")
            self.answer(page.encode(errors="replace"), "text/html; charset=utf-8", policy=HTML_POLICY)

    def show_raw(self, number: str) -> None:
        raw = self.store.raw(int(number))
        self.answer(raw, "text/plain; charset=utf-8") if raw is not None else self.not_found()

    def show_attachment(self, number: str, index: str) -> None:
        if (message := self.message(number)) is None:
            return
        parts = list(message.iter_attachments())
        if int(index) >= len(parts):
            self.not_found()
            return
        part = parts[int(index)]
        body = part.get_payload(decode=True) or b""
        name = quote(part.get_filename() or "unnamed", safe="")
        disposition = f"attachment; filename*=UTF-8''{name}"
        self.answer(body, "application/octet-stream", **{"Content-Disposition": disposition})

    def show_json(self) -> None:
        rows = self.store.page(to=self.query.get("to", ""))
        for row in rows:
            row["recipients"] = (row["recipients"] or "").split(", ")
        self.answer(json.dumps(rows).encode(), "application/json")

    def show_faults(self) -> None:
        self.answer(json.dumps({"mode": self.faults.mode, **self.faults.counts}).encode(), "application/json")

    def show_whether_kept(self, quoted: str) -> None:
        kept = self.store.has(unquote(quoted))
        body = json.dumps({"kept": kept}).encode()
        self.answer(body, "application/json", status=HTTPStatus.OK if kept else HTTPStatus.NOT_FOUND)

    def show_style(self) -> None:
        self.answer(STYLE.encode(), "text/css; charset=utf-8")

    def message(self, number: str) -> EmailMessage | None:
        raw = self.store.raw(int(number))
        if raw is None:
            self.not_found()
            return None
        return message_from_bytes(raw, policy=policy.default)  # type: ignore[return-value]

    def not_found(self) -> None:
        self.page("Not found", '<p>There is no such page. <a href="/">All messages</a></p>', HTTPStatus.NOT_FOUND)

    def page(self, title: str, body: str, status: HTTPStatus = HTTPStatus.OK) -> None:
        html = (
            f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)} · Mailbox</title>'
            '<meta name="viewport" content="width=device-width"><link rel="stylesheet" href="/mailbox.css"></head>'
            f"<body><main><h1>{escape(title)}</h1>{body}</main></body></html>"
        )
        self.answer(html.encode(errors="replace"), "text/html; charset=utf-8", status=status)

    def answer(
        self, body: bytes, kind: str, *, status: HTTPStatus = HTTPStatus.OK, policy: str = PAGE_POLICY, **headers: str
    ) -> None:
        self.send_response(status)
        fixed = {
            "Content-Type": kind,
            "Content-Length": str(len(body)),
            "Content-Security-Policy": policy,
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-store",
            "Referrer-Policy": "no-referrer",
        }
        for name, value in {**fixed, **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Quiet: a line for each look at the page helps nobody."""


def content(message: EmailMessage, kind: str) -> str:
    part = message.get_body(preferencelist=(kind,))
    if part is None:
        return ""
    try:
        return str(part.get_content())
    except (LookupError, ValueError):  # an unknown charset: show the bytes as best we can
        return (part.get_payload(decode=True) or b"").decode("utf-8", "replace")


def moment(received_at: str) -> str:
    at = datetime.fromisoformat(received_at)
    return f'<time datetime="{escape(received_at)}">{at:%-d %B %Y, %H:%M:%S} UTC</time>'


def with_links(text: str) -> str:
    """Escaped text in which web addresses are links; a full stop or bracket that ends the sentence stays outside."""
    pieces = re.split(r"(https?://[^\s<>\"]*[^\s<>\".,;:!?)\]'])", text)
    return "".join(
        f'<a href="{escape(piece)}">{escape(piece)}</a>' if i % 2 else escape(piece) for i, piece in enumerate(pieces)
    )


STYLE = """
body { margin: 0; font: 1rem/1.5 system-ui, sans-serif; color: #0b0c0c; background: #fff }
main { max-width: 50rem; margin: 0 auto; padding: 1rem }
h1 { font-size: 1.5rem; line-height: 1.2; overflow-wrap: anywhere } h2 { font-size: 1.15rem; margin: 2rem 0 .5rem }
a { color: #1a5a96 } :focus-visible { outline: 3px solid #1a5a96; outline-offset: 2px }
ol { list-style: none; padding: 0 } ol li { padding: .75rem 0; border-top: 1px solid #b1b4b6; overflow-wrap: anywhere }
ol a { font-weight: 600; display: block; padding: .15rem 0 } ol span { display: block } time { color: #484949 }
form { display: flex; flex-wrap: wrap; gap: .5rem; align-items: center; margin: 1rem 0 } label { flex-basis: 100% }
input, button { font: inherit; padding: .4rem .6rem; border: 2px solid #0b0c0c; border-radius: 0; min-height: 2.75rem;
  box-sizing: border-box; max-width: 100% }
input { flex: 1 1 12rem; min-width: 0 } button { background: #0b0c0c; color: #fff }
pre { white-space: pre-wrap; overflow-wrap: anywhere; background: #f4f8fb; padding: 1rem; font: inherit }
iframe { width: 100%; height: 32rem; border: 1px solid #b1b4b6; background: #fff }
dt { font-weight: 600 } dd { margin: 0 0 .5rem; overflow-wrap: anywhere }
"""


# --- Running ----------------------------------------------------------------------------------------------------------
async def serve(*, store: Store, host: str, smtp_port: int, web_port: int) -> None:
    """Take mail and show it until told to stop."""
    loop = asyncio.get_running_loop()
    faults = Faults()
    web = ThreadingHTTPServer((host, web_port), type("StorePages", (Pages,), {"store": store, "faults": faults}))
    web.daemon_threads = True
    smtp = await loop.create_server(
        lambda: SMTP(
            Receiver(store, faults), hostname="localhost", data_size_limit=MAX_BYTES, enable_SMTPUTF8=True, loop=loop
        ),
        host,
        smtp_port,
    )
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    Thread(target=web.serve_forever, daemon=True).start()
    print(f"mailbox: http://{host}:{web_port}/ shows what is sent to {host}:{smtp_port}", flush=True)
    await stop.wait()
    smtp.close()
    web.shutdown()
    web.server_close()


def main() -> int:
    parser = argparse.ArgumentParser(description="A local mailbox with a web page.")
    parser.add_argument("--folder", type=Path, required=True, help="where messages are kept")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--smtp-port", type=int, default=1025)
    parser.add_argument("--web-port", type=int, default=8025)
    given = parser.parse_args()
    store = Store(given.folder)
    try:
        asyncio.run(serve(store=store, host=given.host, smtp_port=given.smtp_port, web_port=given.web_port))
    except OSError as error:
        print(f"mailbox: cannot listen on {given.smtp_port} and {given.web_port}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
