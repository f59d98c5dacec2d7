"""What file systems say to each probe: one that says yes, and one that says no.

What stands here follows from what a file system is, by the manual page or the kernel source that is
named, never from what fscaps said. An errno stands where that names one, else None.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Optional

from fscaps import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

YES, NO = Outcome.YES, Outcome.NO


class Answers(NamedTuple):
    """What a file system says yes to, and to what no, with which errno."""

    yes: tuple[str, ...] = ()
    no: dict[str, Optional[str]] = {}  # noqa: RUF012 - nobody changes it


class Row(NamedTuple):
    """One answer of one file system."""

    filesystem: str
    probe: str
    outcome: Outcome
    errno: str | None


def rows(table: Mapping[str, Answers]) -> Iterator[Row]:
    """A table's answers, one by one."""
    for name, answers in table.items():
        for probe in answers.yes:
            yield Row(name, probe, YES, None)
        for probe, errno in answers.no.items():
            yield Row(name, probe, NO, errno)


def _each(probes: str, errno: str | None = None) -> dict[str, str | None]:
    return dict.fromkeys(probes.split(), errno)


_ORDINARY = """
directory.block directory.changeable directory.d_type directory.distinct directory.inode
directory.mount_point directory.open_unlink directory.writable
driver.overlay2 durability.directory durability.fdatasync durability.fsync fuse.device
link.changed link.hard link.inode link.owner link.to_symlink lock.flock lock.ofd lock.posix
lower.linked
loop.device loop.direct loop.erofs loop.ext4 loop.overlay
magic.apptainer_overlay magic.podman_beegfs magic.podman_overlay magic.podman_rootless
magic.podman_zfs
mmap.coherent mmap.made mmap.shown mode.below mode.bindable mode.created mode.execute mode.inherited
mode.others mode.root mode.setuid
name.backslash name.case name.colon name.comma name.hidden name.length name.normal_form name.option
name.special name.sqlite name.undecodable name.utf8
node.device node.device_open node.fifo node.left node.socket node.whiteout
overlay.capability overlay.copy_up overlay.depth overlay.execute overlay.lower overlay.native_diff
overlay.opaque overlay.remount overlay.rename overlay.special overlay.upper overlay.userxattr
overlay.whiteout
owner.chmod owner.chown owner.created owner.group owner.lchown owner.mode
rename.atomic rename.directory rename.exchange rename.noreplace rename.replace rename.replace_open
rename.tmpfile rename.whiteout
rootless.capability rootless.files rootless.fuse rootless.group rootless.ids rootless.owners
rootless.setuid
space.direct space.extend space.fallocate space.free space.inodes space.large space.sparse
space.writable
symlink.attribute symlink.longest symlink.overlay2 symlink.owner symlink.replace symlink.target
time.nanosecond time.range time.symlink
xattr.acl_asked xattr.acl_removed xattr.capability_asked xattr.capability_listed
xattr.capability_set xattr.declined xattr.overlay_opaque xattr.posix_acl xattr.security_capability
xattr.size xattr.trusted xattr.user xattr.user_overlay_opaque
"""
"""What an ext4 on a disk of its own does, as mke2fs(8) makes it and mount(8) mounts it."""

_ATTRIBUTES = """
xattr.capability_set xattr.overlay_opaque xattr.security_capability xattr.trusted
"""
_ACLS = "xattr.acl_asked xattr.posix_acl"
_USERS = "xattr.user xattr.user_overlay_opaque"

