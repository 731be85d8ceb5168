"""An existing Modelfile as the lines of kit.yaml that make the same model."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from typing import Any

from deploy.protocols.ollama.modelfile import Modelfile
from deploy.protocols.ollama.parameters import set_values
from deploy.reference import plain_model

_PATH = re.compile(r"[./~].*|.*\.gguf|[A-Za-z]:[\\/].*", re.IGNORECASE | re.DOTALL)
_BLOB = re.compile(r".*[/\\]sha256-([0-9a-f]{64})", re.DOTALL)
_UNKNOWN = "0" * 64
_CHANGED = re.compile("[\r\x85\u2028\u2029\ufeff]")
"""Characters that YAML's readers take as a line end, or skip, unless they are escaped."""
_ESCAPE = re.compile(r"\\(?:U([0-9A-F]{8})|.)", re.DOTALL)
Entry = dict[str, object]


def is_path(source: str) -> bool:
    """Return True if the value of FROM is a file's path, not a model's name."""
    return bool(_PATH.fullmatch(source)) and not is_address(source)


def is_address(source: str) -> bool:
    """Return True if the value begins as an address: a model page's address is the model's name, others are no name."""
    return source.lower().startswith(("https://", "http://"))


def is_blob(source: str) -> bool:
    """Return True if a path lies in an engine's own folder, where files are named by their sha256."""
    return bool(_BLOB.fullmatch(source))


def spec_lines(entry: Entry) -> str:
    """Return an entry of `models` as text; a missing sha256 is marked."""
    return _comments(entry) + _yaml([entry])


def spec_entry(modelfile: Modelfile, name: str, engine: str, sha256s: Mapping[str, str] | None = None) -> Entry:
    """Return the entry of `models`; a missing sha256 of a path is left to be filled in."""
    known = sha256s or {}
    entry: Entry = {"name": name, "engine": engine, "from": _source(modelfile.from_, known)}
    entry |= set_values(modelfile.parameters)
    texts = {"system": modelfile.system, "template": modelfile.template}
    entry |= {key: text for key, text in texts.items() if text is not None}
    names = {"renderer": modelfile.renderer, "parser": modelfile.parser}
    entry |= {key: name for key, name in names.items() if name is not None}
    if modelfile.messages:
        entry["messages"] = [message.model_dump() for message in modelfile.messages]
    if modelfile.adapter is not None:
        entry["adapter"] = _file(modelfile.adapter, known)
    if modelfile.projector is not None:
        entry["projector"] = _file(modelfile.projector, known)
    if modelfile.license:
        # kit.yaml has one text for them all
        entry["license"] = "\n\n".join(modelfile.license)
    if modelfile.requires is not None:
        entry["requires"] = modelfile.requires
    return entry


def _source(source: str, known: Mapping[str, str]) -> str | dict[str, str]:
    return _file(source, known) if source in known or is_path(source) else plain_model(source)


def _file(path: str, known: Mapping[str, str]) -> dict[str, str]:
    blob = _BLOB.fullmatch(path)
    return {"file": path, "sha256": known.get(path) or (blob[1] if blob else _UNKNOWN)}


def _comments(entry: Mapping[str, Any]) -> str:
    files = [entry[key] for key in ("from", "adapter", "projector") if isinstance(entry.get(key), dict)]
    return "".join(
        f"# sha256 of {each['file']!r}: fill in what sha256sum says\n" for each in files if each["sha256"] == _UNKNOWN
    )


def _yaml(data: object) -> str:
    import yaml

    class Dumper(yaml.SafeDumper):
        """Writer of YAML with multi-line texts as blocks, and with the characters that people wrote."""

        def write_double_quoted(self, text: str, split: bool = True) -> None:  # noqa: FBT002 - as PyYAML calls it
            written, self.stream = self.stream, io.StringIO()
            super().write_double_quoted(text, split)
            quoted, self.stream = self.stream.getvalue(), written
            # PyYAML escapes every character beyond U+FFFF in quotes, and in no other style.
            written.write(_ESCAPE.sub(lambda match: chr(int(match[1], 16)) if match[1] else match[0], quoted))

    def text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=_style(value))

    Dumper.add_representer(str, text)
    return yaml.dump(data, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=100)


def _style(value: str) -> str | None:
    """Return the YAML style in which a text reads back the same at any indentation."""
    if _CHANGED.search(value):
        return '"'
    if "\n" not in value:
        return None
    # A block that keeps more than one line's end would take the empty lines behind it as its own.
    return '"' if value.endswith("\n\n") or not value.strip("\n") else "|"
