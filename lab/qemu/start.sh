#!/bin/bash
# Start the machine, with directories of PLACE that it may mount by virtiofs and 9p:
# start.sh PLACE QEMU…
place=$1
shift
server=/usr/lib/qemu/virtiofsd
serve() { # NAME [OPTION…]
    mkdir "$place/$1"
    "$server" --socket-path="$place/$1.socket" -o "source=$place/$1" -o xattr "${@:2}" >"$place/$1.log" 2>&1 &
    until [ -S "$place/$1.socket" ]; do sleep 0.1; done
    shares+=(-chardev "socket,id=$1,path=$place/$1.socket" -device "vhost-user-fs-pci,chardev=$1,tag=$1")
}
if [ -x "$server" ]; then
    serve virtiofs
    serve virtiofs-trusted -o modcaps=+sys_admin
fi
for model in mapped-xattr passthrough none; do
    mkdir "$place/$model"
    shares+=(-virtfs "local,path=$place/$model,mount_tag=$model,security_model=$model")
done
exec "$@" "${shares[@]}"
