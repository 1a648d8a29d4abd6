"""What the verbs of the command line answer, for programs and for people."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

import msgspec

from gateway.ingest.dead_letters import DeadLetter, Retried
from telemetry.clock import to_seconds

DETAIL_SHOWN: Final = 100


def check_json(problems: Sequence[str]) -> str:
    """`{"ok","problems"}`."""
    return _json({"ok": not problems, "problems": list(problems)})


def letters_json(letters: Sequence[DeadLetter], more: bool) -> str:
    """`{"dead_letters":[…],"next"}`, as the contract has it; `next` goes to `--after`."""
    return _json(
        {
            "dead_letters": [
                {
                    "id": one.id,
                    "received": to_seconds(one.received_ms),
                    "topic": one.topic,
                    "site": one.site,
                    "journal": one.journal,
                    "sequence": one.sequence,
                    "reason": one.reason,
                    "detail": one.detail,
                    "length": one.length,
                    "sha256": one.sha256,
                }
                for one in letters
            ],
            "next": str(letters[-1].id) if more else None,
        }
    )


def letters_text(letters: Sequence[DeadLetter], more: bool) -> str:
    """One line a letter: id, when (UTC), reason, how often, topic, detail."""
    if not letters:
        return "no dead letters"
    lines = [
        f"{one.id:>6}  {_when(one.received_ms)}  {one.reason:<16}  {one.times:>5} x  "
        f"{_shown(one.topic)}  {_shown(one.detail)}"
        for one in letters
    ]
    if more:
        lines.append(f"more: --after {letters[-1].id}")
    return "\n".join(lines)


def retried_json(retried: Sequence[Retried]) -> str:
    """`{"retried":[{"id","stored","detail"}]}`."""
    return _json({"retried": [one._asdict() for one in retried]})


def retried_text(retried: Sequence[Retried]) -> str:
    """One line for each that stays, and the sum."""
    lines = [f"{one.id:>6}  stays: {_shown(one.detail)}" for one in retried if not one.stored]
    stored = sum(one.stored for one in retried)
    return "\n".join([*lines, f"{stored} of {len(retried)} stored"])


def _json(body: object) -> str:
    return msgspec.json.encode(body).decode("utf-8")


def _when(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1_000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _shown(detail: str) -> str:
    # A topic or a detail is a stranger's text: nothing in it may move the cursor of a terminal.
    words = "".join(letter if letter.isprintable() else "\ufffd" for letter in detail)
    return words if len(words) <= DETAIL_SHOWN else words[: DETAIL_SHOWN - 1] + "…"
