#!/bin/sh
# Lets nvidia-ctk add its runtime to Docker's daemon.json, and restarts Docker if that changed it; prints `changed` then. A file that Docker
# refuses is taken back. KIT_VALIDATE: Docker's program if it can check a file without starting. KIT_SYSTEMD: not empty where systemd runs
# it. KIT_SESSION, KIT_PID_FILE, KIT_LOG: the script that restarts a Docker without systemd, the file of its process number, its log.
set -eu
settings=/etc/docker/daemon.json
new=$settings.kit-new backup=$settings.kit-backup
trap 'rm -f "$new"' EXIT
mkdir -p /etc/docker
rm -f "$new"
[ ! -e "$settings" ] || cp -p "$settings" "$new"
nvidia-ctk runtime configure --runtime=docker --config="$new" >&2

# Equal settings in another form are no change; every key of others must still be there.
if python3 - "$settings" "$new" <<'COMPARE'; then exit 0; else case $? in 3) ;; *) exit 1 ;; esac; fi
import json, sys
def read(path):
    try:
        text = open(path, encoding="utf-8").read()
    except FileNotFoundError:
        return {}
    return json.loads(text) if text.strip() else {}
old, new = read(sys.argv[1]), read(sys.argv[2])
kept = {**new, "runtimes": {**new.get("runtimes", {}), **old.get("runtimes", {})}}
if old == new:
    sys.exit(0)
if any(kept.get(key) != value for key, value in old.items() if key != "runtimes") or kept["runtimes"] != new.get("runtimes"):
    sys.exit("E: nvidia-ctk would change other keys of daemon.json; add its runtime by hand")
sys.exit(3)
COMPARE
if [ -n "$KIT_VALIDATE" ] && ! "$KIT_VALIDATE" --validate --config-file="$new" >&2; then
    echo "E: Docker refuses daemon.json with NVIDIA's runtime; nothing was changed" >&2
    exit 1
fi

running=$(docker ps --quiet --no-trunc)
restart() {
    if [ -n "$KIT_SYSTEMD" ]; then
        # Several starts in short order are more than systemd allows.
        systemctl reset-failed docker.service 2>/dev/null || true
        systemctl restart docker.service >&2 || return 1
    else
        sh -c "$KIT_SESSION" session.sh restart "$KIT_PID_FILE" "$KIT_LOG" >&2 || return 1
    fi
    for _ in $(seq 60); do
        if docker version >/dev/null 2>&1; then return 0; fi
        sleep 1
    done
    return 1
}

# Without live-restore a container that no restart policy brings back was stopped.
bring_back() {
    for container in $running; do
        if [ "$(docker inspect --format '{{.State.Running}}' "$container" 2>/dev/null)" = false ]; then
            docker start "$container" >&2
        fi
    done
}

rm -f "$backup"
[ ! -e "$settings" ] || cp -p "$settings" "$backup"
mv "$new" "$settings"
if ! restart; then
    rm -f "$settings"
    [ ! -e "$backup" ] || cp -p "$backup" "$settings"
    if restart; then bring_back; fi
    echo "E: Docker does not start with NVIDIA's runtime in daemon.json; its former settings are back" >&2
    exit 1
fi
bring_back
echo changed
