"""Values with characters that are not allowed: the characters in words, and the nearest valid value."""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import quote, urlsplit

_MOST_NAMED = 3
_SPELLED = {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "æ": "ae", "ø": "o", "å": "a", "ł": "l", "đ": "d"}
_WORDS = {" ": "a blank", "\u00a0": "a blank", "\t": "a tab", "\n": "a line break", "\r": "a line break"}
_IN_ADDRESSES = r"A-Za-z0-9._~:/?#\[\]@!&()*+,;=%-"


def not_allowed(value: str, allowed: str) -> str:
    """Return `; 'x' and 'y' are not allowed` for a text and a class of characters; empty if all are allowed."""
    from deploy.strict import shown

    names = list(dict.fromkeys(_WORDS.get(char) or shown(char) for char in re.findall(f"[^{allowed}]", value)))
    if not names:
        return ""
    some = [*names[:_MOST_NAMED], "others"] if len(names) > _MOST_NAMED else names
    listed = " and ".join([", ".join(some[:-1]), some[-1]] if len(some) > 1 else some)
    return f"; {listed} {'are' if len(names) > 1 else 'is'} not allowed"


def plain_letters(value: str) -> str:
    """Return a text with letters of ASCII in place of those with marks, such as `ae` for `ä`."""
    spelled = "".join(_SPELLED.get(char) or _SPELLED.get(char.lower(), char) for char in value)
    bare = (char for char in unicodedata.normalize("NFKD", spelled) if not unicodedata.combining(char))
    return "".join(bare)


def name_near(value: str) -> str:
    """Return the nearest name of small letters, digits and dashes; empty without one."""
    dashed = re.sub(r"[^a-z0-9]+", "-", plain_letters(value).lower())
    return dashed.lstrip("-0123456789")[:31].rstrip("-")


def model_near(value: str) -> str:
    """Return the nearest name of a model; empty without one."""
    # A tag stands behind a colon; some programs write it behind an @.
    tagged = value if ":" in value else value.replace("@", ":", 1)
    parts = re.sub(r"[^A-Za-z0-9._:/-]+", "-", plain_letters(tagged).strip()).split("/")
    bare = [re.sub(r"-*:[._-]*", ":", part).strip("-._:") for part in parts]
    return "/".join(part for part in bare if part)


def package_near(value: str) -> str:
    """Return the nearest name of a Python package; empty without one."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", plain_letters(value)).strip("._-")


def owner_near(value: str) -> str:
    """Return a user and a group; a number alone is the user, whose group mostly has the same number."""
    numbers = re.findall(r"[0-9]+", value)
    if re.sub(r"[0-9\s.:,;/]", "", value) or not 1 <= len(numbers) <= 2:
        return value
    return f"{int(numbers[0])}:{int(numbers[-1])}"


def version_near(value: str) -> str:
    """Return the release without a `v` before it and a word behind it."""
    return value.strip().lower().removeprefix("v").strip()


def sha256_near(value: str) -> str:
    """Return the digits in small letters, without the algorithm's name."""
    return value.strip().lower().removeprefix("sha256:")


def email_near(value: str) -> str:
    """Return the address in small letters of ASCII."""
    return re.sub(r"[^a-z0-9._%+@-]+", "", plain_letters(value.strip()).lower())


def host_near(host: str) -> str:
    """Return a host as browsers and programs send it: small letters, other scripts as punycode (`xn--...`)."""
    plain = unicodedata.normalize("NFKC", host.lower()).replace("\u3002", ".")
    return ".".join(
        label if label.isascii() else f"xn--{label.encode('punycode').decode()}" for label in plain.split(".")
    )


def address_near(value: str) -> str:
    """Return an address with its host as punycode and its path percent-encoded; empty if it has no readable host."""
    try:
        parts = urlsplit(value.strip().replace("\\", "/"))
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or not host or "@" in parts.netloc:
        return ""
    named = f"[{host}]" if ":" in host else host_near(host)
    return parts._replace(
        netloc=f"{named}:{port}" if port else named,
        path=quote(parts.path, safe="/%:@!&()*+,;=~"),
        query=quote(parts.query, safe="/%:@!&()*+,;=~?"),
        fragment=quote(parts.fragment, safe="/%:@!&()*+,;=~?"),
    ).geturl()


def address_faults(value: str) -> str:
    """Return the characters of an address that no address may hold, in words."""
    return not_allowed(value, _IN_ADDRESSES)


def origin_near(value: str) -> str:
    """Return the address of a page as a browser names it: without a path, and `-` for what a host may not hold."""
    address = address_near(re.sub(r"\s", "", value))
    if not address:
        return ""
    parts = urlsplit(address)
    host = re.sub(r"[^a-z0-9.-]+", "-", parts.hostname or "").strip("-.") if ":" not in (parts.hostname or "") else ""
    usual = {"http": 80, "https": 443}[parts.scheme]
    named = host or f"[{parts.hostname}]"
    return f"{parts.scheme}://{named}" + (f":{parts.port}" if parts.port not in (None, usual) else "")
