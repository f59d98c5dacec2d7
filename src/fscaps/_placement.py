"""Where the data could live instead: moved between hosts, shared by them. Pure, like judging.

What lies below a path cannot be probed, so here alone the names of file systems speak; what can
be done with it follows from the verdicts.
"""

from __future__ import annotations

from .model import Advice, Attachment, Fitness, Outcome, Placement

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .model import Mount, Verdict

# Names as /proc/self/mountinfo gives them, FUSE with its subtype.
# fmt: off
_NETWORK = frozenset({
    "nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "ceph", "afs", "lustre", "gpfs", "beegfs",
    "orangefs", "pvfs2", "coda", "virtiofs", "acfs", "fuse.sshfs", "fuse.glusterfs",
    "fuse.ceph-fuse", "fuse.s3fs", "fuse.rclone", "fuse.gcsfuse", "fuse.davfs", "fuse.juicefs",
    "fuse.mount-s3", "fuse.seaweedfs", "fuse.moosefs", "fuse.lizardfs", "fuse.curlftpfs",
    "fuse.blobfuse", "fuse.blobfuse2", "fuse.goofys", "fuse.cvmfs2",
})
# fmt: on
_CLUSTERED = frozenset({"ocfs2", "gfs2"})
_MEMORY = frozenset({"tmpfs", "ramfs", "hugetlbfs", "devtmpfs", "rootfs"})
_NETWORK_DEVICES = ("(iSCSI)", "(rbd)", "(nbd)", "(nvme-fabrics)")
_ON_OTHERS = ("dm-", "md", "bcache")
"""Devices that are made of those named after them."""

WHOLE = (
    "docker/data-root",
    "docker/data-root-fuse-overlayfs",
    "docker/data-root-vfs",
    "docker/data-root-btrfs",
    "docker/containerd-store",
    "docker/rootless",
    "docker/loop-data-root",
    "containerd/overlayfs",
    "containerd/native",
    "podman/overlay",
    "podman/fuse-overlayfs",
    "podman/vfs",
    "podman/rootless",
)
"""Roles that hold all that an engine keeps, so that moving the directory moves the engine.

But for those of a version whose verdict says that something lies elsewhere.
"""
_ROOTLESS = frozenset({"docker/rootless", "podman/rootless"})

READ_ONLY = ("podman/loop-image-store", "podman/additional-image-store")
"""Roles that several hosts can play at once, the best first."""

_ONE_AT_A_TIME = (
    "stop the engine and unmount on the one host before the other mounts: containers stop, and "
    "start again there"
)


def placement(mount: Mount | None, verdicts: Mapping[str, Verdict]) -> Placement:
    """What the mount and the verdicts mean for moving and sharing."""
    attachment = _attachment(mount)
    return Placement(
        attachment=attachment,
        migrate=_migrate(attachment, verdicts),
        share_read_only=_share_read_only(mount, attachment, verdicts),
        share_read_write=_SHARE_READ_WRITE,
        instead=tuple(_instead(attachment, verdicts)),
    )


def _attachment(mount: Mount | None) -> Attachment:
    if mount is None:
        return Attachment.UNKNOWN
    if mount.type in _MEMORY:
        return Attachment.MEMORY
    if mount.type in _NETWORK or _names_a_server(mount):
        return Attachment.NETWORK_FILES
    if mount.type in _CLUSTERED or any(device.endswith("(drbd)") for device in mount.devices):
        return Attachment.NETWORK_BLOCK
    bottoms = [device for device in mount.devices if not device.startswith(_ON_OTHERS)]
    return _common({_hangs(device) for device in bottoms})


def _hangs(device: str) -> Attachment:
    if device.endswith(_NETWORK_DEVICES):
        return Attachment.NETWORK_BLOCK
    if device.startswith("loop"):
        return Attachment.UNKNOWN  # wherever the file lies that it is in
    return Attachment.MEMORY if device.startswith(("ram", "zram")) else Attachment.LOCAL


def _common(attachments: set[Attachment]) -> Attachment:
    """That of all devices; what lies in part here and in part elsewhere is neither."""
    return attachments.pop() if len(attachments) == 1 else Attachment.UNKNOWN


def _names_a_server(mount: Mount) -> bool:
    """``host:/path``, ``user@host:path`` or ``//host/share``, of a FUSE of whatever name.

    Elsewhere a colon may stand in a name (ZFS), and in mergerfs' list of branches.
    """
    if not mount.type.startswith("fuse"):
        return False
    host, colon, path = mount.source.partition(":")
    named = bool(host and colon) and "/" not in host and (path.startswith("/") or "@" in host)
    return named or mount.source.startswith("//")


