#!/bin/sh
# A stand-in for nvidia-ctk that writes down what it was asked. It does to daemon.json and to CDI's file what NVIDIA's own guide says of the
# real one (NVIDIA/cloud-native-docs, container-toolkit/install-guide.md and cdi-support.md). /root/break.json adds what Docker refuses.
echo "$*" >>/var/log/nvidia-ctk.log
for word in "$@"; do
    case $word in
    --config=*) config=${word#--config=} ;;
    --output=*) output=${word#--output=} ;;
    esac
done
case "$1 $2" in
"runtime configure")
    exec python3 - "$config" <<'MERGE'
import json
import sys
from pathlib import Path

path, more = Path(sys.argv[1]), Path("/root/break.json")
text = path.read_text() if path.exists() else ""
data = json.loads(text) if text.strip() else {}
data.setdefault("runtimes", {})["nvidia"] = {"args": [], "path": "nvidia-container-runtime"}
data.update(json.loads(more.read_text()) if more.exists() else {})
path.write_text(json.dumps(data, indent=4, sort_keys=True) + "\n")
MERGE
    ;;
"cdi generate")
    mkdir -p "$(dirname "$output")"
    echo "kind: nvidia.com/gpu" >"$output"
    ;;
"cdi list")
    if [ -e /var/run/cdi/nvidia.yaml ] || [ -e /etc/cdi/nvidia.yaml ]; then
        echo "INFO[0000] Found 2 CDI devices" >&2
        printf 'nvidia.com/gpu=0\nnvidia.com/gpu=all\n'
    fi
    ;;
esac
