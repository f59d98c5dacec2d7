#!/bin/bash
# The first process of the machine. The host's root is the lower layer of an overlay, so that every
# file of the host can be read under its own path and nothing but $RESULTS is ever written.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C # the distribution's programs only

mount -t tmpfs tmpfs /mnt
modules=/usr/lib/uml/modules/$(uname -r)
mkdir -p /mnt/upper /mnt/work /mnt/root /mnt/lib/modules
ln -s "$modules" /mnt/lib/modules/
modprobe -d /mnt overlay
mount -t overlay -o lowerdir=/,upperdir=/mnt/upper,workdir=/mnt/work overlay /mnt/root
mount --bind "$RESULTS" "/mnt/root$RESULTS"

# pivot_root, not chroot: runc pivots too, and may not from within a chroot.
cd /mnt/root || exit
pivot_root . mnt
cd / || exit
umount -l /mnt

MODULES=$modules
# shellcheck source=lab/guest.sh
. "${0%/*}/../guest.sh"
halt -f # leaving would be a kernel panic
