"""Bounces are taken along by the ids that the server logged, near in time, and by nothing else."""

from __future__ import annotations

import gzip
import json
import re
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.servers.exim import test_spool as exim
from tests.servers.postfix import test_queue as postfix

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Ran

SAMPLES = Path(__file__).parents[2] / "sample_queues"
ACCOUNT = "carla.jensen@hotel-adler.example"
SHORT, BOUNCE, OTHER = postfix.SHORT, "0642B2799EE", "0742B2799EF"
TAKEN = 1794391201
NOTICE = "bounce[9]: {cause}: sender {what} notification: {bounce}"


def lines_of(folder: Path) -> str:
    """Read all logs of a sample."""
    return "\n".join(
        (gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()).decode("utf-8", "replace")
        for path in sorted((folder / "log").glob("ma*"))
    )


@pytest.mark.parametrize(
    ("kind", "arrival", "notice", "queued"),
    [
        (
            "postfix",
            rf": (\w+): client=.*, sasl_username={ACCOUNT}",
            r": (\w+): sender non-delivery notification: (\w+)",
            "deferred/*/*",
        ),
        ("exim", rf" (\S+) <= .* A=\w+:{ACCOUNT}", r" <= <> R=(\S+)", "input/*-H"),
    ],
)
def test_all_bounces_of_what_an_account_sent_are_taken(
    kind: str, arrival: str, notice: str, queued: str, tmp_path: Path, cli: Callable[..., Ran]
) -> None:
    root = tmp_path / "root"
    shutil.copytree(SAMPLES / kind / "guessed-password", root)
    text = lines_of(root)
    sent = set(re.findall(arrival, text))
    pairs = re.findall(notice if kind == "postfix" else r" (\S+)" + notice, text)
    if kind == "exim":
        pairs = [(cause, bounce) for bounce, cause in pairs]
    there = {path.name.removesuffix("-H") for path in (root / "spool").glob(queued)}
    expected = {bounce for cause, bounce in pairs if cause in sent} & there
    own = json.loads(cli("purge", "--account", ACCOUNT, "--dry-run", "--root", root, "--format", "json").out)["planned"]
    words = ("purge", "--account", ACCOUNT, "--bounces", "--root", root, "--timezone", "UTC", "--format", "json")
    plan = json.loads(cli(*words, "--dry-run").out)
    assert len(expected) > 10
    assert plan["matched_by"]["bounces"] == len(expected)
    assert (plan["planned"], plan["matched_by"]["account"]) == (own + len(expected), own)
    done = cli(*words, "--yes")
    assert (done.code, json.loads(done.out)["purged"]) == (0, own + len(expected)), done.err
    left = {path.name.removesuffix("-H") for path in (root / "spool").glob(queued)}
    assert there - left >= expected
    assert json.loads(cli(*words, "--dry-run").out)["planned"] == 0
    assert cli("restore", "--yes", "--root", root).code == 0
    assert {path.name.removesuffix("-H") for path in (root / "spool").glob(queued)} == there


def postfix_root(tmp_path: Path, *lines: str) -> Path:
    """Make a queue of a message and two bounces that quote it, and a log."""
    for name, seconds in ((BOUNCE, TAKEN + 5), (OTHER, TAKEN + 5)):
        envelope = (b"T%d 135000" % seconds, b"S", b"Rt5@mail.example")
        content = (b"NFrom: MAILER-DAEMON", b"NSubject: Undelivered", b"N", b"Nanother text")
        postfix.write(tmp_path / "spool" / "deferred" / "0", name, postfix.message(envelope, content))
    postfix.write(tmp_path / "spool" / "deferred" / "0", SHORT)
    (tmp_path / "spool" / "hold").mkdir()
    begin = at(TAKEN) + f" mx postfix/smtpd[7]: {SHORT}: client=unknown[203.0.113.9], sasl_username=anna@house.example"
    (tmp_path / "log").mkdir()
    (tmp_path / "log" / "mail.log").write_text("\n".join([begin, *lines, ""]))
    return tmp_path