HERE = {
    "ext4": Answers(
        tuple(_ORDINARY.split()),
        {
            "driver.btrfs": None,
            "driver.refused": None,
            "driver.podman_vfs": None,
            "driver.zfs": None,
            "overlay.metacopy": None,  # overlayfs.rst: off unless it is asked for
            "quota.project": None,  # ext4(5): needs the feature
            "space.reflink": "ENOTSUP",  # ioctl_ficlone(2)
            "subvolume.create": "ENOTTY",  # ioctl(2)
        },
    ),
    "btrfs": Answers(
        ("driver.btrfs", "space.reflink", "subvolume.create", "subvolume.snapshot"),
    ),
    # a link has at most XFS_SYMLINK_MAXLEN bytes, 1024 (xfs_format.h)
    "xfs": Answers(("space.reflink",), {"symlink.longest": "ENAMETOOLONG"}),
    "xfs-no-reflink": Answers(no={"space.reflink": "ENOTSUP"}),
    # fs/ext4/extents.c:ext4_fallocate: only files with extents; fs/ext2 has none
    "ext2": Answers(no={"space.fallocate": "ENOTSUP"}),
    # fs/namei.c:may_create, fs/attr.c:setattr_vfsuid; 65536 and above are on no map there
    "ext4-idmapped": Answers(no={"owner.chown": "EOVERFLOW"}),
    "ext4-idmapped-away": Answers(no={"directory.writable": "EOVERFLOW"}),
    "ext4-read-only": Answers(no={"directory.writable": "EROFS"}),
    "ext4-full": Answers(
        no={"directory.writable": "ENOSPC", "loop.erofs": "ENOSPC", "space.free": None}
    ),
    "ext4-no-inodes": Answers(no={"directory.writable": "ENOSPC", "space.inodes": None}),
    # as chattr(1) says of +i and +a
    "ext4-immutable": Answers(no={"directory.changeable": "EPERM", "directory.mount_point": None}),
    "ext4-append-only": Answers(no={"directory.changeable": "EPERM"}),
    "ext4-default-acl": Answers(no={"mode.created": None}),  # acl(5), object creation
    "ext4-grpid": Answers(no=_each("owner.group rootless.group")),  # mount(8)
    # an inherited bit is taken off, or the group would have no number in the user's namespace
    "ext4-setgid": Answers(
        ("owner.group", "overlay.userxattr", "rootless.group"), {"mode.inherited": None}
    ),
    # mount(8); execve(2) and open(2) name the errnos
    "ext4-noexec": Answers(no={"mode.execute": "EACCES"}),
    "ext4-nosuid": Answers(no=_each("mode.setuid rootless.setuid")),
    "ext4-nodev": Answers(no={"node.device_open": "EACCES"}),
    # the kernel takes it for an upper directory, and it does not do for one
    "ext4-no-filetype": Answers(("driver.overlay2",), _each("directory.d_type overlay.upper")),
    # mount_namespaces(7); in an overlay's own namespace the copy is not unbindable, but foreign
    "ext4-unbindable": Answers(
        ("mode.setuid", "overlay.remount", "overlay.upper"), {"mode.bindable": "EINVAL"}
    ),
    "ext4-colon": Answers(("name.comma",), _each("name.colon name.option")),
    "ext4-comma": Answers(("name.utf8",), _each("name.comma name.option")),
    "ext4-odd-name": Answers(no=_each("name.backslash name.utf8")),
    "ext4-long-path": Answers(no=_each("name.sqlite")),
    # fs/ramfs has no ->fallocate, no ->direct_IO, no extended attributes and no lists of access
    "ramfs": Answers(
        ("driver.overlay2",),
        {
            **_each(f"{_ATTRIBUTES} {_ACLS} {_USERS} rootless.capability", "ENOTSUP"),
            "xattr.capability_asked": "ENOTSUP",
            **_each("loop.direct overlay.upper overlay.userxattr"),
            "space.direct": "EINVAL",
            "space.fallocate": "ENOTSUP",
        },
    ),
    # hugetlbpage.rst: there is no write(2) to its files
    "hugetlbfs": Answers(
        no=_each("loop.device overlay.lower space.extend space.writable", "EINVAL"),
    ),
    # overlayfs.rst: an overlay cannot be the upper of an overlay; fs/overlayfs/dir.c:ovl_mknod
    "overlay": Answers(
        ("driver.podman_vfs", "magic.apptainer_overlay", "name.hidden"),
        {
            "driver.overlay2": None,
            "magic.podman_overlay": None,
            "node.whiteout": "EPERM",
            "rename.whiteout": "EINVAL",
        },
    ),
    # libfuse's fuse.h: an open file is renamed at its deletion (without hard_remove), nodev, nosuid
    "bindfs": Answers(
        no={
            "directory.open_unlink": "ENOTEMPTY",
            "driver.overlay2": None,
            "lower.linked": None,  # a copied file is not followed to a layer without a UUID
            "link.inode": None,  # and each name has a number of its own (without use_ino)
            "magic.apptainer_overlay": None,
            "mode.setuid": None,
            "node.device_open": "EACCES",
        },
    ),
    # keeps its own whiteouts by such names
    "fuse-overlayfs": Answers(
        ("driver.fuse_overlayfs", "driver.podman_fuse_overlayfs"), {"name.hidden": None}
    ),
    # ext4 has a block of 4 KiB for a file's attributes (xattr(7)), and encryption makes them longer
    "gocryptfs": Answers(no={"xattr.size": None}),
    # its README: it takes the ids of who asks, and goes by the paths of its branches
    "mergerfs": Answers(no={"mode.below": None}),
    # NTFS keeps names in UTF-16, and times in units of 100 ns; ntfs-3g itself asks who may do what
    "ntfs-3g": Answers(
        no={
            "name.undecodable": "EILSEQ",
            "rootless.owners": "EPERM",
            **_each("time.nanosecond time.symlink"),
            "xattr.capability_listed": None,  # nor anything that is for the kernel
        },
    ),
    # lab/fuse_server.py knows no flags of rename, and tells that a file takes up all its size
    "fuse-plain": Answers(
        ("driver.refused",),
        {**_each("rename.exchange rename.noreplace", "EINVAL"), "space.sparse": None},
    ),
    "fuse-small-listing": Answers(("directory.d_type",), {"directory.block": "EINVAL"}),
    # The rest is in moods.py; what is refused there is refused with the errno of the manual page.
    "fuse-refusing": Answers(
        ("xattr.capability_asked",),
        {
            **_each("durability.directory durability.fdatasync durability.fsync", "EINVAL"),
            **_each("link.hard link.to_symlink", "EPERM"),
            **_each("lock.flock lock.ofd lock.posix", "ENOLCK"),
            **_each("owner.chmod owner.chown owner.lchown owner.mode symlink.owner", "EPERM"),
            **_each("rename.directory rename.replace symlink.replace", "EPERM"),
            **_each("time.nanosecond time.range time.symlink", "EPERM"),
            **_each("xattr.declined xattr.trusted xattr.user", "EPERM"),
        },
    ),
    "fuse-odd-names": Answers(
        no={
            "directory.distinct": None,
            "directory.inode": None,
            "name.length": "ENAMETOOLONG",
            "name.normal_form": "EEXIST",
        },
    ),
    "fuse-links-guarded": Answers(("link.hard", "owner.mode"), {"link.changed": "EROFS"}),
    "fuse-links-taken": Answers(("link.hard", "owner.chown"), {"link.owner": None}),
    "fuse-links-followed": Answers(("xattr.capability_asked",), {"symlink.attribute": "ENOENT"}),
    "fuse-no-directories": Answers(no={"directory.writable": "ENOSYS"}),
    "fuse-nodes-faked": Answers(no={"node.left": None, "node.whiteout": "EIO"}),
    "fuse-no-nodes": Answers(
        no=_each("node.device node.fifo node.socket node.whiteout", "EROFS"),
    ),
    # fs/overlayfs/super.c: a work directory that is not to be made makes a read-only overlay
    "fuse-removes-no-attribute": Answers(
        ("driver.overlay2",), _each("xattr.acl_removed xattr.trusted xattr.user", "ENOENT")
    ),
    "fuse-private": Answers(no=_each("mode.below mode.others", "EACCES")),
    "fuse-replace-late": Answers(no={"rename.atomic": "ENOENT"}),
    "fuse-capability-of-owner": Answers(("overlay.upper",), {"overlay.capability": "ENODATA"}),
    "fuse-upper-forgotten": Answers(("overlay.upper",), _each("overlay.remount")),
    "fuse-work-no-whiteouts": Answers(("overlay.upper",), {"overlay.whiteout": "EPERM"}),
    "tmpfs-nosymfollow": Answers(no={"symlink.overlay2": "ELOOP"}),
    "without-fuse": Answers(
        no={
            "driver.fuse_overlayfs": "ENOENT",
            "driver.podman_fuse_overlayfs": "ENOENT",
            "fuse.device": "ENXIO",
            "rootless.fuse": None,
        },
    ),
}
"""On this kernel: the lab's file systems, and those of moods.py."""

