"""Which schedulers are spoken to, with what certificates, and what is said when Dask is not there."""

from __future__ import annotations

import os
import ssl
import stat
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from breachkit.errors import BreachkitError
from breachkit.nodes.certs import make_certificates
from breachkit.nodes.orders import NodeOrder
from breachkit.nodes.workers import check_address, look, read_in_place
from tests.conftest import story

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Ran


@pytest.fixture(scope="module")
def certs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("certs") / "made"
    make_certificates(folder, 1)
    return folder


@pytest.mark.parametrize(
    "address",
    [
        "tcp://10.0.0.5:8786",
        "tcp://localhost:8786",
        "tcp://localhost.example:8786",
        "tcp://127.0.0.1.example:8786",
        "tcp://0.0.0.0:8786",
        "tcp://[::]:8786",
        "tcp://mail1:8786",
        "10.0.0.5:8786",
        "ucx://127.0.0.1:8786",
        "inproc://127.0.0.1:8786",
        "ws://127.0.0.1:8786",
        "tcp://127.0.0.1@10.0.0.5:8786",
        "tcp://127.0.0.1:8786/../x",
        "tls://",
        "",
    ],
)
def test_an_address_that_is_neither_tls_nor_loopback_is_refused(address: str, certs: Path) -> None:
    with pytest.raises(BreachkitError, match=" is refused: ") as told:
        check_address(address, certs)
    assert "cluster-certs" in str(told.value)


def test_loopback_and_tls_are_taken(certs: Path) -> None:
    assert not check_address("tcp://127.0.0.1:8786", None)
    assert not check_address("tcp://[::1]:8786", None)
    assert check_address("tls://mail.example.it:8786", certs)
    assert check_address("tls://[2001:db8::1]:8786", certs)


def test_tls_without_a_certificate_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BreachkitError, match="no --certs DIR"):
        check_address("tls://mail.example.it:8786", None)
    with pytest.raises(BreachkitError, match=r"ca\.pem is not there"):
        check_address("tls://mail.example.it:8786", tmp_path)


def test_refusal_is_one_sentence(cli: Callable[..., Ran]) -> None:
    ran = cli("find-account", "--scheduler", "tcp://10.0.0.5:8786", "--node", f"mail1={story('guide')}")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.count("\n") == 1
    assert "neither TLS nor on this machine" in ran.err


def test_nobody_at_the_address_is_said(cli: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("breachkit.nodes.workers.CONNECT_SECONDS", 1)
    ran = cli("find-account", "--scheduler", "tcp://127.0.0.1:9", "--node", f"mail1={story('guide')}")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith("breachkit: no scheduler answers at tcp://127.0.0.1:9 ")


def test_certificates_are_their_owners_and_never_overwritten(certs: Path) -> None:
    names = {f"{role}.{kind}" for role in ("ca", "scheduler", "worker", "client") for kind in ("pem", "key")}
    assert {path.name for path in certs.iterdir()} == names
    if os.name == "posix":
        assert {stat.S_IMODE(path.stat().st_mode) for path in certs.iterdir()} == {0o600}
        assert stat.S_IMODE(certs.stat().st_mode) == 0o700
    before = {path: path.read_bytes() for path in certs.iterdir()}
    with pytest.raises(BaseException, match="nothing was written"):
        make_certificates(certs, 1)
    assert {path: path.read_bytes() for path in certs.iterdir()} == before


@pytest.mark.parametrize(("role", "can_serve"), [("scheduler", True), ("worker", True), ("client", False)])
def test_a_clients_certificate_serves_nobody(role: str, can_serve: bool, certs: Path) -> None:
    """A handshake in memory, as Dask makes it: both sides ask for a certificate of the authority."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    reader = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    reader.check_hostname = False
    for context, own in ((server, role), (reader, "client")):
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(certs / "ca.pem")
        context.load_cert_chain(certs / f"{own}.pem", certs / f"{own}.key")
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    sides = server.wrap_bio(there, back, server_side=True), reader.wrap_bio(back, there)

    def shake() -> None:
        for _ in range(8):
            for side in reversed(sides):
                try:
                    side.do_handshake()
                except ssl.SSLWantReadError:
                    continue

    if can_serve:
        shake()
        assert sides[1].getpeercert()
    else:
        with pytest.raises(ssl.SSLCertVerificationError):
            shake()


def test_cluster_certs_says_the_danger(plainly: Callable[..., Ran], tmp_path: Path) -> None:
    ran = plainly("cluster-certs", tmp_path / "made")
    assert (ran.code, ran.err) == (0, "")
    assert "Dask runs whatever it is sent" in ran.out
    assert "dask worker tls://SCHEDULER:8786 --resources NAME=1" in ran.out
    again = plainly("cluster-certs", tmp_path / "made")
    assert (again.code, again.out) == (1, "")
    assert "nothing was written" in again.err


def test_without_the_extra_one_sentence_says_how_to_install_it(tmp_path: Path, certs: Path) -> None:
    """Dask and cryptography hidden, as on a machine that has neither."""
    code = (
        "import sys\n"
        "sys.modules['distributed'] = sys.modules['cryptography'] = None\n"
        "from breachkit.cli import run\n"
        "sys.exit(run())\n"
    )
    for words in (
        ["cluster-certs", str(tmp_path / "made")],
        ["cluster-check", "--scheduler", "tcp://127.0.0.1:9"],
        ["find-account", "--scheduler", "tls://h:1", "--certs", str(certs), "--node", f"mail1={story('guide')}"],
    ):
        ran = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=False)
        assert (ran.returncode, ran.stdout) == (1, "")
        assert "pip install breachkit[cluster]" in ran.stderr
        assert ran.stderr.count("\n") == 1


def test_nodes_read_here_load_no_engine() -> None:
    code = (
        "import sys\n"
        "from breachkit.cli import run\n"
        "assert run() == 0\n"
        "print([name for name in ('distributed', 'dask', 'cryptography') if name in sys.modules], file=sys.stderr)\n"
    )
    words = ["scan", "--node", f"mail1={story('guide')}", "--timezone", "UTC"]
    ran = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=True)
    assert ran.stderr == "[]\n"


def test_what_runs_on_a_worker(tmp_path: Path) -> None:
    order = NodeOrder("mail1", str(story("guide")), "UTC", None, None, None, b"k" * 32)
    assert "kkkk" not in repr(order)
    answer = read_in_place(order)
    assert isinstance(answer.lines, bytes)
    refused = read_in_place(NodeOrder("mail1", str(tmp_path / "no"), "UTC", None, None, None, b"k" * 32))
    assert isinstance(refused.lines, str)
    seen = look({"mail1": str(story("guide")), "mail2": str(tmp_path / "no")}).evidence
    assert (seen["mail1"].logs, seen["mail1"].queues, seen["mail1"].trouble) == (8, 2, None)
    assert seen["mail2"].trouble is not None
