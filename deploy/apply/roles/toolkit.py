"""Variables of the role gpu_toolkit: the plan's decisions about NVIDIA's container toolkit."""

from __future__ import annotations

from typing import TypedDict

from deploy.agent.kit_folders import TOOLKITS
from deploy.apply.roles.debian import apt_options
from deploy.apply.roles.docker import LOG, PID_FILE, validator
from deploy.deployment.host import Deployment
from deploy.hosts.observation.observe import Observation
from deploy.plan.toolkit import toolkit_work


class ToolkitVariables(TypedDict):
    """Variables of the role gpu_toolkit."""

    gpu_toolkit_packages: list[str]
    gpu_toolkit_sums: list[str]
    gpu_toolkit_source: str
    gpu_toolkit_key: str
    gpu_toolkit_keep: str
    gpu_toolkit_options: list[str]
    gpu_toolkit_configures: bool
    gpu_toolkit_cdi: str
    gpu_toolkit_validate: str
    gpu_toolkit_systemd: bool
    gpu_toolkit_pid_file: str
    gpu_toolkit_log: str


def toolkit_variables(deployment: Deployment, observation: Observation) -> ToolkitVariables:
    """Return the role's variables; an empty value leaves that part of the host as it is."""
    work, fetch = toolkit_work(deployment, observation), deployment.fetch
    toolkit = work.installs
    return {
        "gpu_toolkit_packages": [f"{name}={version}" for name, version in toolkit.versions.items()] if toolkit else [],
        "gpu_toolkit_sums": [f"{each.sha256}  {each.file}" for each in toolkit.packages] if toolkit else [],
        "gpu_toolkit_source": f"{fetch.nvidia_source} /",
        "gpu_toolkit_key": toolkit.key if toolkit else "",
        "gpu_toolkit_keep": str(TOOLKITS / toolkit.version) if toolkit else str(TOOLKITS),
        "gpu_toolkit_options": apt_options(fetch),
        "gpu_toolkit_configures": work.configures,
        "gpu_toolkit_cdi": work.cdi,
        "gpu_toolkit_validate": validator(observation),
        "gpu_toolkit_systemd": observation.systemd,
        "gpu_toolkit_pid_file": PID_FILE,
        "gpu_toolkit_log": LOG,
    }
