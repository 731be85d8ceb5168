"""Variables of the role images: packages, and the version of uv that assembles images."""

from __future__ import annotations

from typing import TypedDict

from deploy.apply.phases.packages import ASSEMBLING, UNPACKING
from deploy.deployment.fetch import Fetch
from deploy.stack import TOOLS

UV_VERSION = "0.13.9"
UV_SHA256 = (
    "2c45530751517d6c3bbc69a19473f6effe47cce047bede01ffd8af7ea7b36b25",
    "5435c5ce14a56431208ca0996416d310f1598e8c2c8ba707688985a16bb82dbe",
    "d7f459fe4fd247d830351c75686d3996ace3c6f3f728eb0e85a30b7ada0cef19",
    "ecb6028d79dc96fbeafffe5c8af62a7099487ebc05a701e76714eebcffd06375",
)
"""The files of that version for Linux on amd64 and arm64, as uv.lock has them; a test holds the two equal."""


class ImagesVariables(TypedDict):
    """Variables of the role images."""

    images_packages: list[str]
    images_tools: str
    images_unpack: bool
    images_uv_version: str
    images_uv_line: str
    images_pip: dict[str, str]


def image_tools_variables(fetch: Fetch, packages: tuple[str, ...] = (*ASSEMBLING, *UNPACKING)) -> ImagesVariables:
    """Variables of the role images; without settings in the spec, the host's own settings of pip apply."""
    hashes = " ".join(f"--hash=sha256:{sha256}" for sha256 in UV_SHA256)
    pip = {
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_INDEX_URL": fetch.pypi,
        "PIP_PROXY": fetch.proxy,
        "PIP_CERT": fetch.ca,
    }
    return {
        "images_packages": list(packages),
        "images_tools": TOOLS,
        "images_unpack": set(UNPACKING) <= set(packages),
        "images_uv_version": UV_VERSION,
        "images_uv_line": f"uv=={UV_VERSION} {hashes}\n",
        "images_pip": {name: value for name, value in pip.items() if value},
    }
