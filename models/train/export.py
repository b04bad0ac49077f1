"""Turns trained weights into the files that ship. Input: f32 tensors under Hugging Face names, heads, card. Output: `card.toml`, `tokenizer.json`, `model.safetensors`.

Matrices become int8, symmetric per output channel; the word rows stay in the 4-bit blocks they came in; the rest stays f32.
"""

import json
import re
import shutil
from pathlib import Path

import numpy as np
from packed import restore_rows
from safetensors.numpy import load_file, save_file

LINEARS = ("attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense", "intermediate.dense", "output.dense")
NORMS = ("attention.output.LayerNorm", "output.LayerNorm")
WORDS = "embeddings.word_embeddings.q4"
LIMIT_BYTES = 45_000_000


def quantised(weight):
    """`[out, in]` f32 to int8 and one scale per output channel: weight = int8 * scale, int8 in -127..127."""
    scale = np.abs(weight).max(axis=1) / 127
    scale[scale == 0] = 1
    return np.rint(weight / scale[:, None]).clip(-127, 127).astype(np.int8), scale.astype(np.float32)


def array(tensor):
    """A torch tensor or an array, as contiguous f32."""
    return np.ascontiguousarray(getattr(tensor, "numpy", lambda: tensor)(), dtype=np.float32)


def export(tensors, heads, card, out_dir, word_rows_q4, tokenizer):
    """Writes the three files to `out_dir` and returns their size in bytes; raises if it passes 45 MB or the parts contradict each other.

    `heads` maps `heads.NAME`, and `exits.LAYERS.heads.NAME` for a head on an earlier layer, to `(weight [k, hidden], bias [k])`; `card` is the content of
    card.toml as a dict, its heads in the order wanted.
    """
    named = {f"heads.{head['name']}": head for head in card["heads"]}
    named |= {f"exits.{e['layers']}.heads.{head['name']}": head for e in card.get("exits", ()) for head in e["heads"]}
    if set(named) != set(heads):
        raise ValueError(f"the card names the heads {sorted(named)}, the weights have {sorted(heads)}")
    out = {WORDS: word_rows_q4}
    for name in ("position_embeddings.weight", "token_type_embeddings.weight", "LayerNorm.weight", "LayerNorm.bias"):
        out[f"embeddings.{name}"] = array(tensors[f"embeddings.{name}"])
    out["embeddings.token_type_embeddings.weight"] = out["embeddings.token_type_embeddings.weight"][:1].copy()
    layers = 1 + max(int(m[1]) for name in tensors if (m := re.match(r"encoder\.layer\.(\d+)\.", name)))
    for number in range(layers):
        for linear in LINEARS:
            name = f"encoder.layer.{number}.{linear}"
            out[f"{name}.weight"], out[f"{name}.weight_scale"] = quantised(array(tensors[f"{name}.weight"]))
            out[f"{name}.bias"] = array(tensors[f"{name}.bias"])
        for norm in NORMS:
            for part in ("weight", "bias"):
                name = f"encoder.layer.{number}.{norm}.{part}"
                out[name] = array(tensors[name])
    for name, (weight, bias) in heads.items():
        out[f"{name}.weight"], out[f"{name}.bias"] = array(weight), array(bias)
        if named[name]["kind"] != "projection" and len(named[name]["labels"]) != len(out[f"{name}.bias"]):
            raise ValueError(f"{name}: {len(named[name]['labels'])} labels, {len(out[f'{name}.bias'])} outputs")
    if card["layers"] != layers or card["vocabulary"] != len(word_rows_q4):
        raise ValueError(f"the card says {card['layers']} layers and {card['vocabulary']} pieces, the weights have {layers} and {len(word_rows_q4)}")
    if not all(np.isfinite(value).all() for value in out.values()):
        raise ValueError("the weights are not all finite")
    out_dir = Path(out_dir)
    out_dir.mkdir(parents=True, exist_ok=True)
    save_file(out, out_dir / "model.safetensors")
    shutil.copyfile(tokenizer, out_dir / "tokenizer.json")
    (out_dir / "card.toml").write_text(toml(card), encoding="utf-8")
    size = sum((out_dir / name).stat().st_size for name in ("model.safetensors", "tokenizer.json", "card.toml"))
    if size > LIMIT_BYTES:
        raise ValueError(f"the model takes {size} bytes, the limit is {LIMIT_BYTES}")
    return size


def restore(model_dir):
    """The shipped weights as f32 tensors under Hugging Face names, what the int8 and 4-bit values stand for; heads keep their names."""
    stored = load_file(Path(model_dir) / "model.safetensors")
    out = {}
    for name, value in stored.items():
        if name == WORDS:
            out["embeddings.word_embeddings.weight"] = restore_rows(value)
        elif name == "embeddings.token_type_embeddings.weight":
            out[name] = np.concatenate([value, np.zeros_like(value)])
        elif f"{name}_scale" in stored:
            out[name] = value.astype(np.float32) * stored[f"{name}_scale"][:, None]
        elif not name.endswith("weight_scale"):
            out[name] = value
    return out


def toml(card):
    """The card as TOML: plain values first, then tables, then lists of tables."""

    def value(v):
        if isinstance(v, bool):
            return str(v).lower()
        if isinstance(v, float):
            return repr(v) if "." in repr(v) or "e" in repr(v) else f"{v}.0"
        if isinstance(v, dict):
            return "{ " + ", ".join(f"{k} = {value(x)}" for k, x in v.items()) + " }" if v else "{}"
        if isinstance(v, (list, tuple)):
            return "[" + ", ".join(value(x) for x in v) + "]"
        return json.dumps(v, ensure_ascii=False)

    def pairs(table):
        return [f"{k} = {value(v)}" for k, v in table.items()]

    plain = {k: v for k, v in card.items() if k not in ("heads", "rules", "exits")}
    lines = pairs(plain) + ["", "[rules]"] + pairs(card.get("rules", {}))
    for head in card["heads"]:
        lines += ["", "[[heads]]"] + pairs(head)
    for early in card.get("exits", ()):
        lines += ["", "[[exits]]"] + pairs({k: v for k, v in early.items() if k != "heads"})
        for head in early["heads"]:
            lines += ["", "[[exits.heads]]"] + pairs(head)
    return "\n".join(lines) + "\n"
