#!/bin/busybox sh
# SPDX-License-Identifier: MIT
# shellcheck shell=dash
#
# The initramfs: finds the disk, puts what shall be tested on it, and lets systemd begin.
/bin/busybox --install -s /bin
mount -t devtmpfs dev /dev

# One path a line, in the order of their needs. Some have an alternative and are for another processor.
while read -r module; do insmod "$module" 2>/dev/null; done </modules

# The disk's driver looks for it in the background.
tries=100
until [ -b /dev/pmem0 ] || [ $((tries -= 1)) = 0 ]; do sleep 0.1; done
{ mount -t ext4 /dev/pmem0 /root && tar -x -f /payload.tar -C /root; } || exec poweroff -f
umount /dev
exec switch_root /root /sbin/init