def at(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%b %e %H:%M:%S")


def notice(bounce: str = BOUNCE, *, seconds: float = 5, what: str = "non-delivery", program: str = "postfix/") -> str:
    return f"{at(TAKEN + seconds)} mx {program}" + NOTICE.format(cause=SHORT, what=what, bounce=bounce)


@pytest.mark.parametrize(
    ("lines", "bounces"),
    [
        ((), 0),
        ((notice(),), 1),
        ((notice(what="delay"),), 1),
        ((notice(), notice(OTHER), notice()), 2),
        ((notice(seconds=3600),), 0),  # the id came again
        ((notice(seconds=-86400 * 365),), 1),  # the line has no year
        ((notice(program="php/"),), 1),  # any name of a service, as Postfix has it by syslog_name
        ((notice(program="")[:-1] + "E", notice(program="web")), 0),
        ((f"{at(TAKEN + 5)} mx web[3]: user={notice()[23:]}",), 0),
        ((f"{at(TAKEN + 5)} mx postfix/cleanup[3]: {OTHER}: info: header {notice()[36:]}",), 0),
        ((notice() + " and more",), 0),
    ],
)
def test_a_bounce_is_joined_by_a_line_of_the_server_near_in_time(
    lines: tuple[str, ...], bounces: int, tmp_path: Path, cli: Callable[..., Ran]
) -> None:
    root = postfix_root(tmp_path, *lines)
    words = ("purge", "please look here", "--bounces", "--dry-run", "--root", root, "--timezone", "UTC")
    done = cli(*words, "--format", "json")
    plan = json.loads(done.out)
    assert (plan["planned"], plan["matched_by"]["bounces"]) == (1 + bounces, bounces), done.err
    shown = f"{bounces} bounce{'' if bounces == 1 else 's'} that such messages caused, by the ids in the logs"
    assert shown in cli(*words).out


def test_bounces_of_what_was_purged_before_are_found(tmp_path: Path, cli: Callable[..., Ran]) -> None:
    root = postfix_root(tmp_path, notice())
    words = ("--root", root, "--timezone", "UTC", "--format", "json")
    assert json.loads(cli("purge", "please look here", "--yes", *words).out)["purged"] == 1
    assert json.loads(cli("purge", "please look here", "--bounces", "--dry-run", *words).out)["planned"] == 1
    assert json.loads(cli("purge", "nothing of it", "--bounces", "--dry-run", *words).out)["planned"] == 0


def test_bounces_are_held_too(tmp_path: Path, cli: Callable[..., Ran]) -> None:
    root = postfix_root(tmp_path, notice())
    words = ("--root", root, "--timezone", "UTC")
    assert cli("purge", "please look here", "--bounces", "--hold", "--yes", *words).code == 0
    assert {path.name for path in (root / "spool" / "hold").iterdir()} == {SHORT, BOUNCE}
    assert cli("restore", "--yes", "--root", root).code == 0
    assert {path.name for path in (root / "spool" / "deferred" / "0").iterdir()} == {SHORT, BOUNCE, OTHER}


@pytest.mark.parametrize(("server", "why"), [("icewarp", "IceWarp does not log it"), ("exim", "there are no logs")])
def test_where_nothing_tells_it_is_said(server: str, why: str, tmp_path: Path, cli: Callable[..., Ran]) -> None:
    exim.write_message(tmp_path / "input")
    done = cli("purge", "look here", "--bounces", "--yes", "--queue", tmp_path / "input", "--server", server)
    assert (done.code, done.out) == (1, "")
    assert f"nothing was moved: nothing tells which message a bounce is of: {why}" in done.err


def test_a_watch_looks_into_no_logs(tmp_path: Path, cli: Callable[..., Ran]) -> None:
    done = cli("purge", "x", "--bounces", "--watch", "1", "--queue", tmp_path)
    assert done.code == 2
    assert "cannot go with --watch" in done.err
