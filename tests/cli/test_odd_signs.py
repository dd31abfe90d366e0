"""Signs of evidence that a terminal obeys or hides: JSON has them escaped, and parses to the same text."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

from breachkit.report.words import clean
from tests.conftest import story
from tests.servers.icewarp.factories import b64, lines

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.typed import Ended

ODD = "x\x9b31m\x90\x7f\u202egnp\u2066\u200b\u00ad\U000e0041y"


def test_json_of_every_command_and_every_json_file_of_a_case(breach: Callable[..., Ended], tmp_path: Path) -> None:
    root = tmp_path / "root"
    shutil.copytree(story("guide"), root)
    for number in range(9):
        (root / "mail" / "_outgoing" / f"{number}{ODD}.tmp").write_text(
            f"LocalSender: user@example.it\nFrom: {ODD}@gmail.com\nTo: a@{ODD}.example\nMsgID: AAA0000{number}\n\n"
            f"Subject: {ODD} buy {ODD}\n\nhttp://cheap.example/{ODD}\n",
            encoding="utf-8",
        )
    with (root / "logs" / "smtp" / "s20261120-03.log").open("a", encoding="utf-8") as log:
        log.write(lines(f"<<< EHLO {ODD}", "<<< AUTH PLAIN " + b64(f"\0{ODD}@example.it\0x"), ">>> 235 ok"))
    where = ("--root", root, "--format", "json")
    commands = ["scan"], ["group"], ["group", "--by", "subject"], ["find-account"], ["trace", "203.0.113.9"]
    seen = [breach(*command, *where).out for command in commands]
    seen.append(breach("purge", ODD, *where, "--yes").out)
    seen.append(breach("quarantine", "show", json.loads(seen[-1])["run"], *where).out)
    seen.append(breach("investigate", *where, "-o", tmp_path / "case").out)
    seen.append(breach("investigate", "--root", root, "--format", "ecs").out)
    seen += [path.read_bytes().decode() for path in (tmp_path / "case").glob("*.json*")]
    assert len(seen) == 9 + 6
    for text in seen:
        bare = text.replace("\n", "")
        assert clean(bare) == bare
        assert [json.loads(line) for line in text.splitlines()] if text.startswith('{"') else json.loads(text)
    assert f"<<< EHLO {ODD}".removeprefix("<<< ") in json.dumps(json.loads(seen[4]), ensure_ascii=False).replace(
        "\\u007f", "\x7f"
    )
    assert ODD in json.loads(seen[5])["subjects"][0]["subject"]
