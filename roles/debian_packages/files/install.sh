#!/bin/sh
# Installs KIT_PACKAGES; what it is told holds for this call alone. Arguments: options of apt. KIT_SOURCES: package sources, one a line,
# none for the host's own. KIT_LENT: they are of another suite than the host's. KIT_CA: a file that the options name.
set -eu
export DEBIAN_FRONTEND=noninteractive LC_ALL=C

if [ -n "$KIT_CA" ] && [ ! -r "$KIT_CA" ]; then
    echo "E: ca: $KIT_CA is not a file on this host" >&2
    exit 1
fi
work=$(mktemp -d /tmp/kit-packages.XXXXXX)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' HUP INT TERM
chmod 0755 "$work"

# Options on the command line go before the host's own apt.conf.d; a file that APT_CONFIG names would come after it.
set -- -o DPkg::Lock::Timeout=300 -o Acquire::Retries=2 -o Acquire::Languages=none -o APT::Sandbox::User=root "$@"
if [ -n "$KIT_SOURCES" ]; then
    mkdir -p "$work/lists/partial" "$work/archives/partial"
    printf '%s\n' "$KIT_SOURCES" |
        sed 's|^|deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] |' >"$work/sources.list"
    set -- "$@" -o Dir::Etc::SourceList="$work/sources.list" -o Dir::Etc::SourceParts=/dev/null \
        -o Dir::Etc::Preferences=/dev/null -o Dir::Etc::PreferencesParts=/dev/null \
        -o Dir::State::Lists="$work/lists" -o Dir::Cache::Archives="$work/archives" \
        -o Dir::Cache::PkgCache= -o Dir::Cache::SrcPkgCache=
fi

# A source that does not answer is no reason to stop: whether the packages can be had decides.
apt-get "$@" update >&2 || true
# shellcheck disable=SC2086 # names of packages, one word each
if [ -n "$KIT_LENT" ]; then
    mkdir -p "$work/debs" "$work/none/partial"
    cd "$work/debs"
    apt-get "$@" download $KIT_PACKAGES >&2
    # With no source at all, nothing else of that suite can come along; apt-get rather than dpkg, for it waits for the lock.
    apt-get "$@" -o Dir::Etc::SourceList=/dev/null -o Dir::State::Lists="$work/none" \
        install --yes --no-install-recommends "$work"/debs/*.deb >&2
else
    apt-get "$@" install --yes --no-install-recommends $KIT_PACKAGES >&2
fi
