"""restore(purge(queue)) == queue: byte for byte, with times, mode and owner, whatever the names and contents."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.purge.faults import NoLinksDisk, OtherVolumeDisk, QuickDisk
from tests.purge.harness import house, snapshot

if TYPE_CHECKING:
    from breachkit.purge.disk import Disk

STRINGS = ("pippo@gmail.com", "Buy", "\u00e9", "x")


class Made(NamedTuple):
    """One generated message."""

    name: bytes
    folder: bytes
    content: bytes
    mtime_ns: int
    mode: int
    uid: int


names = (
    st.binary(min_size=1, max_size=255)
    .map(lambda raw: raw.replace(b"/", b"_").replace(b"\0", b"\n"))
    .filter(lambda raw: raw not in {b".", b".."})
)
made = st.builds(
    Made,
    name=names | st.sampled_from([b"-rf", b"a\nb.dat", b"\xff\xfe", b"n" * 255, b"*", b" "]),
    folder=st.sampled_from([b"", b"retry", b"priority_0/deep", b"retry/\xff"]),
    content=st.binary(max_size=200) | st.sampled_from([s.encode() for s in STRINGS]),
    mtime_ns=st.integers(0, 2**31 * 10**9),
    mode=st.sampled_from([0o600, 0o644, 0o400, 0o777, 0o000 + 0o200]),
    uid=st.sampled_from([0, 1000]) if os.geteuid() == 0 else st.just(os.geteuid()),
)


def write(queue: Path, messages: list[Made]) -> None:
    for one in messages:
        folder = Path(os.fsdecode(os.path.join(os.fsencode(queue), one.folder)))
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / os.fsdecode(one.name)
        if path.exists():  # the same name twice, or the name of a folder
            continue
        path.write_bytes(one.content)
        os.chown(path, one.uid, -1)
        path.chmod(one.mode)
        os.utime(path, ns=(0, one.mtime_ns))


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    messages=st.lists(made, max_size=12),
    strings=st.lists(st.sampled_from(STRINGS), max_size=2, unique=True),
    disk=st.sampled_from([QuickDisk(), OtherVolumeDisk(), NoLinksDisk()]),
)
def test_restore_of_purge_is_the_queue(messages: list[Made], strings: list[str], disk: Disk) -> None:
    with tempfile.TemporaryDirectory() as top:
        queue = Path(top) / "_outgoing"
        queue.mkdir()
        write(queue, messages)
        before = snapshot(queue)
        far = Path(top) / "breachkit-quarantine-far" if isinstance(disk, OtherVolumeDisk) else None
        whole = house(queue, disk, far)
        hits = {os.path.relpath(os.fsencode(hit.files[0]), os.fsencode(queue)) for hit in whole.hits(*strings)}
        receipt = whole.purge(*strings)
        assert receipt.purged == receipt.planned == len(hits)
        assert snapshot(queue) == {name: seen for name, seen in before.items() if name not in hits}
        for run in receipt.runs:
            done = whole.restore(run)
            assert (done.restored, done.in_quarantine, done.found) == (receipt.purged, 0, receipt.purged)
        assert snapshot(queue) == before
