#!/bin/sh
# Installs NVIDIA's container toolkit in the version that kit.lock pins; no package source is left behind. Arguments: options of apt.
# KIT_SOURCE: the package source, as its address and suite. KIT_KEY: the key that signs it, in base64. KIT_PACKAGES: name=version, one word
# each. KIT_SUMS: sha256 and file of each package, a line each. KIT_KEEP: folder that keeps this version's files, to go back to.
set -eu
export DEBIAN_FRONTEND=noninteractive LC_ALL=C

work=$(mktemp -d /tmp/kit-packages.XXXXXX)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' HUP INT TERM
chmod 0755 "$work"
set -- -o DPkg::Lock::Timeout=300 -o Acquire::Retries=2 -o Acquire::Languages=none -o APT::Sandbox::User=root "$@"

is_whole() {
    [ -d "$1" ] && (cd "$1" && printf '%s\n' "$KIT_SUMS" | sha256sum --check --status -)
}

if ! is_whole "$KIT_KEEP"; then
    printf '%s' "$KIT_KEY" | base64 -d >"$work/key.gpg"
    printf 'deb [arch=amd64 signed-by=%s] %s\n' "$work/key.gpg" "$KIT_SOURCE" >"$work/sources.list"
    mkdir -p "$work/lists/partial" "$work/archives/partial" "$work/debs"
    (
        set -- "$@" -o Dir::Etc::SourceList="$work/sources.list" -o Dir::Etc::SourceParts=/dev/null \
            -o Dir::Etc::Preferences=/dev/null -o Dir::Etc::PreferencesParts=/dev/null \
            -o Dir::State::Lists="$work/lists" -o Dir::Cache::Archives="$work/archives" \
            -o Dir::Cache::PkgCache= -o Dir::Cache::SrcPkgCache=
        apt-get "$@" -o APT::Update::Error-Mode=any update >&2
        cd "$work/debs"
        # shellcheck disable=SC2086 # names of packages, one word each
        apt-get "$@" download $KIT_PACKAGES >&2
    )
    if ! is_whole "$work/debs"; then
        echo "E: the packages at $KIT_SOURCE have other contents than those in kit.lock" >&2
        exit 1
    fi
    rm -rf "$KIT_KEEP"
    mkdir -p "$KIT_KEEP"
    cp "$work"/debs/*.deb "$KIT_KEEP"
fi
apt-get "$@" install --yes --allow-downgrades --no-install-recommends "$KIT_KEEP"/*.deb >&2
