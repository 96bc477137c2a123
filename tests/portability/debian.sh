# For windows.sh and arm64.sh, which read it: a Debian unstable of its own under $folder/sid, with
# Rust, the source of its standard library, and compilers for other systems.

sid=$folder/sid

# The Debian unstable, made once, and the packages that are named.
debian_with() {
    if [ ! -x "$sid/usr/bin/apt-get" ]; then
        apt-get install -y -qq --no-install-recommends debootstrap rsync >/dev/null
        debootstrap --variant=minbase sid "$sid" >"$folder/debootstrap.log"
        # As this machine reaches its packages.
        cp /etc/apt/apt.conf.d/* "$sid/etc/apt/apt.conf.d/"
        cp /etc/resolv.conf "$sid/etc/"
        cp -r /etc/ssl/certs "$sid/etc/ssl/"
        chroot "$sid" apt-get -o Acquire::Check-Valid-Until=false update -qq
    fi
    mountpoint -q "$sid/proc" || mount -t proc proc "$sid/proc"
    chroot "$sid" apt-get install -y -qq --no-install-recommends \
        ca-certificates cargo rustc rust-src gcc g++ libc6-dev "$@" >"$folder/apt.log"
    cp -L /etc/ssl/certs/ca-certificates.crt "$sid/etc/ssl/certs/"
}

# The tracked files of the project, and none that it no longer has; what was built of them stays.
take_project() {
    rm -rf "$sid/build/src"
    mkdir -p "$sid/build/src"
    git -C "$project" ls-files -z |
        rsync -a --from0 --files-from=- "$project/" "$sid/build/src/"
}

# Program and plugins for a target of Rust, and two plugins in C: `cross TRIPLE LINKER CXX SUFFIX`.
# rustc is Debian's and stable; that std is built from its source is a feature of nightly.
cross() {
    local triple=$1 cc=$2 cxx=$3 suffix=$4 name
    name=$(tr a-z- A-Z_ <<<"$triple")
    chroot "$sid" env -i HOME=/root PATH="$PATH" RUSTC_BOOTSTRAP=1 CARGO_TARGET_DIR=/build/target \
        "CARGO_TARGET_${name}_LINKER=$cc" "CC_${triple//-/_}=$cc" "CXX_${triple//-/_}=$cxx" \
        cargo build --manifest-path /build/src/Cargo.toml --release --jobs "${JOBS:-1}" \
        -p ocean-host -p ocean-plugin-ridge --target "$triple" \
        -Zbuild-std=std,panic_abort,panic_unwind
    mkdir -p "$folder/$triple/plugins"
    cp "$sid/build/target/$triple/release"/*ocean_plugin_ridge"$suffix" \
        "$folder/$triple/plugins/ridge$suffix"
    for fixture in one_feature crash_in_fit; do
        chroot "$sid" "$cc" -shared -fPIC -O1 -I/build/src/core/abi/include \
            "/build/src/tests/fixtures/c/$fixture.c" -o "/build/$fixture$suffix"
        cp "$sid/build/$fixture$suffix" "$folder/$triple/plugins/"
    done
}
