#!/usr/bin/env bash
# arm64.sh FOLDER: builds the program for Linux on ARM64 and runs studies with it under qemu, and
# the same with the program of this machine if target/release has one.
# Needs root on Debian or a system of its kind, 8 GB in FOLDER and, the first time, about 40 minutes
# on two cores; FOLDER may be that of windows.sh. Emulated arithmetic is 50 to 100 times slower, so
# studies are small (SMALL=1). No part of the tests of the workspace.
set -euo pipefail
folder=$(mkdir -p "$1" && cd "$1" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
project=$(cd "$here/../.." && pwd)
. "$here/debian.sh"

triple=aarch64-unknown-linux-gnu
debian_with gcc-aarch64-linux-gnu g++-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user
take_project
cross $triple aarch64-linux-gnu-gcc aarch64-linux-gnu-g++ .so

built=$folder/$triple
cp "$sid/build/target/$triple/release/ocean-host" "$built/"
# The program starts itself as a worker, so the kernel must know what to do with programs for ARM:
# for the time of the run it hands them to the emulator, which it opens now (F).
binfmt=/proc/sys/fs/binfmt_misc
mountpoint -q $binfmt || mount -t binfmt_misc binfmt_misc $binfmt
magic='\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00'
mask='\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff'
printf '%s' ":ocean-arm64:M::$magic:$mask:$sid/usr/bin/qemu-aarch64:F" >$binfmt/register
trap 'echo -1 >$binfmt/ocean-arm64' EXIT

mkdir -p "$sid/build/$triple"
cp -r "$built/." "$sid/build/$triple/"
export SMALL=1
chroot "$sid" env QEMU_LD_PREFIX=/usr/aarch64-linux-gnu SMALL=1 \
    bash /build/src/tests/portability/studies.sh /build/arm64 "/build/$triple/plugins" .so \
    "/build/$triple/ocean-host"
native=$project/target/release/ocean-host
[ -x "$native" ] || exit 0
bash "$here/studies.sh" "$folder/native-small" - - "$native"
python3 "$here/largest_difference.py" "$folder/native-small" "$sid/build/arm64"
