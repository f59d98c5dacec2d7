# shellcheck shell=bash
# Hosts on one kernel. Each has its own network, host name, mounts and processes, and so is an NFS
# client of its own: another address and identity, another lease, other locks, another page cache
# (the kernel keeps its NFS clients by network namespace). They share the kernel's other caches and
# its loop devices, neither of which knows what lies behind another host's mount.

SERVER=10.9.9.9

# host NAME NUMBER: a host at 10.9.NUMBER.2, with a disk of its own; `on NAME` runs commands there.
host() {
    local name=$1 number=$2 ready=/run/ready.$1
    ip addr show dev lo | grep -q "$SERVER" || ip addr add "$SERVER/32" dev lo
    echo "10.9.$number.2 $name" >>/etc/hosts
    mkfifo "$ready"
    # shellcheck disable=SC2016 # for the shell that becomes the host's first process
    unshare --mount --net --uts --pid --fork --kill-child --mount-proc \
        bash -c 'hostname "$0"; echo >"$1"; exec env --ignore-signal=CHLD sleep infinity' \
        "$name" "$ready" & # who ignores SIGCHLD leaves no zombies
    read -r <"$ready"
    pgrep --parent $! >"/run/host.$name"
    ip link add "to-$name" type veth peer name eth0 netns "$(<"/run/host.$name")"
    ip addr add "10.9.$number.1/24" dev "to-$name"
    ip link set "to-$name" up
    disk "/run/image.$name" "/run/disk.$name"
    on "$name" <<-SETUP
	ip link set lo up
	ip addr add 10.9.$number.2/24 dev eth0
	ip link set eth0 up
	ip route add default via 10.9.$number.1
	disk=/run/disk.$name
	mkdir -p \$disk/{containers,tmp,etc,work,local}
	mount --bind \$disk/containers /var/lib/containers
	mount --bind \$disk/tmp /var/tmp
	mount -t overlay -o lowerdir=/etc,upperdir=\$disk/etc,workdir=\$disk/work etc /etc
	mount --bind \$disk/local /usr/local/sbin
	for dir in /run /mnt; do mount -t tmpfs tmpfs \$dir; done
	mkdir /run/lock
	SETUP
}

# on NAME: run the commands on standard input there, up to the first that fails; `server` is here.
on() {
    local there=()
    [[ $1 == server ]] || there=(nsenter --target "$(<"/run/host.$1")" --mount --net --uts --pid)
    "${there[@]}" bash -euo pipefail -s
}

# share VERSION NAME...: a disk that the server exports to each, which has it on /mnt/share.
share() {
    local version=$1 name path=/srv/share
    [[ $1 == 4* ]] && path=/share # NFS 4 counts from the export with fsid=0
    grep -q "$SERVER" /etc/hosts || echo "$SERVER server" >>/etc/hosts
    nfs_server && disk /run/image.share /srv/share && chmod 0777 /srv/share && rmdir /srv/share/lost+found
    for name in "${@:2}"; do
        exportfs -o rw,sync,no_subtree_check,no_root_squash "$name:/srv/share"
        # shellcheck disable=SC2016 # for the other shell
        on "$name" <<-MOUNT
		mkdir /mnt/share
		mount -t nfs -o vers=$version server:$path /mnt/share
		MOUNT
    done
}

# cut_off NAME: from now on nothing that it sends arrives; to everybody else it is dead.
cut_off() { ip link set "to-$1" down; }

# reconnect NAME
reconnect() { ip link set "to-$1" up; }

# disk IMAGE DIR: a fresh ext4 in a sparse file, mounted on DIR.
disk() {
    truncate -s 2G "$1" && mkfs.ext4 -q "$1" && mkdir -p "$2" && mount -o loop "$1" "$2"
}

nfs_server() {
    mountpoint -q /proc/fs/nfsd && return
    # The root of NFS 4 must be a file system that can be exported; the machine's root cannot.
    mount -t tmpfs tmpfs /srv
    mount -t tmpfs tmpfs /var/lib/nfs
    mkdir -p /var/lib/nfs/{sm,sm.bak,v4recovery,nfsdcld} /run/rpc_pipefs
    touch /var/lib/nfs/{etab,rmtab,state}
    mount -t nfsd nfsd /proc/fs/nfsd
    echo 10 >/proc/fs/nfsd/nfsv4leasetime # or what a dead client held is free after 90 s only
    mount -t rpc_pipefs rpc_pipefs /run/rpc_pipefs
    rpcbind -w && nfsdcld && rpc.statd && rpc.nfsd 4 && rpc.mountd || return
    echo Y >/proc/fs/lockd/nlm_end_grace # or the first lock, NFS 4 too, waits for 50 s
    exportfs -o rw,fsid=0,no_subtree_check "*:/srv"
}
