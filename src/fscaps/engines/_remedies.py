"""What to do instead, where several engines lack the same."""

from __future__ import annotations

LOCAL = (
    "use a local ext4 or xfs (mkfs.xfs -n ftype=1), or put such a file system on a block device "
    "of the remote storage (iSCSI, RBD, NBD) that one host mounts at a time"
)
WRITABLE = (
    "make the path writable for root: remount it rw, free space or inodes, export it with "
    "no_root_squash, clear chattr +i; or use another directory"
)
OWNERS = "export with no_root_squash, drop forced owners (uid=, all_squash); or " + LOCAL
LOCKS = (
    "mount NFS with a lock server that answers, or with local_lock=all if one host alone uses it; "
    "or " + LOCAL
)
ROOM = "free space, raise the quota, or use another file system"
PLAIN_PATH = "use a path without colon, comma and backslash; a bind mount at such a path will do"
FILETYPE = (
    "format again with mkfs.xfs -n ftype=1 or mkfs.ext4 -O filetype (ext4: tune2fs -O filetype "
    "and e2fsck -f do it in place)"
)
OPEN = "mount FUSE with allow_other, and NFS with sec=sys"
FOLLOWED = "mount -o remount,symfollow"
MORE_IDS = (
    "give the user 65536 subordinate ids (usermod --add-subuids FIRST-LAST "
    "--add-subgids FIRST-LAST USER)"
)
