#!/bin/sh
# Installs Debian packages. What is said by KIT_SUITE, KIT_MIRROR, KIT_PROXY and KIT_CA holds for this call alone.
set -eu
export DEBIAN_FRONTEND=noninteractive LC_ALL=C

work=$(mktemp -d /tmp/kit-packages.XXXXXX)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' HUP INT TERM
chmod 0755 "$work"
touch "$work/apt.conf"
export APT_CONFIG="$work/apt.conf"

say() {
    printf '%s "%s";\n' "$1" "$2" >>"$work/apt.conf"
}

own_codename() {
    sed -n 's/^VERSION_CODENAME=//p' /etc/os-release
}

# apt reads its own sources of either format; the release file tells Debian's archive from a third party's of the same suite.
own_mirror() {
    # shellcheck disable=SC2016 # apt fills it in
    apt-get indextargets --format '$(REPO_URI)' \
        'Created-By: Packages' 'Origin: Debian' "Codename: $(own_codename)" 'Component: main' | sort -u | head -n 1
}

use_only() {
    mkdir -p "$work/lists/partial" "$work/archives/partial" "$work/debs"
    printf 'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] %s %s main\n' "$1" "$2" >"$work/sources.list"
    say Dir::Etc::SourceList "$work/sources.list"
    say Dir::Etc::SourceParts /dev/null
    say Dir::Etc::Preferences /dev/null
    say Dir::Etc::PreferencesParts /dev/null
    say Dir::State::Lists "$work/lists"
    say Dir::Cache::Archives "$work/archives"
    say Dir::Cache::PkgCache ""
    say Dir::Cache::SrcPkgCache ""
}

say DPkg::Lock::Timeout 300
say Acquire::Retries 2
say Acquire::Languages none
say APT::Sandbox::User root
if [ -n "$KIT_CA" ]; then say Acquire::https::CAInfo "$KIT_CA"; fi
if [ -n "$KIT_PROXY" ]; then
    say Acquire::http::Proxy "$KIT_PROXY"
    say Acquire::https::Proxy "$KIT_PROXY"
fi

# A mirror that the spec names may be a frozen one, whose release file is older than apt wants; its signature is checked.
if [ -n "$KIT_MIRROR" ]; then say Acquire::Check-Valid-Until false; fi

if [ -z "$KIT_MIRROR" ] && [ -n "$KIT_SUITE" ]; then
    KIT_MIRROR=$(own_mirror)
    if [ -z "$KIT_MIRROR" ]; then
        apt-get update >&2 || true
        KIT_MIRROR=$(own_mirror)
    fi
    if [ -z "$KIT_MIRROR" ]; then
        echo "E: no Debian mirror in this host's package sources" >&2
        exit 1
    fi
fi
if [ -n "$KIT_MIRROR" ]; then use_only "$KIT_MIRROR" "${KIT_SUITE:-$(own_codename)}"; fi

# A source of somebody else's that does not answer is no reason to stop: whether the packages can be had decides.
apt-get update >&2 || true
if [ -n "$KIT_SUITE" ]; then
    cd "$work/debs"
    apt-get download "$@" >&2
    # With no source at all, nothing else of that suite can come along; apt-get rather than dpkg, for it waits for the lock.
    mkdir -p "$work/none/partial"
    apt-get install --yes --no-install-recommends \
        -o Dir::Etc::SourceList=/dev/null -o Dir::State::Lists="$work/none" "$work"/debs/*.deb >&2
else
    apt-get install --yes --no-install-recommends "$@" >&2
fi
