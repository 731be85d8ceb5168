"""Changes of a container that somebody may make by hand: at least one for every key of Compose's service schema."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

Block = dict[str, Any]
NULL = "/dev/null"
NOBODY = "unconfined"

NOT_HONOURED = {
    "annotations": "Docker has them from 24 on",
    "attach": "what `up` shows in the foreground",
    "build": "how an image is made that is given by name",
    "credential_spec": "of Windows",
    "develop": "what `watch` does",
    "extends": "read before anything is made, with the keys that are here",
    "gpus": "needs a driver of Docker's for cards, which refuses to make the container elsewhere",
    "label_file": "another place for `labels`",
    "post_start": "a command that Compose runs in a container, from 2.30 on",
    "pre_stop": "a command that Compose runs in a container, from 2.30 on",
    "platform": "another one has no image here",
    "profiles": "whether a service is made at all",
    "pull_policy": "when an image is fetched",
    "cpu_percent": "of Windows",
    "isolation": "of Windows; Linux knows its default alone",
    "cpu_rt_period": "a kernel without real-time scheduling refuses it",
    "cpu_rt_runtime": "a kernel without real-time scheduling refuses it",
    "storage_opt": "overlay2 on a file system without quotas refuses it",
}
"""Keys of the schema that make no other container here, each with the reason."""


def openings(block: Block, folder: Path) -> dict[str, Block]:
    """Return changed copies of a service's block by what was changed, each ready to be made."""
    (folder / "variables.env").write_text("LD_AUDIT=/x.so\n")
    patches = {
        **_process(block, folder),
        **_names(block),
        **_rights(block),
        **_places(block),
        **_network(block),
        **_limits(block),
    }
    return {name: _patched(block, patch) for name, patch in patches.items()}


def changes_in_place(container: str, stack: str) -> dict[str, list[str]]:
    """Return what Docker's client changes of a container that stays the same, each as a line of its words."""
    return {
        "update: memory": ["update", "--memory", "1g", "--memory-swap", "2g", container],
        "update: processes": ["update", "--pids-limit", "-1", container],
        "update: restart": ["update", "--restart", "no", container],
        "update: processors": ["update", "--cpus", "0.1", container],
        "update: reservation": ["update", "--memory-reservation", "8m", container],
        "update: processor numbers": ["update", "--cpuset-cpus", "0", container],
        "network: connect": ["network", "connect", f"kit-{stack}_outer", container],
        "network: disconnect": ["network", "disconnect", f"kit-{stack}_published", container],
        "rename": ["rename", container, f"{container}-elsewhere"],
    }


def schema_keys(plugin: Path) -> set[str]:
    """Return the keys of a service as the Compose that is installed knows them; its program holds the schema."""
    program = plugin.read_bytes()
    start = program.rindex(b"{", 0, program.index(b'"$id": "compose_spec.json"'))
    document, _ = json.JSONDecoder().raw_decode(program[start : start + 500_000].decode(errors="replace"))
    return set(document["definitions"]["service"]["properties"])


def key_of(name: str) -> str:
    """Return the schema's key that a change is one of."""
    return name.split(":")[0]


def _patched(block: Block, patch: Block) -> Block:
    return {key: value for key, value in {**block, **patch}.items() if value is not None}


def _process(block: Block, folder: Path) -> dict[str, Block]:
    health, environment = block["healthcheck"], block["environment"]
    return {
        "command: another": {"command": ["sleep", "1"]},
        "entrypoint: another": {"entrypoint": ["/bin/sh", "-c", "sleep 1"]},
        "environment: LD_PRELOAD": {"environment": {**environment, "LD_PRELOAD": "/tmp/x.so"}},
        "environment: an empty one": {"environment": {**environment, "SSL_CERT_DIR": ""}},
        "environment: another value": {"environment": dict.fromkeys(environment, "other")},
        "environment: one less": {"environment": {}},
        "env_file: one": {"env_file": [str(folder / "variables.env")]},
        "user: root": {"user": "0:0"},
        "user: another group": {"user": block["user"].split(":")[0] + ":0"},
        "working_dir: another": {"working_dir": "/tmp"},
        "healthcheck: always true": {"healthcheck": {**health, "test": ["CMD", "true"]}},
        "healthcheck: disabled": {"healthcheck": {"disable": True}},
        "healthcheck: a shell": {"healthcheck": {**health, "test": ["CMD-SHELL", " ".join(health["test"][1:])]}},
        "healthcheck: rare": {"healthcheck": {**health, "interval": "24h"}},
        "healthcheck: patient": {"healthcheck": {**health, "retries": 10000}},
        "healthcheck: slow": {"healthcheck": {**health, "timeout": "9m"}},
        "healthcheck: late": {"healthcheck": {**health, "start_period": "9h"}},
        "init: false": {"init": False},
        "restart: no": {"restart": "no"},
        "restart: always": {"restart": "always"},
        "restart: on-failure": {"restart": "on-failure:3"},
        "stop_signal: SIGKILL": {"stop_signal": "SIGKILL"},
        "stop_grace_period: an hour": {"stop_grace_period": "1h"},
        "stdin_open: true": {"stdin_open": True},
        "tty: true": {"tty": True},
    }


