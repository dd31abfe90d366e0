"""Where queues and logs are found: on a server, in a copy, and where path.dat has moved them."""

from __future__ import annotations

import gzip
import zipfile
from datetime import date
from typing import TYPE_CHECKING

import pytest

from breachkit.evidence.where import Asked, find_evidence
from breachkit.files import QUARANTINE
from breachkit.logs.kinds import FoundLogs, read_name
from breachkit.servers.icewarp.layout import find_layout
from breachkit.servers.icewarp.logs import KINDS
from tests.servers.icewarp.factories import find_logs

if TYPE_CHECKING:
    from pathlib import Path

    from breachkit.logs.kinds import LogFile


def logs_at(root: Path) -> tuple[LogFile, ...]:
    layout = find_layout(root)
    return find_logs(layout.logs, root, layout.beside).logs


def folders(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).mkdir(parents=True, exist_ok=True)
    return root


def labels(root: Path) -> list[str]:
    return [queue.label for queue in find_layout(root).queues]


@pytest.mark.parametrize(
    "made",
    [["mail/_outgoing/retry"], ["Mail/_Outgoing/Retry"], ["_outgoing/retry"], ["IceWarp/mail/_outgoing/retry"]],
)
def test_the_queue_is_found_in_an_installation_and_in_copies(made: list[str], tmp_path: Path) -> None:
    folders(tmp_path, *made)
    assert labels(tmp_path) == [made[0].rpartition("/")[0], made[0]]


def test_the_root_may_be_the_queue_itself(tmp_path: Path) -> None:
    folders(tmp_path, "_outgoing/priority_0", "_outgoing/priority_4", "_outgoing/other")
    found = find_layout(tmp_path / "_outgoing")
    assert [queue.path.name for queue in found.queues] == ["_outgoing", "priority_0", "priority_4"]


def path_dat(root: Path, home: str = "C:\\IceWarp", **lines: str) -> None:
    rows = [""] * 14
    rows[0] = f"{home}\\config\\" if "\\" in home else f"{home}/config/"
    for name, value in lines.items():
        rows[int(name[1:]) - 1] = value
    (root / "path.dat").write_bytes("\r\n".join(rows).encode())


def test_path_dat_is_followed_into_the_copy(tmp_path: Path) -> None:
    folders(tmp_path, "mail/_outgoing", "spool/out", "spool/again")
    path_dat(tmp_path, L8="C:\\IceWarp\\spool\\out\\", L9="C:\\IceWarp\\spool\\again\\")
    layout = find_layout(tmp_path)
    assert [queue.label for queue in layout.queues] == ["spool/out", "spool/again"]
    assert [queue.is_outside for queue in layout.queues] == [False, False]
    assert layout.notes == ()


def test_path_dat_in_config_with_posix_paths(tmp_path: Path) -> None:
    folders(tmp_path, "config", "spool/out/retry")
    path_dat(tmp_path / "config", home="/opt/icewarp", L8="/opt/icewarp/spool/out")
    assert labels(tmp_path) == ["spool/out", "spool/out/retry"]


def test_a_queue_outside_the_root_is_read_and_named(tmp_path: Path) -> None:
    root = folders(tmp_path / "copy", "mail/_outgoing")
    live = folders(tmp_path / "live", "queue") / "queue"
    path_dat(root, home="/opt/icewarp", L8=str(live))
    layout = find_layout(root)
    assert [(queue.path, queue.is_outside, queue.named_by) for queue in layout.queues] == [
        (live, True, "path.dat line 8")
    ]
    assert layout.notes == (f"queue outside the root, from path.dat line 8: {live}",)


def test_path_dat_cannot_climb_out_of_a_copy(tmp_path: Path) -> None:
    root = folders(tmp_path / "copy", "mail/_outgoing")
    folders(tmp_path, "live/queue")
    path_dat(root, home="/opt/icewarp", L8="/opt/icewarp/../live/queue")
    assert labels(root) == ["mail/_outgoing"]


def test_a_queue_that_path_dat_names_and_is_not_here_is_said(tmp_path: Path) -> None:
    folders(tmp_path, "mail/_outgoing")
    path_dat(tmp_path, L8="D:\\queue\\_outgoing")
    layout = find_layout(tmp_path)
    assert [queue.label for queue in layout.queues] == ["mail/_outgoing"]
    assert layout.notes == ("path.dat line 8 names a queue that is not here: D:\\queue\\_outgoing",)


