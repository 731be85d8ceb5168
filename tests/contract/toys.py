"""The two toy files of the recordings, byte for byte: one with the ChatML template that engines know, one without."""

from __future__ import annotations

import struct
from pathlib import Path

from tests.gguf import text

WEIGHTS = Path(__file__).parent / "recordings" / "toy-weights.f32"
CHATML = (
    "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>'"
    " + '\\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)
EMBED, HEADS, FFN = 32, 2, 64
TOKENS = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256)), "<|im_start|>", "<|im_end|>"]
KINDS = [2, 3, 3, *[6] * 256, 3, 3]
# Names in the order of the file; norms are ones, the others lie in the weights one after the other.
SHAPES = {
    "token_embd": (EMBED, len(TOKENS)),
    "output_norm": (EMBED,),
    "output": (EMBED, len(TOKENS)),
    **{f"blk.0.{name}_norm": (EMBED,) for name in ("attn", "ffn")},
    **{f"blk.0.attn_{name}": (EMBED, EMBED) for name in ("q", "k", "v", "output")},
    "blk.0.ffn_gate": (EMBED, FFN),
    "blk.0.ffn_up": (EMBED, FFN),
    "blk.0.ffn_down": (FFN, EMBED),
}
U32, I32, F32, STRING, ARRAY = 4, 5, 6, 8, 9


def toy(template: bool | str) -> bytes:
    """Return a toy; with a chat template of one's own it is none of the recordings'."""
    keys = _keys(template)
    head = [b"GGUF", struct.pack("<IQQ", 3, len(SHAPES), len(keys))]
    head += [text(name) + value for name, value in keys.items()]
    weights, data, offset = WEIGHTS.read_bytes(), b"", 0
    for name, shape in SHAPES.items():
        size = 4 * (shape[0] * shape[1] if len(shape) == 2 else shape[0])
        dimensions = struct.pack(f"<I{len(shape)}Q", len(shape), *shape)
        head.append(text(f"{name}.weight") + dimensions + struct.pack("<IQ", 0, len(data)))
        if name.endswith("_norm"):
            data += struct.pack("<f", 1) * EMBED
        else:
            data += weights[offset : offset + size]
            offset += size
    joined = b"".join(head)
    return joined + b"\0" * (-len(joined) % 32) + data


def _keys(template: bool | str) -> dict[str, bytes]:
    def number(value: int) -> bytes:
        return struct.pack("<II", U32, value)

    def words(value: str) -> bytes:
        return struct.pack("<I", STRING) + text(value)

    def several(kind: int, count: int, packed: bytes) -> bytes:
        return struct.pack("<IIQ", ARRAY, kind, count) + packed

    count = len(TOKENS)
    found = {
        "general.architecture": words("llama"),
        "general.name": words("toy"),
        "llama.context_length": number(512),
        "llama.embedding_length": number(EMBED),
        "llama.block_count": number(1),
        "llama.feed_forward_length": number(FFN),
        "llama.attention.head_count": number(HEADS),
        "llama.attention.head_count_kv": number(HEADS),
        "llama.attention.layer_norm_rms_epsilon": struct.pack("<If", F32, 1e-5),
        "llama.rope.dimension_count": number(EMBED // HEADS),
        "general.file_type": number(0),
        "tokenizer.ggml.model": words("llama"),
        "tokenizer.ggml.tokens": several(STRING, count, b"".join(map(text, TOKENS))),
        "tokenizer.ggml.scores": several(F32, count, bytes(4 * count)),
        "tokenizer.ggml.token_type": several(I32, count, struct.pack(f"<{count}i", *KINDS)),
        "tokenizer.ggml.bos_token_id": number(1),
        "tokenizer.ggml.eos_token_id": number(2),
        "tokenizer.ggml.unknown_token_id": number(0),
    }
    brought = CHATML if template is True else template
    return found | ({"tokenizer.chat_template": words(brought)} if brought else {})
