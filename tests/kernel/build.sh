#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Makes, under build/kernel/, the machine that run.sh boots, from this system's Debian sources: kernel, initramfs and
# disk. Needs neither root nor, if nothing has changed, more than a second. A newer kernel in the package lists, or
# another file here, makes it anew.
#
#   vmlinuz          Debian's kernel
#   initrd           busybox, the modules for the disk, init.sh
#   root.ext2        systemd, udev and the packages of the list
#   modules.tar      what the adapters need, as /usr/lib/modules/VERSION, and what results leave by
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
out=$here/../../build/kernel

# The disk is found by the first, the second are for the machine.
disk_modules="virtio_pci virtio_blk ext4"
machine_modules="vhci_hcd cp210x ch341 ftdi_sio pl2303 cdc_acm virtio_console virtio_rng"
# Takes time at each start and is no part of what is tested.
masked=(systemd-logind.service systemd-update-utmp.service systemd-update-utmp-runlevel.service getty@tty1.service
    serial-getty@ttyS0.service modprobe@configfs.service modprobe@dm_mod.service modprobe@drm.service
    modprobe@efi_pstore.service modprobe@fuse.service modprobe@loop.service apt-daily.timer apt-daily-upgrade.timer
    dpkg-db-backup.timer fstrim.timer e2scrub_all.timer)

kernel=$(apt-cache depends linux-image-amd64 | sed -n 's/^ *Depends: \(linux-image-.*\)/\1/p')
[ -n "$kernel" ] || { echo "build.sh: apt knows no linux-image-amd64; is this Debian on a PC, and has apt-get update run?" >&2; exit 1; }
version=${kernel#linux-image-}
key=$({ apt-cache show "$kernel" | grep ^Version: | head -n 1; cat "$here/build.sh" "$here/init.sh" "$here/packages"; } |
    sha256sum)
[ "$(cat "$out/key" 2>/dev/null)" != "$key" ] || exit 0

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$out"
rm -f "$out/key"
cd "$work"

echo "kernel: $kernel"
apt-get download -q "$kernel" busybox-static >download.log 2>&1 || { cat download.log >&2; exit 1; }
for package in *.deb; do dpkg -x "$package" unpacked; done
cp "unpacked/boot/vmlinuz-$version" "$out/vmlinuz"
mkdir -p usr
mv unpacked/lib usr/lib
depmod -b usr "$version"

# $(needs MODULE…): their files and those they need, from usr/ on, in order.
needs() {
    modprobe -d usr -S "$version" --show-depends -a "$@" | sed -n 's:^insmod .*/\(usr/lib/[^ ]*\).*:\1:p' | awk '!seen[$0]++'
}

echo "kernel: initramfs"
mkdir -p initrd/bin initrd/dev initrd/root
cp unpacked/bin/busybox initrd/bin
install -m 755 "$here/init.sh" initrd/init
# shellcheck disable=SC2086  # lists of names
needs $disk_modules | while read -r file; do
    cp "$file" initrd/
    echo "/${file##*/}"
done >initrd/modules
(cd initrd && find . | cpio --quiet -o -H newc -R 0:0) | gzip >"$out/initrd"

# The machine's udev loads these by itself, as everywhere.
mkdir -p "few/usr/lib/modules/$version"
cp "usr/lib/modules/$version"/modules.{order,builtin,builtin.modinfo} "few/usr/lib/modules/$version"
# shellcheck disable=SC2086
needs $disk_modules $machine_modules | while read -r file; do install -D -m 644 "$file" "few/$file"; done
depmod -b few/usr "$version"
tar -c -f "$out/modules.tar" --owner=0 --group=0 -C few usr

echo "kernel: disk"
packages=$(grep -v '^#' "$here/packages" | paste -sd,)
sources=$(find /etc/apt -maxdepth 2 -path '*sources.list*' '(' -name '*.list' -o -name '*.sources' ')')
# shellcheck source=/dev/null
suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
# No documents, but the directories that packages of gangd's own want. The machine is none that boots for the first time.
# shellcheck disable=SC2016,SC2086  # $1 is for the hook; a list of files
mmdebstrap --quiet --variant=apt --include="$packages" --format=ext2 \
    --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/doc/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' \
    --customize-hook='chroot "$1" systemd-machine-id-setup' \
    --customize-hook="chroot \"\$1\" systemctl --quiet mask ${masked[*]}" \
    --customize-hook='echo bench >"$1/etc/hostname"' \
    "$suite" root.ext2 $sources >mmdebstrap.log 2>&1 || { cat mmdebstrap.log >&2; exit 1; }
# Room for what the tests write; a hole in the file until then.
truncate -s 1G root.ext2
resize2fs -f root.ext2 >/dev/null 2>&1
cp --sparse=always root.ext2 "$out/root.ext2"
echo "$key" >"$out/key"
