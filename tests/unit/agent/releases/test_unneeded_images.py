"""The image names that `collect` removes; a real Docker proves their removal elsewhere."""

from __future__ import annotations

import pytest

from deploy.agent.releases.collect import unneeded_names

OLD, NEW, OTHER = "a" * 64, "b" * 64, "c" * 64
LABEL = {"kit.recipe": OLD}
FROM = f"some/engine@sha256:{OLD}"


@pytest.mark.parametrize(
    ("labels", "tags", "digests", "unneeded"),
    [
        (LABEL, [f"kit/x:{OLD}"], [], [f"kit/x:{OLD}"]),
        (LABEL, None, None, ["id"]),
        (LABEL, ["<none>:<none>"], ["<none>@<none>"], ["id"]),
        (LABEL, ["mine:1"], [], []),
        ({"kit.recipe": NEW}, [f"kit/x:{NEW}"], [], []),
        ({"kit.recipe": NEW}, [], [], ["id"]),
        ({"kit.recipe": OTHER}, [f"kit/x:{OTHER}"], [], []),
        (None, ["mine:1"], ["mine@sha256:" + OTHER], []),
        (None, [f"kit/x:{OLD}"], [FROM], [f"kit/x:{OLD}", FROM]),
        (None, [], [FROM], [FROM]),
        (None, [f"kit/x:{OLD}", "some/engine:1"], [FROM], [f"kit/x:{OLD}"]),
        (None, ["some/engine:1"], [FROM], []),
        (None, [f"kit/x:{NEW}"], [f"some/engine@sha256:{NEW}"], []),
        (None, [], [f"some/engine@sha256:{NEW}"], []),
    ],
)
def test_an_image_is_known_by_recipe_name_or_digest_and_a_persons_name_keeps_it(
    labels: dict[str, str] | None, tags: list[str] | None, digests: list[str] | None, unneeded: list[str]
) -> None:
    image = {"Id": "id", "Labels": labels, "RepoTags": tags, "RepoDigests": digests}
    assert unneeded_names(image, {OLD, NEW}, kept={NEW}) == unneeded
