"""What the local mailbox (script/mailbox.py) has been sent, kept in one SQLite file."""

import sqlite3
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any


class Store:
    """Messages in one SQLite file. Each call opens its own connection, so any thread may call."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / "mailbox.sqlite3"
        with self._open() as db:
            db.execute("PRAGMA journal_mode = WAL")
            db.execute(
                "CREATE TABLE IF NOT EXISTS message (id INTEGER PRIMARY KEY AUTOINCREMENT, received_at TEXT NOT NULL,"
                " sender TEXT NOT NULL, message_id TEXT NOT NULL, subject TEXT NOT NULL, raw BLOB NOT NULL)"
            )
            db.execute("CREATE TABLE IF NOT EXISTS recipient (message INTEGER NOT NULL, address TEXT NOT NULL)")
            db.execute("CREATE INDEX IF NOT EXISTS by_message_id ON message (message_id)")
            db.execute("CREATE INDEX IF NOT EXISTS by_address ON recipient (address, message)")
            db.execute("CREATE INDEX IF NOT EXISTS by_message ON recipient (message)")

    def _open(self) -> sqlite3.Connection:
        db = sqlite3.connect(self.path, timeout=30, factory=ClosingConnection)
        db.row_factory = sqlite3.Row
        db.execute("PRAGMA synchronous = FULL")
        return db

    def keep(self, *, sender: str, recipients: list[str], raw: bytes) -> None:
        headers = message_from_bytes(raw, policy=policy.compat32)
        parsed = message_from_bytes(raw, policy=policy.default)
        row = (
            datetime.now(UTC).isoformat(timespec="milliseconds"),
            sender,
            bare_id(str(headers.get("Message-ID", ""))),
            header(parsed, "Subject") or "(no subject)",
            raw,
        )
        with self._open() as db:
            kept = db.execute(
                "INSERT INTO message (received_at, sender, message_id, subject, raw) VALUES (?, ?, ?, ?, ?)", row
            )
            db.executemany("INSERT INTO recipient VALUES (?, ?)", [(kept.lastrowid, a.lower()) for a in recipients])

    def page(self, *, to: str = "", before: int | None = None, limit: int = -1) -> list[dict[str, Any]]:
        """Newest first, without their content. `to` is one whole address."""
        sql = (
            "SELECT id, received_at, sender, message_id, subject,"
            " (SELECT group_concat(address, ', ') FROM recipient WHERE message = message.id) AS recipients"
            " FROM message WHERE (:to = '' OR id IN (SELECT message FROM recipient WHERE address = :to))"
            " AND (:before IS NULL OR id < :before) ORDER BY id DESC LIMIT :limit"
        )
        with self._open() as db:
            rows = db.execute(sql, {"to": to.strip().lower(), "before": before, "limit": limit}).fetchall()
        return [dict(row) for row in rows]

    def raw(self, number: int) -> bytes | None:
        with self._open() as db:
            row = db.execute("SELECT raw FROM message WHERE id = ?", (number,)).fetchone()
        return row["raw"] if row else None

    def has(self, message_id: str) -> bool:
        with self._open() as db:
            found = db.execute("SELECT 1 FROM message WHERE message_id = ? LIMIT 1", (bare_id(message_id),)).fetchone()
        return found is not None

    def empty(self) -> None:
        with self._open() as db:
            db.execute("DELETE FROM recipient")
            db.execute("DELETE FROM message")


class ClosingConnection(sqlite3.Connection):
    """Commits or rolls back at the end of `with`, as SQLite's does, and closes too."""

    def __exit__(self, *exception: Any) -> bool:
        try:
            return super().__exit__(*exception)
        finally:
            self.close()


def bare_id(message_id: str) -> str:
    return message_id.strip().removeprefix("<").removesuffix(">")


def header(message: EmailMessage, name: str) -> str:
    """A header as text, whatever a careless sender put into it."""
    try:
        return str(message.get(name, ""))
    except Exception:  # the parser of a malformed header may raise anything
        return "(unreadable)"
