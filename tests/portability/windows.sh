#!/usr/bin/env bash
# windows.sh FOLDER: builds the program for Windows (x86_64-pc-windows-gnu) and runs studies with it
# under Wine, and the same with the program of this machine if target/release has one.
# Needs root on Debian or a system of its kind, 8 GB in FOLDER and, the first time, about 40 minutes
# on two cores. JOBS=2 builds two crates at a time. No part of the tests of the workspace.
set -euo pipefail
folder=$(mkdir -p "$1" && cd "$1" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
project=$(cd "$here/../.." && pwd)
. "$here/debian.sh"

triple=x86_64-pc-windows-gnu
debian_with gcc-mingw-w64-x86-64-posix g++-mingw-w64-x86-64-posix
apt-get install -y -qq --no-install-recommends wine wine64 >/dev/null
take_project
cross $triple x86_64-w64-mingw32-gcc x86_64-w64-mingw32-g++ .dll

built=$folder/$triple
cp "$sid/build/target/$triple/release/ocean-host.exe" "$built/"
cp "$sid"/usr/lib/gcc/x86_64-w64-mingw32/*-posix/lib{gcc_s_seh-1,stdc++-6}.dll \
    "$sid/usr/x86_64-w64-mingw32/lib/libwinpthread-1.dll" "$built/" 2>/dev/null || true
# An old Wine lacks the library of the one function that Rust's std asks of it.
cat >"$sid/build/random.c" <<'C'
#include <windows.h>
BOOLEAN NTAPI SystemFunction036(PVOID, ULONG);
__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE p, SIZE_T n) {
    return SystemFunction036(p, (ULONG)n);
}
C
chroot "$sid" x86_64-w64-mingw32-gcc -shared -o /build/bcryptprimitives.dll /build/random.c -ladvapi32
cp "$sid/build/bcryptprimitives.dll" "$built/"

export WINEPREFIX=$folder/prefix WINEDEBUG=-all
bash "$here/studies.sh" "$folder/wine" "$built/plugins" .dll wine "$built/ocean-host.exe"
native=$project/target/release/ocean-host
[ -x "$native" ] || exit 0
bash "$here/studies.sh" "$folder/native" - - "$native"
python3 "$here/largest_difference.py" "$folder/native" "$folder/wine"
