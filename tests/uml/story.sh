# shellcheck shell=bash
# What Docker does when a part of its storage lies on some other file system and the rest on ext4.
#
# . story.sh PLACE FS [DOCKERD-OPTION...]
#   PLACE  data-root (all of it) or a folder of it: image, overlay2, volumes
#   FS     the NAME of a function fs_NAME
#
# Outcomes go to $RESULTS/outcome, one KEY=VALUE a line: ok, or failed and the words it failed with.
# shellcheck source-path=SCRIPTDIR source=docker.sh
. "$(dirname "${BASH_SOURCE[0]}")/docker.sh"

# step KEY COMMAND...
step() {
    local key=$1 says
    shift
    if says=$("$@" 2>&1); then
        outcome "$key" ok
    else
        outcome "$key" "failed: $(tail -n 3 <<<"$says" | tr '\n' ' ')"
        return 1
    fi
}

outcome() { echo "$1=$2" | tee -a "$RESULTS/outcome"; }

# start SUFFIX DOCKERD-OPTION...
start() {
    if docker_start /mnt/docker "${@:2}"; then
        outcome "start$1" ok
        outcome "driver$1" "$(docker info --format '{{.Driver}}' 2>/dev/null)"
    else
        outcome "start$1" "failed: $(tail -n 1 "$RESULTS/dockerd.log")"
        return 1
    fi
}

load() { docker_image "$1:latest" "$2" | docker load; }

# says EXPECTED DOCKER-RUN-ARGUMENT...: a container must print just that.
says() {
    local said
    said=$(docker run --rm --network=none "${@:2}" 2>&1)
    [[ $said == "$1" ]] || { echo "$said"; return 1; }
}

# /data has one file left, by the merge of the layers, with its owner, and can be written.
use_image() {
    # shellcheck disable=SC2016 # for the shell in the container
    says 'kept new 1000' "$1" sh -c '>/data/new; cd /data; echo * $(busybox stat -c %u kept)'
}

use_volumes() {
    local sh='busybox cat /v/file'
    step named_volume says hi -v name:/v plain sh -c "echo hi >/v/file; $sh" &&
        step named_volume_again says hi -v name:/v plain sh -c "$sh"
    step load_declaring load declaring '{"Cmd": ["sh"], "Volumes": {"/data": {}}}' &&
        step declared_volume use_image declaring # Docker copies what the image has there into it
}

story() {
    local place=$1 fs=$2
    shift 2
    : >"$RESULTS/outcome"
    if [[ $place == data-root ]]; then
        "fs_$fs" /mnt/docker
    else
        fs_ext4 /mnt/docker && "fs_$fs" "/mnt/docker/$place"
    fi || return

    start '' "$@" || return 0
    step load load plain '{"Cmd": ["sh"]}' && step run use_image plain
    [[ $place != volumes ]] || use_volumes
    docker_stop
    start _again "$@" || return 0
    step run_again use_image plain
    docker_stop
}

story "$@"
