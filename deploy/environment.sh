#!/bin/sh
# Makes a Python environment from a requirements file with hashes:
#
#     sh environment.sh NAME PLACE REQUIREMENTS
#
# The file PLACE/NAME says in two lines where the environment lies and for which checkout it was made. An environment is
# made beside the old one and named there by one rename when all of it is there: an interrupted run leaves the old name
# alone, and a kit that is still running keeps the environment it began with.
set -eu
# Whoever may read the checkout may run what is made here, and packages of Debian's hold no secret.
umask 022

name=$1
place=$2
requirements=$3
here=$(CDPATH='' cd -- "${0%/*}/.." && pwd -P)
new=
log=/dev/null

case $place in
    "$here"/*) cure_of_noexec='move the checkout to another file system' ;;
    *) cure_of_noexec='set XDG_CACHE_HOME to a folder on another file system' ;;
esac

say() { printf 'kit: %s\n' "$*" >&2; }

fail() { # PROBLEM NEXT-STEP
    [ ! -s "$log" ] || tail -n 6 "$log" >&2
    say "$1"
    say "$2"
    exit 1
}

is_made() {
    [ -r "$place/$name" ] && { IFS= read -r current && IFS= read -r made_for; } <"$place/$name" &&
        [ "$made_for" = "$here" ] && [ -x "$current/bin/python" ] && cmp -s "$requirements" "$current/requirements.txt"
}

# Runs it: a version manager's shim may be on PATH and lead nowhere.
is_new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }

find_python() { # MODULES: the first Python that is new enough and can import them
    for python in python3.13 python3.12 python3.11 python3; do
        if is_new_enough "$python" && "$python" -c "import $1" >/dev/null 2>&1; then return 0; fi
    done
    python=
    return 1
}

apt() {
    DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=120 "$@" >>"$log" 2>&1 </dev/null 9>&-
}

install_venv() {
    if ! command -v apt-get >/dev/null 2>&1; then
        fail 'there is no Python 3.11 or newer with its venv module here' \
            'install one, or install uv (which brings a Python of its own), and run the same command again'
    fi
    if [ "$(id -u)" -ne 0 ]; then
        fail 'Python 3.11 or newer with its venv module is missing' \
            'type: sudo apt-get install python3-venv'
    fi
    say 'installing python3-venv with apt-get'
    # Fails at once where the package lists are empty or name versions that the mirror no longer has.
    apt install --no-install-recommends python3-venv ||
        { apt update && apt install --no-install-recommends python3-venv; } ||
        fail 'apt-get could not install python3-venv' \
            'check /etc/apt/sources.list* and the network, then run the same command again'
    find_python 'venv, ensurepip' ||
        fail "the Python of this system is older than 3.11" \
            'install uv (which brings a Python of its own), or a newer Python, and run the same command again'
}

not_fetched() { # VARIABLE-OF-THE-INDEX VARIABLE-OF-THE-AUTHORITY
    fail 'the Python packages could not be installed' \
        "is PyPI reachable from here? $1 names a mirror, HTTPS_PROXY a proxy, $2 a certificate authority; then run the same command again"
}

make_with_uv() {
    say "making its Python environment in $place (once, about 10 s)"
    # Without a Python that is new enough uv fetches one itself.
    find_python sys || python='>=3.11'
    uv venv --python "$python" "$new" >>"$log" 2>&1 ||
        fail 'uv could not make a Python environment' 'see the lines above; Python 3.11 or newer is needed'
    uv pip install --python "$new/bin/python" --require-hashes --no-build -r "$requirements" >>"$log" 2>&1 ||
        not_fetched UV_DEFAULT_INDEX SSL_CERT_FILE
}

make_with_pip() {
    find_python 'venv, ensurepip' || install_venv
    say "making its Python environment in $place (once, about 30 s)"
    "$python" -m venv "$new" >>"$log" 2>&1 || fail "$python could not make an environment" 'see the lines above'
    "$new/bin/python" -m pip install --disable-pip-version-check --no-input --no-compile \
        --require-hashes --only-binary :all: -r "$requirements" >>"$log" 2>&1 || not_fetched PIP_INDEX_URL PIP_CERT
}

finish() {
    for packages in "$new"/lib/python3*/site-packages; do
        printf '%s\n' "$here" >"$packages/kit.pth"
    done
    printf 'import sys\n\nfrom deploy.cli.entry import main\n\nsys.exit(main())\n' >"$new/bin/kit"
    cp "$requirements" "$new/requirements.txt"
    printf '%s\n' "$new" "$here" >"$new/name"
    mv "$new/name" "$place/$name"
}

# The one before may still be running; what is older, or was interrupted, goes.
collect() {
    for old in "$place/$name"-*; do
        case $old in "$new" | "$current") ;; *) rm -rf "$old" ;; esac
    done
}

make() {
    current=
    if command -v flock >/dev/null 2>&1; then
        flock -n 9 || { say 'another kit is making the Python environment: waiting for it'; flock 9; }
        ! is_made || return 0
        locked=yes
    fi
    trap 'rm -rf "$new" "$new.log"' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
    new=$(mktemp -d "$place/$name-XXXXXX")
    chmod 755 "$new"
    log=$new.log
    if uv --version >/dev/null 2>&1; then make_with_uv; else make_with_pip; fi
    finish
    trap - EXIT
    rm -f "$log"
    [ -z "${locked:-}" ] || collect
}

# A file system that is mounted with noexec keeps the packages' libraries from being loaded.
runs_programs() {
    tried=$(mktemp "$place/tried-XXXXXX")
    printf '#!/bin/sh\n' >"$tried"
    chmod 755 "$tried"
    result=0
    "$tried" 2>/dev/null || result=$?
    rm -f "$tried"
    return $result
}

{ mkdir -p "$place" && [ -w "$place" ]; } 2>/dev/null ||
    fail "the folder $place cannot be written by $(id -un 2>/dev/null || id -u)" \
        'make it yours, or set XDG_CACHE_HOME to a folder that you may write, and run the same command again'
runs_programs ||
    fail "no program can run from the folder $place: its file system is mounted with noexec" \
        "${cure_of_noexec}, and run the same command again"
cd "$here"
make 9>>"$place/$name.lock"
