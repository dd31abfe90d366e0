"""What a STRING finds: raw as grep does, decoded as a reader sees it."""

from __future__ import annotations

import base64
import os
import random
import shutil
import subprocess
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest
import regex

from breachkit.errors import UsageError
from breachkit.evidence.queued import queue_pieces, topmost
from breachkit.parallel import Piece
from breachkit.progress import silent
from breachkit.purge import needles
from breachkit.purge import search as search_module
from breachkit.purge.disk import Disk
from breachkit.purge.needles import SoughtTexts
from breachkit.purge.plan import Predicates, Tally, identity_of
from breachkit.purge.search import TOO_SLOW, PieceSearch, TextSearch, look_through
from breachkit.servers import load

if TYPE_CHECKING:
    from breachkit.servers import Queue

SAMPLES = Path(__file__).parents[2] / "sample_queues" / "icewarp"
GREP = shutil.which("grep") or "grep"
needs_grep = pytest.mark.skipif(shutil.which("grep") is None, reason="compares with grep")

LITERALS = [
    "fortuna-club",
    "newsletter@example.it",
    "LocalSender",
    "=?utf-8?",
    "\r",
    ".",
    "[a-z]",
    "\\",
    "^",
    "-rf",
    "--",
    "a b",
    "è",
    "\udcff",
    "\udce8",
    "From: <",
    "no such text at all",
    "\t",
    "00",
]


def by_grep(string: str, *folders: Path) -> set[bytes]:
    """Return what `grep -rlF` selects; names end with a NUL so that any can be told."""
    command = [GREP, "-rlZF", "-e", string, "--", *map(str, folders)]
    done = subprocess.run(command, capture_output=True, check=False, env={**os.environ, "LC_ALL": "C"})
    assert done.returncode in {0, 1}, done.stderr
    return set(done.stdout.split(b"\0")) - {b""}


QUEUE = cast("Queue", load("icewarp").queue)


def looked(texts: SoughtTexts, *folders: Path) -> Tally:
    """Look through some queues."""
    pieces = queue_pieces([str(folder) for folder in folders], QUEUE, None, [])
    return look_through(pieces, PieceSearch(Predicates(texts), QUEUE, UTC, None, keeps=True), 1, silent)


def by_us(texts: SoughtTexts, *folders: Path) -> set[bytes]:
    return {os.fsencode(path) for one in looked(texts, *folders).planned() for path in one.files}


def look(content: bytes, tmp_path: Path, *strings: str, **how: bool) -> str | None:
    """Tell how a message of one file holds some strings."""
    folder = tmp_path / "alone"
    folder.mkdir(exist_ok=True)
    (folder / "message.dat").write_bytes(content)
    tally = looked(SoughtTexts(strings, **how), folder)
    if tally.skipped:
        return tally.skipped[0][1]
    return next((name for name in ("raw", "decoded", "reader") if tally.counts[name]), None)


