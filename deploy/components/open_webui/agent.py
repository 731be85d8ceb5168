"""On the host: reads the settings that the kit owns in Open WebUI's database, sets them through its admin API."""

from __future__ import annotations

import http.client
import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

from deploy.agent.errors import AgentError
from deploy.agent.journal import Journal
from deploy.agent.remembered import read_json, write_json

FORMAT = 1
MISSING = object()
KEYS = ("api_key", "api_keys")
"""Settings with such endings hold secrets, whoever set them."""
Settings = dict[str, Any]
Drift = dict[str, str]


def observe(service: dict[str, Any], root: str) -> dict[str, Any]:
    """Say which owned settings differ, and whether the person's account is still to be made; changes nothing."""
    room = service["room"]
    try:
        stored = _Stored(Path(room["database"]))
        return {"drift": [*_drift(room["settings"], stored, root), *_missing_person(room["person"], stored, root)]}
    except PermissionError:
        return {"problem": f"only root can read {room['database']}", "next": "run the same command as root"}
    except (OSError, sqlite3.Error, ValueError) as problem:
        return {"problem": f"cannot read {room['database']}: {problem}", "next": "see `kit logs`"}


def apply(service: dict[str, Any], root: str, journal: Journal) -> dict[str, Any]:
    """Set what differs, and add the person once; whatever else people set stays as it is."""
    room = service["room"]
    stored = _readable(room["database"])
    wanted = {name: _value(value, root) for name, value in room["settings"].items()}
    differing = [one["name"] for one in _drift(room["settings"], stored, root)]
    is_missing = bool(_missing_person(room["person"], stored, root))
    if differing or is_missing:
        admin = _Admin(room["address"])
        admin.sign_in(room["account"]["email"], _value(room["account"]["password"], root))
        for setter in _setters(differing):
            setter(admin, wanted)
        _ensure_set(room, root)
        if is_missing:
            admin.add(room["person"]["email"], _value(room["person"]["password"], root))
            journal.say(f"added the account {room['person']['email']}")
    remembered = _remember_person(room["person"]["email"], root)
    made = [_person_name(room["person"])] if is_missing else []
    return {"changed": bool(differing or is_missing or remembered), "set": [*differing, *made]}


class _Stored:
    """What the application's database holds; empty where it was never started."""

    def __init__(self, database: Path) -> None:
        self.settings: Settings = {}
        self.emails: set[str] = set()
        self.exists = database.exists()
        if self.exists:
            # Without a log beside it nobody writes now, and reading must not make one.
            quiet = "" if database.with_name(f"{database.name}-wal").exists() else "&immutable=1"
            address = f"file:{quote(str(database))}?mode=ro{quiet}"
            with closing(sqlite3.connect(address, uri=True, timeout=5)) as connection:
                self.settings = {key: json.loads(value) for key, value in connection.execute(_SETTINGS)}
                self.emails = {email for (email,) in connection.execute(_EMAILS)}


def _readable(database: str) -> _Stored:
    try:
        return _Stored(Path(database))
    except (sqlite3.Error, ValueError) as problem:
        raise AgentError(f"cannot read {database}: {problem}", "see `kit logs open_webui`") from problem


_SETTINGS = "SELECT key, CAST(value AS TEXT) FROM config WHERE value IS NOT NULL"
_EMAILS = 'SELECT lower(email) FROM "user"'


def _drift(wanted: Settings, stored: _Stored, root: str) -> list[Drift]:
    if not stored.exists:
        return []
    found = ((name, value, stored.settings.get(name, MISSING)) for name, value in sorted(wanted.items()))
    resolved = ((name, value, _value(value, root, default=MISSING), there) for name, value, there in found)
    return [
        {"name": name, "cause": _cause(name, value, now, there)}
        for name, value, now, there in resolved
        if not _holds(there, now)
    ]


def _holds(there: Any, wanted: Any) -> bool:
    """Of a mapping only the keys that are wanted count; one that is not there is as good as an empty one."""
    if isinstance(wanted, dict):
        return isinstance(there, dict) and all(_holds(there.get(key, ""), one) for key, one in wanted.items())
    return bool(there == wanted)


