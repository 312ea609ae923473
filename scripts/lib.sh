# shellcheck shell=bash
# Shared by the scripts beside this file, which source it: goes to the repository root, names the target
# directory, and finds or fetches Vulkan drivers. Works with bash 3.2, which is what macOS has.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$ROOT" || exit 1

# Exported so that cargo and the scripts agree on the place, and so that `cargo package` builds its copy of the
# crate with the dependencies that are there already.
CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-target}
case $CARGO_TARGET_DIR in
    /* | [A-Za-z]:*) ;;
    *) CARGO_TARGET_DIR=$ROOT/$CARGO_TARGET_DIR ;;
esac
export CARGO_TARGET_DIR

# Where there is no session (containers, CI), whoever opens Vulkan would print a line for want of this folder.
if [ -z "${XDG_RUNTIME_DIR:-}" ]; then
    export XDG_RUNTIME_DIR=$CARGO_TARGET_DIR/runtime
    mkdir -p "$XDG_RUNTIME_DIR" && chmod 700 "$XDG_RUNTIME_DIR"
fi

note() { printf '%s\n' "$*" >&2; }

in_ci() { [ "${CI:-}" = true ]; }

# Runs a command silently; what it printed is shown only when it fails.
quietly() {
    local output
    output=$("$@" 2>&1 </dev/null) || {
        local status=$?
        note "$output"
        return "$status"
    }
}

# ---- privileges and packages ------------------------------------------------------------------------------------

can_be_root() {
    [ "$(id -u)" = 0 ] || { command -v sudo >/dev/null && sudo -n true 2>/dev/null; }
}

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

# Waits for another apt to finish instead of failing at once.
apt_get() {
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -y -q -o DPkg::Lock::Timeout=120 "$@"
}

# A fresh container has no package lists and an old machine has stale ones: both show as a failed first attempt.
apt_install() {
    apt_get install --no-install-recommends "$@" >/dev/null 2>&1 </dev/null ||
        { quietly apt_get update && quietly apt_get install --no-install-recommends "$@"; }
}

# ---- Vulkan drivers ---------------------------------------------------------------------------------------------

# Only Linux and the BSDs look for Vulkan drivers in files; macOS has Metal and Windows has DX12.
uses_vulkan() {
    case $(uname -s) in
        Darwin | MINGW* | MSYS* | CYGWIN*) return 1 ;;
    esac
}

# The driver files (ICDs) that the Vulkan loader would find, one per line.
vulkan_icds() {
    local dir file
    local named=${VK_DRIVER_FILES:-${VK_ICD_FILENAMES:-}}
    local places=${XDG_CONFIG_HOME:-${HOME:-}/.config}:${XDG_CONFIG_DIRS:-/etc/xdg}:/etc:/usr/local/etc
    places=$places:${XDG_DATA_HOME:-${HOME:-}/.local/share}:${XDG_DATA_DIRS:-/usr/local/share:/usr/share}
    # The usual two once more: some desktops set XDG_DATA_DIRS without them.
    places=$places:/usr/local/share:/usr/share
    local IFS=:
    if [ -n "$named" ]; then
        for file in $named; do [ -f "$file" ] && printf '%s\n' "$file"; done
        return 0
    fi
    for dir in $places; do
        for file in "$dir"/vulkan/icd.d/*.json; do [ -f "$file" ] && printf '%s\n' "$file"; done
    done
    return 0
}

# The library that reads those files. Containers with a card often bring its driver file and not this.
vulkan_loader() {
    local dir IFS=:
    for dir in ${LD_LIBRARY_PATH:-} /usr/lib /usr/lib64 /usr/lib/"$(uname -m)"-linux-gnu* /usr/local/lib; do
        if [ -e "$dir/libvulkan.so.1" ]; then return 0; fi
    done
    return 1
}

# Prints the ICD file of lavapipe, Mesa's driver for the CPU. The one for this machine's architecture, if the
# distribution names architectures.
lavapipe_icd() {
    local found
    found=$(VK_DRIVER_FILES='' VK_ICD_FILENAMES='' vulkan_icds | grep -E '/lvp_icd[^/]*\.json$') || return 1
    { printf '%s\n' "$found" | grep -F ".$(uname -m)." || printf '%s\n' "$found"; } | head -n 1
}

install_lavapipe() {
    if command -v apt-get >/dev/null; then
        apt_install libvulkan1 mesa-vulkan-drivers
    elif command -v dnf >/dev/null; then
        quietly as_root dnf install -y -q vulkan-loader mesa-vulkan-drivers
    elif command -v pacman >/dev/null; then
        quietly as_root pacman -Sy --noconfirm --needed vulkan-icd-loader vulkan-swrast
    elif command -v apk >/dev/null; then
        quietly as_root apk add --no-cache vulkan-loader mesa-vulkan-swrast
    elif command -v zypper >/dev/null; then
        quietly as_root zypper --non-interactive --quiet install libvulkan1 libvulkan_lvp
    else
        return 1
    fi
}

# need_vulkan any|lavapipe: makes sure that there is a Vulkan driver, any or lavapipe itself, by installing Mesa's
# if that needs no question. Otherwise one line that says what to install, and non-zero.
need_vulkan() {
    local find=vulkan_icds
    [ "$1" = lavapipe ] && find=lavapipe_icd
    uses_vulkan || return 0
    vulkan_loader && [ -n "$($find)" ] && return 0
    if can_be_root; then
        note "no Vulkan driver here: installing Mesa's software driver"
        install_lavapipe && vulkan_loader && [ -n "$($find)" ] && return 0
    fi
    note "no Vulkan driver: install mesa-vulkan-drivers (Debian, Ubuntu, Fedora), vulkan-swrast (Arch)," \
        "mesa-vulkan-swrast (Alpine) or libvulkan_lvp (openSUSE)"
    return 1
}

# ---- MPI --------------------------------------------------------------------------------------------------------

has_mpi() {
    command -v mpirun >/dev/null && command -v mpicc >/dev/null &&
        compgen -G "/usr/lib/llvm-*/lib/libclang*.so*" >/dev/null
}

