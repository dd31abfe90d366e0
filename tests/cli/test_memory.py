"""Files without an end, and memory that runs out: no more is taken than for any other file, and no traceback."""

from __future__ import annotations

import gzip
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from breachkit import parallel
from breachkit.parallel import Piece, spread
from tests.conftest import story
from tests.servers.icewarp.factories import b64, lines

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Ran

MB = 1 << 20
LONG = 100 * MB
"""Bytes of a line that has no end."""
MOST = 70 * MB
"""Bytes that a run may take more for a file with such a line."""

RUN = """\
import resource, sys
from breachkit.__main__ import main
sys.argv[0] = "breachkit"
try:
    main()
finally:
    sys.stderr.write(f"\\n{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss}")
"""


def peak_of(*words: object) -> tuple[int, int]:
    """Run a command and return its exit code and the most bytes it had."""
    command = [sys.executable, "-c", RUN, *map(str, words)]
    ran = subprocess.run(command, capture_output=True, check=False, text=True)
    assert "Traceback" not in ran.stderr, ran.stderr
    return ran.returncode, int(ran.stderr.rpartition("\n")[2]) * (1 if sys.platform == "darwin" else 1024)


def lengthen(path: Path, begin: bytes, more: bytes, end: bytes) -> None:
    """Add a long line to a file."""
    path.parent.mkdir(exist_ok=True, parents=True)
    with path.open("ab") as stream:
        stream.write(begin)
        for _ in range(LONG // MB):
            stream.write(more * MB)
        stream.write(end)


@pytest.fixture(name="root")
def root_of_a_story(tmp_path: Path) -> Path:
    shutil.copytree(story("guide"), tmp_path / "root")
    return tmp_path / "root"


@pytest.mark.skipif(sys.platform == "win32", reason="`resource` is POSIX only")
@pytest.mark.parametrize(
    ("name", "begin", "words", "codes"),
    [
        ("users.csv", b"x@example.it,0,0,x,x,", ["weak-passwords"], {3}),
        ("users.csv", b"x@example.it,0,0,x,x,", ["find-account"], {3}),
        ("settings.txt", b"D_UserMB: 1\nC_Mail_Security_Relay_IPList: ", ["harden"], {3}),
        ("config/path.dat", b"/opt/icewarp/config/", ["scan"], {0, 3}),
    ],
)
@pytest.mark.parametrize("more", [b"1", b"\0"])
def test_a_line_without_an_end_takes_no_more_memory(
    name: str, begin: bytes, words: list[str], codes: set[int], more: bytes, root: Path
) -> None:
    (root / "settings.txt").write_text("D_UserMB: 5\n")
    _, plain = peak_of(*words, "--root", root)
    lengthen(root / name, begin, more, b"\n")
    code, peak = peak_of(*words, "--root", root)
    assert code in codes
    assert peak < plain + MOST


@pytest.mark.skipif(sys.platform == "win32", reason="`resource` is POSIX only")
@pytest.mark.parametrize(("end", "code"), [(b"", 0), (b"1\n", 1)])
def test_a_journal_and_a_custody_without_an_end_take_no_more_memory(end: bytes, code: int, root: Path) -> None:
    case = root.parent / "case"
    assert peak_of("investigate", "--root", root, "-o", case)[0] == 0
    assert peak_of("purge", "pippo@gmail.com", "--root", root, "--yes", "--case", case)[0] == 0
    _, plain = peak_of("quarantine", "list", "--root", root)
    (journal,) = root.glob("mail/breachkit-quarantine/*/journal.jsonl")
    lengthen(journal, b'{"line":9', b"\0", end)
    ended, peak = peak_of("quarantine", "list", "--root", root)
    assert (ended, peak < plain + MOST) == (code, True)
    lengthen(case / "custody.jsonl", b"", b"\0", end)
    ended, peak = peak_of("contain", "user@example.it", "--root", root, "--case", case)
    assert ended == code
    assert peak < peak_of("contain", "user@example.it", "--root", root)[1] + MOST


def test_memory_that_runs_out_is_a_sentence(cli: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch) -> None:
    def starve(*_arguments: object, **_named: object) -> None:
        raise MemoryError

    monkeypatch.setattr("breachkit.evidence.where.find_evidence", starve)
    ran = cli("show", "APV19131", "--root", story("guide"))
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith("breachkit: there is not enough memory for this, and the run ended early")
    assert ran.err.count("\n") == 1


def starved(piece: Piece) -> int:
    """Fail as a helper does that gets no memory, and work as the one that asks does."""
    import os

    if str(os.getpid()) != piece.folder:
        raise MemoryError
    return 0


def test_what_a_helper_has_no_memory_for_is_done_by_the_one_that_asked(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import os

    pieces = [Piece(str(os.getpid()), [("x",)]) for _ in range(500)]
    monkeypatch.setattr(parallel, "FIRST_SECONDS", 0.0)
    monkeypatch.setattr(parallel, "BATCH", 1)
    assert spread(pieces, starved, 2) == [0] * 500
    assert capfd.readouterr().err == ""


MANY = 60_000
"""Tries or messages of a session; a record of each takes 700 bytes."""


@pytest.mark.skipif(sys.platform == "win32", reason="`resource` is POSIX only")
@pytest.mark.parametrize("output", ["json", "text"])
@pytest.mark.parametrize(
    "texts",
    [
        (f"<<< AUTH PLAIN {b64(chr(0) + 'anna@example.it' + chr(0) + 'pw')}", ">>> 535 5.7.8 no"),
        (
            *("<<< MAIL FROM:<anna@example.it>", ">>> 250 ok", "<<< RCPT TO:<u@far.example>", ">>> 250 ok"),
            *("<<< DATA", ">>> 354 go", ">>> 250 2.6.0 Message id A{:08} accepted for delivery"),
        ),
    ],
)
def test_a_session_of_many_tries_or_messages_takes_no_more_memory(
    texts: tuple[str, ...], output: str, tmp_path: Path
) -> None:
    peaks = []
    for number in (6_000, MANY):
        folder = tmp_path / str(number)
        folder.mkdir()
        # a line at a time: to the peak of a process belongs what the one that started it had
        with gzip.open(folder / "s20261120-00.log.gz", "wt", 1, "ascii", newline="") as log:
            log.write(lines("Connected", ">>> 220 x", "<<< EHLO y", ">>> 250 x"))
            log.writelines(map(lines(*texts).format, range(number)))
            log.write(lines("<<< QUIT", ">>> 221 bye", "Disconnected"))
        words = ("trace", "203.0.113.9", "--logs", folder, "--timezone", "UTC", "--format", output)
        code, peak = peak_of(*words)
        assert code == 0
        peaks.append(peak)
    assert peaks[1] < peaks[0] + 25 * MB
