"""Packed bytes → bytes, within bounds: what lies in a file is told by how it begins, not by its name.

An archive is evidence and may be an attack: a few bytes of it may stand for terabytes, or ask for gigabytes of memory.
"""

from __future__ import annotations

import io
import os
import struct
import zlib
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from breachkit.files import BROKEN_ARCHIVE, UnpackError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import IO
    from zipfile import ZipInfo

BLOCK = 1 << 18

FREE = 1 << 30
"""Bytes that any archive may unpack to."""
RATIO = 500
"""How many times its size an archive may unpack to beyond that; logs that say the same all day come to 200."""
INFLATED = "unpacks to more than 500 times its size; the rest was not read"

MOST_MEMORY = 128 << 20
"""Bytes that an .xz may ask for: `xz -9` makes archives that need 65 MiB to be read."""
NEEDS_MEMORY = "archive that needs more than 128 MiB of memory to be unpacked"

MOST_SPOOLED = 32 << 30
"""Bytes that are kept in a temporary file at most, and no more than half of what the disk has left."""
OVERFLOWN = "more than half of the room for temporary files, or than 32 GiB; the rest was not read"

OTHER_ARCHIVE = "an archive of a kind that is not read"

_ZIP_LZMA = 14

LARGEST_HEAD = 1 << 20
"""Bytes of what describes one member of a tar: names, times."""

_MAGIC = {
    b"\x1f\x8b\x08": "gz",
    b"BZh": "bz2",
    b"\xfd7zXZ\x00": "xz",
    b"PK\x03\x04": "zip",
    b"PK\x05\x06": "zip",
    b"7z\xbc\xaf\x27\x1c": "7z",
    b"Rar!\x1a\x07": "rar",
    b"\x28\xb5\x2f\xfd": "zst",
}
PACKED = frozenset({"gz", "bz2", "xz"})
_TAR_AT, _TAR = 257, b"ustar"


def kind_of(head: bytes) -> str:
    """Tell by its first bytes what a file is packed as; empty when it is none of the kinds that are known."""
    if head[_TAR_AT:].startswith(_TAR):
        return "tar"
    return next((kind for magic, kind in _MAGIC.items() if head.startswith(magic)), "")


class _Zlib:
    """zlib's unpacker with the methods of the others."""

    def __init__(self, window: int) -> None:
        self._zlib = zlib.decompressobj(wbits=window)

    eof = property(lambda self: self._zlib.eof)
    unused_data = property(lambda self: self._zlib.unused_data)
    needs_input = property(lambda self: not self._zlib.unconsumed_tail)

    def decompress(self, given: bytes, size: int) -> bytes:
        return self._zlib.decompress(self._zlib.unconsumed_tail + given, size)


def _unpacker(kind: str) -> Any:
    if kind in {"gz", "deflate"}:
        return _Zlib(31 if kind == "gz" else -15)
    if kind in {"bz2", "bzip2"}:
        import bz2  # 3 ms, and few logs are packed

        return bz2.BZ2Decompressor()
    import lzma

    return lzma.LZMADecompressor(memlimit=MOST_MEMORY)


class _Unpacked(io.RawIOBase):
    def __init__(self, stream: IO[bytes], kind: str, crc: int | None) -> None:
        self._stream = stream
        self._kind = kind
        self._unpacker = _unpacker(kind)
        self._taken = self._given = self._crc = 0
        self._expected = crc

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._given

    def readinto(self, buffer: Any) -> int:
        found = self._next(len(buffer))
        buffer[: len(found)] = found
        self._given += len(found)
        if self._given > max(FREE, RATIO * self._taken):
            raise UnpackError(INFLATED)
        if self._expected is not None:
            self._crc = zlib.crc32(found, self._crc)
            if not found and self._crc != self._expected:
                raise UnpackError
        return len(found)

    def _more(self) -> bytes:
        found = self._stream.read(BLOCK)
        self._taken += len(found)
        return found

    def _next(self, size: int) -> bytes:
        import lzma

        while True:
            given, wants = b"", False
            if self._unpacker.eof:  # another one may follow, behind zeros: tapes and disks pad what they hold
                given = self._unpacker.unused_data.lstrip(b"\0")
                while not given and (more := self._more()):
                    given = more.lstrip(b"\0")
                if not given:
                    return b""
                self._unpacker = _unpacker(self._kind)
            elif wants := self._unpacker.needs_input:
                given = self._more()
            try:
                found: bytes = self._unpacker.decompress(given, size)
            except lzma.LZMAError as error:
                raise UnpackError(NEEDS_MEMORY if "emory" in str(error) else "") from None
            except (zlib.error, OSError, ValueError) as error:  # each has its own way to say that it is damaged
                raise UnpackError from error
            if found:
                return found
            if wants and not given and not self._unpacker.eof:
                raise UnpackError


def unpacked(stream: IO[bytes], kind: str, crc: int | None = None) -> IO[bytes]:
    """Unpack a stream as it is read, forwards only; several packed ones may follow one another.

    Reading raises UnpackError where it is damaged, breaks off, or passes a bound.

    Args:
        stream: what is packed.
        kind: `gz`, `bz2`, `xz`; in a zip `deflate` or `bzip2`.
        crc: of what is packed, where a zip tells it.
    """
    return io.BufferedReader(_Unpacked(stream, kind, crc), BLOCK)


def skip_to(stream: IO[bytes], offset: int) -> None:
    """Go on to a place of a stream that may not be able to jump; it never goes back."""
    if stream.seekable():
        stream.seek(offset)
        return
    left = offset - stream.tell()
    while left > 0 and (found := stream.read(min(left, BLOCK))):
        left -= len(found)


