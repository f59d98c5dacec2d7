#!/bin/bash
# The first process of the machine in its second root, which first.sh has made.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C # the distribution's programs only
ln -s "$KERNEL/config" "/boot/config-$(uname -r)"
MODULES=$KERNEL/lib/modules/$(uname -r)
# shellcheck source=lab/guest.sh
. "${0%/*}/../guest.sh"
poweroff -f # leaving would be a kernel panic
