# shellcheck shell=bash
# A throw-away Docker in the machine. One daemon at a time; its log is $RESULTS/dockerd.log.
export GODEBUG=asyncpreemptoff=1 # signals are dear in User-Mode Linux
: >"$RESULTS/dockerd.log"

# docker_start DATA_ROOT OPTION...: returns when the daemon answers, or fails when it has died.
docker_start() {
    local root=$1
    shift
    rm -f /run/docker.sock
    dockerd --data-root "$root" --exec-root /run/docker --pidfile /run/docker.pid \
        --iptables=false --ip6tables=false --bridge=none "$@" &>>"$RESULTS/dockerd.log" &
    dockerd=$!
    until_true docker_listens_or_died
    # The socket is there long before the daemon serves it: the call waits for the one or the other.
    timeout 60 docker version &>/dev/null && return
    wait_for_dockerd
    return 1
}

docker_listens_or_died() { [[ -S /run/docker.sock ]] || ! kill -0 "$dockerd"; }

docker_stop() {
    kill "$dockerd"
    wait_for_dockerd
}

wait_for_dockerd() {
    timeout 60 tail --pid="$dockerd" -f /dev/null || kill -KILL "$dockerd"
    wait "$dockerd" || true
}

# docker_image NAME CONFIG: an archive for `docker load` on stdout: busybox, CONFIG is its JSON.
# Two layers, so that there is something to merge: the second deletes a file of the first. A file is
# not root's, which not every file system can keep.
docker_image() {
    local dir
    dir=$(mktemp -d /run/image.XXXXXX)
    mkdir -p "$dir"/{1/bin,1/data,2/data}
    cp /usr/bin/busybox "$dir/1/bin/"
    ln "$dir/1/bin/busybox" "$dir/1/bin/sh"
    echo hello >"$dir/1/data/kept"
    chown 1000:1000 "$dir/1/data/kept"
    touch "$dir/1/data/deleted" "$dir/2/data/.wh.deleted"
    tar -C "$dir/1" -cf "$dir/1.tar" .
    tar -C "$dir/2" -cf "$dir/2.tar" .
    cat >"$dir/config.json" <<-JSON
	{"architecture": "amd64", "os": "linux", "config": $2, "rootfs": {"type": "layers", "diff_ids": [
	    "sha256:$(sha256sum <"$dir/1.tar" | cut -d' ' -f1)",
	    "sha256:$(sha256sum <"$dir/2.tar" | cut -d' ' -f1)"]}}
	JSON
    cat >"$dir/manifest.json" <<-JSON
	[{"Config": "config.json", "RepoTags": ["$1"], "Layers": ["1.tar", "2.tar"]}]
	JSON
    tar -C "$dir" -cf - config.json manifest.json 1.tar 2.tar
}
