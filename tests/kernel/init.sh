#!/bin/busybox sh
# SPDX-License-Identifier: MIT
# shellcheck shell=dash
#
# The initramfs: finds the disk, puts what shall be tested on it, and lets systemd begin.
/bin/busybox --install -s /bin
mount -t devtmpfs dev /dev

# One path a line, in the order of their needs. Some have an alternative and are for another processor.
while read -r module; do insmod "$module" 2>/dev/null; done </modules

mount -t ext4 /dev/vda /root || exec poweroff -f
tar -x -f /dev/vdb -C /root
umount /dev
exec switch_root /root /sbin/init
