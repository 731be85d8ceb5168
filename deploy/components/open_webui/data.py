"""Declarations of Open WebUI's user data: chats and accounts, documents and their vectors, pictures."""

from __future__ import annotations

from deploy.deployment.data import SqliteFile, Tree, UserData
from deploy.deployment.folders import Owner

DATABASE = "webui.db"


def user_data(host_path: str, owner: Owner, version: str, imports: str) -> UserData:
    """Return the declarations; a tree leaves out the databases that are named on their own."""
    items = (
        SqliteFile(DATABASE),
        SqliteFile("vector_db/chroma.sqlite3"),
        Tree("vector_db"),
        Tree("uploads"),
        Tree("cache"),
    )
    return UserData(host_path, owner, items, version, imports)
