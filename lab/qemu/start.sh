#!/bin/bash
# Start the machine, and before it what serves it a share: start.sh PLACE QEMU…
place=$1
shift
mkdir -p "$place"/{virtiofs,virtiofs-trusted,mapped-xattr,passthrough,none}
serve() { # NAME [OPTION…]
    /usr/lib/qemu/virtiofsd --socket-path="$place/$1.socket" -o "source=$place/$1" -o xattr "${@:2}" >"$place/$1.log" 2>&1 &
    shares+=(-chardev "socket,id=$1,path=$place/$1.socket" -device "vhost-user-fs-pci,chardev=$1,tag=$1")
}
serve virtiofs
serve virtiofs-trusted -o modcaps=+sys_admin
for model in mapped-xattr passthrough none; do
    shares+=(-virtfs "local,path=$place/$model,mount_tag=$model,security_model=$model")
done
while ! [ -S "$place/virtiofs.socket" ] || ! [ -S "$place/virtiofs-trusted.socket" ]; do sleep 0.1; done
exec "$@" "${shares[@]}"