# Makes sure that there are Open MPI and libclang, which reads its headers; otherwise one line that says what to install.
need_mpi() {
    has_mpi && return 0
    if can_be_root && command -v apt-get >/dev/null; then
        note "no MPI here: installing Open MPI and libclang"
        apt_install libopenmpi-dev openmpi-bin libclang-dev && has_mpi && return 0
    fi
    note "no MPI: install libopenmpi-dev, openmpi-bin and libclang-dev (Debian, Ubuntu)"
    return 1
}

# ---- SwiftShader, the second software driver --------------------------------------------------------------------

# Takes the driver and its ICD file into DIR out of one of the packages that may hold them, and installs nothing.
# The ICD file names the library relative to itself, so the two stay side by side.
swiftshader_into() {
    local dir=$1 package
    # `chromium-common` has them today, `chromium` had them before. Ubuntu has neither, or an empty stand-in.
    for package in chromium-common chromium; do
        # In a subshell inside DIR, because apt downloads to the directory it runs in.
        (
            cd "$dir" && apt-get -q download "$package" && dpkg-deb --fsys-tarfile "$package"_*.deb |
                tar -x --wildcards --transform='s|.*/||' '*/libvk_swiftshader.so' '*/vk_swiftshader_icd.json'
        ) >/dev/null 2>&1 </dev/null && return 0
    done
    return 1
}

# Prints the ICD file of SwiftShader, which Debian ships inside its Chromium. Two files, kept in $EMBAG_CACHE.
# Returns 1 after one line where it cannot be had.
swiftshader_icd() {
    local cache=${EMBAG_CACHE:-$CARGO_TARGET_DIR/swiftshader}
    local library=libvk_swiftshader.so icd=vk_swiftshader_icd.json fetched
    if ! { [ -f "$cache/$icd" ] && [ -f "$cache/$library" ]; }; then
        if ! command -v apt-get >/dev/null || ! command -v dpkg-deb >/dev/null; then
            note "SwiftShader skipped: it comes out of Debian's chromium-common package, and there is no apt here"
            return 1
        fi
        mkdir -p "$cache" && fetched=$(mktemp -d "$cache/fetch.XXXXXX") || return 1
        if swiftshader_into "$fetched" ||
            { can_be_root && quietly apt_get update && swiftshader_into "$fetched"; }; then
            mv -f "$fetched/$library" "$fetched/$icd" "$cache/"
        fi
        rm -rf "$fetched"
        if ! [ -f "$cache/$icd" ]; then
            note "SwiftShader skipped: apt has no chromium-common or chromium package with the driver in it"
            return 1
        fi
    fi
    # Absolute, since the loader reads a relative name from wherever the test runs.
    (cd "$cache" && printf '%s\n' "$PWD/$icd")
}