def _cause(name: str, value: Any, wanted: Any, there: Any) -> str:
    """Say how a setting differs, without the value of any secret."""
    if there is MISSING:
        return "not set"
    if isinstance(wanted, dict):
        return f"differs in {', '.join(_inner(there, wanted))}"
    if _secret_names(value):
        return f"is not the secret {', '.join(_secret_names(value))}"
    if name.endswith(KEYS):
        return "is a key, and none is wanted"
    cause = f"is {_shown(there)}, not {_shown(wanted)}"
    return f"{cause}; documents must be uploaded again" if name == "rag.embedding_model" and there else cause


def _inner(there: Any, wanted: Settings) -> list[str]:
    found = there if isinstance(there, dict) else {}
    places = ((found.get(place, ""), one) for place, one in wanted.items())
    return sorted({key for stored, one in places for key in one if not _holds(stored, {key: one[key]})})


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(str(one) for one in value) or "empty"
    return json.dumps(value) if isinstance(value, bool) or value is None else str(value) or "empty"


def _secret_names(value: Any) -> list[str]:
    if isinstance(value, list):
        return [name for one in value for name in _secret_names(one)]
    return [value["secret"]] if isinstance(value, dict) and "secret" in value else []


def _value(value: Any, root: str, default: Any = None) -> Any:
    """Put a secret's value in its place; a secret that is not there (yet) becomes the default."""
    if isinstance(value, list):
        return [_value(one, root, default) for one in value]
    if not isinstance(value, dict):
        return value
    if "secret" not in value:
        return {key: _value(one, root, default) for key, one in value.items()}
    path = Path(root) / "secrets" / value["owner"] / value["secret"]
    try:
        return path.read_text().rstrip("\n")
    except FileNotFoundError:
        if default is not None:
            return default
        raise AgentError(f"the secret {value['secret']} is not on this host", "run `kit apply --full`") from None


def _person_name(person: dict[str, Any]) -> str:
    return f"account {person['email']}"


def _missing_person(person: dict[str, Any], stored: _Stored, root: str) -> list[Drift]:
    if person["email"] in stored.emails or person["email"] in _remembered(root):
        return []
    return [{"name": _person_name(person), "cause": "not made yet"}]


def _remembered(root: str) -> list[str]:
    """Return the accounts that were made once; who deletes or renames one means it."""
    made: list[str] = (read_json(_memory(root)) or {}).get("accounts", [])
    return made


def _remember_person(email: str, root: str) -> bool:
    made = _remembered(root)
    if email not in made:
        write_json(_memory(root), {"format": FORMAT, "accounts": sorted([*made, email])})
    return email not in made


def _memory(root: str) -> Path:
    return Path(root) / "run" / "open_webui.json"


def _ensure_set(room: dict[str, Any], root: str) -> None:
    left = _drift(room["settings"], _readable(room["database"]), root)
    if left:
        words = "; ".join(f"{one['name']} {one['cause']}" for one in left)
        raise AgentError(f"Open WebUI took the settings but does not hold them: {words}", "see `kit logs open_webui`")