def test_a_linked_mail_folder_is_read_as_outside(tmp_path: Path) -> None:
    folders(tmp_path / "elsewhere", "_outgoing")
    root = folders(tmp_path / "root", "logs")
    (root / "mail").symlink_to(tmp_path / "elsewhere")
    layout = find_layout(root)
    assert [queue.is_outside for queue in layout.queues] == [True]
    assert layout.notes == ("queue outside the root, by a link: mail/_outgoing",)


def test_what_was_moved_out_of_a_queue_is_found_beside_it(tmp_path: Path) -> None:
    folders(tmp_path, "mail/_outgoing/retry", f"mail/{QUARANTINE}/run-1/messages", f"mail/{QUARANTINE}/broken")
    where = find_evidence(Asked(root=tmp_path))
    (quarantine,) = [queue for queue in where.layout.queues if queue.is_quarantine]
    assert quarantine.label == f"mail/{QUARANTINE}/run-1/messages"
    named = find_evidence(Asked(root=tmp_path, queue=[tmp_path / "mail" / "_outgoing" / "retry"]))
    assert [queue.label for queue in named.layout.queues] == ["mail/_outgoing/retry", quarantine.label]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("s20110516-00.log", ("smtp", "", date(2011, 5, 16), 0)),
        ("m120190913-01.log", ("imap", "1", date(2019, 9, 13), 1)),
        ("S1220190913-11.LOG.gz", ("smtp", "12", date(2019, 9, 13), 11)),
        ("s20220921.txt", ("smtp", "", date(2022, 9, 21), 0)),
        ("p20220921-00.log", ("pop3", "", date(2022, 9, 21), 0)),
        ("c20220921-00.log", ("web", "", date(2022, 9, 21), 0)),
        ("e20220921-00.log", (None, "", date(2022, 9, 21), 0)),
        ("s20221321-00.log", None),
        ("readme.txt", None),
    ],
)
def test_the_name_of_a_log_says_what_it_is(name: str, expected: tuple[object, ...] | None) -> None:
    told = read_name(name, KINDS)
    found = told.kind and (min(told.kind.services, default=None), told.node, told.day, told.number)
    assert found == expected


def log(path: Path, text: str = "a\n") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(text.encode()))
    else:
        path.write_text(text)
    return path


def test_logs_are_listed_in_the_order_they_were_written(tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    for name in ("smtp/s20261120-00.log", "smtp/s20261119-10.log", "smtp/s20261119-09.log", "imap/m20261119-00.log"):
        log(logs / name, name)
    log(logs / "old" / "s20261118-00.log.gz", "old")
    with zipfile.ZipFile(logs / "archive.zip", "w") as archive:
        archive.writestr("2026/s20261117-00.log", "older")
        archive.writestr("notes.doc", "x")
    log(logs / "readme.txt")
    found = [entry.label for entry in logs_at(tmp_path) if "smtp" in entry.services]
    assert found == [
        "logs/archive.zip!2026/s20261117-00.log",
        "logs/old/s20261118-00.log.gz",
        "logs/smtp/s20261119-09.log",
        "logs/smtp/s20261119-10.log",
        "logs/smtp/s20261120-00.log",
    ]


def test_a_copy_of_a_log_in_an_archive_is_read_once(tmp_path: Path) -> None:
    log(tmp_path / "logs" / "s20261120-00.log", "same\n")
    log(tmp_path / "logs" / "old" / "s20261120-00.log.gz", "same\n")
    assert [entry.label for entry in logs_at(tmp_path)] == ["logs/s20261120-00.log"]


def test_unlike_logs_of_one_name_are_two_servers(tmp_path: Path) -> None:
    log(tmp_path / "logs" / "one" / "s20261120-00.log", "one\n")
    log(tmp_path / "logs" / "two" / "s20261120-00.log", "two\n")
    assert [entry.node for entry in logs_at(tmp_path)] == ["", "#2"]


def test_logs_may_lie_beside_nothing_else(tmp_path: Path) -> None:
    log(tmp_path / "s20261120-00.log", "one\n")
    log(tmp_path / "smtp" / "s20261121-00.log", "two\n")
    log(tmp_path / "notes.txt", "three\n")
    assert [entry.label for entry in logs_at(tmp_path)] == ["s20261120-00.log", "smtp/s20261121-00.log"]


def test_a_log_named_by_the_user_is_read_whatever_its_name(tmp_path: Path) -> None:
    odd = log(tmp_path / "export from server.dat")
    named = log(tmp_path / "s20261120-00.log", "b\n")
    assert [entry.services for entry in find_logs([odd], None).logs] == [{"smtp"}]
    assert {entry.path for entry in find_logs([tmp_path / "*.log"], None).logs} == {named}
    assert find_logs([tmp_path / "nothing*"], None) == FoundLogs()
