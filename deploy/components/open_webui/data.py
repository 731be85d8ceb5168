"""Declarations of Open WebUI's user data: chats and accounts, documents and their vectors, pictures."""

from __future__ import annotations

from deploy.deployment.data import SharedData, SqliteFile, Tree, UserData
from deploy.deployment.folders import Owner

DATABASE = "webui.db"
MODEL_CACHES = ("cache/embedding", "cache/tiktoken", "cache/whisper")
"""Folders of models that the page fetches; a volume of the official image has them."""
UPLOADS, CONFIG = "static/uploads", "config"
"""Folders of a person's bridge that hold the person's own files."""


def user_data(root: str, owner: Owner, version: str, imports: str, person: Owner | None) -> UserData:
    """Return the declarations; a tree leaves out the databases that are named on their own."""
    host_path = f"{root}/data"
    items = (
        SqliteFile(DATABASE),
        SqliteFile("vector_db/chroma.sqlite3"),
        Tree("vector_db"),
        Tree("uploads"),
        Tree("cache"),
    )
    if person is None:
        return UserData(host_path, owner, items, version, MODEL_CACHES, imports)
    shared = (Tree(CONFIG), Tree(UPLOADS))
    return SharedData(
        host_path, owner, items, version, MODEL_CACHES, imports, shared_path=root, person=person, shared=shared
    )
