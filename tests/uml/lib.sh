# shellcheck shell=bash
# One function a file system: fs_NAME DIR prepares it and mounts it on DIR. Everything is real:
# block devices are loop images, network file systems have their own server on 127.0.0.1. All but
# fs_cifs and fs_9p, which start a server on a fixed port, can be used more than once in a boot.

# until_true COMMAND...: wait for it to succeed, for at most 30 s.
until_true() {
    local end=$((SECONDS + 30))
    until "$@" 2>/dev/null; do
        ((SECONDS < end)) || { echo "still failing: $*" >&2; return 1; }
        sleep 0.1
    done
}

# listening PORT: is there a server behind it?
listening() { : </dev/tcp/127.0.0.1/"$1"; }

# disk DIR MKFS...: a fresh sparse disk in memory, formatted by MKFS... IMAGE, mounted on DIR.
disk() {
    local dir=$1 image
    shift
    image=$(mktemp /run/disk.XXXXXX)
    truncate -s 2G "$image"
    "$@" "$image" >/dev/null && mkdir -p "$dir" && mount -o loop "$image" "$dir"
}

fs_ext4() { disk "$1" mkfs.ext4 -q; }
fs_ext4_without_filetype() { disk "$1" mkfs.ext4 -q -O ^filetype; } # readdir gives no d_type
fs_f2fs() { disk "$1" mkfs.f2fs -q; }
fs_vfat() { disk "$1" mkfs.vfat; }
fs_xfs_without_ftype() { disk "$1" mkfs.xfs -q -m crc=0 -n ftype=0; } # only a V4 XFS can lack it

fs_nfs3() { fs_nfs "$1" 3 no_root_squash; }
fs_nfs4() { fs_nfs "$1" 4.2 no_root_squash; }
fs_nfs4_root_squash() { fs_nfs "$1" 4.2 root_squash; }
fs_nfs4_all_squash() { fs_nfs "$1" 4.2 all_squash; }

# fs_nfs DIR VERSION SQUASH: an export of its own, an ext4 disk with mode 0777 at the top.
fs_nfs() {
    local path
    nfs_server && path=$(nfs_export "$3") && mount_nfs "$2" "$path" "$1"
}

# nfs_export OPTIONS: export a fresh ext4 disk and print its path on the server.
nfs_export() {
    local dir
    dir=$(mktemp -d /srv/XXXXXX)
    # Empty, as exports are: dockerd takes a folder that holds anything for one it used before.
    fs_ext4 "$dir" && chmod 0777 "$dir" && rmdir "$dir/lost+found" &&
        exportfs -o "rw,sync,no_subtree_check,$1" "*:$dir" && echo "$dir"
}

# mount_nfs VERSION EXPORT DIR [SERVER]
mount_nfs() {
    local path=$2
    [[ $1 == 4* ]] && path=${2#/srv} # NFS 4 counts from the export with fsid=0
    mkdir -p "$3" && mount -t nfs -o "vers=$1" "${4:-127.0.0.1}:$path" "$3"
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

fs_cifs() {
    local share=/run/samba/share
    fs_ext4 "$share" && mkdir -p /run/samba/private "$1" || return
    cat >/run/samba/smb.conf <<-CONF
	[global]
	    interfaces = 127.0.0.1
	    bind interfaces only = yes
	    disable netbios = yes
	    load printers = no
	    private dir = /run/samba/private
	    log file = /run/samba/log
	[share]
	    path = $share
	    read only = no
	CONF
    printf 'secret\nsecret\n' | smbpasswd -c /run/samba/smb.conf -s -a root >/dev/null
    smbd -s /run/samba/smb.conf --daemon && until_true listening 445 || return
    mount -t cifs -o vers=3.1.1,username=root,password=secret //127.0.0.1/share "$1"
}

fs_9p() {
    local share=/run/diod
    fs_ext4 "$share" && mkdir -p "$1" || return
    diod --no-auth --export="$share" --listen=127.0.0.1:564 && until_true listening 564 || return
    mount -t 9p -o "trans=tcp,version=9p2000.L,access=user,uname=root,aname=$share" 127.0.0.1 "$1"
}

# holds_ext4 DIR: what the distribution's tools make of an ext4 in a file there: yes or no.
holds_ext4() {
    local image=$1/image point=/run/held
    mkdir -p $point
    if truncate -s 48M "$image" && mkfs.ext4 -q -b 4096 "$image" && mount -o loop "$image" $point &&
        cp -r /etc/apt /etc/ssl $point && umount $point && fsck.ext4 -fn "$image" >/dev/null; then
        echo yes
    else
        echo no
    fi 2>/dev/null
    rm -f "$image"
}

# holds_erofs DIR: the same of an EROFS.
holds_erofs() {
    local point=/run/held
    mkdir -p $point
    [[ -f /run/erofs ]] || mkfs.erofs /run/erofs /etc/apt >/dev/null
    if cp /run/erofs "$1/image" && mount -o loop,ro "$1/image" $point &&
        diff -r /etc/apt $point && umount $point; then
        echo yes
    else
        echo no
    fi 2>/dev/null
    rm -f "$1/image"
}