def _names(block: Block) -> dict[str, Block]:
    labels = block["labels"]
    return {
        "hostname: another": {"hostname": "elsewhere"},
        "domainname: one": {"domainname": "example.test"},
        "container_name: another": {"container_name": f"{labels['kit.stack']}-elsewhere"},
        "labels: one more": {"labels": {**labels, "traefik.enable": "true"}},
        "labels: an empty one": {"labels": {**labels, "com.centurylinklabs.watchtower.enable": ""}},
        "labels: another value": {"labels": {**labels, "kit.digest": "0" * 64}},
        "depends_on: another": {"depends_on": {"base": {"condition": "service_started"}}},
        "logging: without limit": {"logging": {"driver": "json-file", "options": {"max-size": "-1"}}},
        "logging: another driver": {"logging": {"driver": "local"}},
        "logging: none": {"logging": {"driver": "none"}},
        "logging: elsewhere": {"logging": {"driver": "syslog", "options": {"syslog-address": "udp://192.0.2.1:514"}}},
        "logging: more options": {"logging": _with(block["logging"], "options", env="LD_PRELOAD")},
        "image: another": {"image": f"{block['image'].split(':')[0]}:other"},
        "runtime: another": {"runtime": "io.containerd.runc.v2"},
        "scale: 2": {"scale": 2},
    }


def _rights(block: Block) -> dict[str, Block]:
    kept = block["security_opt"]
    return {
        "privileged: true": {"privileged": True},
        "cap_add: SYS_ADMIN": {"cap_add": ["SYS_ADMIN"]},
        "cap_add: ALL": {"cap_add": ["ALL"]},
        "cap_drop: none": {"cap_drop": None},
        "cap_drop: others": {"cap_drop": ["NET_RAW"]},
        "security_opt: none": {"security_opt": None},
        "security_opt: may gain privileges": {"security_opt": ["no-new-privileges:false"]},
        **{
            f"security_opt: {name}": {"security_opt": [*kept, f"{name}{mark}{NOBODY}"]}
            for name, mark in (("seccomp", ":"), ("apparmor", ":"), ("systempaths", "="))
        },
        "security_opt: no label": {"security_opt": [*kept, "label:disable"]},
        "pid: host": {"pid": "host"},
        "ipc: host": {"ipc": "host"},
        "ipc: shareable": {"ipc": "shareable"},
        "ipc: none": {"ipc": "none"},
        "uts: host": {"uts": "host"},
        "userns_mode: host": {"userns_mode": "host"},
        "cgroup_parent: another": {"cgroup_parent": "/elsewhere"},
        "group_add: root": {"group_add": [*block["group_add"], "0"]},
        "devices: one more": {"devices": [*block["devices"], f"{NULL}:/dev/more"]},
        "devices: other rights": {"devices": [f"{one}:rw" for one in block["devices"]]},
        "device_cgroup_rules: all": {"device_cgroup_rules": ["a *:* rwm"]},
        "read_only: false": {"read_only": False},
        "sysctls: one more": {"sysctls": {**block["sysctls"], "net.ipv4.ip_forward": "1"}},
        "sysctls: another value": {"sysctls": dict.fromkeys(block["sysctls"], "60")},
        "sysctls: none": {"sysctls": None},
    }


