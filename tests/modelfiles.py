"""Hypothesis strategies: Modelfiles with texts that are hard to quote."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from deploy.fields.messages import ROLES, Message
from deploy.protocols.ollama.grammar import closing_lines
from deploy.protocols.ollama.modelfile import Modelfile
from deploy.protocols.ollama.parameters import Parameters

PIECES = st.sampled_from(
    [*"\"#\n\r\t \\'{}", '""', '"""', "\r\n", "\n#", "FROM x\n", "PARAMETER", "user: ", "é", "日本", "🙂", "\u0301"]
)
PRINTABLE = st.characters(codec="utf-8", exclude_categories=["C", "Z"])
NASTY = st.lists(PIECES | st.characters(codec="utf-8"), min_size=1, max_size=12).map("".join)
TEXTS = (
    st.lists(PIECES | PRINTABLE, min_size=1, max_size=12)
    .map("".join)
    .filter(lambda text: "\r" not in text and not closing_lines(text))
)
PATHS = st.sampled_from(
    ["llama3:8b", "./my model.gguf", '"odd".gguf', " edge ", "a#b", "hf.co/u/r:Q4_K_M", "C:\\x.gguf"]
)
NUMBERS: dict[str, st.SearchStrategy[Any]] = {
    "num_ctx": st.integers(256, 16_777_216),
    "num_predict": st.just(-1) | st.integers(1, 1_048_576),
    "seed": st.integers(-1, 2**32 - 1),
    "temperature": st.floats(0, 2),
    "top_p": st.floats(0, 1),
    "presence_penalty": st.floats(-2, 2),
    "use_mmap": st.booleans(),
    "stop": st.lists(TEXTS, min_size=1, max_size=3).map(tuple),
}
MODELFILES = st.builds(
    Modelfile,
    from_=PATHS,
    adapter=st.none() | PATHS,
    projector=st.none() | st.just("./mmproj.gguf"),
    parameters=st.fixed_dictionaries({}, optional=NUMBERS).map(lambda found: Parameters(**found)),
    template=st.none() | TEXTS,
    system=st.none() | TEXTS,
    renderer=st.none() | st.just("qwen3-coder"),
    parser=st.none() | st.just("qwen3.5"),
    license=st.lists(TEXTS, max_size=2).map(tuple),
    messages=st.lists(st.builds(Message, role=st.sampled_from(ROLES), content=TEXTS), max_size=3).map(tuple),
    requires=st.none() | st.sampled_from(["0.14.0", "1.2.3-rc.1"]),
)
