"""The drawn benchmark is held to its word: same seed, same bytes; and what its truth says stands in the evidence."""

from __future__ import annotations

import ast
import base64
import json
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from tests.evidence.dice import Dice

from .verdicts import cast, judge, table
from .verdicts.__main__ import main
from .verdicts.base import Fate
from .verdicts.kinds import ATTACKS, BUILD, INNOCENTS, KEPT, UNAUTHENTICATED
from .verdicts.stage import STORIES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .verdicts.town import Town

FEW = ("brute-then-spam", "ticket-system", "scanner", "imap-first", "open-relay", "bec-quiet")
LINE = re.compile(r"(\S+) +\[([0-9A-F]+)\] .*?(\d\d:\d\d:\d\d)(?:\.\d+)?(?: [+-]\d{4})? (.*)")
Json = dict[str, Any]


class Drawn(NamedTuple):
    town: Town
    root: Path
    truth: Json


class Entry(NamedTuple):
    """One success that stands in a log."""

    ts: str
    ip: str
    typed: str


def contents(folder: Path) -> dict[str, tuple[bytes, float]]:
    """Give every file, with its time where that is evidence."""
    return {
        path.relative_to(folder).as_posix(): (path.read_bytes(), path.stat().st_mtime if path.suffix == ".dat" else 0)
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.fixture(scope="module", params=[(3, 0), (5, 1)], ids=str)
def drawn(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Drawn:
    """Draw one server on which many kinds play, once for all tests."""
    folder = tmp_path_factory.mktemp("drawn")
    seed, number = request.param
    town = cast.draw(seed, number, BUILD + KEPT)
    cast.write(town, folder, "x")
    return Drawn(town, folder / "root", json.loads((folder / "truth.json").read_text(encoding="utf-8")))


def entries(root: Path) -> Iterator[Entry]:
    """Read the logs as somebody would who knows nothing of the generator."""
    for path in sorted((root / "logs").rglob("*.log")):
        day = re.sub(r".*?(\d{4})(\d\d)(\d\d)-\d+\.log", r"\1-\2-\3", path.name)
        typed: dict[tuple[str, str], list[str]] = {}
        for line in path.read_text(encoding="utf-8").splitlines():
            found = LINE.fullmatch(line)
            assert found, line
            peer, thread, clock, text = found.groups()
            heard = typed.setdefault((peer, thread), [])
            if text.startswith("Connected"):
                heard.clear()
            elif text.startswith("<<< "):
                heard.append(text[4:])
            elif text.startswith(">>> 235") or re.match(r">>> a\d+ OK LOGIN|>>> \+OK 4 messages", text):
                yield Entry(f"{day}T{clock}", peer, name_in(heard))


def name_in(heard: list[str]) -> str:
    """Find the user name in what a client said before it was let in."""
    for back in range(len(heard) - 1, -1, -1):
        words = heard[back].split()
        match [word.upper() for word in words[:2]]:
            case ["AUTH", "PLAIN"]:
                return "***" if words[2] == "***" else base64.b64decode(words[2]).split(b"\0")[1].decode()
            case ["AUTH", "CRAM-MD5"]:
                return base64.b64decode(heard[back + 1]).split()[0].decode()
            case ["AUTH", "LOGIN"]:
                name = words[2] if len(words) > 2 else heard[back + 1]
                return name if name == "***" else base64.b64decode(name).decode()
            case [_, "LOGIN"]:
                return words[2]
            case ["USER", _]:
                return words[1]
    return ""


def means(typed: str, told: Json) -> bool:
    """Say whether a typed name is one of the account's, in any spelling."""
    name = typed.lower().replace("%", "@")
    domain, sign, user = name.partition("\\")
    return (f"{user}@{domain}" if sign else name) in told["names"]


def test_the_kinds_are_many_and_split_in_two() -> None:
    assert len(INNOCENTS) >= 25
    assert len(ATTACKS) >= 15
    assert not set(BUILD) & set(KEPT)
    assert set(STORIES) == {*BUILD, *KEPT}
    for half in (BUILD, KEPT):
        assert len(set(half) & set(INNOCENTS)) >= 12
        assert len(set(half) & set(ATTACKS)) >= 8


def test_every_kind_plays_on_three_servers_of_a_seed() -> None:
    casts = cast.casts(Dice("any"), BUILD + KEPT)
    assert set(Counter(kind for told in casts for kind in told).values()) == {3}
    assert all(kind not in ATTACKS for told in casts[cast.ATTACKED :] for kind in told)


def test_the_generator_takes_nothing_from_the_product() -> None:
    generator = {*(Path(__file__).parent / "verdicts").glob("*.py")}
    for path in generator - {Path(__file__).parent / "verdicts" / "without.py"}:  # which runs the product
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not [name for name in names if name.startswith("breachkit")], path


def test_a_seed_draws_the_same_bytes_whatever_the_hashes(tmp_path: Path) -> None:
    for number, hashes in enumerate(("1", "2")):
        asked = [sys.executable, "-m", "tests.scale.verdicts", "--seeds", "7", "--kinds", "all", "--kind", *FEW]
        environment = {**os.environ, "PYTHONHASHSEED": hashes}
        root = Path(__file__).resolve().parents[2]
        subprocess.run(
            [*asked, "--draw-only", str(tmp_path / str(number))],
            cwd=root,
            env=environment,
            check=True,
            capture_output=True,
        )
    assert contents(tmp_path / "0") == contents(tmp_path / "1")
    assert (tmp_path / "0" / "7-5" / "truth.json").exists()


def test_seeds_differ() -> None:
    one, two = (cast.draw(seed, 0, FEW[:2]) for seed in (1, 2))
    assert one.knobs != two.knobs
    assert set(one.accounts) != set(two.accounts)


def test_an_entry_stands_in_the_logs(drawn: Drawn) -> None:
    seen = list(entries(drawn.root))
    told = [one for one in drawn.truth["accounts"] if one["entry_ts"]]
    assert told
    for one in told:
        mine = [entry for entry in seen if entry.ts == one["entry_ts"][:19] and entry.ip == one["entry_ip"]]
        assert any(means(entry.typed, one) for entry in mine), one


def test_attacking_addresses_got_in_and_were_nobodys(drawn: Drawn) -> None:
    seen = list(entries(drawn.root))
    for one in drawn.truth["accounts"]:
        mine = {entry.ip for entry in seen if means(entry.typed, one)}
        assert set(one["attackers"]) <= mine
        if one["expected"] == ["clear"]:
            assert not mine & set(drawn.truth["must_attack"]), one
    assert set(drawn.truth["must_attack"]) <= set(drawn.truth["may_attack"])


def test_the_queue_names_the_accounts_that_sent(drawn: Drawn) -> None:
    senders: Counter[str] = Counter()
    for path in (drawn.root / "mail" / "_outgoing").rglob("*.dat"):
        found = re.match(r"LocalSender:\s+(\S+)\r\n", path.read_bytes().decode())
        senders[found[1] if found else ""] += 1
    assert set(senders) - {""} <= set(drawn.town.accounts)
    waiting = Counter(one.sent.account for one in drawn.town.server.waiting)
    assert senders == waiting


def test_letters_by_hand_can_be_read_in_the_queue(drawn: Drawn) -> None:
    for one in drawn.truth["accounts"]:
        if one["kind"] in table.BEC:
            files = (path.read_bytes().decode() for path in (drawn.root / "mail" / "_outgoing").rglob("*.dat"))
            mine = [text for text in files if one["account"] in text.partition("MsgID")[0] and "Reply-To:" in text]
            assert len(mine) >= 2, one


def test_a_thief_can_be_told(drawn: Drawn) -> None:
    """Where nothing but compromised is allowed, much was sent, and several things about it are not the owner's."""
    town, knobs = drawn.town, drawn.town.knobs
    for told in (one for one in town.truths if one.expected == ("compromised",)):
        sent = [one for one in town.server.sent if one.account == told.account and one.at >= knobs.log_start]
        theirs = [one for one in sent if one.hostile]
        owners = {one.spot.ip for one in sent if not one.hostile}
        places = {one.spot.ip for one in theirs} - owners
        foreign = {one.letter.mail_from.partition("@")[2] for one in theirs} - set(knobs.domains)
        lost = [
            rcpt for one in theirs for rcpt in one.letter.rcpts if rcpt.fate in (Fate.DEAD, Fate.NO_MX, Fate.REFUSED)
        ]
        tried = [one for one in town.server.attempts if one.ip in places and one.hostile and not one.ok]
        shared = {one.account for one in town.server.sent if one.hostile and one.spot.ip in places}
        facts = (
            len(places) > 0,
            len(places) > 2,
            len(foreign) > 1,
            len(lost) > 4,
            len(tried) > 4,
            len(theirs) > 40,
            len(shared) > 2,
        )
        assert len(theirs) >= 15
        assert sum(facts) >= 2, (told, facts)


def test_every_account_carries_its_reason(drawn: Drawn) -> None:
    for one in (*drawn.truth["accounts"], *drawn.truth["unauthenticated"]):
        assert one["how"]
        assert set(one["expected"]) <= set(judge.GRAVE)
        assert one["kind"] in (UNAUTHENTICATED if "ips" in one else STORIES)


def test_an_answer_that_is_the_truth_is_right_everywhere(drawn: Drawn) -> None:
    server = judge.compare("x", drawn.truth, perfect(drawn.truth), (1.0, 1.0))
    assert all(one.right and one.entry is not False and not one.missed for one in (*server.judged, *server.relays))
    text = "\n".join(table.lines([server]))
    for name in (
        "precision of compromised",
        "recall of compromised",
        "entry kind, time and address right",
        "attacking addresses, recall",
        "attacking addresses, precision",
    ):
        assert re.search(rf"^{name} +1\.0000", text, re.MULTILINE), text
    assert re.search(r"^innocents compromised +0 of", text, re.MULTILINE)


def test_an_answer_that_accuses_everybody_has_all_against_it(drawn: Drawn) -> None:
    answer = perfect(drawn.truth)
    answer["accounts"] = [
        {
            "account": name,
            "verdict": "compromised",
            "entry": "unknown",
            "entry_ts": None,
            "client_ips": [],
            "signals": [],
        }
        for name in (*(one["names"][0] for one in drawn.truth["accounts"]), *drawn.truth["others"])
    ]
    answer["attackers"] = [{"ips": [{"ip": "192.0.2.1"}]}]
    text = "\n".join(table.lines([judge.compare("x", drawn.truth, answer, (1.0, 1.0))]))
    innocents = sum(one["kind"] not in ATTACKS for one in drawn.truth["accounts"])
    assert re.search(rf"^innocents compromised +{innocents} of {innocents}$", text, re.MULTILINE)
    assert re.search(r"^attacking addresses, precision +0\.0000", text, re.MULTILINE)
    assert f"{len(drawn.truth['others'])} compromised, 0 suspect" in text


def perfect(truth: Json) -> Json:
    """Answer as somebody who knows the truth, each account under the last of its names."""
    accounts = [
        {
            "account": one["names"][-1],
            "verdict": one["expected"][0],
            "entry": (one["entries"] or [None])[0],
            "entry_ts": one["entry_ts"],
            "entry_ip": one["entry_ip"],
            "client_ips": [],
            "signals": [],
        }
        for one in truth["accounts"]
    ]
    relays = [{"client_ip": ip, "verdict": one["expected"][0]} for one in truth["unauthenticated"] for ip in one["ips"]]
    attackers = [{"ips": [{"ip": ip} for ip in truth["must_attack"]]}]
    return {"accounts": accounts, "unauthenticated": relays, "attackers": attackers}


def test_any_command_can_be_judged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    nobody = tmp_path / "nobody.py"
    nobody.write_text("print('{\"accounts\": []}')\n", encoding="utf-8")
    asked = ["--seeds", "4", "--kind", "bec", "scanner", "--jobs", "1", "--breachkit", f"{sys.executable} {nobody}"]
    assert main([*asked, "--keep", str(tmp_path / "kept"), "--show", "bec"]) == 0
    out = capsys.readouterr().out
    assert re.search(r"^scanner +innocent build +(\d+) +\1 +100\.0", out, re.MULTILINE)
    assert re.search(r"^bec +attack +build +\d+ +\d+", out, re.MULTILINE)
    assert "answers to a domain that looks like the house's" in out
    assert (tmp_path / "kept" / "4-0" / "answer.json").exists()


def test_what_is_kept_aside_is_not_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--seeds", "1", "--kinds", "all", "--show", "slow-drip"]) == 2
    out = capsys.readouterr()
    assert out.out == ""
    assert "kept aside" in out.err
