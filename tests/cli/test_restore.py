"""`restore` and `quarantine` as they are typed."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from breachkit.cli import asking
from tests.purge.harness import snapshot

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from tests.cli.typed import Ended


def test_several_runs_must_be_named(queue: Path, breach: Callable[..., Ended]) -> None:
    before = snapshot(queue)
    first = breach("purge", "pippo", "--queue", queue / "retry", "--yes", "--everything", "--format", "json").json[
        "run"
    ]
    second = breach("purge", "pippo", "--queue", queue, "--yes", "--format", "json").json["run"]
    done = breach("restore", "--queue", queue, "--yes")
    assert done.code == 2
    assert first in done.err
    assert second in done.err
    assert breach("restore", first, "--all", "--queue", queue).code == 2
    assert breach("restore", "nonsense", "--queue", queue).code == 1
    everything = breach("restore", "--all", "--queue", queue, "--yes", "--format", "json").json
    assert (everything["restored"], everything["run"], len(everything["runs"])) == (6, None, 2)
    assert snapshot(queue) == before


def test_restore_only_some(queue: Path, breach: Callable[..., Ended]) -> None:
    breach("purge", "pippo", "--queue", queue, "--yes")
    done = breach("restore", "--only", "Buy it\n3", "--queue", queue, "--yes", "--format", "json").json
    assert (done["restored"], done["not_chosen"], done["in_quarantine"]) == (1, 5, 5)
    assert breach("restore", "--only", " ", "--queue", queue, "--yes").code == 2


def test_restore_asks_and_needs_a_terminal(queue: Path, breach: Callable[..., Ended]) -> None:
    breach("purge", "pippo", "--queue", queue, "--yes")
    done = breach("restore", "--queue", queue)
    assert (done.code, "nothing was restored" in done.err) == (1, True)
    shown = breach("restore", "--queue", queue, "--dry-run", "--format", "json").json
    assert (shown["restored"], shown["dry_run"]) == (6, True)
    assert len(snapshot(queue)) == 3


def test_conflicts_end_with_3(queue: Path, breach: Callable[..., Ended]) -> None:
    breach("purge", "pippo", "--queue", queue, "--yes")
    (queue / "202611200800000000.dat").write_bytes(b"new")
    done = breach("restore", "--queue", queue, "--yes", "--format", "json")
    assert (done.code, done.json["conflicts"], done.json["restored"]) == (3, 1, 5)
    assert (queue / "202611200800000000.dat").read_bytes() == b"new"


def test_a_broken_chain_is_one_sentence(queue: Path, breach: Callable[..., Ended]) -> None:
    journal = Path(breach("purge", "pippo", "--queue", queue, "--yes", "--format", "json").json["journal"])
    journal.write_bytes(journal.read_bytes().replace(b"anna", b"bert").replace(b'"size":76', b'"size":77'))
    for words in (["restore", "--yes"], ["quarantine", "verify"], ["quarantine", "list"]):
        done = breach(*words, "--queue", queue)
        assert (done.code, done.err.count("\n")) == (1, 1)
        assert "the journal was changed" in done.err


def test_quarantine_list_show_verify_drop(
    queue: Path, breach: Callable[..., Ended], monkeypatch: pytest.MonkeyPatch
) -> None:
    product = breach("purge", "pippo", "--queue", queue, "--yes", "--format", "json").json
    listed = breach("quarantine", "list", "--queue", queue, "--format", "json").json["runs"]
    assert [(one["run"], one["held"], one["wanted"]) for one in listed] == [(product["run"], 6, ["pippo"])]
    shown = breach("quarantine", "show", product["run"], "--queue", queue, "--format", "json").json["runs"][0]
    assert {one["where"] for one in shown["messages"]} == {"held"}
    assert shown["messages"][0]["path"] == "_outgoing/202611200800000000.dat"
    assert breach("quarantine", "show", product["run"], "--queue", queue).out.count("held") == 6
    assert breach("quarantine", "verify", "--queue", queue).code == 0
    message = Path(product["quarantine"]) / "messages" / "00000002"
    message.write_bytes(b"!")
    bad = breach("quarantine", "verify", product["run"], "--queue", queue, "--format", "json")
    assert (bad.code, bad.json["runs"][0]["changed"]) == (3, 1)
    message.unlink()
    gone = breach("quarantine", "verify", "--queue", queue)
    assert (gone.code, "gone without a line" in gone.out) == (3, True)
    assert breach("quarantine", "drop", product["run"], "--queue", queue).code == 1
    monkeypatch.setattr(asking, "can_ask", lambda: True)
    monkeypatch.setattr(sys, "stdin", io.StringIO("yes\n"))
    assert breach("quarantine", "drop", product["run"], "--queue", queue).code == 1
    assert len(list(message.parent.iterdir())) == 5
    monkeypatch.setattr(sys, "stdin", io.StringIO(product["run"] + "\n"))
    dropped = breach("quarantine", "drop", product["run"], "--queue", queue, "--format", "json")
    assert (dropped.code, dropped.json["dropped"]) == (0, 5)
    assert list(message.parent.iterdir()) == []
    assert Path(product["journal"]).is_file()
    assert breach("restore", product["run"], "--queue", queue, "--yes", "--format", "json").json["dropped"] == 5
