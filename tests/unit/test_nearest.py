"""Values with a character that is not allowed: the message names it, and proposes the nearest valid value."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from deploy.components.open_webui.spec import OpenWebUI
from deploy.errors import KitError
from deploy.fields.values import EngineUrl, HostPath, ModelName, Name, PackageName, Sha256, Url, Version
from deploy.nearest import host_near
from deploy.reference import parse_image, parse_model

DIGITS = "0123456789abcdef" * 4


def told(kind: Any, value: Any) -> str:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(kind).validate_python(value)
    (error,) = caught.value.errors()
    return str(error["msg"])


@pytest.mark.parametrize(
    ("kind", "value", "faults", "near"),
    [
        (Name, "my_stack", "'_' is not allowed", "my-stack"),
        (Name, "Größe 2", "'G', 'ö', 'ß' and others are not allowed", "groesse-2"),
        (Name, "café", "'é' is not allowed", "cafe"),
        (Name, "2nd", "", "nd"),
        (Name, "日本", "'日' and '本' are not allowed", None),
        (Name, "a" * 40, "", "a" * 31),
        (ModelName, "llama3@q4", "'@' is not allowed", "llama3:q4"),
        (ModelName, "llama3:8b@q4", "'@' is not allowed", "llama3:8b-q4"),
        (ModelName, "my model", "a blank is not allowed", "my-model"),
        (ModelName, "Qwen (8b)", "a blank, '(' and ')' are not allowed", "Qwen-8b"),
        (ModelName, "größe:8b", "'ö' and 'ß' are not allowed", "groesse:8b"),
        (ModelName, "a\\b", "'\\\\' is not allowed", "a-b"),
        (PackageName, "my model", "a blank is not allowed", "my-model"),
        (Version, "v1.2.3", "", "1.2.3"),
        (Sha256, f"sha256:{DIGITS.upper()}", "", DIGITS),
        (EngineUrl, "http://mäc.lan:1234", "'ä' is not allowed", "http://xn--mc-via.lan:1234"),
        (EngineUrl, "http://127.0.0.1:1234\\v1", "'\\\\' is not allowed", "http://127.0.0.1:1234/v1"),
        (EngineUrl, "http://<HOST>:1234", "'<' and '>' are not allowed", None),
        (Url, "https://a.lan/größe x.gguf", "'ö', 'ß' and a blank", "https://a.lan/gr%C3%B6%C3%9Fe%20x.gguf"),
        (HostPath, "/srv/a:b", "':' is not allowed", None),
        (HostPath, "/srv/$HOME", "'$' is not allowed", None),
    ],
)
def test_a_value_names_its_wrong_characters_and_the_nearest_valid_one(
    kind: Any, value: str, faults: str, near: str | None
) -> None:
    message = told(kind, value)
    assert faults in message
    assert ("not allowed" in message) == bool(faults)
    assert ("; write " in message) == (near is not None)
    if near is not None:
        assert message.endswith(f"; write {near}")
        TypeAdapter(kind).validate_python(near)


@pytest.mark.parametrize(
    ("address", "words", "near"),
    [
        ("http://my_host:8080", "'_' is not allowed", "http://my-host:8080"),
        ("https://chät.example.org", "browsers send chät.example.org as xn--cht-rla.example", None),
        ("https://straße.de/", "its form in punycode", "https://xn--strae-oqa.de"),
        ("https://münchen.例え.jp:8443", "punycode", "https://xn--mnchen-3ya.xn--r8jz45g.jp:8443"),
        ("chat.lan", "small letters", "https://chat.lan"),
        ("HTTPS://Chat.lan/x", "no path", "https://chat.lan"),
        ("https://a b.lan", "a blank is not allowed", "https://ab.lan"),
        ("ftp://chat.lan", "it begins with http:// or https://", None),
        ("https://*.lan", "'*' is not allowed", None),
        ("https://[FD00::1]:8080", "small letters", "https://[fd00::1]:8080"),
    ],
)
def test_the_pages_address_says_which_character_and_what_to_write(address: str, words: str, near: str | None) -> None:
    message = told(OpenWebUI, {"url": address})
    assert words in message
    if near is not None:
        assert f"; write {near}" in message
        assert OpenWebUI.model_validate({"url": near}).public_url == near


@pytest.mark.parametrize("host", ["chät.de", "münchen.例え.jp", "bücher.ÜBER.com", "plain.lan"])
def test_a_host_is_sent_in_punycode(host: str) -> None:
    assert host_near(host) == host.lower().encode("idna").decode()
    assert OpenWebUI.model_validate({"url": f"https://{host_near(host)}"}).public_url


def test_an_administrators_address_is_proposed_in_small_letters() -> None:
    message = told(OpenWebUI, {"admin": {"email": "Müller@Example.org"}})
    assert message.endswith("'M', 'ü' and 'E' are not allowed; write mueller@example.org")


@pytest.mark.parametrize(
    ("parse", "text", "problem", "step"),
    [
        (parse_image, "Ghcr.io/Some/Image:1", "is not an image's name", "write ghcr.io/some/image:1"),
        (parse_image, "an image", "a blank is not allowed", "write it as in registry.lan:5000/some/image:1.2.3"),
        (parse_model, "llama3@q4", "'@' is not allowed", "a tag stands behind a colon: write llama3:q4"),
        (parse_model, f"llama3@sha256:{DIGITS}", "'@' is not", "engines pull no digest: write llama3, and kit.lock"),
        (parse_model, "my model", "a blank is not allowed", "a name has no blanks: write my-model"),
    ],
)
def test_a_reference_names_its_wrong_characters(parse: Any, text: str, problem: str, step: str) -> None:
    with pytest.raises(KitError) as caught:
        parse(text)
    assert problem in caught.value.problem
    assert caught.value.next_step.startswith(step)
