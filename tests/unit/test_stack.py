"""The names that follow from a stack's name: they are on hosts already, and must stay as they are."""

from __future__ import annotations

from deploy.stack import Stack


def test_a_stack_names_its_folders_and_its_project() -> None:
    home = Stack("home")
    assert (home.root, home.data_root, home.project) == ("/opt/kit/home", "/srv/kit/home", "kit-home")
    assert home.secret("litellm", "litellm_key") == "/opt/kit/home/secrets/litellm/litellm_key"
    assert (home.current, home.files, home.secrets) == tuple(
        f"{home.root}/{name}" for name in ("current", "files", "secrets")
    )
    assert home.copies("open_webui") == "/opt/kit/home/copies/open_webui"
    assert home.data_of("main") == "/srv/kit/home/main"
