"""Every message is recognised in the words of those that say it, and in what becomes of them."""

from __future__ import annotations

import errno
import json
import re
from pathlib import Path

import pytest
from hypothesis import given, strategies
from unit.running import FITS, UNASKED, UNFIT, command, complaint, execute, run

import fscaps
from fscaps import messages, probes
from fscaps._explain import recognise
from fscaps.messages import Cause, Check, Standing, _paste

STORE = "/var/lib/docker"
LAYER = "8b1c6f3a9f5d0a55b2c4d1e3f6a7b8c9d0e1f2a3b4c5d6e7f8a9b0c1d2e3f4a5"
LINK = "JSQXWKYAHJ5J6VDQQ3NCOFGQKB"
UNSUPPORTED = "backing file system is unsupported for this graph driver"

# What is said, as in the threads of cases.md, logs of real daemons, or, where neither could be had,
# the format string of the source with its parts filled in.
SAID = {
    "docker/driver-removed": "failed to start daemon: error initializing graphdriver: driver not "
    "supported: devicemapper",
    "docker/driver-not-supported": "failed to start daemon: error initializing graphdriver: driver "
    "not supported",
    "docker/prerequisites": "failed to start daemon: error initializing graphdriver: prerequisites "
    "for driver not satisfied (wrong filesystem?)",
    "docker/overlay-check": 'level=error msg="failed to mount overlay: invalid argument" '
    "storage-driver=overlay2",
    "docker/overlay-denied-by-name": "level=error msg=\"'overlay2' is not supported over nfs\" "
    "storage-driver=overlay2",
    "docker/overlay-mount": "docker: Error response from daemon: error creating overlay mount to "
    f"{STORE}/overlay2/{LAYER}-init/merged: invalid argument.",
    "docker/layer-loop": f"error creating overlay mount to {STORE}/overlay2/{LAYER}/merged: too "
    "many levels of symbolic links",
    "docker/overlay2-link": f"failed to register layer: symlink ../{LAYER}/diff {STORE}/overlay2/l/"
    f"{LINK}: no such file or directory",
    "docker/d-type": "failed to start daemon: error initializing graphdriver: overlay2: the "
    "backing xfs filesystem is formatted without d_type support, which leads to incorrect "
    "behavior. Reformat the filesystem with ftype=1 to enable d_type support. Backing "
    "filesystems without d_type support are not supported.",
    "docker/volume-database": "Error starting daemon: error while opening volume store metadata "
    "database: timeout",
    "docker/boltdb-open": "failed to start daemon: Error initializing network controller: boltdb "
    f"file {STORE}/network/files/local-kv.db is already open",
    "docker/pid-file": "failed to start daemon: pid file found, ensure docker is not running or "
    "delete /var/run/docker.pid",
    "docker/lsetxattr": 'failed to register layer: lsetxattr /bin/ping: xattr "security.capability'
    '": operation not supported',
    "docker/opaque": "failed to register layer: ApplyLayer exit status 1 stdout:  stderr: "
    'setxattr("/etc", trusted.overlay.opaque=y): operation not supported',
    "docker/mknod": "failed to register layer: ApplyLayer exit status 1 stdout:  stderr: "
    'failed to mknod("/etc/motd", S_IFCHR, 0): operation not permitted',
    "docker/lchown": "failed to register layer: ApplyLayer exit status 1 stdout:  stderr: lchown "
    "/etc/shadow: operation not permitted",
    "docker/layer-exists": f"failed to register layer: rename {STORE}/image/overlay2/layerdb/tmp/"
    f"write-set-912345678 {STORE}/image/overlay2/layerdb/sha256/{LAYER}: file exists",
    "docker/write-set": f"write {STORE}/image/vfs/layerdb/tmp/write-set-1/tar-split.json.gz: bad "
    "file descriptor",
    "docker/native-diff": 'level=warning msg="Not using native diff for overlay2, this may cause '
    "degraded performance for building images: kernel has CONFIG_OVERLAY_FS_REDIRECT_DIR "
    'enabled" storage-driver=overlay2',
    "docker/project-quota": "docker: Error response from daemon: --storage-opt is supported only "
    "for overlay over xfs with 'pquota' mount option.",
    "docker/root-permissions": "could not create or set daemon root permissions: /mnt/nas/docker: "
    "chmod /mnt/nas/docker: operation not permitted",
    "docker/remapped-root": "a subdirectory in your graphroot path (/home/me/docker/1000.1000) "
    "restricts access to the remapped root uid/gid; please fix by allowing 'o+x' permissions on "
    "existing directories",
    "docker/several-drivers": f"{STORE} contains several valid graphdrivers: overlay2, btrfs; "
    "Please cleanup or explicitly choose storage driver (-s <DRIVER>)",
    "docker/volume-busy": f"error removing volume path '{STORE}/volumes/v': unlinkat "
    f"{STORE}/volumes/v/_data: directory not empty",
    "podman/not-supported-over": "Error: kernel does not support overlay fs: 'overlay' is not "
    f'supported over extfs at "/var/lib/containers/storage/overlay": {UNSUPPORTED}',
    "podman/mount-program-required": "Error: 'overlay' is not supported over overlayfs, a "
    f"mount_program is required: {UNSUPPORTED}",
    "podman/overlay-not-found": "Error: kernel does not support overlay fs: 'overlay' not found as "
    "a supported filesystem on this host. Please ensure kernel is new enough and has overlay "
    "support loaded.: driver not supported",
    "podman/whiteout": "kernel does not support overlay fs: unable to create kernel-style "
    "whiteout: operation not permitted",
    "podman/multiple-lowers": "kernel too old to provide multiple lowers feature for overlay: "
    "driver not supported",
    "podman/network-force-mask": 'level=warning msg="Network file system detected as backing '
    'store.  Enforcing overlay option `force_mask=\\"700\\"`.  Add it to storage.conf to silence '
    'this warning"',
    "podman/subordinate-ids": "potentially insufficient UIDs or GIDs available in user namespace "
    "(requested 0:42 for /etc/gshadow): Check /etc/subuid and /etc/subgid if configured locally "
    'and run "podman system migrate": lchown /etc/gshadow: invalid argument',
    "podman/links-lost": "level=warning msg=\"Can't stat lower layer "
    '\\"/var/lib/containers/storage/overlay/l/JSQXWKYAHJ5J6VDQQ3NCOFGQKB\\" because it does not '
    'exist. Going through storage to recreate the missing symlinks."',
    "podman/driver-overwritten": 'level=error msg="User-selected graph driver \\"overlay\\" '
    'overwritten by graph driver \\"vfs\\" from database - delete libpod local files to resolve.  '
    'May prevent use of images created by other tools"',
    "podman/replacing-mount-point": 'replacing mount point "/home/me/.local/share/containers/'
    f'storage/overlay/{LAYER}/merged": file exists',
    "sqlite/locked": "Error: beginning transaction: database is locked",
    "sqlite/unable-to-open": "Error: unable to open database file: no such file or directory",
    "containerd/d-type": 'msg="failed to load plugin io.containerd.snapshotter.v1.overlayfs" '
    'error="/var/lib/containerd/io.containerd.snapshotter.v1.overlayfs does not support d_type. If '
    'the backing filesystem is xfs, please reformat with ftype=1 to enable d_type support"',
    "containerd/mount": 'failed to mount /tmp/containerd-mount1: mount source: "overlay", target: '
    '"/tmp/containerd-mount1", fstype: overlay, flags: 0, data: "workdir=/r/snapshots/2/work,'
    'upperdir=/r/snapshots/2/fs,lowerdir=/r/snapshots/1/fs", err: invalid argument',
    "containerd/not-loaded": "ctr: failed to stat snapshot sha256:f999: snapshotter not loaded: "
    "overlayfs: invalid argument",
    "containerd/whiteout": "failed to extract layer sha256:0: failed to convert whiteout file "
    '"d/.wh.a": operation not permitted',
    "containerd/setxattr": 'failed to setxattr "/bin/ping" for key "security.capability": '
    "operation not permitted",
    "containerd/bolt-wait": 'level=warning msg="waiting for response from boltdb open" plugin=bolt',
    "containerd/sync-directory": "failed to sync dir /var/lib/containerd/io.containerd.content.v1."
    "content/blobs/sha256: invalid argument",
    "containerd/idmap": 'snapshotter "overlayfs" doesn\'t support idmap mounts on this host, '
    "configure `slow_chown` to allow a slower and expensive fallback",
    "k3s/snapshotter": 'level=fatal msg="\\"overlayfs\\" snapshotter cannot be enabled for '
    '\\"/var/lib/rancher/k3s/agent/containerd\\", try using \\"fuse-overlayfs\\" or \\"native\\": '
    'failed to mount overlay: invalid argument"',
    "runc/rootfs-symlink": "docker: Error response from daemon: failed to create shim task: OCI "
    "runtime create failed: runc create failed: invalid rootfs: not an absolute path, or a "
    "symlink: unknown.",
    "runc/idmap": "failed to set MOUNT_ATTR_IDMAP on /var/lib/kubelet/pods/x/volumes/nfs: invalid "
    "argument (maybe the filesystem used doesn't support idmap mounts on this kernel?)",
    "runc/exec-denied": "OCI runtime create failed: runc create failed: unable to start container "
    'process: exec: "/bin/bash": permission denied: unknown',
    "kernel/upper-tmpfile": "[ 1910.784898] overlayfs: upper fs does not support tmpfile.",
    "kernel/upper-rename-whiteout": "[ 1910.798927] overlayfs: upper fs does not support "
    "RENAME_WHITEOUT.",
    "kernel/upper-xattr": "[ 1083.1] overlayfs: failed to set xattr on upper",
    "kernel/upper-features": "[ 1910.798961] overlayfs: upper fs missing required features.",
    "kernel/not-as-upper": f"overlayfs: filesystem on '{STORE}/overlay2/opaque-bug-check1/l3' not "
    "supported as upperdir",
    "kernel/casefold": "overlay: case-insensitive capable filesystem on "
    "/home/deck/.local/share/docker/snapshots/5/work not supported",
    "kernel/stacking": "[ 2204.645961] overlayfs: maximum fs stacking depth exceeded",
    "kernel/upper-d-type": "overlayfs: upper fs needs to support d_type.",
    "kernel/in-use": "overlayfs: upperdir is in-use as upperdir/workdir of another mount, mount "
    "with '-o index=off' to override exclusive upperdir protection.",
    "kernel/origin": "overlayfs: failed to verify upper root origin",
    "kernel/no-overlay": "mount: /mnt: unknown filesystem type 'overlay'.",
    "mount/wrong-type": "mount: /m: wrong fs type, bad option, bad superblock on overlay, missing "
    "codepage or helper program, or other error.",
    "kernel/stale": "mkdir /usr/lib/x: stale NFS file handle",
    "errno/no-space": "failed to register layer: write /usr/lib/libicudata.so.72: no space left on "
    "device",
    "errno/quota": "write /home/me/.local/share/containers/storage/x: disk quota exceeded",
    "errno/read-only": "mkdir /var/lib/docker/tmp: read-only file system",
    "errno/loop": "stat /srv/a: too many levels of symbolic links",
    "errno/cross-device": "mv: cannot move 'a' to 'b': Invalid cross-device link",
}
EVERY = messages.every()