@needs_grep
@pytest.mark.parametrize("string", LITERALS)
def test_raw_only_selects_what_grep_selects_in_the_samples(string: str) -> None:
    if string.strip():
        folders = [story / "mail" / "_outgoing" for story in SAMPLES.iterdir()]
        assert by_us(SoughtTexts((string,), raw_only=True), *folders) == by_grep(string, *folders)


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A queue of 20,000 messages with odd names, odd bytes and a few long ones."""
    dice = random.Random(4)
    top = tmp_path_factory.mktemp("crowd") / "_outgoing"
    words = [b"pippo@gmail.com", b"fortuna-club", b"\xff\x00\xfe", "perché".encode(), b"a b", b"-rf", b"\r\n", b"PIPPO"]
    for number in range(20_000):
        folder = top / ("retry" if number % 4 == 0 else "") / f"{number % 16:x}"
        if number < 64:
            folder.mkdir(parents=True, exist_ok=True)
        body = dice.randbytes(dice.randrange(1, 300)) + b"".join(dice.choices(words, k=2)) + b"\n"
        (folder / f"{number}.dat").write_bytes(body)
    for number, name in enumerate([b"a\nb.dat", b"-rf", b"\xff\xfe.dat", b"n" * 255, b"  "]):
        (top / os.fsdecode(name)).write_bytes(words[number])
    return top


@needs_grep
@pytest.mark.parametrize("string", ["pippo@gmail.com", "\udcff", "perché", "-rf", "zq"])
def test_raw_only_selects_what_grep_selects_of_20000(crowd: Path, string: str) -> None:
    chosen = by_grep(string, crowd)
    assert by_us(SoughtTexts((string,), raw_only=True), crowd) == chosen
    assert len(chosen) < 20_000


@pytest.mark.parametrize("at", [0, 30, 61, 62, 63, 64, 65, 120, 127, 128, 190])
def test_a_string_across_two_pieces_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int) -> None:
    monkeypatch.setattr(search_module, "PIECE", 64)
    content = b"x" * at + b"needle" + b"y" * (200 - at)
    monkeypatch.setattr(search_module, "HEAD_BYTES", 32)
    assert look(content, tmp_path, "needle", raw_only=True) == "raw"
    assert look(content, tmp_path, "NEEDLE", ignore_case=True, raw_only=True) == "raw"
    (found,) = looked(SoughtTexts(("needle",)), tmp_path / "alone").planned()
    assert found.identity == identity_of([Disk().fingerprint(found.files[0])])
    assert look(content, tmp_path, "needless", raw_only=True) is None


def test_a_long_message_is_searched_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "long.dat"
    with path.open("wb") as stream:
        stream.truncate(80 << 20)
        stream.seek((1 << 26) - 3)
        stream.write(b"pippo@gmail.com")
    assert by_us(SoughtTexts(("pippo@gmail.com",), raw_only=True), tmp_path) == {os.fsencode(path)}


def test_all_strings_must_stand_in_a_message_or_any_with_any(tmp_path: Path) -> None:
    assert look(b"one two", tmp_path, "one", "two") is not None
    assert look(b"one", tmp_path, "one", "two") is None
    assert look(b"one", tmp_path, "one", "two", is_any=True) is not None


def test_one_string_raw_and_the_other_decoded(tmp_path: Path) -> None:
    content = b"Subject: =?utf-8?B?" + base64.b64encode(b"golden offer") + b"?=\nX: raw\n\nhi\n"
    assert look(content, tmp_path, "raw", "golden offer") == "decoded"
    assert look(content, tmp_path, "raw", "golden offer", raw_only=True) is None


@pytest.mark.parametrize(
    "content",
    [
        b"Content-Transfer-Encoding: base64\n\n" + base64.b64encode(b"visit pippo-club.example now") + b"\n",
        b"Content-Transfer-Encoding: quoted-printable\n\nvisit pippo=\n-club.example now\n",
        b"Content-Type: text/html\n\n<p>visit pippo&#45;club.example now\n",
        b"Subject: visit\n pippo-club.example now\n\nx\n",
        b"Content-Type: text/plain; charset=utf-16-le\n\n" + "visit pippo-club.example now".encode("utf-16-le"),
    ],
)
def test_a_decoded_text_is_found_whatever_its_coding(tmp_path: Path, content: bytes) -> None:
    assert look(content, tmp_path, "visit pippo-club.example now") == "decoded"


def test_case_is_ignored_beyond_ascii(tmp_path: Path) -> None:
    assert look("PERCHÉ".encode(), tmp_path, "perché", ignore_case=True) is not None
    assert look("PERCHÉ".encode(), tmp_path, "perché") is None
    assert look(b"a.b", tmp_path, "A.B", ignore_case=True) is not None
    assert look(b"axb", tmp_path, "A.B", ignore_case=True) is None


def test_patterns_match_bytes_and_texts(tmp_path: Path) -> None:
    assert look(b"pippo123@gmail.com", tmp_path, r"pippo\d+@", is_regex=True) is not None
    assert look(b"a\nSubject: x", tmp_path, r"^Subject: .$", is_regex=True) is not None
    assert look(b"PIPPO", tmp_path, "pip+o", is_regex=True, ignore_case=True) is not None
    with pytest.raises(UsageError, match="is no pattern"):
        look(b"", tmp_path, "(", is_regex=True)


@pytest.mark.parametrize("string", ["", " ", "\t\n"])
def test_blank_strings_are_refused(string: str) -> None:
    with pytest.raises(UsageError, match="an empty STRING"):
        TextSearch(SoughtTexts(("good", string)))


def test_a_pattern_that_takes_too_long_leaves_the_message_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(needles, "PATTERN_SECONDS", 0.05)
    assert look(b"a" * 40 + b"!", tmp_path, "^(a|a|aa)+$", is_regex=True) == TOO_SLOW


def test_bytes_that_are_no_text_are_sought_raw_only(tmp_path: Path) -> None:
    assert look(b"x\xffy", tmp_path, "\udcff") is not None
    assert look("x\ufffdy".encode(), tmp_path, "\udcff") is None


def test_a_pattern_of_bytes_that_are_no_text(tmp_path: Path) -> None:
    assert look(b"x\xffy", tmp_path, "x\udcff.", is_regex=True) == "raw"
    assert regex.compile(b"x\xff.").search(b"x\xffy")


def test_queues_are_walked_once_and_the_quarantine_never(tmp_path: Path) -> None:
    retry = tmp_path / "_outgoing" / "retry"
    retry.mkdir(parents=True)
    aside = tmp_path / "breachkit-quarantine" / "run" / "messages"
    aside.mkdir(parents=True)
    for folder in (retry, aside):
        (folder / "one.dat").write_bytes(b"pippo")
    (tmp_path / "again").symlink_to(tmp_path / "_outgoing")
    folders = [str(tmp_path / "_outgoing"), str(retry), str(tmp_path / "again"), str(tmp_path)]
    assert topmost(folders) == [str(tmp_path)]
    assert topmost(folders[:3]) == [str(tmp_path / "_outgoing")]
    assert [*queue_pieces(folders, QUEUE, None, [])] == [Piece(str(retry), [("one.dat",)])]
