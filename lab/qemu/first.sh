#!/bin/busybox sh
# shellcheck shell=dash
# The first process of the machine, in its first root: mount the host's files, and go there. They
# are the lower layer of an overlay, so that all of them can be read under their own paths.
PATH=/bin
/bin/busybox --install -s /bin
mount -t proc proc /proc
while read -r name; do insmod "/modules/$name"; done </modules/order
share=trans=virtio,version=9p2000.L,msize=524288
mount -t 9p -o "ro,cache=loose,$share" host /lower
mount -t tmpfs tmpfs /top
mkdir /top/upper /top/work /top/root
mount -t overlay -o lowerdir=/lower,upperdir=/top/upper,workdir=/top/work overlay /top/root
mount -t 9p -o "$share" results "/top/root$RESULTS"
umount /proc
exec switch_root /top/root "$INIT"