# The same as others put it, in other versions; from issue threads.
ALSO = {
    "docker/lsetxattr": [
        ("processing tar file(lsetxattr /: operation not supported): exit status 1"),
        ("output: lsetxattr /etc/s6/control: operation not permitted)"),
    ],
    "docker/overlay-denied-by-name": [
        ("'overlay' is not supported over overlayfs     storage-driver=overlay"),
    ],
    "docker/driver-not-supported": [
        ("FATA[0000] Error starting daemon: error initializing graphdriver: driver not supported"),
        ("failed to start daemon: error initializing graphdriver: driver not supported: overlay2"),
    ],
    "containerd/mount": [
        ("failed to mount /tmp/containerd-mount550114294: invalid argument"),
        (
            "failed to create containerd task: failed to create shim task: failed to mount ro"
            "otfs component: invalid argument: unknown"
        ),
    ],
    "podman/overlay-not-found": [
        (
            "ERRO[0000] 'overlay' not found as a supported filesystem on this host. Please en"
            "sure kernel is new enough and has overlay support loaded."
        ),
    ],
    "docker/several-drivers": [
        ("/var/lib/docker contains several valid graphdrivers: devicemapper, overl"),
    ],
}
OVERLAY = "docker/overlay-mount"


def ids(text: str) -> list[str]:
    return [message.id for message, _, _ in recognise(text)]


