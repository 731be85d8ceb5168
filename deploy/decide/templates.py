"""A person's own templates: `templates/` beside kit.yaml, whose files precede the kit's of the same name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import CodeType

import jinja2
import jinja2.bccache

from deploy.assets import templates_dir
from deploy.errors import UsageError

SUFFIX = ".j2"


class Compiled(jinja2.BytecodeCache):
    """Compiled templates of this run: the hosts of a stack share most of them."""

    def load_bytecode(self, bucket: jinja2.bccache.Bucket) -> None:
        """Take a template that was compiled from the same text before."""
        bucket.code = _COMPILED.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: jinja2.bccache.Bucket) -> None:
        """Keep a compiled template."""
        if bucket.code is not None:
            _COMPILED[bucket.key, bucket.checksum] = bucket.code


_COMPILED: dict[tuple[str, str], CodeType] = {}


class Templates(jinja2.FileSystemLoader):
    """A person's templates before the kit's own; it records the used ones."""

    def __init__(self, overrides: Path | None) -> None:
        super().__init__([folder for folder in (overrides, templates_dir()) if folder is not None])
        self.overrides = overrides
        self.used: set[str] = set()

    def get_source(self, environment: jinja2.Environment, template: str) -> tuple[str, str, Callable[[], bool]]:
        """Read a template, and record its use."""
        self.used.add(template)
        return super().get_source(environment, template)

    def ensure_overrides(self) -> None:
        """Refuse a file that overrides no template and that none includes: its name may be misspelled."""
        if self.overrides is None:
            return
        # One of a component that this spec does without is right too.
        known = {path.relative_to(templates_dir()).as_posix() for path in templates_dir().rglob(f"*{SUFFIX}")}
        there = {path.relative_to(self.overrides).as_posix() for path in self.overrides.rglob(f"*{SUFFIX}")}
        # What includes another may itself be of such a component.
        texts = [(self.overrides / name).read_text(errors="replace") for name in there & known]
        unused = sorted(there - known - self.used)
        for name in (name for name in unused if not any(name in text for text in texts)):
            raise _overrides_nothing(self.overrides / name, name, sorted(known))


def _overrides_nothing(path: Path, name: str, known: list[str]) -> UsageError:
    from deploy.words import did_you_mean

    # The right name in the wrong folder is as near as a misspelled one.
    namesake = next((template for template in known if template.rpartition("/")[2] == name.rpartition("/")[2]), None)
    guess = f" (did you mean {namesake}?)" if namesake else did_you_mean(name, known)
    return UsageError(
        f"{path}: kit has no template {name}{guess}",
        f"rename it to the one it shall replace, or remove it; there are {', '.join(known)}",
    )