def _migrate(attachment: Attachment, verdicts: Mapping[str, Verdict]) -> Advice:
    if attachment is Attachment.MEMORY:
        return Advice(Outcome.NO, "the data is in memory and gone with this host")
    whole = [role for role in WHOLE if not _is_part(role, verdicts)]
    fitting = _fitting(verdicts, whole)
    if attachment is Attachment.NETWORK_BLOCK:
        because = "a block device over the network can be attached to another host"
        return _if_any(fitting, verdicts, whole, because)
    if attachment is Attachment.NETWORK_FILES:
        because = "another host that the server lets can mount the same directory"
        return _if_any(fitting, verdicts, whole, because)
    if attachment is Attachment.LOCAL:
        return Advice(
            Outcome.NO,
            "the data is on a disk of this host, as far as this host can tell",
            "copy it with the engine stopped (rsync -aHAX --numeric-ids --devices --specials), or "
            "move the disk",
        )
    return Advice(Outcome.UNKNOWN, "it is not known what lies below this file system")


def _if_any(
    fitting: tuple[str, ...],
    verdicts: Mapping[str, Verdict],
    roles: Iterable[str],
    because: str,
) -> Advice:
    """Yes where a role fits; no where none can; unknown where one was not judged or established."""
    if fitting:
        return Advice(Outcome.YES, because, _condition(fitting, verdicts), fitting)
    judged = [verdicts[role] for role in roles if role in verdicts]
    if not judged or any(verdict.fitness is Fitness.UNDETERMINED for verdict in judged):
        return Advice(Outcome.UNKNOWN, "whether an engine can keep all of its data here is open")
    return Advice(Outcome.NO, "no engine that was judged can keep all of its data here")


def _is_part(role: str, verdicts: Mapping[str, Verdict]) -> bool:
    """Whether something lies elsewhere in the very version that was asked about."""
    verdict = verdicts.get(role)
    fits_in = role == "docker/loop-data-root"  # what lies elsewhere can be put in there, too
    return bool(verdict and verdict.version and verdict.elsewhere) and not fits_in


def _condition(fitting: tuple[str, ...], verdicts: Mapping[str, Verdict]) -> str:
    parts = [_ONE_AT_A_TIME]
    if any(verdicts[role].elsewhere for role in fitting):
        parts.append("what an engine keeps elsewhere has to move as well")
    if _ROOTLESS.intersection(fitting):
        parts.append("a rootless engine's user needs the same ids there, subordinate ones too")
    return "; ".join(parts)


_SHARE_READ_WRITE = Advice(
    Outcome.NO,
    "an engine takes its directory for its own alone: it keeps what is in there in memory, holds "
    "its databases locked (a second dockerd ends with a timeout), and overlayfs leaves undefined "
    "what happens when layers change below it (Documentation/filesystems/overlayfs.rst)",
    "named volumes alone may be shared, where locks work, by programs made for that",
)


def _share_read_only(
    mount: Mount | None, attachment: Attachment, verdicts: Mapping[str, Verdict]
) -> Advice:
    if attachment in (Attachment.LOCAL, Attachment.MEMORY):
        return Advice(Outcome.NO, "other hosts do not see this file system", "export it first")
    if attachment is Attachment.NETWORK_BLOCK and mount and mount.type not in _CLUSTERED:
        return Advice(
            Outcome.NO,
            f"{mount.type} may be mounted by one host at a time: another does not learn of what "
            "this one changes",
            "export it, or give all hosts a device that holds an EROFS and nobody writes to",
        )
    fitting = _fitting(verdicts, READ_ONLY)
    if fitting and attachment is Attachment.UNKNOWN:
        return Advice(Outcome.UNKNOWN, "it is not known whether other hosts see this file system")
    if fitting:
        because = "podman reads an additional image store that other hosts read as well"
        return Advice(Outcome.YES, because, "one host writes it, before the others use it", fitting)
    if not any(role in verdicts for role in READ_ONLY):
        return Advice(Outcome.UNKNOWN, "no role that shares was judged")
    return _if_any((), verdicts, READ_ONLY, "")


def _instead(attachment: Attachment, verdicts: Mapping[str, Verdict]) -> Iterable[Advice]:
    """Other arrangements for those who wanted to move or share, the surest first."""
    if attachment is not Attachment.NETWORK_FILES:
        return
    yield Advice(
        Outcome.YES,
        "a block device over the network (iSCSI, RBD, NBD) with ext4 or xfs on it",
        "one host mounts it at a time; the engine then sees a local disk",
    )
    loop = _fitting(verdicts, ("docker/loop-data-root",))
    if loop:
        yield Advice(
            Outcome.YES,
            "an ext4 image file here, mounted through a loop device as the whole data-root",
            "one host mounts it at a time: two at once destroy it",
            loop,
        )
    store = _fitting(verdicts, READ_ONLY[:1])
    if store:
        yield Advice(
            Outcome.YES,
            "an EROFS image of an image store here, loop-mounted by every host",
            "it is read-only; a new version is a new file",
            store,
        )
    yield Advice(
        Outcome.YES,
        "a registry mirror in the same network, or a lazy-pulling snapshotter (stargz, nydus)",
        "each host keeps its own storage on a local disk; images are fetched once, or as read",
    )


def _fitting(verdicts: Mapping[str, Verdict], roles: Iterable[str]) -> tuple[str, ...]:
    return tuple(role for role in roles if role in verdicts and verdicts[role].fitness.fits)
