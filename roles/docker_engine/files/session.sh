#!/bin/sh
# Starts Docker apart from this session where no systemd runs it, and prints `started` then. Arguments: `start`, which leaves one that
# runs, or `restart`; the file of its process number; its log.
set -eu
what=$1 file=$2 log=$3
number=$(cat "$file" 2>/dev/null || true)

# By its number: a Docker inside of a container has the same name.
docker_of_this_host() {
    [ -n "$number" ] && start-stop-daemon "$@" --pid "$number" --name dockerd >&2
}

if docker_of_this_host --status; then
    [ "$what" = restart ] || exit 0
    docker_of_this_host --stop --oknodo --retry TERM/60/KILL/10
fi
# Docker refuses to start when another process has the number that its last run left in such a file.
rm -f "$file" "${file%.pid}/containerd/containerd.pid"
start-stop-daemon --start --background --pidfile "$file" --name dockerd --startas /usr/bin/env --output "$log" -- dockerd >&2
echo started
