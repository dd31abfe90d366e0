"""A real cluster of two nodes on loopback with TLS: its answer is that of one process, whoever dies."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from breachkit.nodes.certs import make_certificates
from tests.conftest import story
from tests.evidence import build
from tests.nodes.harness import PATIENCE, cluster, wait_for
from tests.nodes.test_nodes import carried, here
from tests.schemas import validate
from tests.test_secrets import assert_clean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.conftest import Ran
    from tests.nodes.harness import Cluster


@pytest.fixture(scope="module")
def dask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with cluster(tmp_path_factory.mktemp("dask")) as started:
        started.worker("one", "mail1")
        started.worker("two", "mail2")
        yield started


@pytest.fixture(scope="module")
def roots(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Two servers with folders of their own."""
    folder = tmp_path_factory.mktemp("roots")
    build("spray", folder / "spray", 5)
    build("mixed-forms", folder / "mixed", 5)
    return {"mail1": folder / "spray", "mail2": folder / "mixed"}


@pytest.mark.parametrize("command", ["find-account", "scan"])
def test_one_process_files_and_workers_give_one_answer(
    command: str, dask: Cluster, roots: dict[str, Path], cli: Callable[..., Ran], tmp_path: Path
) -> None:
    local = cli(command, *here(roots), "--format", "json")
    files = cli(command, *carried(cli, roots, tmp_path), "--format", "json")
    remote = cli(command, *dask.words, *here(roots), "--format", "json")
    assert (local.code, files.code, remote.code) == (0, 0, 0)
    assert remote.err == ""
    assert local.out == files.out == remote.out
    validate(remote.out)
    assert_clean(dask.log())


def test_check_says_what_each_node_sees(
    dask: Cluster, roots: dict[str, Path], plainly: Callable[..., Ran], tmp_path: Path
) -> None:
    named = [*here({**roots, "mail2": tmp_path / "nothing", "mail3": tmp_path})]
    ran = plainly("cluster-check", *dask.words, *named, "--format", "json")
    assert (ran.code, ran.err) == (3, "")
    document = validate(ran.out)
    good, troubled, lost = document["nodes"]
    assert (good["answers"], good["good"], good["trouble"]) == (True, True, None)
    assert good["log_bytes"] == sum(path.stat().st_size for path in roots["mail1"].rglob("*.log"))
    assert (troubled["answers"], troubled["good"]) == (True, False)
    assert "no such file or folder" in troubled["trouble"]
    assert (lost["answers"], lost["worker"]) == (False, None)
    assert sorted(node for worker in document["workers"] for node in worker["nodes"]) == ["mail1", "mail2"]
    text = plainly("cluster-check", *dask.words, *named)
    assert "mail3  no worker with the resource mail3=1 answers" in text.out
    assert plainly("cluster-check", *dask.words, *here(roots)).code == 0


def test_a_worker_that_cannot_read_says_why(dask: Cluster, cli: Callable[..., Ran], tmp_path: Path) -> None:
    named = here({"mail1": tmp_path / "nothing"})
    ran = cli("find-account", *dask.words, *named)
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith("breachkit: node mail1: --root ")


def test_a_node_without_any_worker_is_missing(
    dask: Cluster, roots: dict[str, Path], cli: Callable[..., Ran], tmp_path: Path
) -> None:
    ran = cli("find-account", *dask.words, *here({**roots, "mail3": tmp_path}), "--wait", "1", "--format", "json")
    assert ran.code == 3
    assert [row["count"] for row in validate(ran.out)["skipped"]] == [1]
    ran = cli("find-account", *dask.words, *here({"mail3": tmp_path}), "--wait", "1", "--format", "json")
    assert (ran.code, ran.out) == (1, "")
    assert "no node answered (mail3)" in ran.err


def client(dask: Cluster, named: list[str], *, wait: int) -> subprocess.Popen[bytes]:
    """Begin an inquiry in a process of its own."""
    words = ["find-account", *dask.words, *named, "--wait", str(wait), "--timezone", "Europe/Rome", "--format", "json"]
    return subprocess.Popen([sys.executable, "-m", "breachkit", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def test_a_worker_killed_in_mid_run_is_evidence_missing(
    dask: Cluster, roots: dict[str, Path], cli: Callable[..., Ran], tmp_path: Path
) -> None:
    lost = {"mail1": roots["mail1"], "mail9": roots["mail2"]}
    worker = dask.worker("nine", "mail9", stops_in=tmp_path)
    asking = client(dask, here(lost), wait=5)
    dask.processes.append(asking)
    wait_for((tmp_path / "begun").exists, asking)
    worker.kill()
    out, err = asking.communicate(timeout=PATIENCE)
    assert (asking.returncode, err) == (3, b"")
    document = validate(out.decode())
    (skipped,) = document["skipped"]
    assert skipped["count"] == 1
    assert skipped["examples"] == [{"path": f"mail9:{roots['mail2']}", "offset": 0, "line": 1}]
    assert [(node["node"], node["is_read"]) for node in document["inputs"]["nodes"]] == [
        ("mail1", True),
        ("mail9", False),
    ]
    alone = json.loads(cli("find-account", *here({"mail1": roots["mail1"]}), "--format", "json").out)
    assert document["accounts"] == alone["accounts"]
    assert_clean(dask.log())


def test_the_work_of_a_killed_worker_is_done_by_another(
    dask: Cluster, roots: dict[str, Path], cli: Callable[..., Ran], tmp_path: Path
) -> None:
    named = {"mail1": roots["mail1"], "mail8": roots["mail2"]}
    worker = dask.worker("eight", "mail8", stops_in=tmp_path)
    asking = client(dask, here(named), wait=60)
    dask.processes.append(asking)
    wait_for((tmp_path / "begun").exists, asking)
    dask.worker("another", "mail8")
    worker.kill()
    out, err = asking.communicate(timeout=PATIENCE)
    assert (asking.returncode, err) == (0, b"")
    assert out.decode() == cli("find-account", *here(named), "--format", "json").out


def test_a_client_without_our_certificate_is_kept_out(dask: Cluster, cli: Callable[..., Ran], tmp_path: Path) -> None:
    make_certificates(tmp_path / "others", 1)
    words = ["--scheduler", dask.address, "--certs", str(tmp_path / "others")]
    ran = cli("find-account", *words, "--node", f"mail1={story('guide')}")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith(f"breachkit: no scheduler answers at {dask.address}")
