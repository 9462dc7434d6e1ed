#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# run.sh [WORD…]: boots the machine with the packages of build/deb, and runs the scenarios in it: all, or those with all
# of these words in their name. No root, no network, no KVM. Ends with "N passed, N failed"; what the
# machine's console and journal said is in build/kernel/console.log and journal.log. With SUITE (bookworm, trixie) the
# machine is of that release of Debian, in build/kernel-SUITE; the packages are the same.
set -euo pipefail
cd "$(dirname "$0")/../.."
common=${COMMON:-build/common}
machine=build/kernel${SUITE:+-$SUITE}
limit=3600 # seconds of a machine that does nothing at all; what hangs in it ends by its own clock

tests/kernel/build.sh "$machine"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
home=$work/payload/root/gangd
units=$work/payload/etc/systemd/system
mkdir -p "$home/tests" "$home/$common" "$units/multi-user.target.wants"
chmod 700 "$work/payload/root"
cp -r tests/boardsim.py tests/kernel "$home/tests"
cp build/deb/gangd_*.deb build/deb/gangd-boardsim_*.deb "$home"
cp "$common/demo-image" "$home/$common"
printf '%s\n' "$@" >"$home/words"
cp tests/kernel/tests.service "$units"
ln -s ../tests.service "$units/multi-user.target.wants"
cp "$machine/modules.tar" "$work/payload.tar"
tar -r -f "$work/payload.tar" --owner=0 --group=0 -C "$work/payload" root etc
# The archive that is not compressed first: one behind a compressed one must begin at a multiple of four bytes.
(cd "$work" && echo payload.tar | cpio --quiet -o -H newc -R 0:0) >"$work/initrd"
cat "$machine/initrd" >>"$work/initrd"

# The machine has a clock of its own: each instruction takes a nanosecond, and while all in it wait its clock goes on to
# the next deadline (-icount). So no load on the host changes anything in it, seconds may be compared, and nobody waits
# for a time-out. A disk that took the host's time would take any time on that clock: hence memory that outlives it (an
# NVDIMM), whose file is left as it is. TCG by name: where there is a /dev/kvm it may be one that does not work.
timeout --foreground --kill-after=10 "$limit" qemu-system-x86_64 -M pc,nvdimm=on -accel tcg,thread=single \
    -icount shift=0,sleep=off -cpu qemu64 -smp 1 -m 512,slots=1,maxmem=4G \
    -nodefaults -no-user-config -display none -no-reboot -kernel "$machine/vmlinuz" -initrd "$work/initrd" \
    -append "console=ttyS0 quiet panic=-1 systemd.show_status=no" -serial "file:$machine/console.log" \
    -object "memory-backend-file,id=disk,mem-path=$machine/root.ext2,size=1G,share=off" -device nvdimm,memdev=disk \
    -device virtio-rng-pci -device virtio-serial-pci -chardev file,id=results,path=/dev/stdout -device virtserialport,chardev=results,name=results \
    -chardev "file,id=journal,path=$machine/journal.log" -device virtserialport,chardev=journal,name=journal \
    </dev/null | tee "$work/results" || true

if ! grep -qE '^[0-9]+ passed, [0-9]+ failed$' "$work/results"; then
    echo "run.sh: the machine ended without a result; its console:" >&2
    tail -n 40 "$machine/console.log" >&2
    exit 1
fi
# None at all is no result either: words that fit no scenario.
tail -n 1 "$work/results" | grep -q '^[1-9][0-9]* passed, 0 failed$'
