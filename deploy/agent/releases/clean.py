"""Removes shared things that no stack needs: images, caches, old agents, tools; never user data or packages."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from deploy.agent.data.looking import size_of
from deploy.agent.data.restoring import left_by_restores
from deploy.agent.docker.api import Docker
from deploy.agent.errors import HELD, AgentError
from deploy.agent.holder import WORKING, current_holder, is_locked
from deploy.agent.inputs.cache import Cache
from deploy.agent.journal import Journal
from deploy.agent.kit_folders import AGENTS, CACHE, KIT, TOOLS
from deploy.agent.releases.collect import OWN_IMAGES, old_agents, remove_images
from deploy.agent.releases.shared import docker_packages
from deploy.agent.stack.backup_memory import is_backing_up
from deploy.agent.stack.release import linked_release

if TYPE_CHECKING:
    from deploy.agent.contract.removals import CleanAnswer, CleanRequest

CACHED = ("keys", "layers", "downloads", "uv", "work")
"""Parts of the cache that make the next build faster; without them it fetches everything again."""


def run(request: CleanRequest, journal: Journal) -> CleanAnswer:
    """Remove everything that no stack needs; `cache` also removes what only speeds up the next build."""
    kit, cache = Path(request.get("kit", KIT)), Path(request.get("cache_folder", CACHE))
    stacks = _stacks(kit)
    _ensure_nobody_works(stacks)
    images = _unneeded_images(kit)
    removed, size = [], 0
    for path in _files(kit, cache, stacks, whole=bool(request.get("cache"))):
        journal.say(f"removing {path}")
        size += size_of(path) if path.is_dir() else path.lstat().st_size
        if path.is_dir() and not path.is_symlink():
            Cache(str(cache)).remove(path)
        else:
            path.unlink(missing_ok=True)
        removed.append(str(path))
    return {
        "changed": bool(removed or images),
        "images": images,
        "removed": removed,
        "freed_bytes": size,
        "stacks": sorted(stack.name for stack in stacks),
        "packages": docker_packages(),
    }


def _stacks(kit: Path) -> list[Path]:
    """Return the stacks that have a release, and those that a running apply is about to give one."""
    roots = [path for path in kit.glob("*") if (path / "run").is_dir()]
    return [root for root in roots if linked_release(root, "current") or current_holder(root) is not None]


def _ensure_nobody_works(stacks: list[Path]) -> None:
    for root in stacks:
        if current_holder(root) is not None or is_locked(root / "run" / WORKING):
            raise AgentError(
                f"another run is changing the stack {root.name} and may need these files",
                "wait until it has ended, then run the same command again",
                HELD,
            )


def _unneeded_images(kit: Path) -> list[str]:
    docker = Docker()
    if not Path(docker.path).exists():
        # A Docker that was uninstalled has no images; one that only stands still has, and says so itself.
        return []
    images = docker.images()
    recipes = {(image["Labels"] or {}).get("kit.recipe") for image in images}
    recipes |= {
        tag.rpartition(":")[2] for image in images for tag in image["RepoTags"] or [] if tag.startswith(OWN_IMAGES)
    }
    # No stack has this name: what is left of the recipes is what no stack names.
    return remove_images(docker, kit / ".none", {recipe for recipe in recipes if recipe}, kept=set())


def _files(kit: Path, cache: Path, stacks: list[Path], *, whole: bool) -> list[Path]:
    if stacks:
        return [
            *_with_compiled(old_agents(kit)),
            *(path for root in stacks if not is_backing_up(root) for path in left_by_restores(root)),
            *(cache / name for name in CACHED if whole and (cache / name).exists()),
        ]
    shared = [path for path in (kit / TOOLS.name, cache) if path.exists()]
    # The agent that does this is brought again when it is asked for.
    return [*shared, *_with_compiled(sorted((kit / AGENTS.name).glob("*.pyz")))]


def _with_compiled(agents: list[Path]) -> list[Path]:
    return [file for path in agents for file in (path, *sorted(path.parent.glob(f"{path.name}.*")))]
