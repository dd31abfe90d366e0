"""The evidence itself: the same for the same seed, kept as it was built, small, and with documentation names only."""

from __future__ import annotations

import base64
import re
from pathlib import Path

import pytest

from .stories import GUILTY, INNOCENT, PAIRS, SHIPPED, STORIES, build

SAMPLES = Path(__file__).resolve().parents[2] / "sample_queues" / "icewarp"
ADDRESS = re.compile(rb"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.])")
NETWORKS = (b"192.0.2.", b"198.51.100.", b"203.0.113.", b"10.", b"127.0.0.1", b"192.168.", b"172.20.")
VERSIONS = (b"13.0.3.7",)


def contents(root: Path) -> dict[str, bytes]:
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_story_is_what_its_seed_builds(name: str, tmp_path: Path) -> None:
    build(name, tmp_path, 1)
    assert contents(tmp_path) == contents(SAMPLES / name)


def test_shipped_stories_stay_small() -> None:
    assert sum(len(content) for content in contents(SAMPLES).values()) <= 2_000_000


@pytest.mark.parametrize("name", ["mixed-forms", "rotation-midnight", "hostile-text"])
def test_a_story_depends_on_its_seed_alone(name: str, tmp_path: Path) -> None:
    build(name, tmp_path / "a", 3)
    build(name, tmp_path / "b", 3)
    build(name, tmp_path / "c", 4)
    assert contents(tmp_path / "a") == contents(tmp_path / "b")
    assert contents(tmp_path / "a") != contents(tmp_path / "c")


@pytest.mark.parametrize("name", STORIES)
def test_a_story_names_its_guilty_and_uses_documentation_addresses(name: str, tmp_path: Path) -> None:
    truth = build(name, tmp_path, 1)
    guilty = [account for account, told in truth.accounts.items() if "compromised" in str(told["verdict"])]
    assert bool(guilty) is (name not in INNOCENT)
    for path, content in contents(tmp_path).items():
        found = set() if path.endswith((".gz", ".zip")) else set(ADDRESS.findall(content))
        assert not [one for one in found if not one.startswith(NETWORKS) and one not in VERSIONS], path


def test_canaries_are_spoken_in_the_logs(tmp_path: Path) -> None:
    build("brute-force", tmp_path, 1)
    words = b"".join(contents(tmp_path / "logs").values()).split()
    spoken = [
        base64.b64decode(word) for word in words if len(word) % 4 == 0 and re.fullmatch(rb"[A-Za-z0-9+/]+=*", word)
    ]
    assert sum(b"c4n4ry" in word for word in spoken) > 20


def test_every_signal_has_a_guilty_and_an_innocent_story() -> None:
    assert all(guilty in GUILTY and innocent in INNOCENT for guilty, innocent in PAIRS.values())
