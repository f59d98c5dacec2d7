#!/bin/sh
# shellcheck disable=SC2016  # what is in single quotes is for the shell that `try` starts
# Runs in the container, with busybox only. Says what does not work, one a line, and goes on.
# `exercise change` changes what the image brought; `exercise check` finds the changes again, in
# the same container after the daemon's restart, and in an image committed from it.
failed=0
umask 022

try() { # try NAME COMMANDS: a shell of its own, so that its -e holds
    said=$(sh -ec "$2" 2>&1) || { echo "$1: ${said:-false}" && failed=1; }
}

device() { [ "$DEVICES" = none ] || try "$@"; } # in a user namespace there are none

change() {
    cd /data || exit
    try 'append to a file of the image' 'echo more >>course-append'
    try 'delete a file of the image' 'rm course-delete'
    try 'delete a directory of the image' 'rm -r course-delete-dir'
    try 'make a deleted directory again' 'rm -r course-recreate; mkdir course-recreate'
    try 'rename a file of the image' 'mv course-rename course-renamed'
    try 'rename a directory of the image' 'mv course-rename-dir course-renamed-dir'
    try 'rename over a file of the image' 'echo new >new; mv new course-replace'
    try 'link to a file of the image' 'ln course-link course-linked'
    try 'change an owner' 'chown 200001:200002 course-chown'
    try 'change a mode' 'chmod 4711 course-chmod'
    try 'make a file and a directory' 'echo new >course-made; mkdir course-made-dir'
    try 'make files as a user' 'for at in / /tmp /named; do
        mkdir $at/course-his; chmod 777 $at/course-his; su user -c "echo his >$at/course-his/file"; done'
    try 'make a FIFO' 'mkfifo course-fifo'
    device 'make a device node' 'mknod course-null c 1 3'
    try 'make a symbolic link' 'ln -s course-append course-symlink'
    try 'write to the volume' 'echo kept >/named/file; chown 200001 /named/file; mkfifo /named/fifo'
    try 'link in the volume' 'ln /named/file /named/link; test /named/file -ef /named/link'
    try 'write through a link of the volume' \
        'test ! -e /named/link || { echo more >>/named/link; grep -q more /named/file; }'
    try 'make a symbolic link in the volume' 'ln -s file /named/symlink'
    try 'rename in the volume' 'echo 1 >/named/a; echo 2 >/named/b; mv /named/a /named/b'
    try 'start a program of the volume' 'cp /bin/busybox /named/true; /named/true'
    try 'make a set-user-ID program in the volume' 'cp /bin/su /named; chmod 4755 /named/su'
    device 'make a device node in the volume' 'mknod /named/null c 1 3'
    try 'remove a directory of the volume with an open file' \
        'mkdir /named/open; exec 3>/named/open/file; rm -r /named/open'
    try 'replace an open file of the volume' \
        'cd /named; echo old >held; exec 3<held; echo new >new; mv new held; test "$(cat <&3)" = old'
}

check() {
    cd /data || exit
    try 'an appended line' 'test "$(cat course-append)" = "data/course-append
more"'
    try 'a deleted file' '! test -e course-delete && ! ls | grep -x course-delete'
    try 'a deleted directory' '! test -e course-delete-dir && ! ls | grep -x course-delete-dir'
    try 'a directory made again is empty' 'test -z "$(ls -A course-recreate)"'
    try 'a renamed file' 'grep -q rename course-renamed; ! test -e course-rename'
    try 'a renamed directory' 'grep -q . course-renamed-dir/deep/inside; ! test -e course-rename-dir'
    try 'a replaced file' 'test "$(cat course-replace)" = new'
    try 'a linked file' 'test "$(stat -c %h course-link)" = 2; test course-link -ef course-linked'
    try 'an owner' 'test "$(stat -c %u:%g course-chown)" = 200001:200002'
    try 'a mode' 'test "$(stat -c %a course-chmod)" = 4711'
    try 'the modes that umask leaves' 'test "$(stat -c %a course-made course-made-dir)" = "644
755"'
    try 'the group of who made a file' 'test "$(stat -c %u:%g /course-his/file /tmp/course-his/file)" = "1000:1000
1000:1000"'
    try 'the group of who made a file in the volume' 'test "$(stat -c %u:%g /named/course-his/file)" = 1000:1000'
    try 'a FIFO' 'test -p course-fifo'
    device 'a device node' 'test "$(stat -c %t:%T course-null)" = 1:3; echo x >course-null; echo x >null'
    try 'a symbolic link' 'test "$(cat course-symlink)" = "$(cat course-append)"'
    try 'a line in the volume' 'grep -q kept /named/link; test -p /named/fifo'
    try 'the mode that umask leaves in the volume' 'test "$(stat -c %a /named/file)" = 644'
    try 'a symbolic link in the volume' 'grep -q kept /named/symlink'
    try 'an owner in the volume' 'test "$(stat -c %u:%h /named/link)" = 200001:2'
    try 'a replaced file in the volume' 'test "$(cat /named/b)" = 1; ! test -e /named/a'
    try 'a program of the volume' '/named/true'
    try 'a set-user-ID program of the volume' \
        'test "$(su user -c "/named/su root -c \"id -u\"")" = 0'
    device 'a device node of the volume' 'echo x >/named/null'
    try 'a symbolic link of a volume that the image filled' 'grep -q owned /vol/link'
    try 'a script of a volume that the image filled' 'test "$(/vol/deep/script)" = started'
    # By its path: the shell of busybox starts itself where it is asked for an applet.
    try 'a set-user-ID program' 'test "$(su user -c "/bin/su root -c \"id -u\"")" = 0'
    try 'a file capability' 'su user -c "/bin/grep CapEff /proc/self/status" | grep -q 2000$'
}

case $1 in
change) change && check ;;
check) check ;;
esac
exit $failed