# --- the table ------------------------------------------------------------------------------


def test_each_message_has_its_words_here() -> None:
    assert set(SAID) == {message.id for message in EVERY}
    assert len(EVERY) >= 40


@pytest.mark.parametrize("message", EVERY, ids=lambda message: message.id)
def test_a_message_is_recognised_in_its_words_and_has_causes(
    message: messages.Message,
) -> None:
    matches = {found.id: (line, causes) for found, line, causes in recognise(SAID[message.id])}
    assert message.id in matches
    assert matches[message.id][1]


@pytest.mark.parametrize(
    ("identity", "said"), [(name, said) for name, each in ALSO.items() for said in each]
)
def test_a_message_is_recognised_as_other_versions_put_it(identity: str, said: str) -> None:
    assert ids(said) == [identity]
    assert causes(said)


@pytest.mark.parametrize("message", EVERY, ids=lambda message: message.id)
def test_a_message_is_not_seen_in_the_words_of_others(message: messages.Message) -> None:
    """But for those that are part of another message, which are named here."""
    within = {
        "docker/overlay-check": {"k3s/snapshotter"},
        "docker/lchown": {"podman/subordinate-ids"},
    }
    others = {name for name, said in SAID.items() if message.id in ids(said)} - {message.id}
    assert others == within.get(message.id, set())


@pytest.mark.parametrize("message", EVERY, ids=lambda message: message.id)
def test_a_message_s_row_is_complete(message: messages.Message) -> None:
    assert re.fullmatch(r"[a-z0-9]+/[a-z0-9-]+", message.id)
    assert message.means.endswith(".")
    assert message.speaker
    assert message.source
    for cause in message.causes:
        assert cause.because.endswith((".", ")"))
        assert cause.checks or cause.look or cause.remedy
        for check in cause.checks:
            assert check.probe is probes.every()[check.probe.id]
        if cause.when:
            re.compile(cause.when)


