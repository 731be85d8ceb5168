"""Images of a stack on several hosts: one host makes each, and the others get it from there."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from deploy.apply.event import Event
from deploy.apply.prepared.members import Member
from deploy.apply.run import apply
from deploy.decide.desired import Share
from deploy.errors import KitError
from tests.golden.hosts import Answer as Probed
from tests.golden.hosts import bare, merged, settled
from tests.unit.apply.hosts import Host, Log, Player, acts, member

KINDS = ("litellm", "llama_cpp", "open_webui")


def hosts_of(share: Share, log: Log, **probes: Probed) -> tuple[dict[str, Member], dict[str, Host]]:
    hosts = {name: Host(name, probed, log) for name, probed in probes.items()}
    members = {name: member(replace(share, host=name), host, probes[name]) for name, host in hosts.items()}
    return members, hosts


def images_of(player: Player, host: str) -> list[str]:
    """The kinds of images that a host makes by itself."""
    path = f"phases/{host}/images/requests/image.json"
    made: list[Any] = json.loads(player.files[path])["images"] if path in player.files else []
    return sorted(image["kind"] for image in made)


def with_images(share: Share, *kinds: str) -> Probed:
    """A bare host that has some of the images."""
    return merged(
        bare(share), {"images": {tag: seen for tag, seen in all_images(share).items() if kind_of(tag) in kinds}}
    )


def all_images(share: Share) -> dict[str, Any]:
    images: dict[str, Any] = settled(share)["images"]
    return images


def kind_of(tag: str) -> str:
    return tag.partition("/")[2].partition(":")[0]


def test_of_two_bare_hosts_one_makes_the_images_and_the_other_gets_them(share: Share, log: Log) -> None:
    members, hosts = hosts_of(share, log, box=bare(share), attic=bare(share))
    player = Player(log)
    told: list[Event] = []
    apply(members, told.append, play=player)
    assert (images_of(player, "box"), images_of(player, "attic")) == (sorted(KINDS), [])
    takes = [f"take_image {kind}" for kind in KINDS]
    assert acts(log, "give_image", *takes) == [
        (host, act) for kind in KINDS for host, act in (("box", "give_image"), ("attic", f"take_image {kind}"))
    ]
    # No image leaves before the host that makes it has made all.
    assert log.index(("box", "images")) < log.index(("box", "give_image")) < log.index(("attic", "converge"))
    assert hosts["attic"].sent[0] == b"box: kit/litellm, all but layer of attic"
    assert [event.label for event in told if event.phase == "transfer" and event.state == "done"] == [
        f"attic: transfer: image of {title}" for title in ("LiteLLM", "llama.cpp", "Open WebUI")
    ]


def test_each_host_makes_what_no_other_host_has(share: Share, log: Log) -> None:
    members, _ = hosts_of(share, log, box=with_images(share, "litellm"), attic=with_images(share, "open_webui"))
    player = Player(log)
    apply(members, lambda _: None, play=player)
    # The agent leaves alone what is there.
    assert (images_of(player, "box"), images_of(player, "attic")) == (["litellm", "llama_cpp"], [])
    takes = [(host, act) for host, act in log if act.startswith("take_image")]
    assert sorted(takes) == [
        ("attic", "take_image litellm"),
        ("attic", "take_image llama_cpp"),
        ("box", "take_image open_webui"),
    ]


def test_a_host_that_does_not_change_gives_its_images(share: Share, log: Log) -> None:
    members, _ = hosts_of(share, log, box=bare(share), attic=settled(share))
    idle = {"attic": members.pop("attic")}
    player = Player(log)
    apply(members, lambda _: None, play=player, others=idle)
    assert images_of(player, "box") == []
    assert {host for host, act in log if act == "give_image"} == {"attic"}
    assert acts(log, "hold", "accept") == [("box", "hold"), ("box", "accept")]


def test_one_host_makes_all_of_its_images_and_is_asked_for_no_layers(share: Share, log: Log) -> None:
    members, _ = hosts_of(share, log, box=bare(share))
    player = Player(log)
    apply(members, lambda _: None, play=player)
    assert images_of(player, "box") == sorted(KINDS)
    assert acts(log, "layers", "give_image") == []
    assert len(player.runs) == 1


def test_a_docker_that_makes_no_image_of_the_missing_layers_gets_all_of_them(share: Share, log: Log) -> None:
    members, hosts = hosts_of(share, log, box=bare(share), attic=settled(share))
    hosts["box"].lacks_layers = True
    apply(members, lambda _: None, play=Player(log), others={"attic": members.pop("attic")})
    assert hosts["box"].sent[:2] == [b"attic: kit/litellm, all but layer of box", b"attic: kit/litellm, all"]


def test_a_host_that_fails_to_give_an_image_stops_the_run(share: Share, log: Log) -> None:
    members, hosts = hosts_of(share, log, box=bare(share), attic=settled(share))
    hosts["attic"].refuses = "give_image"
    with pytest.raises(KitError, match="box: no give_image"):
        apply(members, lambda _: None, play=Player(log), others={"attic": members.pop("attic")})
    assert acts(log, "converge", "accept") == []
