#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# run.sh [WORD…]: boots the machine with the packages of build/deb, and runs the scenarios in it: all, or those with all
# of these words in their name. No root, no network, no KVM. Ends with "N passed, N failed"; what the
# machine's console and journal said is in build/kernel/console.log and journal.log.
set -euo pipefail
cd "$(dirname "$0")/../.."
common=${COMMON:-build/common}
machine=build/kernel
limit=1200 # seconds: a machine that hangs

tests/kernel/build.sh

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
home=$work/payload/root/gangd
units=$work/payload/etc/systemd/system
mkdir -p "$home/tests" "$home/$common" "$units/multi-user.target.wants"
chmod 700 "$work/payload/root"
cp -r tests/world.py tests/kernel "$home/tests"
cp build/deb/gangd_*.deb build/deb/gangd-boardsim_*.deb "$home"
cp "$common/demo-image" "$home/$common"
printf '%s\n' "$@" >"$home/words"
cp tests/kernel/tests.service "$units"
ln -s ../tests.service "$units/multi-user.target.wants"
cp "$machine/modules.tar" "$work/payload.tar"
tar -r -f "$work/payload.tar" --owner=0 --group=0 -C "$work/payload" root etc

# TCG by name: where there is a /dev/kvm it may be one that does not work. no_timer_check: on a busy host the kernel finds
# its timer too slow, and gives up. The disk is left as it is.
timeout --foreground --kill-after=10 "$limit" qemu-system-x86_64 -M pc -accel tcg,thread=multi -cpu qemu64 -m 512 -smp 2 \
    -nodefaults -no-user-config -display none -no-reboot -kernel "$machine/vmlinuz" -initrd "$machine/initrd" \
    -append "console=ttyS0 quiet panic=-1 no_timer_check systemd.show_status=no" -serial "file:$machine/console.log" \
    -drive "if=virtio,format=raw,snapshot=on,file=$machine/root.ext2" \
    -drive "if=virtio,format=raw,readonly=on,file=$work/payload.tar" \
    -device virtio-rng-pci -device virtio-serial-pci -chardev file,id=results,path=/dev/stdout -device virtserialport,chardev=results,name=results \
    -chardev "file,id=journal,path=$machine/journal.log" -device virtserialport,chardev=journal,name=journal \
    </dev/null | tee "$work/results" || true

if ! grep -qE '^[0-9]+ passed, [0-9]+ failed$' "$work/results"; then
    echo "run.sh: the machine ended without a result; its console:" >&2
    tail -n 40 "$machine/console.log" >&2
    exit 1
fi
tail -n 1 "$work/results" | grep -q ', 0 failed$'
