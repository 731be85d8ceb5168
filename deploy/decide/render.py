"""Deployment to Bundle: templates loop and print the decisions of typed code."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
import yaml

from deploy.decide.backups import backup_files
from deploy.decide.compose import ENTRY_POINT, networks, service_block
from deploy.decide.failures import failure_files
from deploy.decide.templates import Compiled, Templates
from deploy.decide.units import unit_files
from deploy.deployment.bundle import Bundle, File, canonical_json, digest
from deploy.deployment.host import Deployment
from deploy.deployment.released import FORMAT
from deploy.deployment.service import Artifact, Mount, Service
from deploy.deployment.values import as_json
from deploy.errors import UsageError
from deploy.stack import Stack

UNTOLD = ("fetch", "addresses", "toolkit", "on_cpu", "manages_docker", "failure_call")
"""Places to fetch from and the host's own packages are outside every digest; the others have files of their own."""
TEMPLATE_FAULTS = (
    jinja2.TemplateError,
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)
"""Errors that a person's own template can raise; ValueError includes UnicodeDecodeError."""


def render(deployment: Deployment, overrides: Path | None = None) -> Bundle:
    """Render every file of a host; `overrides` is a folder of templates that precede the kit's own."""
    loader = Templates(overrides)
    templates = _templates(loader)
    rendered = tuple(_render_service(templates, deployment, service) for service in deployment.services)
    compose = File("compose.yaml", _print(templates, "compose/compose.yaml.j2", _compose_context(deployment, rendered)))
    jobs = {file.path: file for file in unit_files(deployment, lambda name, told: _print(templates, name, told))}
    loader.ensure_overrides()
    decided = File("deployment.json", canonical_json(_decided(deployment)))
    files = {file.path: file for each in rendered for file in each.files} | _modelfiles(deployment) | jobs
    files |= {file.path: file for file in (*backup_files(deployment), *failure_files(deployment))}
    return Bundle(
        deployment.stack,
        (compose, decided, *(files[path] for path in sorted(files))),
        {each.service.name: each.parts for each in rendered},
    )


def _modelfiles(deployment: Deployment) -> dict[str, File]:
    """Return each created model as text, for people who read it or create it by hand."""
    files = (
        # No model's name has an `@`: the file of each is another one.
        File(f"models/{engine.name}/{model.name.replace('/', '@')}.Modelfile", model.modelfile)
        for engine in deployment.engines
        for model in engine.models
    )
    return {file.path: file for file in files}


@dataclass(frozen=True)
class _Rendered:
    service: Service
    block: dict[str, Any]
    files: tuple[File, ...]

    @property
    def parts(self) -> dict[str, Any]:
        """Return the digests of a service's parts, so that a plan can name the changed ones."""
        split = {"networks", "image", "labels", "volumes"}
        settings = {key: value for key, value in self.block.items() if key not in split}
        return {
            "digest": self.block["labels"]["kit.digest"],
            "image": self.service.image.reference,
            "files": {file.path.split("/")[-1]: file.path.split("/")[1] for file in self.files},
            "settings": {key: digest(value) for key, value in sorted(settings.items())},
            "mounts": digest([mount for mount in self.block.get("volumes", []) if "/files/" not in mount["source"]]),
            "networks": self.block["networks"],
        }


def _render_service(templates: jinja2.Environment, deployment: Deployment, service: Service) -> _Rendered:
    artifacts = (*service.artifacts, ENTRY_POINT) if service.secrets else service.artifacts
    files, mounts = [], []
    for artifact in artifacts:
        content = _print(templates, artifact.template, _fields(artifact))
        path = f"files/{hashlib.sha256(content.encode()).hexdigest()}/{artifact.name}"
        files.append(File(path, content, artifact.mode))
        mounts.append(Mount(f"{Stack(deployment.stack).root}/{path}", artifact.container_path))
    return _Rendered(service, service_block(deployment, service, tuple(mounts)), tuple(files))


def _compose_context(deployment: Deployment, rendered: tuple[_Rendered, ...]) -> dict[str, Any]:
    used = {network for each in rendered for network in each.block["networks"]}
    return {
        "project": Stack(deployment.stack).project,
        "services": [(each.service.name, each.block) for each in rendered],
        "capabilities": {
            each.service.name: [(capability.name, capability.reason) for capability in each.service.capabilities]
            for each in rendered
        },
        "networks": [(name, block) for name, block in networks().items() if name in used],
    }


def _decided(deployment: Deployment) -> dict[str, Any]:
    """Return the deployment for the host, without values outside every digest, such as sizes of downloads."""
    decided = {key: value for key, value in as_json(deployment).items() if key not in UNTOLD}
    for service in decided["services"]:
        service["image"].pop("layers")
        service.pop("card_load")
        if service["data"] and not service["data"]["imports"]:
            # Releases that import nothing stay what they were.
            service["data"].pop("imports")
    for model in decided["models"]:
        model.pop("advice")
    for engine in decided["engines"]:
        engine.pop("heeding")
        for model in engine["models"]:
            model.pop("brought")
    for engine in (*decided["engines"], *decided["named_engines"]):
        engine.pop("uses_cloud")
    if decided["backup"] is None:
        # Releases without a backup stay what they were.
        decided.pop("backup")
    else:
        decided["backup"].pop("files")
        if decided["backup"]["ssh"] is None:
            # Neither do those with a repository on the host itself change.
            decided["backup"].pop("ssh")
    return {"format": FORMAT, **decided}


def _fields(artifact: Artifact) -> dict[str, Any]:
    if artifact.context is None:
        return {}
    return {field.name: getattr(artifact.context, field.name) for field in dataclasses.fields(artifact.context)}


def _templates(loader: Templates) -> jinja2.Environment:
    templates = jinja2.Environment(
        loader=loader,
        bytecode_cache=Compiled(),
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # noqa: S701 - nothing printed is HTML; YAML and JSON have filters of their own
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    templates.filters["json"] = lambda value: json.dumps(as_json(value), ensure_ascii=False)
    # A name such as `on` or `null` is no text to every reader unless it is quoted.
    templates.filters["key"] = lambda value: yaml.safe_dump(value).splitlines()[0]
    templates.filters["yaml"] = lambda value: block_yaml(as_json(value))
    return templates


def block_yaml(value: Any) -> str:
    """Return a value as YAML; a block with the emitter in C, whose bytes are the same and which is ten times faster."""
    # The emitter in C ends a bare scalar without the mark of its end.
    is_block = isinstance(value, dict | list)
    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper) if is_block else yaml.SafeDumper
    return str(yaml.dump(value, Dumper=dumper, sort_keys=False, width=10**6))


def _print(templates: jinja2.Environment, name: str, context: dict[str, Any]) -> str:
    try:
        return templates.get_template(name).render(context)
    except jinja2.TemplateSyntaxError as error:
        place = f"templates/{error.name or name}:{error.lineno}"
        raise UsageError(
            f"{place}: {error.message}", "correct the template, or remove it to use the kit's own"
        ) from None
    except TEMPLATE_FAULTS as error:
        raise UsageError(
            f"{_place(name, error)}: {error}", "correct the template, or remove it to use the kit's own"
        ) from None


def _place(name: str, error: Exception) -> str:
    """Return the template's line that raised, if Jinja knows it."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename.endswith(name)]
    return f"templates/{name}:{lines[-1]}" if lines else f"templates/{name}"
