"""An image without a registry, with what real images contain.

An image of busybox alone proves little. This one has whiteouts, an opaque directory, hard links,
foreign owners, a file capability, device nodes and names that a file system may not tell apart.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import struct
import tarfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, List

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

BUSYBOX = Path("/usr/bin/busybox")
FULL = "docker.io/fscaps/full"
TRIVIAL = "docker.io/fscaps/trivial"
NAMES = "docker.io/fscaps/names"
ATTRIBUTES = "docker.io/fscaps/attributes"

# cap_net_raw+ep as the kernel keeps it (VFS_CAP_REVISION_2); Docker leaves a container that one.
CAPABILITY = struct.pack("<5I", 0x02000001, 1 << 13, 0, 0, 0)
_CAPABILITY = "security.capability"
_CREATED = 1_600_000_000_123_456_789
_APPLETS = "cat chmod chown cp cut grep id ln ls mkdir mkfifo mknod mv rm sleep stat su true"
_SETUID = 0o4755


@dataclass(frozen=True)
class Entry:
    """One member of a layer."""

    path: str
    type: bytes = tarfile.REGTYPE
    mode: int = 0o644
    uid: int = 0
    gid: int = 0
    content: bytes = b""
    target: str = ""
    device: tuple[int, int] = (0, 0)
    mtime_ns: int = _CREATED
    xattrs: Mapping[str, bytes] = field(default_factory=dict)


Layer = List[Entry]


def directory(path: str, mode: int = 0o755, owner: int = 0) -> Entry:
    """Make a directory."""
    return Entry(path, tarfile.DIRTYPE, mode, owner, owner)


def file(path: str, content: str = "", mode: int = 0o644, owner: int = 0) -> Entry:
    """Make a file with a line of text; without one, its own path is the content."""
    return Entry(path, mode=mode, uid=owner, gid=owner, content=f"{content or path}\n".encode())


def symlink(path: str, target: str) -> Entry:
    """Make a symbolic link."""
    return Entry(path, tarfile.SYMTYPE, 0o777, target=target)


def hard_link(path: str, to: Entry) -> Entry:
    """Make a hard link to an entry of the same layer.

    It carries the metadata of what it leads to, as tar writes it: Docker applies them again.
    """
    return replace(to, path=path, type=tarfile.LNKTYPE, target=to.path, content=b"")


def busybox(path: str, mode: int = 0o755, xattrs: Mapping[str, bytes] | None = None) -> Entry:
    """Make a copy of busybox."""
    return Entry(path, mode=mode, content=BUSYBOX.read_bytes(), xattrs=xattrs or {})


def full() -> list[Layer]:
    """Give the layers of an image that contains what real images contain."""
    return [_base(), _data(), _changes(), _more_changes()]


def without_devices() -> list[Layer]:
    """Give the layers of the same image without device nodes."""
    devices = (tarfile.CHRTYPE, tarfile.BLKTYPE)
    return [[entry for entry in layer if entry.type not in devices] for layer in full()]


def trivial() -> list[Layer]:
    """Give the one layer of an image that is busybox and nothing else."""
    program = busybox("bin/busybox")
    return [[directory("bin"), program, hard_link("bin/true", program)]]


def names() -> list[Layer]:
    """Give the layers of an image with names that not every file system takes."""
    latin, devil = os.fsdecode(b"data/not-utf8-\xff"), 'data/a:b,c*d?e\\f|g"h<i>j \n.'
    return [*trivial(), [directory("data"), file(latin, "latin"), file(devil, "devil")]]


def attributes() -> list[Layer]:
    """Give the layers of an image with a user's extended attribute, which few images have."""
    noted = replace(file("data/noted"), xattrs={"user.fscaps": b"note"})
    return [*trivial(), [directory("data"), noted]]


def _base() -> Layer:
    exercise = (Path(__file__).parent / "exercise.sh").read_text()
    program = busybox("bin/busybox", xattrs={_CAPABILITY: CAPABILITY})
    layer = [
        *(directory(name) for name in ("bin", "dev", "etc", "proc", "root", "sys", "vol")),
        directory("tmp", 0o1777),
        program,
        hard_link("bin/sh", program),
        busybox("bin/su", _SETUID),  # busybox keeps a foreign euid for a few applets only
        file("bin/exercise", exercise, 0o755),
        file("etc/group", "root:x:0:\nuser:x:1000:"),
        # root has no password: whoever may run a set-user-ID su is root.
        file("etc/passwd", "root::0:0::/:/bin/sh\nuser:x:1000:1000::/:/bin/sh"),
    ]
    layer += [symlink(f"bin/{name}", "busybox") for name in _APPLETS.split() if name != "su"]
    return [*layer, *_volume()]


def _volume() -> Layer:
    """Give what Docker copies into a new volume."""
    return [
        file("vol/owned", owner=200000),
        directory("vol/deep", 0o2750, 200000),
        file("vol/deep/script", "#!/bin/sh\necho started", 0o755),
        file("vol/setuid", mode=0o6755, owner=1000),
        symlink("vol/link", "owned"),
    ]


