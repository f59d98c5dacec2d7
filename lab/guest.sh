# shellcheck shell=bash
# What a second kernel does once the host's files are its root: run $RESULTS/script.sh.
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mkdir -p /dev/pts /dev/shm
ln -s /proc/self/fd /dev/fd # as udev does; TOMOYO looks up in it what execveat(2) runs
mount -t devpts devpts /dev/pts
mount -t tmpfs tmpfs /dev/shm
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /var/tmp # a disk of one's own: the root is an overlay, on which little can be done
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mkdir -p /lib/modules
ln -s "$MODULES" /lib/modules/ # where the kernel looks when a mount wants a module
# Device nodes come with the first two; fscaps loads no driver, which a host has that needs it.
modprobe -a loop fuse erofs ext4
ip link set lo up
dmesg --clear

(
    # shellcheck source=/dev/null
    . "$RESULTS/script.sh"
) </dev/null >"$RESULTS/log" 2>&1
status=$?
dmesg >"$RESULTS/dmesg"
echo $status >"$RESULTS/status"
