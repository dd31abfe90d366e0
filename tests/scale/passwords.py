"""Measure `weak-passwords` against John the Ripper's single mode on the same accounts.

Usage: python -m tests.scale.passwords [--seeds 5] [--size 20000] [--john 2000] [--plain 100000]

Prints recall for each class (the worst seed), false positives on random passwords, John's recall on the
first accounts of the first seed, and how long a large table takes. Needs the Debian package `john`: its rules
make the variants, and its single mode is the bar.
"""

from __future__ import annotations

import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from typing import TYPE_CHECKING

from breachkit.detect.passwords.weak_accounts import Criteria, WeakPasswords, find_weak_passwords
from breachkit.servers import load
from breachkit.text.sasl import Fingerprints, Login
from tests.scale.population import HEADER, NAMED, PLANTED, Planted, populate

if TYPE_CHECKING:
    from breachkit.detect.passwords.weakness import Weakness


def write_table(accounts: list[Planted], folder: pathlib.Path) -> pathlib.Path:
    """Write the accounts as a spreadsheet would."""
    path = folder / "users.csv"
    path.write_text("\n".join([HEADER, *(account.line for account in accounts)]) + "\n", "utf-8")
    return path


def judge(path: pathlib.Path) -> WeakPasswords:
    """Read and judge a table, as the command does."""
    export = load("icewarp").accounts
    assert export is not None
    rows = export.read(path, None, None, True)
    criteria = Criteria(Fingerprints(b"0" * 32).of)
    return find_weak_passwords((row for row in rows if isinstance(row, Login)), criteria, frozenset())


def score(accounts: list[Planted], found: WeakPasswords) -> tuple[dict[Weakness, float], float, list[Planted]]:
    """Return recall by class, the share of random passwords called weak, and what was missed."""
    classes = {account.account: account.classes for account in found.accounts}
    total = Counter(account.planted for account in accounts)
    missed = [one for one in accounts if one.planted and one.planted not in classes.get(one.address, ())]
    lost = Counter(account.planted for account in missed)
    recall = {name: 1 - lost[name] / total[name] for name in PLANTED if total[name]}
    wrong = sum(account.address in classes for account in accounts if account.planted is None)
    return recall, wrong / max(1, total[None]), missed


def unique(accounts: list[Planted]) -> list[Planted]:
    """Keep one account an address."""
    return list({account.address: account for account in accounts}.values())


def john_line(number: int, one: Planted) -> str:
    """Write an account as a line of the table that John reads."""
    gecos = f"{one.name} {one.alias} {one.address.replace('@', ' ')}"
    return f"{one.username}:$dummy${one.password.encode().hex()}:{number}:0:{gecos}:/x/{number}:/bin/sh"


def run_john(accounts: list[Planted], folder: pathlib.Path) -> set[int]:
    """Crack the same accounts with `john --single`; its pot file is put aside and back."""
    table = folder / "passwd"
    pot = pathlib.Path.home() / ".john" / "john.pot"
    table.write_text("\n".join(map(john_line, range(len(accounts)), accounts)) + "\n")
    aside = pot.with_suffix(".aside")
    if pot.exists():
        pot.rename(aside)
    try:
        john = shutil.which("john") or "/usr/sbin/john"
        command = [john, "--single", "--format=dummy", f"--session={folder / 'session'}", str(table)]
        subprocess.run(command, capture_output=True, check=False)
        shown = subprocess.run([john, "--show", "--format=dummy", str(table)], capture_output=True, check=False)
    finally:
        pot.unlink(missing_ok=True)
        if aside.exists():
            aside.rename(pot)
    return {int(number) for number in re.findall(rb":(\d+):0:[^:\n]*:/x/", shown.stdout)}


def compare(size: int, seed: int, folder: pathlib.Path) -> None:
    """Print both recalls on the accounts whose password comes from a name."""
    accounts = [one for one in unique(populate(seed, size)) if one.planted in {*NAMED, None}]
    start = time.perf_counter()
    cracked = run_john(accounts, folder)
    seconds = time.perf_counter() - start
    listed = {account.account for account in judge(write_table(accounts, folder)).accounts}
    weak = [number for number, one in enumerate(accounts) if one.planted]
    ours = {number for number, one in enumerate(accounts) if one.address in listed}
    john = len(cracked.intersection(weak)) / len(weak)
    breachkit = len(ours.intersection(weak)) / len(weak)
    only = [accounts[number] for number in weak if number in cracked and number not in ours]
    write(f"john --single on {len(accounts):,} accounts: {john:.2%} of {len(weak):,} in {seconds:.1f} s;")
    write(f"  breachkit on the same: {breachkit:.2%}; found by John alone: {len(only)}")
    wrong = len(cracked.difference(weak)), len(ours.difference(weak)), len(accounts) - len(weak)
    write(f"  random passwords called weak: John {wrong[0]}, breachkit {wrong[1]} of {wrong[2]:,}")


def write(line: str) -> None:
    """Print a line now."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--first", type=int, default=int.from_bytes(os.urandom(3)), help="first seed")
    parser.add_argument("--size", type=int, default=20_000)
    parser.add_argument("--john", type=int, default=2000, help="accounts that John tries too")
    parser.add_argument("--plain", type=int, default=100_000, help="accounts of the timed table")
    parser.add_argument("--missed", type=int, default=0, help="show so many synthetic accounts that were missed")
    wanted = parser.parse_args()
    worst: dict[Weakness, float] = {}
    wrongs = []
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for seed in range(wanted.first, wanted.first + wanted.seeds):
            accounts = unique(populate(seed, wanted.size))
            start = time.perf_counter()
            recall, wrong, missed = score(accounts, judge(write_table(accounts, folder)))
            write(f"seed {seed}: {len(accounts):,} accounts in {time.perf_counter() - start:.1f} s")
            worst = {weakness: min(worst.get(weakness, 1.0), share) for weakness, share in recall.items()}
            wrongs.append(wrong)
            for one in missed[: wanted.missed]:
                write(f"  missed: {one}")
        for weakness, share in worst.items():
            write(f"recall, worst of {wanted.seeds} seeds: {weakness:<18} {share:.3%}")
        write(f"random passwords called weak, worst seed: {max(wrongs):.4%}")
        if wanted.john:
            compare(wanted.john, wanted.first, folder)
        if wanted.plain:
            path = write_table(unique(populate(wanted.first, wanted.plain, 0.05)), folder)
            start, cpu = time.perf_counter(), time.process_time()
            checked = judge(path).checked
            spent = f"{time.perf_counter() - start:.1f} s ({time.process_time() - cpu:.1f} s of one processor)"
            write(f"{checked:,} plain accounts read and judged in {spent}")


if __name__ == "__main__":
    main()