def _data() -> Layer:
    linked = file("data/link-first", owner=1000)
    return [
        directory("data"),
        directory("data/dir-deleted"),
        file("data/dir-deleted/inside"),
        directory("data/dir-opaque", 0o751),
        file("data/dir-opaque/old"),
        directory("data/dir-opaque/old-dir"),
        file("data/dir-opaque/old-dir/inside"),
        directory("data/dir-replaced"),
        file("data/dir-replaced/inside"),
        directory("data/dir-sticky", 0o1777),
        directory("data/dir-setgid", 0o2775, 1000),
        directory("data/dir-elsewhere"),
        file("data/file-deleted"),
        file("data/file-replaced"),
        file("data/file-returned", "before"),
        file("data/file-bits", mode=0o7777),
        file("data/file-owned", owner=200000),
        Entry("data/file-empty", mode=0o600),
        linked,
        hard_link("data/link-second", linked),
        hard_link("data/dir-elsewhere/link-third", linked),
        symlink("data/symlink-relative", "../data/file-empty"),
        symlink("data/symlink-absolute", "/data/file-empty"),
        symlink("data/symlink-dangling", "/no/such/file"),
        symlink("data/symlink-directory", "dir-sticky"),
        Entry("data/fifo", tarfile.FIFOTYPE, 0o620, 1000, 1000),
        Entry("data/null", tarfile.CHRTYPE, 0o666, device=(1, 3)),
        Entry("data/loop", tarfile.BLKTYPE, 0o640, device=(7, 200)),
        file("data/Case", "upper"),
        file("data/case", "lower"),
        file("data/" + "n" * 200),
        directory("data/" + "d" * 200),
        file("data/" + "d" * 200 + "/" + "f" * 200),
        file("data/name with space, colon: and \u00fc"),
        Entry("data/time-second", mtime_ns=_CREATED // 10**9 * 10**9),
        Entry("data/time-last-ns", mtime_ns=1_600_000_000_999_999_999),
        *(file(f"data/course-{name}", owner=1000) for name in _COURSE),
        *_course_directories(),
    ]


_COURSE = ("append", "delete", "rename", "link", "chown", "chmod", "replace")


def _course_directories() -> Iterator[Entry]:
    for name in ("recreate", "rename-dir", "delete-dir"):
        yield directory(f"data/course-{name}")
        yield file(f"data/course-{name}/inside")
        yield directory(f"data/course-{name}/deep")
        yield file(f"data/course-{name}/deep/inside")


def _changes() -> Layer:
    return [
        directory("data"),
        _whiteout("data/.wh.dir-deleted"),
        _whiteout("data/.wh.file-deleted"),
        _whiteout("data/.wh.file-returned"),
        directory("data/dir-opaque", 0o751),
        _whiteout("data/dir-opaque/.wh..wh..opq"),
        file("data/dir-opaque/new"),
        file("data/dir-replaced", "now a file"),
        directory("data/file-replaced", 0o711),
        file("data/file-replaced/inside"),
        file("data/added-then-deleted"),
        directory("data/dir-sticky", 0o1777),
        file("data/dir-sticky/added"),
    ]


def _more_changes() -> Layer:
    return [
        directory("data"),
        _whiteout("data/.wh.added-then-deleted"),
        file("data/file-returned", "after"),
    ]


def _whiteout(path: str) -> Entry:
    return Entry(path, mode=0)


# The archive


def write(path: Path, name: str, layers: Sequence[Layer], volumes: Sequence[str] = ()) -> Path:
    """Write an archive that `docker load` takes."""
    packed = [_pack(layer) for layer in layers]
    config = {
        "architecture": {"x86_64": "amd64", "aarch64": "arm64"}.get(os.uname().machine, ""),
        "os": "linux",
        "config": {"Env": ["PATH=/bin"], "Volumes": {volume: {} for volume in volumes}},
        "rootfs": {
            "type": "layers",
            "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}" for layer in packed],
        },
    }
    names = [f"{number}.tar" for number in range(len(packed))]
    manifest = [{"Config": "config.json", "RepoTags": [f"{name}:latest"], "Layers": names}]
    members = [
        ("config.json", json.dumps(config).encode()),
        ("manifest.json", json.dumps(manifest).encode()),
        *zip(names, packed),
    ]
    with tarfile.open(path, "w") as archive:
        for member, content in members:
            info = tarfile.TarInfo(member)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


def _pack(layer: Layer) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for entry in layer:
            archive.addfile(_member(entry), io.BytesIO(entry.content))
    return packed.getvalue()


def _member(entry: Entry) -> tarfile.TarInfo:
    info = tarfile.TarInfo(entry.path)
    info.type, info.mode, info.size = entry.type, entry.mode, len(entry.content)
    info.uid, info.gid, info.linkname = entry.uid, entry.gid, entry.target
    info.devmajor, info.devminor = entry.device
    seconds, nanoseconds = divmod(entry.mtime_ns, 10**9)
    info.mtime = seconds
    info.pax_headers = {"mtime": f"{seconds}.{nanoseconds:09}"}  # a float would be too coarse
    for name, value in entry.xattrs.items():
        info.pax_headers[f"SCHILY.xattr.{name}"] = value.decode("ascii")
    return info
