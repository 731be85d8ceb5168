"""Removes what no kept release names: releases, files, images of this stack. Never user data."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

from deploy.agent.docker.api import Docker
from deploy.agent.errors import AgentError
from deploy.agent.journal import Journal
from deploy.agent.releases.release import linked_release, read_manifest

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
        images = remove_images(Docker(), root, before, _named_recipes(root))
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
    """Return the recipes of every image that a release of the stack names, or that was built for it."""
    return _named_recipes(root) | {path.stem for path in (root / "run" / "images").glob("*.json")}


def remove_images(docker: Docker, root: Path, recipes: set[str], kept: set[str]) -> list[str]:
    """Remove images of these recipes that no container uses, and of kept ones what lost its name to a newer image."""
    others = {recipe for stack in root.parent.glob("*") if stack != root for recipe in _named_recipes(stack)}
    in_use = {container["ImageID"] for container in docker.containers()}
    removed = []
    for image in docker.images():
        recipe = (image["Labels"] or {}).get("kit.recipe")
        tags = [tag for tag in image["RepoTags"] or [] if tag.startswith(OWN_IMAGES)]
        if recipe not in recipes - others or image["Id"] in in_use or (tags and recipe in kept):
            continue
        for name in tags or [image["Id"]]:
            removed += _removed(docker, name)
    return removed


def _removed(docker: Docker, name: str) -> list[str]:
    try:
        docker.remove_image(name)
    except AgentError:
        # Another image is built on it, or a container of another program was made since: it stays.
        return []
    return [name]


def _named_recipes(root: Path) -> set[str]:
    manifests = [read_manifest(root, path.name) for path in _folders(root / "releases")]
    images = {one["image"] for manifest in manifests if manifest for one in manifest["services"].values()}
    return {image.rpartition(":")[2] for image in images if image.startswith(OWN_IMAGES)}


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
