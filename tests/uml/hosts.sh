# shellcheck shell=bash
# Two hosts on one kernel: each has its own network, host name, mounts and processes, and so is an
# NFS client of its own: another address and identity, other locks, another page cache. What they
# share is the kernel, which matters to neither.

SERVER=10.9.9.9

# host_start NAME NUMBER: its commands run by `on NAME`.
host_start() {
    local name=$1 number=$2 pid=/run/host.$1
    ip addr show dev lo | grep -q "$SERVER" || ip addr add "$SERVER/32" dev lo
    rm -f "$pid" && mkfifo "$pid"
    NAME=$name unshare --mount --net --uts --pid --fork --kill-child --mount-proc \
        bash -c 'hostname "$NAME"; sleep infinity & echo >"$0"; wait' "$pid" &
    read -r <"$pid" && pgrep --parent $! >"$pid.pid"
    ip link add "to-$name" type veth peer name eth0 netns "$(<"$pid.pid")"
    ip addr add "10.9.$number.1/24" dev "to-$name" && ip link set "to-$name" up
    on "$name" <<-SETUP
	ip link set lo up
	ip addr add 10.9.$number.2/24 dev eth0 && ip link set eth0 up
	ip route add default via 10.9.$number.1
	for dir in /run /tmp /mnt /var/lib/containers; do mount -t tmpfs tmpfs \$dir; done
	mkdir /run/lock /tmp/upper /tmp/work
	mount -t overlay -o lowerdir=/etc,upperdir=/tmp/upper,workdir=/tmp/work etc /etc
	SETUP
}

# on NAME: run the commands on standard input there, up to the first that fails.
on() {
    nsenter --target "$(<"/run/host.$1.pid")" --mount --net --uts --pid bash -euo pipefail -s
}

# cut NAME: from now on nothing that it sends arrives; to everybody else it is dead.
cut() { ip link set "to-$1" down; }
