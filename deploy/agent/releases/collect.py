"""Removes releases, files and images of this stack that no kept release names; never user data."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deploy.agent.data.copy import half_copies
from deploy.agent.data.put_back import half_put_back
from deploy.agent.data.restoring import left_by_restores
from deploy.agent.docker.api import Docker
from deploy.agent.errors import AgentError
from deploy.agent.journal import Journal
from deploy.agent.kit_folders import AGENTS
from deploy.agent.leftovers import remove_leftovers, remove_partials
from deploy.agent.releases.way_back import kept_release
from deploy.agent.remembered import read_json
from deploy.agent.stack.backup_memory import is_backing_up
from deploy.agent.stack.release import linked_release, read_manifest

if TYPE_CHECKING:
    from deploy.agent.contract.removals import CollectAnswer, CollectRequest

OWN_IMAGES = "kit/"
NO_NAME = "<none>:<none>"
KEPT_AGENTS = 8
NAMED_AGENT = re.compile(r"[0-9a-f]{64}\.pyz")
WRITTEN = ("run", "run/*", "secrets/*", "files/*", "releases/*", "releases/*/*", "releases/*/*/*", "copies/*/*")
"""Folders of a stack where the agent writes single files; never deeper in a copy, which is user data."""


def run(request: CollectRequest, journal: Journal) -> CollectAnswer:
    """Keep the named releases, the current and the good one, and everything that they name."""
    root = Path(request["root"])
    kept = {*request["keep"], linked_release(root, "current"), linked_release(root, "good"), kept_release(root)}
    before = stack_images(root)
    releases = [path for path in _folders(root / "releases") if path.name not in kept]
    with journal.step("collect"):
        left = _remove_leftovers(root, request.get("model_folders", []))
        for path in releases:
            shutil.rmtree(path)
        files = _unnamed_files(root)
        for path in files:
            shutil.rmtree(path)
        named = _named_recipes(root)
        images = remove_images(Docker(), root, before, named)
        for path in _brought(root):
            if path.stem not in named:
                path.unlink()
        _remove_old_agents()
    removed = [path.name for path in (*releases, *files)]
    return {"changed": bool(removed or images or left), "removed": removed, "images": images, "leftovers": left}


def _remove_leftovers(root: Path, model_folders: list[str]) -> list[str]:
    """Remove what killed runs left half done; the hold guarantees that no other run is writing."""
    half = [*sorted((root / "releases").glob(".*.new")), *half_copies(root), *half_put_back(root)]
    half += [] if is_backing_up(root) else left_by_restores(root)
    for path in half:
        shutil.rmtree(path)
    links = [path for path in root.glob(".*.new") if path.is_symlink()]
    for path in links:
        path.unlink()
    models = {*map(Path, model_folders), *(Path(path).parent for path in read_json(root / "run" / "models.json") or {})}
    folders = [folder for pattern in WRITTEN for folder in sorted(root.glob(pattern)) if folder.is_dir()]
    # Behind an apply every model is whole: a part is that of a model which kit.yaml has no more.
    partials = remove_partials(sorted(models))
    return [*map(str, (*half, *links)), *remove_leftovers([root, *folders, AGENTS, *sorted(models)]), *partials]


def _remove_old_agents() -> None:
    for path in old_agents(AGENTS.parent):
        for file in (path, *AGENTS.glob(f"{path.name}.*")):
            file.unlink(missing_ok=True)


def old_agents(kit: Path) -> list[Path]:
    """Return the agents that nobody needs: neither among those brought last, nor named by a job of a release."""
    agents = sorted((kit / AGENTS.name).glob("*.pyz"), key=lambda path: path.stat().st_mtime)
    # A kit that misses its own brings it again; a job cannot.
    needed = {Path(sys.argv[0]).name, *_agents_of_jobs(kit)}
    return [path for path in agents[:-KEPT_AGENTS] if path.name not in needed]


def _agents_of_jobs(kit: Path) -> set[str]:
    scripts = kit.glob("*/releases/*/units/*.sh")
    return {name for script in scripts for name in NAMED_AGENT.findall(script.read_text())}


def stack_images(root: Path) -> set[str]:
    """Return the recipe of every image that a release of the stack names, or that was loaded for it."""
    return _named_recipes(root) | {path.stem for path in _brought(root)}


def remove_images(docker: Docker, root: Path, recipes: set[str], kept: set[str]) -> list[str]:
    """Remove images of these recipes that no container uses; of a kept recipe only an image that lost its name."""
    # Also what an apply of another stack has brought this moment, before a release of it names it.
    others = {recipe for stack in root.parent.glob("*") if stack != root for recipe in stack_images(stack)}
    in_use = {container["ImageID"] for container in docker.containers()}
    removed = []
    for image in docker.images():
        if image["Id"] not in in_use:
            for name in unneeded_names(image, recipes - others, kept):
                removed += _removed(docker, name)
    return removed


def unneeded_names(image: dict[str, Any], recipes: set[str], kept: set[str]) -> list[str]:
    """Return the names of an image to remove; a pulled image has a digest too, and a person's tag keeps it for good."""
    tags = [tag for tag in image["RepoTags"] or [] if tag != NO_NAME]
    own = [tag for tag in tags if tag.startswith(OWN_IMAGES)]
    recipe = (image["Labels"] or {}).get("kit.recipe")
    digests = [name for name in image.get("RepoDigests") or [] if name.rpartition(":")[2] in recipes]
    known = {recipe, *(name.rpartition(":")[2] for name in (*own, *digests))} & recipes
    if not known or ((own or digests) and known & kept):
        return []
    if len(own) < len(tags):
        return own
    return [*own, *digests] or [image["Id"]]


def _removed(docker: Docker, name: str) -> list[str]:
    try:
        docker.remove_image(name)
    except AgentError:
        # Another image is built on it, or a container of another program was made since: it stays.
        return []
    return [name]


def _named_recipes(root: Path) -> set[str]:
    manifests = [read_manifest(root, path.name) for path in _folders(root / "releases")]
    images = {service["image"] for manifest in manifests if manifest for service in manifest["services"].values()}
    return {image.rpartition(":")[2] for image in images if image.startswith(OWN_IMAGES)}


def _brought(root: Path) -> list[Path]:
    return sorted((root / "run" / "images").glob("*.json"))


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
    return sorted(folder for folder in path.glob("*") if folder.is_dir())
