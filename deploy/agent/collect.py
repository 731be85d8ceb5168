"""Removes what no kept release names: releases, files, images of this stack. Never user data."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

from deploy.agent.docker import Docker
from deploy.agent.errors import AgentError
from deploy.agent.journal import Journal
from deploy.agent.release import linked_release, read_manifest

OWN_IMAGES = "kit/"
AGENTS = Path("/opt/kit/agent")
KEPT_AGENTS = 8


def run(request: dict[str, Any], journal: Journal) -> dict[str, Any]:
    """Keep the named releases, the current and the good one, and all that they name."""
    root = Path(request["root"])
    kept = {*request["keep"], linked_release(root, "current"), linked_release(root, "good")}
    before = stack_images(root)
    releases = [path for path in _folders(root / "releases") if path.name not in kept]
    with journal.step("collect"):
        for path in (*_broken(root), *releases):
            shutil.rmtree(path)
        files = _unnamed_files(root)
        for path in files:
            shutil.rmtree(path)
        images = remove_images(Docker(), root, before, _named_images(root))
        _remove_old_agents()
    removed = [path.name for path in (*releases, *files)]
    return {"changed": bool(removed or images), "removed": removed, "images": images}


def _broken(root: Path) -> list[Path]:
    """Return what an interrupted placing left beside the releases."""
    return sorted((root / "releases").glob(".*.new"))


def _remove_old_agents() -> None:
    """Keep the agents that were brought last; a kit that misses its own brings it again."""
    agents = sorted(AGENTS.glob("*.pyz"), key=lambda path: path.stat().st_mtime)
    for path in agents[:-KEPT_AGENTS]:
        if path.name != Path(sys.argv[0]).name:
            path.unlink(missing_ok=True)


def stack_images(root: Path) -> set[str]:
    """Return every image that a release of the stack names, or that was built for it."""
    built = {path.stem for path in (root / "run" / "images").glob("*.json")}
    return _named_images(root) | {f"recipe {digest}" for digest in built}


def remove_images(docker: Docker, root: Path, candidates: set[str], kept: set[str]) -> list[str]:
    """Remove candidates that no container uses and no other stack on this host names, and what lost its name."""
    others = {image for stack in root.parent.glob("*") if stack != root for image in _named_images(stack)}
    in_use = {container["ImageID"] for container in docker.containers()}
    removed = []
    for image in docker.images():
        recipe = (image["Labels"] or {}).get("kit.recipe")
        tags = [tag for tag in image["RepoTags"] or [] if tag.startswith(OWN_IMAGES)]
        ours = [tag for tag in tags if tag in candidates or f"recipe {tag.split(':')[-1]}" in candidates]
        dangling = recipe is not None and not tags and image["Id"] not in in_use
        wanted = [tag for tag in ours if tag not in others | kept and image["Id"] not in in_use]
        for name in wanted or ([image["Id"]] if dangling else []):
            removed += _removed(docker, name)
    return removed


def _removed(docker: Docker, name: str) -> list[str]:
    try:
        docker.remove_image(name)
    except AgentError:
        # Another image is built on it, or a container of another program was made since: it stays.
        return []
    return [name]


def _named_images(root: Path) -> set[str]:
    manifests = [read_manifest(root, path.name) for path in _folders(root / "releases")]
    return {one["image"] for manifest in manifests if manifest for one in manifest["services"].values()}


def _unnamed_files(root: Path) -> list[Path]:
    manifests = [read_manifest(root, path.name) for path in _folders(root / "releases")]
    named = {
        file["path"].split("/")[1]
        for manifest in manifests
        if manifest
        for file in manifest["files"]
        if file["path"].startswith("files/")
    }
    return [path for path in _folders(root / "files") if path.name not in named]


def _folders(path: Path) -> list[Path]:
    return sorted(one for one in path.glob("*") if one.is_dir())
