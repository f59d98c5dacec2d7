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

mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mkdir -p /dev/pts /dev/shm
mount -t devpts devpts /dev/pts
mount -t tmpfs tmpfs /dev/shm
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /var/tmp # a disk of one's own: the root is an overlay, on which little can be done
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mkdir -p /lib/modules
ln -s "$modules" /lib/modules/ # where the kernel looks when a mount wants a module
modprobe -a loop fuse erofs # device nodes come with the first two; fscaps loads no driver
ip link set lo up
dmesg --clear

(
    # shellcheck source=/dev/null
    . "$RESULTS/script.sh"
) </dev/null >"$RESULTS/log" 2>&1
status=$?
dmesg >"$RESULTS/dmesg"
echo $status >"$RESULTS/status"
halt -f # leaving would be a kernel panic