def test_no_pattern_takes_long() -> None:
    """A pattern that tries again from each place of a long line would take minutes."""
    for start in ("failed to mount ", "lsetxattr ", "rename a ", "exec: ", "symlink ../", "error "):
        ids(start * (_paste.LIMIT // len(start)))
    ids("a" * _paste.LIMIT)


@pytest.mark.timeout(60)
@pytest.mark.parametrize("end", ["", "x", "r", "rx", "n"])
def test_a_run_of_backslashes_is_read_once(end: str) -> None:
    """200,000 of them took minutes while they were tried from each."""
    assert ids("\\" * 200_000 + end) == []


@pytest.mark.parametrize("end", [r"\n", r"\\n", r"\r\n", r"\\r\\n", r"\r\r\n", r"\n\n"])
def test_a_line_ends_in_letters_however_often_it_was_quoted(end: str) -> None:
    assert [line.rstrip("r\\") for line in _paste.lines(f"a{end}b")] == ["a", "b"]


# --- what becomes of words ------------------------------------------------------------------

DAEMON = f"error creating overlay mount to {STORE}/overlay2/{LAYER}/merged: invalid argument"
PASTED = {
    "colours": f"\x1b[31mERRO\x1b[0m[0000] \x1b[1merror creating \x1b[0m{DAEMON[15:]}",
    "a log in a log": json.dumps({"log": json.dumps({"msg": DAEMON}) + "\n", "stream": "stderr"}),
    "logfmt": f'time="2021-04-20T10:00:00Z" level=error msg="Handler: \\"{DAEMON}\\"" module=api',
    "syslog": f"Apr 20 10:00:00 node dockerd[4711]: {DAEMON}",
    "upper case": DAEMON.upper(),
    "wrapped at 80 columns": "\n".join(DAEMON[i : i + 80] for i in range(0, len(DAEMON), 80)),
    "wrapped between words": DAEMON.replace(" ", "\n"),
    "carriage returns": f"Pulling\r\n{DAEMON}\r\n",
    "tabs and blanks": DAEMON.replace(" ", " \t "),
    "cut off": DAEMON[:70],
    "in much else": "\n".join(["ok"] * 5000 + [DAEMON] + ["ok"] * 5000),
    "bytes that are no text": f"\0\ud8ff{DAEMON}\0",
}


@pytest.mark.parametrize("text", PASTED.values(), ids=PASTED.keys())
def test_a_message_is_recognised_however_it_was_pasted(text: str) -> None:
    assert ids(text) == [OVERLAY]


@pytest.mark.parametrize("end", ["", "…", "...", ">"])
@pytest.mark.parametrize("identity", ["docker/driver-not-supported", "kernel/upper-features"])
def test_a_line_that_breaks_off_in_the_message_is_recognised(identity: str, end: str) -> None:
    said = SAID[identity].rstrip(".")
    assert ids(said[:-5] + end) == [identity]
    assert identity not in ids(said[:-40] + end)  # too little to tell


def test_a_line_that_goes_on_otherwise_is_not() -> None:
    assert ids("error initializing graphdriver: driver not found") == []


def test_several_messages_are_told_once_each_in_their_order() -> None:
    paste = [SAID["docker/native-diff"], DAEMON, SAID["kernel/upper-features"], DAEMON]
    assert ids("\n".join(paste)) == ["docker/native-diff", OVERLAY, "kernel/upper-features"]


def test_lines_of_their_own_are_not_read_as_one() -> None:
    assert ids(f"{SAID['errno/loop']}\nsymlink ../a/diff") == ["errno/loop"]


@given(strategies.text())
def test_any_text_is_read(text: str) -> None:
    fscaps.explain(text)


# --- which causes are considered ------------------------------------------------------------


def causes(text: str) -> set[str]:
    return {cause.because for _, _, found in recognise(text) for cause in found}


def test_a_cause_of_another_errno_is_not_considered() -> None:
    (of_einval,) = (c for c in causes(DAEMON) if "cannot hold" in c)
    gone = causes(DAEMON.replace("invalid argument", "no such file or directory"))
    assert of_einval not in gone
    assert any("is gone" in cause for cause in gone)
    assert gone & causes(DAEMON) == set()


def test_where_the_errno_was_cut_off_every_cause_is_considered() -> None:
    cut = DAEMON.replace(": invalid argument", "…")
    gone = DAEMON.replace("invalid argument", "no such file or directory")
    assert causes(DAEMON) | causes(gone) < causes(cut)


def test_a_named_attribute_decides_which_is_asked_for() -> None:
    def asked(text: str) -> set[str]:
        found = fscaps.explain(text).messages
        return {probe for each in found for cause in each.causes for probe in cause.probes}

    named = 'lsetxattr /x: xattr "security.selinux": operation not supported'
    assert asked(named) == {"xattr.security_selinux"}
    assert asked("lsetxattr /x: operation not supported") == {
        "xattr.capability_set",
        "xattr.security_selinux",
        "xattr.user",
    }


def test_an_errno_that_the_message_does_not_account_for_is_explained_by_itself() -> None:
    full = DAEMON.replace("invalid argument", "no space left on device")
    assert ids(full) == [OVERLAY, "errno/no-space"]
    assert ids(SAID["docker/layer-loop"]) == ["docker/layer-loop"]  # which knows it


def test_the_cause_of_a_loop_is_said_to_be_unknown() -> None:
    (told,) = causes(SAID["docker/layer-loop"])
    assert "Nobody has established the cause" in told


# --- what a probe makes of a cause ----------------------------------------------------------

YES, NO, UNKNOWN = fscaps.Outcome.YES, fscaps.Outcome.NO, fscaps.Outcome.UNKNOWN
SYMLINK, XATTR = (probes.every()[name] for name in ("symlink.target", "xattr.user"))


def found(probe: fscaps.Probe, outcome: fscaps.Outcome, reason: str = "") -> fscaps.Finding:
    return fscaps.Finding(probe.id, outcome, fscaps.Reason(reason) if reason else None)


@pytest.mark.parametrize(
    ("outcome", "standing"),
    [(NO, Standing.CONFIRMED), (YES, Standing.REFUTED), (UNKNOWN, Standing.OPEN)],
)
def test_a_no_confirms_a_yes_refutes_and_unknown_leaves_open(
    outcome: fscaps.Outcome, standing: Standing
) -> None:
    cause = Cause("x", (Check(XATTR),))
    reason = "error" if outcome is UNKNOWN else ""
    assert cause.standing({XATTR.id: found(XATTR, outcome, reason)}) is standing


def test_an_answer_of_another_errno_confirms_nothing_where_errnos_are_named() -> None:
    check = Check(XATTR, errnos=(errno.EPERM,))
    standings = {
        name: check.standing(fscaps.Finding(XATTR.id, NO, errno=name))
        for name in ("EPERM", "ENOTSUP", None)
    }
    assert standings == {
        "EPERM": Standing.CONFIRMED,
        "ENOTSUP": Standing.OPEN,
        None: Standing.OPEN,
    }


# A message or a line with it, how one of its causes begins, and what the probes answered.
NOT_SHOWN = {
    "a no of rootless overlay is not an old kernel": (
        "podman/not-supported-over", "Rootless: the kernel", {"overlay.userxattr": "EINVAL"}
    ),
    "containerd skips an attribute that is not supported": (
        "containerd/setxattr", "The file system refuses", {"xattr.declined": "ENOTSUP"}
    ),
    "a file capability is no user attribute": (
        "containerd/setxattr", "The file system refuses", {"xattr.user": "EPERM"}
    ),
    "an overlay fails for more than d_type": (
        '"overlayfs" snapshotter cannot be enabled for "/x": it does not support d_type',
        "The file system gives no d_type", {"overlay.upper": "EINVAL"},
    ),
    "an overlay fails for more than casefold": (
        "kernel/casefold", "The file system was made", {"overlay.upper": "EINVAL"}
    ),
    "an overlay fails on more than overlays": (
        "kernel/not-as-upper", "It is itself an overlay", {"overlay.upper": "EINVAL"}
    ),
    "a failing rename is not one by copying": (
        "errno/cross-device", "In a container", {"overlay.rename": "EIO"}
    ),
    "want of hard links is no mount inside the store": (
        "errno/cross-device", "Hard links or renames", {"link.hard": "EPERM"}
    ),
    "a lost directory is no lost file": (
        "docker/write-set", "The file system loses",
        {"rename.directory": "ENOENT", "durability.fsync": "EINVAL"},
    ),
    "a directory that is busy keeps no deleted file": (
        "docker/volume-busy", "The file system keeps", {"directory.open_unlink": "EBUSY"}
    ),
    "a full disk is not read-only": (
        "docker/root-permissions", "Nothing can be created", {"directory.writable": "ENOSPC"}
    ),
    "a disk that is not written to is not full": (
        "docker/driver-not-supported", "There was no room",
        {"space.writable": "EROFS", "directory.writable": "EROFS"},
    ),
    "nor is one that takes no such file": (
        "errno/no-space", "No block can be had", {"space.writable": "EFBIG"}
    ),
    "a full disk is no quota": (
        "errno/quota", "A quota", {"space.writable": "ENOSPC", "directory.writable": "ENOSPC"}
    ),
    "nor a file system mounted read-only": (
        "errno/read-only", "The file system cannot be written to", {"directory.writable": "ENOSPC"}
    ),
    "nor SQLite's journal without room where it is read-only": (
        "unable to open database file", "There is no room", {"directory.writable": "EROFS"}
    ),
    "what SQLite calls locked is ENOLCK": (
        "sqlite/locked", "The file system gives no locks", {"lock.posix": "ENOSYS"}
    ),
    "a lock that excludes nobody is nobody's": (
        "sqlite/locked", "The file system gives no locks", {"lock.posix": None}
    ),
    "bbolt waits for no lock that fails": (
        "containerd/bolt-wait", "flock(2) does not return", {"lock.flock": "ENOLCK"}
    ),
    "a lock that excludes nobody fails nowhere": (
        "error while opening volume store metadata database: no locks available",
        "flock(2) fails", {"lock.flock": None},
    ),
    "a node that was made otherwise was made": (
        "docker/mknod", "The file system makes no device", {"node.whiteout": None}
    ),
    "a mark that is forgotten was taken": (
        "docker/opaque", "The file system keeps no trusted", {"xattr.overlay_opaque": "ENODATA"}
    ),
    "the kernel does not look again, either": (
        "kernel/upper-xattr", "The file system keeps no trusted",
        {"xattr.overlay_opaque": "ENODATA"},
    ),
    "an attribute that is refused is not one that is not supported": (
        'lsetxattr /x: xattr "security.capability": operation not supported', "The layer carries",
        {"xattr.capability_set": "EPERM"},
    ),
    "a link that is not followed was made": (
        "docker/overlay2-link", "The file system keeps no symbolic", {"symlink.overlay2": "ELOOP"}
    ),
    "an owner that was not kept was accepted": (
        "docker/lchown", "Files cannot be given away", {"owner.chown": None, "owner.created": None}
    ),
    "a directory that is not renamed is not in the way": (
        "docker/layer-exists", "The file system does not rename", {"rename.directory": "EPERM"}
    ),
    "an overlay lacks more than three features": (
        "kernel/upper-features", "The file system (NFS", {"overlay.upper": "EINVAL"}
    ),
    "nor can it be stacked for other reasons": (
        "kernel/stacking", "A layer lies on", {"overlay.depth": None}
    ),
    "a nameless file that cannot be named was made": (
        "kernel/upper-tmpfile", "The file system makes no nameless", {"rename.tmpfile": "ENOENT"}
    ),
    "a program that ends otherwise was started": (
        "runc/exec-denied", "The program lies on a volume", {"mode.execute": None}
    ),
    "a file system that holds no overlay says nothing of the kernel": (
        "docker/driver-not-supported", "The kernel has no overlay", {"overlay.upper": "EINVAL"}
    ),
    "owners that cannot be changed are not modes": (
        "docker/root-permissions", "Modes cannot", {"owner.chown": "EPERM"}
    ),
}  # fmt: skip
SHOWN = {
    "a kernel without": (
        "podman/not-supported-over", "Rootless: the kernel", ("overlay.userxattr", "kernel", "")
    ),
    "a kernel without overlay": (
        "docker/driver-not-supported", "The kernel has no overlay", ("overlay.upper", "kernel", "")
    ),
    "EPERM": (
        "containerd/setxattr", "The file system refuses file", ("xattr.declined", "", "EPERM")
    ),
    "silly rename": (
        "docker/volume-busy", "The file system keeps", ("directory.open_unlink", "", "ENOTEMPTY")
    ),
    "a lock that is waited for": (
        "containerd/bolt-wait", "flock(2) does not return", ("lock.flock", "timeout", "")
    ),
    "a lock server that does not answer": (
        "sqlite/locked", "The file system gives no locks", ("lock.posix", "timeout", "")
    ),
    "no lock server": (
        "sqlite/locked", "The file system gives no locks", ("lock.posix", "", "ENOLCK")
    ),
    "no room for a directory": (
        "docker/driver-not-supported", "There was no room", ("directory.writable", "", "ENOSPC")
    ),
    "one of the three": (
        "kernel/upper-features", "The file system (NFS", ("rename.whiteout", "", "EINVAL")
    ),
    "an open file lost": (
        "docker/write-set", "The file system loses", ("space.extend", "", "EBADF")
    ),
}  # fmt: skip


def cause_of(said: str, begin: str) -> Cause:
    """The one cause of a message, or of the line with it, that begins so."""
    (cause,) = (
        cause
        for _, _, causes in recognise(SAID.get(said, said))
        for cause in causes
        if cause.because.startswith(begin)
    )
    return cause


@pytest.mark.parametrize(("said", "begin", "noes"), NOT_SHOWN.values(), ids=NOT_SHOWN.keys())
def test_a_no_that_has_another_cause_does_not_confirm(
    said: str, begin: str, noes: dict[str, str | None]
) -> None:
    findings = {name: fscaps.Finding(name, NO, errno=code) for name, code in noes.items()}
    assert cause_of(said, begin).standing(findings) is Standing.OPEN


@pytest.mark.parametrize(("said", "begin", "answer"), SHOWN.values(), ids=SHOWN.keys())
def test_an_answer_that_shows_the_cause_confirms_it(
    said: str, begin: str, answer: tuple[str, str, str]
) -> None:
    name, reason, code = answer
    finding = fscaps.Finding(
        name, UNKNOWN if reason else NO, fscaps.Reason(reason) if reason else None, code or None
    )
    assert cause_of(said, begin).standing({name: finding}) is Standing.CONFIRMED


@pytest.mark.parametrize("words", ["bad address", "no such file or directory"])
def test_a_database_is_not_opened_at_too_long_a_path_or_by_who_may_not(words: str) -> None:
    """Of a path where root may write, an ordinary user may not; its length holds for all."""
    said = f"Error: beginning transaction: unable to open database file: {words}"
    length = probes.every()["name.sqlite"]
    long = cause_of(said, "The path is longer")
    assert long.standing({length.id: found(length, NO)}) is Standing.CONFIRMED
    assert long.standing({length.id: found(length, YES)}) is Standing.REFUTED
    writable = probes.every()["directory.writable"]
    unwritable = cause_of(said, "The directory of the database")
    assert unwritable.standing({writable.id: found(writable, YES)}) is Standing.OPEN
    assert unwritable.standing({writable.id: found(writable, NO)}) is Standing.CONFIRMED


def test_a_cause_is_open_without_a_probe_and_without_a_finding() -> None:
    assert Cause("x").standing({}) is Standing.OPEN
    assert Cause("x", (Check(XATTR),)).standing({}) is Standing.OPEN


def test_one_no_confirms_and_it_takes_every_yes_to_refute() -> None:
    cause = Cause("x", (Check(XATTR), Check(SYMLINK)))
    yes, no = found(XATTR, YES), found(SYMLINK, NO)
    assert cause.standing({XATTR.id: yes, SYMLINK.id: no}) is Standing.CONFIRMED
    assert cause.standing({XATTR.id: yes}) is Standing.OPEN
    assert cause.standing({XATTR.id: yes, SYMLINK.id: found(SYMLINK, YES)}) is Standing.REFUTED


def test_room_now_does_not_refute_that_there_was_none() -> None:
    explained = fscaps.explain(SAID["errno/no-space"], "/dev/shm").messages[0]
    assert {cause.standing for cause in explained.causes} <= {Standing.OPEN, Standing.CONFIRMED}


# --- the function and the command -----------------------------------------------------------


def test_without_a_path_everything_is_open() -> None:
    explanation = fscaps.explain(SAID["docker/driver-not-supported"])
    assert explanation
    assert explanation.path is None
    assert not explanation.findings
    standings = {cause.standing for each in explanation.messages for cause in each.causes}
    assert standings == {Standing.OPEN}


def test_with_a_path_what_decides_is_asked_there_and_nothing_else(place: Path) -> None:
    explanation = fscaps.explain(SAID["docker/overlay2-link"], place)
    assert set(explanation.findings) == {"symlink.overlay2"}
    (link,) = (c for c in explanation.messages[0].causes if c.probes == ("symlink.overlay2",))
    assert link.standing is Standing.REFUTED
    (gone,) = (c for c in explanation.messages[0].causes if "is gone" in c.because)
    assert gone.standing is Standing.OPEN


def test_the_text_that_the_readme_has_explained_is_known() -> None:
    readme = Path(__file__).resolve().parents[2] / "README.md"
    (said,) = re.findall(r'^said = "(.*)"$', readme.read_text(encoding="utf-8"), re.MULTILINE)
    assert fscaps.explain(said)


def test_text_that_is_not_known_is_false() -> None:
    explanation = fscaps.explain("it does not work")
    assert not explanation
    assert explanation.messages == ()


def test_a_path_that_is_not_there_is_told_even_if_the_text_is_not_known(place: Path) -> None:
    for text in (DAEMON, "it does not work"):
        with pytest.raises(fscaps.TargetError):
            fscaps.explain(text, place / "nowhere")


def test_the_command_explains_at_80_columns() -> None:
    ended = run("--explain", SAID["docker/driver-not-supported"])
    assert (ended.returncode, ended.stderr) == (FITS, "")
    assert max(map(len, ended.stdout.splitlines())) <= 80
    assert "perhaps: The file system cannot hold" in ended.stdout
    assert "overlay.upper: decides, on a PATH" in ended.stdout


def test_the_command_reads_standard_input() -> None:
    ended = execute(command("--explain", "-"), stdin=None, input=DAEMON)
    assert (ended.returncode, ended.stderr) == (FITS, "")
    assert "error creating overlay mount" in ended.stdout


def test_the_command_asks_a_path(place: Path) -> None:
    ended = run("--explain", SAID["docker/overlay2-link"], place)
    assert (ended.returncode, ended.stderr) == (FITS, "")
    assert "symlink.overlay2: yes" in ended.stdout
    assert f"Asked of {place} now" in " ".join(ended.stdout.split())


def test_the_command_asks_as_somebody_else(place: Path) -> None:
    """--as is not overlooked."""
    line = complaint(run("--explain", SAID["docker/overlay2-link"], "--as", "no-such-user", place))
    assert "no-such-user" in line


def test_the_command_says_so_if_nothing_is_known() -> None:
    for text in ("hello", "no.such", "--explain"):
        ended = run(f"--explain={text}")
        assert (ended.returncode, ended.stderr) == (UNFIT, "")
        assert ended.stdout.startswith("Not known:")


@pytest.mark.parametrize("text", ["", " \n"])
def test_the_command_refuses_nothing_at_all(text: str) -> None:
    assert "nothing to explain" in complaint(run("--explain", text))


def test_the_command_names_a_path_that_is_not_there(place: Path) -> None:
    assert "nowhere" in complaint(run("--explain", DAEMON, place / "nowhere"))


@pytest.mark.parametrize("first", ["place", "nowhere"])
def test_a_path_that_is_not_there_keeps_no_answer_of_another_back(place: Path, first: str) -> None:
    paths = [place, place / "nowhere"]
    ended = run("--explain", DAEMON, *(paths if first == "place" else reversed(paths)))
    assert ended.returncode == UNASKED
    assert "nowhere" in ended.stderr
    assert ended.stdout.count("error creating overlay mount") == 1
    assert f"Asked of {place} now" in " ".join(ended.stdout.split())


def test_where_no_path_is_there_no_file_is_written(tmp_path: Path) -> None:
    output = tmp_path / "explanation"
    complaint(run("--explain", DAEMON, tmp_path / "nowhere", "-o", output))
    assert not output.exists()


def test_the_command_explains_in_json(tmp_path: Path, place: Path) -> None:
    output = tmp_path / "explanation.json"
    ended = run("--json", "--explain", SAID["docker/overlay2-link"], place, "-o", output)
    assert (ended.returncode, ended.stdout, ended.stderr) == (FITS, "", "")
    body = json.loads(output.read_text())
    assert body["known"] is True
    assert body["path"] == str(place)
    (message,) = body["messages"]
    assert message["id"] == "docker/overlay2-link"
    told = {(cause["standing"], *cause["probes"]) for cause in message["causes"]}
    assert ("refuted", "symlink.overlay2") in told
    assert body["findings"]["symlink.overlay2"]["outcome"] == "yes"


def test_an_explanation_has_no_other_format() -> None:
    assert "yaml" in complaint(run("--format", "yaml", "--explain", DAEMON), UNASKED)


def test_what_a_message_carries_cannot_drive_the_terminal() -> None:
    ended = run("--explain", f"\x1b]0;title\x07\x1b[2J\x9b2J{DAEMON}\x07")
    assert ended.returncode == FITS
    assert not set(ended.stdout) & {"\x1b", "\x07", "\x9b"}


def test_the_messages_are_loaded_only_for_this() -> None:
    code = "import sys, fscaps; fscaps.survey; sys.exit(any('messages' in m for m in sys.modules))"
    assert execute([command()[0], "-c", code]).returncode == 0


# --- what a store confirms ------------------------------------------------------------------


def held(identity: str, what: str) -> fscaps.Store:
    return fscaps.Store("docker", problems=(fscaps.Problem(identity, what, "a.go:b"),))


def test_a_problem_of_the_store_confirms_a_cause_and_its_absence_refutes_none() -> None:
    cause = Cause("x", problems=("in-use:volumes/metadata.db", "links-gone"))
    assert cause.standing({}, held("links-gone", "It is gone.")) is Standing.CONFIRMED
    assert cause.standing({}, held("in-use", "a holds volumes/metadata.db")) is Standing.CONFIRMED
    assert cause.standing({}, held("in-use", "a holds meta.db")) is Standing.OPEN
    assert cause.standing({}, fscaps.Store("docker")) is Standing.OPEN
    assert cause.standing({}) is Standing.OPEN


@pytest.mark.parametrize(
    ("said", "file"),
    [
        ("docker/boltdb-open", "volumes/metadata.db"),
        ("docker/volume-database", "volumes/metadata.db"),
        ("containerd/bolt-wait", "io.containerd.metadata.v1.bolt/meta.db"),
    ],
)
def test_a_lock_is_told_as_a_lock_and_nobody_is_sent_to_end_a_healthy_daemon(
    said: str, file: str
) -> None:
    """The daemon that runs as it should holds the lock as well as a second one does."""
    cause = cause_of(said, "A process has")
    held_now = held("in-use", f"a daemon (process 1) holds the lock on {file}.")
    assert cause.standing({}, held_now) is Standing.CONFIRMED
    assert "that runs is one" in cause.because
    assert cause.remedy.startswith("if there are two of them")


@pytest.mark.parametrize(
    ("linked", "standing"), [("overlay2", Standing.CONFIRMED), ("volumes", Standing.OPEN)]
)
def test_runc_minds_a_link_in_place_of_a_directory_of_layers_only(
    tmp_path: Path, linked: str, standing: Standing
) -> None:
    root, elsewhere = tmp_path / "root", tmp_path / "elsewhere"
    elsewhere.mkdir()
    for name in {"containers", "network", "image/overlay2", "overlay2", "volumes"} - {linked}:
        (root / name).mkdir(parents=True)
    (root / linked).symlink_to(elsewhere)
    store = fscaps.survey(root, only=["name.option"]).store
    assert store is not None
    assert "symlink" in {problem.id for problem in store.problems}
    (message,) = fscaps.explain(SAID["runc/rootfs-symlink"], root).messages
    assert [cause.standing for cause in message.causes] == [standing]


def test_the_seed_s_line_is_confirmed_by_the_store_and_not_by_the_file_system(
    tmp_path: Path,
) -> None:
    """A data-root of which overlay2/l is gone, on a file system that keeps links well."""
    for name in ("containers", "network", "volumes", "image/overlay2", "overlay2"):
        (tmp_path / name).mkdir(parents=True)
    (message,) = fscaps.explain(SAID["docker/overlay2-link"], tmp_path).messages
    standings = {cause.because.split(".")[0]: cause.standing for cause in message.causes}
    assert standings == {
        "overlay2/l is gone": Standing.CONFIRMED,
        "The file system keeps no symbolic links": Standing.REFUTED,
    }
    assert any("no directory overlay2/l" in seen for cause in message.causes for seen in cause.seen)
