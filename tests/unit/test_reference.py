from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.deployment.fetch import Fetch
from deploy.errors import KitError
from deploy.reference import (
    DEFAULT_IMAGE_HOST,
    DEFAULT_MODEL_HOST,
    image_place,
    parse_image,
    parse_model,
    pull_name,
)

DIGEST = f"sha256:{'a' * 64}"


@pytest.mark.parametrize(
    ("written", "repository", "asked_path", "tag", "place"),
    [
        (
            "ollama/ollama:0.32.15",
            "ollama/ollama",
            "ollama/ollama",
            "0.32.15",
            f"https://registry-1.{DEFAULT_IMAGE_HOST}",
        ),
        ("debian", "debian", "library/debian", "latest", f"https://registry-1.{DEFAULT_IMAGE_HOST}"),
        (f"{DEFAULT_IMAGE_HOST}/a/b:1", "a/b", "a/b", "1", f"https://registry-1.{DEFAULT_IMAGE_HOST}"),
        ("registry.lan:5000/x/y:tag", "registry.lan:5000/x/y", "x/y", "tag", "https://registry.lan:5000"),
        ("registry.lan/x", "registry.lan/x", "x", "latest", "https://registry.lan"),
        ("localhost/x:1", "localhost/x", "x", "1", "http://localhost"),
        ("127.0.0.1:5000/x", "127.0.0.1:5000/x", "x", "latest", "http://127.0.0.1:5000"),
        ("[::1]:5000/x", "[::1]:5000/x", "x", "latest", "http://[::1]:5000"),
        ("127.0.0.1.evil.example/x", "127.0.0.1.evil.example/x", "x", "latest", "https://127.0.0.1.evil.example"),
    ],
)
def test_an_images_name_says_whom_to_ask_for_what(
    written: str, repository: str, asked_path: str, tag: str, place: str
) -> None:
    image = parse_image(written)
    assert (image.repository, image.asked_path, image.tag) == (repository, asked_path, tag)
    assert image_place(image.host, None) == place


@pytest.mark.parametrize(
    "written",
    [
        *("", ":1", "a:", "a@", f"a@{DIGEST[:-1]}", "a@sha1:00", "A/b", "a//b", "/a", "a/", "../a", "a/../b", "a b"),
        *("a:1:2", "a\n", "ä/b", "-x/y", "http://registry.lan/x", "user:pass@registry.lan/x", "a.b:123456/x"),
        *("a" * 300, "a:" + "t" * 129),
    ],
)
def test_what_is_no_images_name_is_refused(written: str) -> None:
    with pytest.raises(KitError, match="is not an image's name"):
        parse_image(written)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("llama3", "llama3:latest"),
        ("library/llama3:8b", "llama3:8b"),
        (f"{DEFAULT_MODEL_HOST}/library/llama3:8b", "llama3:8b"),
        ("some-body/m.1:Q4_K_M", "some-body/m.1:Q4_K_M"),
        ("hf.co/User_1/Some-Model-GGUF:Q4_K_M", "hf.co/User_1/Some-Model-GGUF:Q4_K_M"),
        ("registry.lab:5055/library/full:1", "registry.lab:5055/library/full:1"),
    ],
)
def test_a_models_name_is_read_as_its_engine_reads_it(written: str, read: str) -> None:
    assert str(parse_model(written)) == read


@pytest.mark.parametrize(
    "written",
    [
        "",
        "/m",
        "a//m",
        "h//m",
        "a/",
        "m:",
        ":t",
        "m:t:u",
        "a.b/m",
        "a/b/c/d",
        "m@sha256:00",
        "-m",
        "..",
        "m m",
        "m\n",
        "https://h/a/m",
    ],
)
def test_what_is_no_models_name_is_refused(written: str) -> None:
    with pytest.raises(KitError, match="is not a model's name"):
        parse_model(written)


@given(st.text(alphabet=st.sampled_from("aB1.:/@_-[]"), max_size=24))
def test_a_name_that_is_taken_reads_the_same_again_and_leads_to_no_other_place(text: str) -> None:
    with suppress(KitError):
        image = parse_image(text)
        assert parse_image(str(image)) == image
        assert ".." not in image.path.split("/")
    with suppress(KitError):
        model = parse_model(text)
        assert parse_model(str(model)) == model


@pytest.mark.parametrize(
    ("repository", "mirror", "pulled"),
    [
        ("ollama/ollama", None, "ollama/ollama"),
        ("debian", "https://registry.lan:5000", "registry.lan:5000/library/debian"),
        ("ollama/ollama", "https://harbor.lan/hub/", "harbor.lan/hub/ollama/ollama"),
        ("other.lan/x/y", "https://harbor.lan", "other.lan/x/y"),
        ("ghcr.io/x/y", "https://harbor.lan", "ghcr.io/x/y"),
    ],
)
def test_docker_pulls_by_digest_from_the_mirror_where_one_stands_for_the_default(
    repository: str, mirror: str | None, pulled: str
) -> None:
    mirrors = {"": mirror} if mirror else {}
    assert pull_name(repository, DIGEST, mirrors) == f"{pulled}@{DIGEST}"


def test_another_public_registry_has_a_mirror_of_its_own() -> None:
    mirrors = Fetch(ghcr="http://127.0.0.1:5000/gh/").registries
    assert pull_name("ghcr.io/x/y", DIGEST, mirrors) == f"127.0.0.1:5000/gh/x/y@{DIGEST}"
    assert pull_name("x/y", DIGEST, mirrors) == f"x/y@{DIGEST}"
    assert image_place("ghcr.io", mirrors.get("ghcr.io")) == "http://127.0.0.1:5000/gh"
    assert image_place("ghcr.io", None) == "https://ghcr.io"
