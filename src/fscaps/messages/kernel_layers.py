"""The kernel: what overlayfs writes to its log of the directories that it is given.

Sources are files of Linux 6.1.192 unless another version is named; how it puts them differs a
little from version to version.
"""

from __future__ import annotations

from errno import EACCES, EINVAL, ELOOP, ENOSPC, EPERM

from ..probes import directory, mode, name, xattr
from . import Cause, Check, Message
from ._causes import LOCAL

_SUPER = "fs/overlayfs/super.c"

MESSAGES = (
    Message(
        "kernel/clone",
        r"failed to clone (?:upper|lower)path",
        "Linux",
        f"{_SUPER}:ovl_get_upper, ovl_get_layers; fs/namespace.c:clone_private_mount",
        "The mount was refused: overlay takes a private copy of the mount that a layer lies on, "
        "and could not have one.",
        (
            Cause(
                "The mount is unbindable.",
                checks=(Check(mode.bindable, errnos=(EINVAL,)),),
                look="findmnt -T <path> -o TARGET,PROPAGATION",
                remedy="mount --make-private <mount point>",
            ),
            Cause(
                "The mount is of another mount namespace, or other mounts lie below the directory "
                "which a user namespace may not uncover.",
                look="findmnt -R <path>, there",
            ),
        ),
    ),
    Message(
        "kernel/same-mount",
        r"workdir and upperdir must (?:reside under the same mount|be separate subtrees)|"
        r"missing 'workdir'|option \"?workdir=",
        "Linux",
        f"{_SUPER}:ovl_get_workdir, ovl_fill_super",
        "The mount was refused because of how upperdir= and workdir= lie to each other. Engines "
        "put them side by side; so it is of a mount by hand, or something is mounted on one.",
        (
            Cause(
                "One of the two is a mount of its own (a bind mount counts), or lies in the other.",
                look="findmnt -T <upperdir>; findmnt -T <workdir>",
                remedy="put both in one directory of one mount, side by side",
            ),
        ),
    ),
    Message(
        "kernel/resolve",
        r"overlay(?:fs)?: failed to resolve '|failed to resolve '.{1,900}': -\d+",
        "Linux",
        f"{_SUPER}:ovl_mount_dir_noesc",
        "A directory in the options of the mount is not there, or may not be reached. The number "
        "is the errno: -2 not there, -13 not allowed, -40 too many links.",
        (
            Cause(
                "The path has a colon, a comma or a backslash, at which the options were cut.",
                checks=(Check(name.option),),
                when=r": -2\b|'$",
                remedy="a path without them; a bind mount at such a path will do",
            ),
            Cause(
                "A layer is gone, or something is mounted over it.",
                when=r": -2\b|'$",
                look="ls the path of the message; findmnt -R <data-root>",
                remedy="remove the image and pull it anew",
            ),
            Cause(
                "Who mounts may not pass through a directory on the way.",
                when=r": -13\b",
                look="namei -l the path of the message",
            ),
            Cause(
                "The mount has nosymfollow, or links lead in a circle.",
                when=r": -40\b",
                look="namei -l the path of the message; findmnt -T it -o OPTIONS",
            ),
        ),
    ),
    Message(
        "kernel/refuse-follow",
        r"refusing to follow (?:redirect|metacopy origin)|invalid redirect\b|"
        r"failed to get (?:redirect|metacopy)|metacopy with no lower data found",
        "Linux",
        "fs/overlayfs/namei.c:ovl_lookup; util.c:ovl_get_redirect_xattr, ovl_check_metacopy_xattr",
        "A layer was written by an overlay with redirect_dir or metacopy on, and is now mounted "
        "without: a renamed directory, or the content of a file, is not shown (EPERM, EIO).",
        (
            Cause(
                "The layers come from a host, or a time, with other module parameters, or were "
                "copied with their trusted.overlay.* attributes.",
                look="grep . /sys/module/overlay/parameters/{redirect_dir,metacopy}; getfattr -d "
                "-m trusted.overlay -R <layer>",
                remedy="mount with the parameters of the host that wrote them; pull images anew "
                "instead of copying the store",
            ),
        ),
    ),
    Message(
        "kernel/overlap",
        r"conflicting (?:lowerdir|upperdir|workdir) path|overlapping (?:lowerdir|upperdir) path|"
        r"overlapping layers",
        "Linux 5.2 and newer",
        f"{_SUPER}:ovl_setup_trap, ovl_check_overlapping_layers",
        "The mount ends with ELOOP (too many levels of symbolic links), or a directory in it does: "
        "a layer lies in another one, or is named twice. Links have nothing to do with it.",
        (
            Cause(
                "A layer is named twice, or lies in another layer.",
                errnos=(ELOOP,),
                look="grep overlay /proc/mounts; ls -id each lowerdir=",
                remedy="remove the container and the image, and pull it anew",
            ),
        ),
    ),
    Message(
        "kernel/work-read-only",
        r"failed to create directory \S{1,900} \(errno: \d+\); mounting read-only|"
        r"upper fs is r/o, try multi-lower layers mount|failed to create index dir",
        "Linux",
        f"{_SUPER}:ovl_workdir_create, ovl_get_upper",
        "The overlay is mounted read-only, which mount(2) does not say. errno 1 is an immutable "
        "directory, 13 one that may not be written, 17 one that could not be emptied, 28 want of "
        "inodes.",
        (
            Cause(
                "Nothing can be made in the work directory.",
                checks=(
                    Check(directory.writable, refutes=()),
                    Check(directory.changeable, refutes=(), errnos=(EPERM,)),
                ),
                errnos=(EACCES, EPERM, ENOSPC),
                look="touch a file in the workdir= of the mount",
            ),
        ),
    ),
    Message(
        "kernel/incompatible",
        r"overlay with incompat feature '[^']{1,80}' cannot be mounted",
        "Linux 5.10 and newer",
        "fs/overlayfs/readdir.c:ovl_workdir_cleanup_recurse",
        "The work directory was last mounted with the option volatile, and not unmounted in "
        "order: what was written may be lost, and overlay refuses to go on with it.",
        (
            Cause(
                "The machine or the engine stopped while a container with a volatile overlay ran.",
                look="ls <workdir>/work/incompat",
                remedy="remove the container; its layer may be damaged",
            ),
        ),
    ),
    Message(
        "kernel/overlay-option",
        r"overlay(?:fs)?: unrecognized mount option|overlay(?:fs)?: option \"?userxattr|"
        r"overlay(?:fs)?: too many lower directories|idmapped layers are currently not supported|"
        r"conflicting options: userxattr",
        "Linux",
        f"{_SUPER}:ovl_parse_opt, ovl_fill_super",
        "The overlay module does not know an option of the mount, or two of them exclude each "
        "other.",
        (
            Cause(
                "The kernel is older than the option (userxattr 5.11, volatile 5.10, metacopy "
                "4.19), or the path has a comma, after which an option was read.",
                checks=(Check(name.option, refutes=()),),
                look="uname -r; the option in the message",
            ),
        ),
    ),
    Message(
        "kernel/fallback",
        r"falling back to (?:index|xino|redirect_dir|metacopy|uuid|nfs_export)=|"
        r"\"xino\" feature enabled using|try deleting index dir or mounting with|"
        r"try mounting with 'userxattr'",
        "Linux",
        f"{_SUPER}:ovl_make_workdir, ovl_lower_dir, ovl_get_indexdir; namei.c",
        "A note: the overlay goes on without a feature, for want of attributes or file handles on "
        "the file system, or since the index is of another overlay. Engines need none of them.",
        (
            Cause(
                "The file system keeps no trusted.* (for a user: no user.*) attributes.",
                checks=(Check(xattr.overlay_opaque), Check(xattr.user_overlay_opaque, refutes=())),
                when=r"redirect_dir|metacopy|uuid|userxattr",
                remedy=LOCAL,
            ),
            Cause(
                "The file system has no file handles or no identity of its own.",
                when=r"xino|index=off|nfs_export",
                look="dmesg | grep -B2 'falling back'",
                remedy="nothing",
            ),
        ),
    ),
)