def _places(block: Block) -> dict[str, Block]:
    first, *others = block["volumes"]
    more = {"type": "bind", "source": "/", "target": "/host", "read_only": True}
    return {
        "volumes: one more": {"volumes": [*block["volumes"], more]},
        "volumes: the socket": {"volumes": [*block["volumes"], "/var/run/docker.sock:/var/run/docker.sock"]},
        "volumes: an anonymous one": {"volumes": [*block["volumes"], "/unnamed"]},
        "volumes: one less": {"volumes": others},
        "volumes: writable": {"volumes": [{**first, "read_only": not first["read_only"]}, *others]},
        "volumes: another source": {"volumes": [{**first, "source": "/etc"}, *others]},
        "volumes: another target": {"volumes": [{**first, "target": "/elsewhere"}, *others]},
        "volumes: shared": {"volumes": [_with(first, "bind", propagation="rshared"), *others]},
        "volumes: a tmpfs": {"volumes": [*block["volumes"], {"type": "tmpfs", "target": "/memory"}]},
        "volumes_from: another": {"volumes_from": ["base"]},
        "tmpfs: one more": {"tmpfs": [*block["tmpfs"], "/memory"]},
        "tmpfs: programs": {"tmpfs": [f"{one},exec" for one in block["tmpfs"]]},
        "tmpfs: none": {"tmpfs": None},
        "secrets: one": {"secrets": ["more"]},
        "configs: one": {"configs": ["conf"]},
        "shm_size: another": {"shm_size": "1g"},
    }


def _network(block: Block) -> dict[str, Block]:
    first, port = block["networks"][0], block["ports"][0]
    alone: Block = {"networks": None, "ports": None}
    return {
        "network_mode: host": {**alone, "network_mode": "host"},
        "network_mode: none": {**alone, "network_mode": "none"},
        "network_mode: bridge": {**alone, "network_mode": "bridge"},
        "network_mode: another's": {**alone, "network_mode": "service:base"},
        "networks: one more": {"networks": [*block["networks"], "outer"]},
        "networks: one less": {"networks": [first]},
        "networks: an alias": {"networks": {**dict.fromkeys(block["networks"]), first: {"aliases": ["other"]}}},
        "networks: an address": {
            "networks": {**dict.fromkeys(block["networks"]), first: {"link_local_ips": ["169.254.7.7"]}}
        },
        "mac_address: another": {"mac_address": "02:42:00:00:00:99"},
        "ports: another address": {"ports": [{**port, "host_ip": "0.0.0.0"}]},
        "ports: another number": {"ports": [{**port, "published": str(int(port["published"]) + 1)}]},
        "ports: one more": {"ports": [*block["ports"], {**port, "target": 9}]},
        "ports: none": {"ports": None},
        "expose: one": {"expose": ["9"]},
        "links: another": {"links": ["base:other"]},
        "external_links: another": {"external_links": [f"kit-{block['labels']['kit.stack']}-base-1:other"]},
        "extra_hosts: one": {"extra_hosts": ["example.test:192.0.2.1"]},
        "dns: another": {"dns": ["192.0.2.1"]},
        "dns_opt: others": {"dns_opt": ["ndots:9"]},
        "dns_search: one": {"dns_search": ["example.test"]},
    }


def _limits(block: Block) -> dict[str, Block]:
    # Compose wants equal values wherever a limit stands twice.
    same = {"memory": str(block["mem_limit"]), "pids": block["pids_limit"]}
    return {
        "mem_limit: none": {"mem_limit": None},
        "mem_limit: another": {"mem_limit": 2**40},
        "mem_reservation: one": {"mem_reservation": 2**23},
        "memswap_limit: none": {"memswap_limit": -1},
        "mem_swappiness: another": {"mem_swappiness": 99},
        "oom_kill_disable: true": {"oom_kill_disable": True},
        "oom_score_adj: another": {"oom_score_adj": -900},
        "pids_limit: none": {"pids_limit": None},
        "pids_limit: unlimited": {"pids_limit": -1},
        "cpus: fewer": {"cpus": 0.1},
        "cpu_count: one": {"cpu_count": 1},
        "cpu_shares: others": {"cpu_shares": 2},
        "cpu_quota: one": {"cpu_quota": 20000},
        "cpu_period: one": {"cpu_period": 20000},
        "cpuset: one": {"cpuset": "0"},
        "blkio_config: a rate": {"blkio_config": {"device_read_bps": [{"path": NULL, "rate": "1mb"}]}},
        "ulimits: one": {"ulimits": {"nofile": 1024}},
        "cgroup: another": {"cgroup": "private"},
        "deploy: limits": {"deploy": {"resources": {"limits": {**same, "cpus": "0.1"}}}},
        "deploy: restart policy": {"restart": None, "deploy": {"restart_policy": {"condition": "none"}}},
        "deploy: replicas": {"deploy": {"replicas": 2}},
    }


def _with(block: Block, key: str, **more: Any) -> Block:
    return {**block, key: {**block.get(key, {}), **more}}