class _Region(io.RawIOBase):
    def __init__(self, stream: IO[bytes], begin: int, size: int) -> None:
        self._file = stream
        self._begin = begin
        self._size = size
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def readinto(self, buffer: Any) -> int:
        self._file.seek(self._begin + self._at)
        found = self._file.read(max(0, min(len(buffer), self._size - self._at)))
        buffer[: len(found)] = found
        self._at += len(found)
        return len(found)


def region(stream: IO[bytes], begin: int, size: int) -> IO[bytes]:
    """Read some bytes of a file as a stream of their own; others may read the file in between."""
    return io.BufferedReader(_Region(stream, begin, size), BLOCK)


class Spool:
    """Bytes that can be read once only, kept in a temporary file without a name, for this user and this process."""

    def __init__(self) -> None:
        import shutil  # with tempfile 8 ms, and few logs come that way
        import tempfile

        # /tmp may be memory; on Windows the system deletes the file when its last handle is closed
        is_told = any(os.environ.get(name) for name in ("TMPDIR", "TEMP", "TMP"))
        folder = "/var/tmp" if not is_told and os.access("/var/tmp", os.W_OK) else tempfile.gettempdir()  # noqa: S108
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115  open as long as the process
        self.end = 0
        """Bytes that are kept so far."""
        self._most = min(MOST_SPOOLED, shutil.disk_usage(folder).free // 2)

    def __del__(self) -> None:
        self._file.close()

    def keep(self, stream: IO[bytes], size: int | None = None) -> None:
        """Keep what comes of a stream, so many bytes of it at most, behind what is kept already.

        Raises UnpackError beyond the bound, and what reading the stream raises; what was kept until then stays.
        """
        left = size
        while left != 0 and (found := stream.read(BLOCK if left is None else min(BLOCK, left))):
            if self.end + len(found) > self._most:
                raise UnpackError(OVERFLOWN)
            try:
                self._file.seek(self.end)
                self._file.write(found)
                self._file.flush()
            except OSError:  # the disk is full, by others
                raise UnpackError(OVERFLOWN) from None
            self.end += len(found)
            left = None if left is None else left - len(found)

    def open(self, begin: int, size: int) -> IO[bytes]:
        """Read some of what was kept."""
        return region(self._file, begin, size)


class Member(NamedTuple):
    """A file in an archive."""

    name: str
    begin: int
    """Where its bytes begin in the archive."""
    length: int
    """How many there are."""
    size: int
    """How many they are unpacked."""
    mtime: float | None
    packing: str = ""
    """`deflate` or `bzip2` in a zip."""
    crc: int | None = None
    refused: str = ""
    """Why it is not to be read."""


class _Bounded:
    """A stream as tarfile wants it, which is not made to read a head of gigabytes at once, and only goes forward."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._is_behind = False

    def read(self, size: int) -> bytes:
        if size > LARGEST_HEAD:
            raise UnpackError
        if self._is_behind:  # tarfile asks for the last byte of a member, to see that it is there
            self._is_behind = False
            return b"\0" * min(size, 1)
        return self._stream.read(size)

    def seek(self, offset: int) -> None:
        self._is_behind = offset == self._stream.tell() - 1
        if not self._is_behind:
            skip_to(self._stream, offset)

    def tell(self) -> int:
        return self._stream.tell()


def tar_members(stream: IO[bytes]) -> Iterator[Member]:
    """List the files of a tar, each when the stream stands where it begins. Raises OSError."""
    import tarfile  # 10 ms, and few logs lie in one

    try:
        with tarfile.open(fileobj=_Bounded(stream), mode="r:") as archive:  # type: ignore[call-overload]
            while (member := archive.next()) is not None:
                archive.members.clear()  # else a million names are kept
                if member.isreg() and not member.issparse():
                    skip_to(stream, member.offset_data)
                    yield Member(member.name, member.offset_data, member.size, member.size, float(member.mtime))
    except (tarfile.TarError, ValueError, OverflowError) as error:
        raise UnpackError from error


_ENCRYPTED = 0x41
_LOCAL_HEAD = 30
"""Bytes of what stands before a member in a zip; the last four are the lengths of its name and of more fields."""


def zip_members(stream: IO[bytes]) -> Iterator[Member]:
    """List the files of a zip. Raises OSError."""
    import zipfile  # 7 ms, and few logs lie in one

    try:
        with zipfile.ZipFile(stream) as archive:
            members = [member for member in archive.infolist() if not member.is_dir()]
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OverflowError, struct.error, EOFError) as error:
        raise UnpackError from error
    for member in members:
        yield _zip_member(stream, member)


def _zip_member(stream: IO[bytes], member: ZipInfo) -> Member:
    """Find where a member begins, and what hinders reading it."""
    packing = {0: "", 8: "deflate", 12: "bzip2"}.get(member.compress_type)
    stream.seek(member.header_offset)
    head = stream.read(_LOCAL_HEAD)
    lengths = int.from_bytes(head[-4:-2], "little") + int.from_bytes(head[-2:], "little")
    refused = ""
    if member.file_size > max(FREE, RATIO * member.compress_size):
        refused = INFLATED
    elif member.compress_type == _ZIP_LZMA:
        refused = OTHER_ARCHIVE  # it may ask for any amount of memory
    elif (
        packing is None
        or member.flag_bits & _ENCRYPTED
        or not head.startswith(b"PK\x03\x04")
        or len(head) < _LOCAL_HEAD
    ):
        refused = BROKEN_ARCHIVE
    mtime = None
    with suppress(ValueError, OverflowError, OSError):
        mtime = datetime(*member.date_time).timestamp()  # noqa: DTZ001  server-local
    begin = member.header_offset + _LOCAL_HEAD + lengths
    return Member(
        member.filename, begin, member.compress_size, member.file_size, mtime, packing or "", member.CRC, refused
    )