SECOND_KERNEL = {
    "ext4": Answers(no={"quota.project": None, "rootless.fuse": "EACCES"}),  # nobody's udev there
    "xfs-pquota": Answers(("quota.project",)),
    "ext4-project-quota": Answers(("quota.project",)),
    # xfs(5): without crc there is no ftype, and no bigtime: dates end in 2038
    "xfs-no-ftype": Answers(no=_each("directory.d_type quota.project time.range")),
    # root may pass its quota, but an overlay writes without CAP_SYS_RESOURCE
    "ext4-over-quota": Answers(
        no=_each(
            "overlay.copy_up overlay.execute overlay.opaque overlay.rename overlay.special",
            "EDQUOT",
        ),
    ),
    # NFS 3 (RFC 1813) has no attributes, no flags of a rename, no room to reserve, and no time
    # before 1970; its client keeps an open file by another name; root_squash is off, but a user's
    # root is a user to the server
    "nfs3": Answers(
        no={
            **_each(f"{_ATTRIBUTES} {_USERS} space.fallocate rename.tmpfile", "ENOTSUP"),
            **_each("rename.exchange rename.noreplace rename.whiteout", "EINVAL"),
            **_each("magic.apptainer_overlay magic.podman_rootless time.range"),
            "directory.open_unlink": "ENOTEMPTY",
            "rootless.files": "EACCES",
            "rootless.owners": "EPERM",
        },
    ),
    # NFS 4.2 has attributes of users alone (RFC 8276), and lists of access of another kind
    "nfs4": Answers(("space.fallocate", "xattr.user"), _each(f"{_ATTRIBUTES} {_ACLS}", "ENOTSUP")),
    # exports(5): root is nobody, or everybody is
    "nfs4-root-squash": Answers(
        no={
            "owner.created": None,
            **_each("node.device owner.chown owner.lchown symlink.owner", "EPERM"),
        },
    ),
    "nfs4-all-squash": Answers(no={"owner.created": None, "owner.chown": "EPERM"}),
    # mount.cifs(8): modes and owners are the mount's; the server keeps no case, and what is open
    "cifs": Answers(
        no={
            "name.case": "EEXIST",
            "owner.mode": None,
            "rename.replace_open": "EACCES",
        },
    ),
    # 9p.rst: without a cache nothing can be mapped and shared; fs/9p/vfs_inode_dotl.c: no flags
    "plan9p": Answers(
        no={
            **_each("mmap.coherent mmap.made mmap.shown", "EINVAL"),
            **_each("rename.exchange rename.whiteout", "EINVAL"),
        }
    ),
    # FAT (vfat.rst, mount(8)): no owner but the mount's, whose umask is 022; no mode; no case; no
    # type but file and directory; no second name; 2 s of accuracy from 1980 on; no holes; 4 GiB
    "vfat": Answers(
        no={
            **_each("link.hard node.device node.fifo node.socket node.whiteout", "EPERM"),
            **_each("owner.chown symlink.overlay2 symlink.replace symlink.target", "EPERM"),
            **_each(f"{_ATTRIBUTES} {_ACLS} {_USERS} rename.tmpfile", "ENOTSUP"),
            **_each("owner.mode space.large space.sparse time.nanosecond time.range"),
            # fs/overlayfs/util.c:ovl_dentry_weird: it compares names in its own way
            **_each("overlay.depth overlay.lower overlay.upper"),
            **_each("mode.below mode.others", "EACCES"),
            "name.case": "EEXIST",
            "name.special": "EINVAL",
        },
    ),
    # overlayfs.rst: redirect_dir and metacopy of the module are what a mount has that names none
    "ext4-metacopy": Answers(("overlay.metacopy",), _each("overlay.native_diff")),
}
"""In User-Mode Linux."""

NEITHER = {
    ("driver.zfs", YES): "no ZFS in either kernel; tests/unit/test_drivers.py makes one up",
    ("loop.ext4", NO): "what keeps blocks (loop.device) keeps an ext4, which is this kernel's",
    ("loop.overlay", NO): "it lies on that ext4",
    ("magic.podman_beegfs", NO): "no BeeGFS in either kernel",
    ("magic.podman_zfs", NO): "no ZFS in either kernel",
    ("mode.root", NO): "it is yes or unknown",
    ("rootless.ids", NO): "asks of a user, not of a path: tests/host/test_subordinate_ids.py",
    ("subvolume.snapshot", NO): "what makes a subvolume clones it: they are btrfs's alone",
    ("xattr.security_selinux", NO): "no SELinux in either kernel",
    ("xattr.security_selinux", YES): "no SELinux in either kernel",
}
"""Answers that nothing gives which either kernel can mount, and why."""
