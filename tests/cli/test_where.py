"""How the evidence is found with no option at all, and what is written where."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
import typer.main

from breachkit.cli import app
from breachkit.cli.output import prepare_streams, write
from breachkit.evidence.where import Asked, find_evidence
from breachkit.servers.icewarp import SERVER
from tests.conftest import story

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.conftest import Ran


def test_the_environment_names_the_root(cli: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BREACHKIT_ROOT", str(story("guide")))
    ran = cli("find-account")
    assert ran.code == 0
    assert ran.out.startswith("user@example.it: COMPROMISED")
    assert "\n  breachkit trace user@example.it --timezone Europe/Rome\n" in ran.out


def test_a_settings_file_names_everything(
    cli: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "breachkit.toml").write_text(f'root = "{story("guide").as_posix()}"\ntimezone = "UTC"\n')
    found = json.loads(cli("scan", "--format", "json").out)
    assert found["messages"] == 125
    (tmp_path / "breachkit.toml").write_text(f'queue = ["{story("guide").as_posix()}/mail/_outgoing/retry"]\n')
    assert json.loads(cli("scan", "--format", "json").out)["messages"] == 107


@pytest.mark.parametrize("text", ["root = 3", 'colour = "red"', "root = [", "queue = [1]"])
def test_a_settings_file_that_cannot_be_understood(
    text: str, cli: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "breachkit.toml").write_text(text)
    ran = cli("scan")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith("breachkit: breachkit.toml: ")
    assert ran.err.endswith("it may hold root, queue, logs, accounts, timezone and server\n")


def test_a_default_installation_is_found(
    cli: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BREACHKIT_ROOT", raising=False)
    monkeypatch.setattr("breachkit.evidence.products.names", lambda: ["icewarp"])
    monkeypatch.setattr("breachkit.evidence.products.load", lambda _name: _server(tmp_path / "none", story("guide")))
    assert cli("scan").code == 0
    monkeypatch.setattr("breachkit.evidence.products.load", lambda _name: _server(tmp_path / "none"))
    ran = cli("scan")
    assert ran.code == 1
    assert ran.err.startswith(
        f"breachkit: no mail server found at the default places ({tmp_path}/none); name its folder"
    )


def _server(*roots: Path) -> object:
    from dataclasses import replace

    return replace(SERVER, default_roots=roots)


def test_a_queue_named_alone_is_not_mixed_with_the_logs_of_a_live_server(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("breachkit.evidence.products.names", lambda: ["icewarp"])
    monkeypatch.setattr("breachkit.evidence.products.load", lambda _name: _server(story("guide")))
    where = find_evidence(Asked(queue=[story("brute-force") / "mail" / "_outgoing"], timezone="UTC"))
    assert where.logs == ()
    assert where.layout.root is None


def test_the_next_command_is_quoted_for_the_shell(tmp_path: Path) -> None:
    odd = tmp_path / "it's here; rm -rf"
    (odd / "_outgoing").mkdir(parents=True)
    where = find_evidence(Asked(root=odd, timezone="UTC"))
    spelled = where.command("scan", "a b")
    words = subprocess.run(["sh", "-c", f"printf '%s\\n' {spelled}"], capture_output=True, text=True, check=True)
    assert words.stdout.split("\n")[:-1] == ["breachkit", "scan", "a b", "--root", str(odd), "--timezone", "UTC"]


@pytest.mark.parametrize("name", sorted(typer.main.get_command(app).commands))  # type: ignore[attr-defined]
def test_the_next_command_is_one_that_the_command_line_takes(name: str, tmp_path: Path) -> None:
    (tmp_path / "_outgoing").mkdir()
    users = tmp_path / "users.csv"
    users.write_text("a@example.it,a,pw,\n")
    asked = Asked(
        tmp_path, [tmp_path / "_outgoing"], None, users, "address", "UTC", "2026-11-20", "2026-11-21", "icewarp"
    )
    options = {word for word in shlex.split(find_evidence(asked).command(name)) if word.startswith("--")}
    group = typer.main.get_command(app)
    command = group.get_command(typer.Context(group), name)  # type: ignore[attr-defined]
    if name not in {"quarantine", "cluster-certs", "cluster-check", "docs"}:  # never named as the next command
        assert options <= {option for parameter in command.params for option in parameter.opts}


def test_output_goes_to_a_file_when_all_is_done(cli: Callable[..., Ran], tmp_path: Path) -> None:
    target = tmp_path / "findings.json"
    ran = cli("scan", "--root", story("guide"), "--format", "json", "--output", target)
    assert (ran.code, ran.out) == (0, "")
    assert json.loads(target.read_bytes())["messages"] == 125
    ran = cli("scan", "--root", story("guide"), "--output", tmp_path / "no" / "such" / "folder")
    assert (ran.code, ran.out) == (1, "")
    assert "cannot be written" in ran.err


def test_a_file_that_cannot_be_finished_leaves_the_one_that_was(tmp_path: Path) -> None:
    target = tmp_path / "findings.json"
    target.write_text("the last ones")
    target.chmod(0o600)

    def pieces() -> Iterator[str]:
        yield "half"
        raise RuntimeError

    with pytest.raises(RuntimeError):
        write(pieces(), target)
    assert target.read_text() == "the last ones"
    link = tmp_path / "link.json"
    link.symlink_to(target)
    write(["new ", "ones"], link)
    assert target.read_text() == "new ones"
    assert target.stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["findings.json", "link.json"]


def test_a_file_whose_name_is_as_long_as_can_be_is_written_as_it_is(tmp_path: Path) -> None:
    target = tmp_path / ("x" * 255)
    write(["once ", "more"], target)
    assert target.read_text() == "once more"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="POSIX only")
def test_output_goes_into_a_pipe_with_a_name(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with breachkit("scan", "--root", str(story("guide")), "--format", "json", "--output", str(pipe)) as process:
        assert json.loads(pipe.read_bytes())["messages"] == 125
    assert process.returncode == 0


def breachkit(*words: str, **environment: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "breachkit", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, **environment},
    )


def test_a_closed_pipe_ends_the_printing_only() -> None:
    process = breachkit("find-account", "--root", str(story("guide")), "--format", "json")
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait() == 0


def test_stdout_is_utf8_without_carriage_returns_whatever_the_locale(tmp_path: Path) -> None:
    queue = tmp_path / "_outgoing"
    queue.mkdir()
    (queue / "a").write_text("LocalSender: città@example.it\nSubject: x\n\n", encoding="utf-8")
    process = breachkit("scan", "--root", str(tmp_path), PYTHONIOENCODING="cp1252", PYTHONUTF8="0", LC_ALL="C")
    out, err = process.communicate()
    assert (process.returncode, err) == (0, b"")
    assert "città@example.it".encode() in out
    assert b"\r" not in out


def test_a_console_that_cannot_show_a_letter_gets_another(monkeypatch: pytest.MonkeyPatch) -> None:
    import io

    class Console(io.TextIOWrapper):
        def isatty(self) -> bool:
            return True

    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", Console(raw, encoding="cp1252"))
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    prepare_streams()
    sys.stdout.write("città \u4e2d")
    sys.stdout.flush()
    assert raw.getvalue() == "città ?".encode("cp1252")


def test_version_and_help() -> None:
    out, err = breachkit("--version").communicate()
    assert (out, err) == (b"breachkit 0.1.0\n", b"")
    out, _ = breachkit("find-account", "--help").communicate()
    assert b"Example: breachkit find-account --root" in out


def test_light_commands_do_not_import_heavy_libraries() -> None:
    code = (
        "import sys; sys.argv = ['breachkit', '--help']\n"
        "from breachkit.cli import run\n"
        "assert run() == 0\n"
        "heavy = {'pandas', 'numpy', 'rich', 'tqdm', 'regex'} & set(sys.modules)\n"
        "sys.exit(str(heavy) if heavy else 0)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
