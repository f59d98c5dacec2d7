"""What engines and the kernel say: for each message that fscaps knows, a line with it.

Lines are as in issue threads, logs of real daemons, what the lab recorded, or, where none of these
could be had, the format string of the source with its parts filled in.
"""

from __future__ import annotations

from unit.said_besides import BESIDES

STORE = "/var/lib/docker"
LAYER = "8b1c6f3a9f5d0a55b2c4d1e3f6a7b8c9d0e1f2a3b4c5d6e7f8a9b0c1d2e3f4a5"
LINK = "JSQXWKYAHJ5J6VDQQ3NCOFGQKB"
UNSUPPORTED = "backing file system is unsupported for this graph driver"

SAID = {
    **BESIDES,
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
    "errno/no-id": "lchown /vol/owned: value too large for defined data type",
    "errno/cross-device": "mv: cannot move 'a' to 'b': Invalid cross-device link",
}
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

DAEMON = f"error creating overlay mount to {STORE}/overlay2/{LAYER}/merged: invalid argument"
