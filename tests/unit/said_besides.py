"""More of what is said: calls that failed, errnos in words, daemons, mounts and helpers."""

from __future__ import annotations

BESIDES = {
    "apptainer/incompatible": "FATAL:   container creation failed: while setting overlay session "
    "layout: /mnt/nas is located on a NFS filesystem incompatible as overlay upper directory",
    "apptainer/path": "while loading overlay images: failed to open overlay image /mnt/one: "
    "failed to retrieve path for /mnt/one: lstat /mnt/one: no such file or directory",
    "apptainer/noexec": "Unable to create build: 'noexec' mount option set on /mnt, sandbox "
    "/mnt/sandbox won't be usable at this location",
    "apptainer/mount": "while mounting overlay: can't mount overlay filesystem to /s/final: "
    "invalid argument",
    "call/create": "failed to start daemon: mkdir /data-root/image/overlay2: operation not "
    "permitted",
    "call/mkdir-exists": "containerd: mkdir /mnt/nas: file exists",
    "call/times": "cp: preserving times for '/mnt/nas/.': Operation not permitted",
    "call/permissions": "cp: preserving permissions for '/mnt/./db.sql': Input/output error",
    "call/write": "Error response from daemon: write "
    "/d/swarm/certificates/.tmp-swarm-root-ca.crt1: invalid argument",
    "call/sync": "failed to sync /d/image/overlay2/repositories.json: sync /d/x: invalid argument",
    "call/stat": "lstat /mnt/nas/docker: permission denied",
    "call/getxattr": "failed to write compressed diff: failed to create diff tar stream: failed "
    "to get xattr for /r/tmpmounts/containerd-mount1/.dockerenv: operation not supported",
    "call/chown-lost": "ApplyLayer exit status 1 stdout:  stderr: lchown /data: no data available",
    "call/symlink": "docker: Error response from daemon: failed to create symlink: "
    "/d/volumes/v/_data/link: symlink owned /d/volumes/v/_data/link: operation not "
    "supported.",
    "call/link": "failed to extract layer sha256:0: link /r/1/fs/a /r/1/fs/b: operation not "
    "permitted",
    "call/mknod": "cp: cannot create special file "
    "'/mnt/./overlay/0/diff/data/added-then-deleted': Operation not permitted",
    "call/rename": "rename /var/lib/docker/tmp /var/lib/docker/tmp-old: device or resource busy",
    "call/unlink": "ApplyLayer exit status 1 stdout:  stderr: unlinkat /data/dir-deleted: "
    "input/output error",
    "call/chown": "docker: Error response from daemon: chown /var/lib/docker/volumes/data/_data: "
    "operation not permitted.",
    "containerd/service": "ctr: unknown service containerd.services.leases.v1.Leases: not "
    "implemented",
    "containerd/plugin": 'failed to load plugin io.containerd.metadata.v1.bolt" error="function '
    "not implemented",
    "containerd/dial": "failed to start daemon: failed to dial "
    '"/run/docker/containerd/containerd.sock": context deadline exceeded',
    "containerd/rename": "ctr: failed to rename: rename /r/snapshots/new-1 /r/snapshots/1: file "
    "exists",
    "engine/utf8": 'decode configuration "/etc/containers/storage.conf": toml: line 3 (last key '
    '"storage.graphroot"): invalid UTF-8 byte: 0xe9',
    "containerd/namespace": 'ctr: namespace validation: identifier "a--b" must match '
    "^[A-Za-z0-9]+(?:[._-](?:[A-Za-z0-9]+))*$",
    "buildkit/differ": "failed to compute blob by overlay differ (ok=false): redirect_dir is "
    "used but it's not supported in overlayfs differ",
    "podman/merged-delete": "Error: configure storage: kernel does not support overlay fs: "
    "kernel returned unlinkat /var/lib/containers/storage/overlay/compat1/merged/subdir: "
    "input/output error when we tried to delete an item in the merged directory: driver "
    "not supported",
    "podman/test-file": "kernel does not support overlay fs: unable to create test file: "
    "read-only file system",
    "podman/overlay-mount": "Error: mounting storage for container 0: creating overlay mount to "
    "/var/lib/containers/storage/overlay/0/merged, "
    'mount_data="lowerdir=/var/lib/containers/storage/overlay/l/A,upperdir=x,workdir=y": '
    "invalid argument",
    "podman/lower-layer": "adding layer: can't stat lower layer "
    '"/var/lib/containers/storage/overlay/l/A": stat '
    "/var/lib/containers/storage/overlay/l/A: operation not permitted",
    "podman/image-store": "Error: overlay: can't stat imageStore dir /mnt/one: stat /mnt/one: no "
    "such file or directory",
    "podman/store-lock": "open /var/lib/mycontainers/overlay-images/images.lock: permission denied",
    "podman/layer-unknown": "Image a exists in local storage but may be corrupted (remove the "
    "image to resolve the issue): layer not known",
    "podman/bolt": "Error: opening database /g/libpod/bolt_state.db: invalid argument",
    "podman/passwd": "creating temporary passwd file for container 0: chown: invalid",
    "docker/comma": "failed to start daemon: Error initializing network controller: "
    "error obtaining controller instance: boltdb supports one endpoint and should be a "
    "file path",
    "docker/network-database": "failed to start daemon: Error initializing network controller: "
    "error obtaining controller instance: failed to get bridge network configurations from store: "
    "error while populating kmap: invalid argument",
    "docker/full-path": "Unable to get the full path to root (/mnt): failed to canonicalise path "
    "for /mnt: lstat /mnt: transport endpoint is not connected",
    "docker/containerd-start": "failed to start containerd: timeout waiting for containerd to "
    "start",
    "docker/wal": "Error response from daemon: failed to create WAL: no locks available",
    "docker/propagation": "path /srv is mounted on / but it is not a shared or slave mount",
    "docker/no-swarm": "Status: Error response from daemon: This node is not a swarm manager. "
    'Use "docker swarm init" or "docker swarm join" to connect this node to swarm and '
    "try again.",
    "docker/overlay-parameters": "Unable to detect whether overlay kernel module supports index "
    "parameter: permission denied",
    "docker/container-gone": "Error response from daemon: No such container: first",
    "docker/graphdriver": "May 01 host dockerd[1]: failed to start daemon: error initializing "
    "graph...",
    "docker/no-driver": "no supported storage driver found",
    "docker/rootless-selinux": "overlay is not supported for Rootless with SELinux",
    "docker/btrfs": "Failed to create btrfs snapshot: operation not permitted",
    "docker/zfs": "Failed to find zfs dataset mounted on '/var/lib/docker' in /proc/mounts",
    "engine/bind-itself": "failed to make /mnt/below/btrfs a mount: mount "
    "/mnt/below/btrfs:/mnt/below/btrfs, flags: 0x1000: invalid argument",
    "docker/metacopy-check": "metacopy flag was not set on file in the upperdir: operation not "
    "supported",
    "docker/shm": "mkdir /var/lib/docker/overlay2/0/merged/dev/shm: invalid argument",
    "docker/move-itself": "mv: cannot move 'a' to a subdirectory of itself, 'b'",
    "docker/aufs-mount": "error creating aufs mount to /var/lib/docker/aufs/mnt/0: invalid "
    "argument",
    "docker/label": "SELinux is not supported with the vfs graph driver on this kernel",
    "errno/not-connected": "transport endpoint is not connected",
    "errno/io": "cat: file: Input/output error",
    "errno/not-supported": "operation not supported",
    "errno/not-permitted": "setns: operation not permitted",
    "errno/denied": "sh: ./a: Permission denied",
    "errno/invalid": "Error response from daemon: invalid argument",
    "errno/busy": "device or resource busy",
    "errno/name-too-long": "touch: file name too long",
    "errno/not-empty": "rmdir: failed to remove 'a': Directory not empty",
    "errno/no-locks": "flock: no locks available",
    "errno/no-key": "cp: a: Required key not available",
    "errno/no-data": "a: security.selinux: No data available",
    "fuse/device": "fuse: device not found, try 'modprobe fuse' first",
    "fuse/path": "fuse-overlayfs: cannot retrieve path for /mnt/one: No such file or directory",
    "fuse/lower-dirs": "fuse-overlayfs: cannot read lower dirs: Operation not permitted",
    "fuse/upper-dir": "fuse-overlayfs: cannot read upper dir: Invalid argument",
    "fuse/mount": "docker: Error response from daemon: using mount program fuse-overlayfs: "
    "unknown argument ignored: lazytime",
    "fuse/acl": "failed to read /var/lib/docker/fuse-overlayfs/0/merged/vol: open "
    "/var/lib/docker/fuse-overlayfs/0/merged/vol: operation not supported",
    "fuse/needed": "Error: configure storage: native overlay not supported and fuse-overlayfs "
    "not found: backing file system is unsupported for this graph driver",
    "kernel/clone": "overlayfs: failed to clone upperpath",
    "kernel/same-mount": "overlayfs: workdir and upperdir must reside under the same mount",
    "kernel/resolve": "overlayfs: failed to resolve '/srv/one': -2",
    "kernel/refuse-follow": "overlayfs: refusing to follow redirect for (/a/b)",
    "kernel/overlap": "overlayfs: conflicting lowerdir path",
    "kernel/work-read-only": "overlayfs: failed to create directory /w/work (errno: 13); "
    "mounting read-only",
    "kernel/incompatible": "overlayfs: overlay with incompat feature 'volatile' cannot be mounted",
    "kernel/overlay-option": 'overlayfs: unrecognized mount option "userxattr" or missing value',
    "kernel/fallback": "overlayfs: ...falling back to index=off,metacopy=off.",
    "mount/busy": "mount: /var/lib/docker: /dev/loop0 already mounted or mount point busy.",
    "ext4/mmp": "EXT4-fs warning (device loop0): ext4_multi_mount_protect:328: Device is already "
    "active on another node.",
    "loop/set-up": "losetup: /mnt/share/docker.img: failed to set up loop device: Invalid argument",
    "loop/io-error": "Buffer I/O error on dev loop0, logical block 1, lost sync page write",
    "mount/image": "mount: /var/lib/shared-images: unknown filesystem type 'erofs'.",
    "mount/call": "mount: mounting overlay on /m failed: Invalid argument",
    "runc/not-in-path": 'exec: "sleep": executable file not found in $PATH: unknown.',
    "runc/rootfs-gone": "invalid rootfs: stat /mnt/caf\ufffd/overlay2/0/merged: "
    "no such file or directory",
    "crun/log-type": "Error: OCI runtime error: crun: unknown log type "
    "`/mnt/one:two/vfs-containers/0`",
    "ld/relro": "error while loading shared libraries: libc.so.6: cannot apply additional memory "
    "protection after relocation: Permission denied",
    "runc/pivot-root": "container_linux.go: pivot_root .: invalid argument",
    "sqlite/disk-error": "Error: committing transaction: disk I/O error: operation not permitted",
    "unpack/layer": "Error processing tar file(exit status 1): operation not permitted",
    "layer/pivot": "processing tar file(setting up pivot dir: no): exit status 1",
    "layer/attributes-ignored": 'level=warning msg="ignored xattrs in archive: underlying '
    "filesystem doesn't support them\"",
}