class _Admin:
    """Open WebUI's admin API, as the kit's own account."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.headers = {"Content-Type": "application/json"}

    def sign_in(self, email: str, password: str) -> None:
        status, answer = self._send("POST", "/api/v1/auths/signin", {"email": email, "password": password})
        if status == 429:
            raise AgentError("Open WebUI refuses more sign-ins for now", "wait three minutes, then run it again")
        if status != 200 or answer.get("role") != "admin":
            raise AgentError(
                f"the kit's account {email} cannot sign in to Open WebUI as an administrator (HTTP {status})",
                f"sign in as an administrator once, add the account {email} with the role admin "
                "and the password that `kit secret show kit_admin_password` prints",
            )
        self.headers["Authorization"] = f"Bearer {answer['token']}"

    def get(self, path: str) -> dict[str, Any]:
        return self._done("GET", path, None)

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        return self._done("POST", path, body)

    def add(self, email: str, password: str) -> None:
        name = email.split("@")[0]
        self.post("/api/v1/auths/add", {"name": name, "email": email, "password": password, "role": "admin"})

    def _done(self, method: str, path: str, body: dict[str, Any] | None) -> dict[str, Any]:
        status, answer = self._send(method, path, body)
        if status != 200:
            # A refusal may repeat what was sent, keys and all: only its number is safe to tell.
            raise AgentError(f"Open WebUI answered {status} to {method} {path}", "see `kit logs open_webui`")
        return answer

    def _send(self, method: str, path: str, body: dict[str, Any] | None) -> tuple[int, dict[str, Any]]:
        with closing(http.client.HTTPConnection(*_host_port(self.address), timeout=60)) as connection:
            try:
                connection.request(method, path, None if body is None else json.dumps(body), self.headers)
                answer = connection.getresponse()
                document = json.loads(answer.read() or b"null")
            except (OSError, http.client.HTTPException, ValueError) as problem:
                raise AgentError(
                    f"Open WebUI does not answer at {self.address}: {problem}", "see `kit status`"
                ) from problem
        return answer.status, document if isinstance(document, dict) else {}


def _host_port(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)


def _set_openai(admin: _Admin, wanted: Settings) -> None:
    there = admin.get("/openai/config")
    # These go by the place in the list: another list's would disable or rename the wrong back end.
    kept = there["OPENAI_API_CONFIGS"] if there["OPENAI_API_BASE_URLS"] == wanted["openai.api_base_urls"] else {}
    body = {
        "ENABLE_OPENAI_API": wanted["openai.enable"],
        "OPENAI_API_BASE_URLS": wanted["openai.api_base_urls"],
        "OPENAI_API_KEYS": wanted["openai.api_keys"],
        "OPENAI_API_CONFIGS": kept,
    }
    admin.post("/openai/config/update", body)


def _set_ollama(admin: _Admin, wanted: Settings) -> None:
    there = admin.get("/ollama/config")
    body = {**there, "ENABLE_OLLAMA_API": wanted["ollama.enable"]}
    if "ollama.base_urls" in wanted:
        urls, own = wanted["ollama.base_urls"], wanted["ollama.api_configs"]
        kept = there["OLLAMA_API_CONFIGS"] if there["OLLAMA_BASE_URLS"] == urls else {}
        body["OLLAMA_BASE_URLS"] = urls
        body["OLLAMA_API_CONFIGS"] = {place: {**kept.get(place, {}), **own[place]} for place in own}
    admin.post("/ollama/config/update", body)


def _set_embedding(admin: _Admin, wanted: Settings) -> None:
    there = admin.get("/api/v1/retrieval/embedding")
    kept = {key: there[key] for key in there if key.startswith(("RAG_EMBEDDING_", "ENABLE_"))}
    engine = wanted["rag.embedding_engine"]
    url = wanted["rag.ollama.base_url" if engine == "ollama" else "rag.openai.api_base_url"]
    body = {
        **kept,
        "RAG_EMBEDDING_ENGINE": engine,
        "RAG_EMBEDDING_MODEL": wanted["rag.embedding_model"],
        f"{engine}_config": {"url": url, "key": wanted[f"rag.{engine}.api_key"]},
    }
    admin.post("/api/v1/retrieval/embedding/update", body)


def _set_retrieval(admin: _Admin, wanted: Settings) -> None:
    body = {"BYPASS_EMBEDDING_AND_RETRIEVAL": wanted["rag.bypass_embedding_and_retrieval"]}
    admin.post("/api/v1/retrieval/config/update", body)


def _set_doors(admin: _Admin, wanted: Settings) -> None:
    there = admin.get("/api/v1/auths/admin/config")
    body = {**there, "ENABLE_SIGNUP": wanted["ui.enable_signup"], "WEBUI_URL": wanted["webui.url"]}
    admin.post("/api/v1/auths/admin/config", body)


_SETTERS = (
    (("openai.",), _set_openai),
    (("ollama.",), _set_ollama),
    (("rag.embedding_", "rag.ollama.", "rag.openai."), _set_embedding),
    (("rag.bypass_",), _set_retrieval),
    (("ui.", "webui."), _set_doors),
)


def _setters(differing: list[str]) -> list[Any]:
    return [setter for prefixes, setter in _SETTERS if any(name.startswith(prefixes) for name in differing)]
