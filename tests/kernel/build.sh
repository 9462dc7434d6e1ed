#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# build.sh DIRECTORY: makes, in DIRECTORY, the machine that run.sh boots, from this system's Debian sources: kernel,
# initramfs and disk, of this machine's release or of the release SUITE (bookworm, trixie). Needs neither root nor, if
# nothing has changed, more than a second. Another file here, or other needs of the packages, make it anew; for a newer
# kernel remove the DIRECTORY. Exits with 77 where it cannot be made.
#
#   kernel.tar       Debian's kernel and busybox, unpacked
#   vmlinuz          Debian's kernel
#   initrd           busybox, the modules for the disk, init.sh
#   root.ext2        systemd, udev, what gangd's packages in build/deb depend on, and what the tests want
#   modules.tar      what the adapters need, as /usr/lib/modules/VERSION, and what results leave by
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../.."
out=$PWD/$1
mkdir -p "$out"

if [ "$(uname -m)" != x86_64 ]; then
    echo "skipped: the machine is a PC, and this one is not"
    exit 77
elif [ "$(id -u)" != 0 ] && ! unshare --user --map-root-user --map-auto true 2>/dev/null; then
    echo "skipped: $(id -un) is not root and may not make user namespaces (newuidmap, /etc/subuid)"
    exit 77
fi

# The disk is found by the first, the second are for the machine.
disk_modules="nfit nd_pmem ext4"
machine_modules="vhci_hcd cp210x ch341 ftdi_sio pl2303 cdc_acm virtio_pci virtio_console virtio_rng"
# Takes time at each start and is no part of what is tested.
masked=(systemd-logind.service systemd-update-utmp.service systemd-update-utmp-runlevel.service getty@tty1.service
    serial-getty@ttyS0.service modprobe@configfs.service modprobe@dm_mod.service modprobe@drm.service
    modprobe@efi_pstore.service modprobe@fuse.service modprobe@loop.service apt-daily.timer apt-daily-upgrade.timer
    dpkg-db-backup.timer fstrim.timer e2scrub_all.timer)

# No documents, but the directories that packages of gangd's own want. The machine is none that boots for the first time.
# shellcheck disable=SC2016  # $1 is for the hook
tests/debian.sh "$out/root.ext2" --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/doc/*' \
    --customize-hook='chroot "$1" systemd-machine-id-setup' \
    --customize-hook="chroot \"\$1\" systemctl --quiet mask ${masked[*]}" \
    --customize-hook='echo bench >"$1/etc/hostname"' \
    -- systemd systemd-sysv dbus kmod python3 build/deb/gangd_*.deb build/deb/gangd-boardsim_*.deb
# Room for what the tests write; a hole in the file until then. The machine's controller wants a multiple of 128 MB.
size=$((1 << 30))
if [ "$(stat -c %s "$out/root.ext2")" != "$size" ]; then
    truncate -s "$size" "$out/root.ext2"
    resize2fs -f "$out/root.ext2" >/dev/null 2>&1
fi

tests/debian.sh "$out/kernel.tar" --variant=extract -- linux-image-amd64 busybox-static
key=$(cat "$out/kernel.tar.key" "$here/build.sh" "$here/init.sh" | sha256sum)
[ "$(cat "$out/key" 2>/dev/null)" != "$key" ] || exit 0

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
rm -f "$out/key"
cd "$work"
mkdir unpacked
tar -x -f "$out/kernel.tar" -C unpacked --wildcards './boot/vmlinuz-*' '*/busybox' '*/modules/*'
kernel=$(echo unpacked/boot/vmlinuz-*)
version=${kernel##*/vmlinuz-}
cp "$kernel" "$out/vmlinuz"
# Debian 12's packages have modules and busybox in /lib and /bin, Debian 13's in /usr.
mkdir -p usr/lib
for tree in unpacked/lib unpacked/usr/lib; do [ ! -d "$tree/modules" ] || mv "$tree/modules" usr/lib; done
depmod -b usr "$version"

# $(needs MODULE…): their files and those they need, from usr/ on, in order.
needs() {
    modprobe -d usr -S "$version" --show-depends -a "$@" | sed -n 's:^insmod .*/\(usr/lib/[^ ]*\).*:\1:p' | awk '!seen[$0]++'
}

mkdir -p initrd/bin initrd/dev initrd/root
for file in unpacked/bin/busybox unpacked/usr/bin/busybox; do [ ! -e "$file" ] || cp "$file" initrd/bin; done
install -m 755 "$here/init.sh" initrd/init
# shellcheck disable=SC2086  # lists of names
needs $disk_modules | while read -r file; do
    name=${file##*/}
    # busybox cannot load a compressed one, as Debian 13 has them.
    if [ "$name" != "${name%.xz}" ]; then xz -dc "$file" >"initrd/${name%.xz}"; else cp "$file" initrd/; fi
    echo "/${name%.xz}"
done >initrd/modules
(cd initrd && find . | cpio --quiet -o -H newc -R 0:0) | gzip >"$out/initrd"

# The machine's udev loads these by itself, as everywhere.
mkdir -p "few/usr/lib/modules/$version"
cp "usr/lib/modules/$version"/modules.{order,builtin,builtin.modinfo} "few/usr/lib/modules/$version"
# shellcheck disable=SC2086
needs $disk_modules $machine_modules | while read -r file; do install -D -m 644 "$file" "few/$file"; done
depmod -b few/usr "$version"
tar -c -f "$out/modules.tar" --owner=0 --group=0 -C few usr
echo "$key" >"$out/key"
