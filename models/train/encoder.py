"""The encoder in PyTorch: a BERT of Hugging Face shape, in and out by Hugging Face names. Input: token ids and mask. Output: token states."""

import torch
import torch.nn.functional as F
from torch import nn

EPS = 1e-12
LINEARS = {"ao": "attention.output.dense", "fi": "intermediate.dense", "fo": "output.dense"}
NORMS = {"aln": "attention.output.LayerNorm", "oln": "output.LayerNorm"}
QKV = ("query", "key", "value")


def half(device="cpu"):
    """Products in bfloat16 where the processor is fast at them: on a CPU without AVX-512 they are emulated, many times slower than f32."""
    return torch.autocast(device, torch.bfloat16, enabled=device != "cpu" or torch.backends.cpu.get_cpu_capability().startswith("AVX512"))


class Layer(nn.Module):
    """One post-norm transformer layer. Dropout acts on the feed-forward branch only: drawing its mask is serial and took 14 % of a step."""

    def __init__(self, hidden, ffn, heads, dropout):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(hidden, 3 * hidden)
        self.ao = nn.Linear(hidden, hidden)
        self.aln = nn.LayerNorm(hidden, EPS)
        self.fi = nn.Linear(hidden, ffn)
        self.fo = nn.Linear(ffn, hidden)
        self.oln = nn.LayerNorm(hidden, EPS)
        self.drop = nn.Dropout(dropout)

    def forward(self, x, bias):
        rows, length, hidden = x.shape
        q, k, v = self.qkv(x).view(rows, length, 3, self.heads, hidden // self.heads).permute(2, 0, 3, 1, 4)
        # Written out: torch's fused attention took 44 % of a training step on a CPU, this takes a tenth of that.
        if x.is_cuda:
            mixed = F.scaled_dot_product_attention(q, k, v, attn_mask=bias.to(q.dtype))
        else:
            scores = torch.matmul(q, k.transpose(-1, -2)) * (hidden // self.heads) ** -0.5 + bias
            mixed = torch.matmul(torch.softmax(scores.float(), -1).to(v.dtype), v)
        mixed = mixed.transpose(1, 2).reshape(rows, length, hidden)
        x = self.aln(x + self.ao(mixed))
        return self.oln(x + self.drop(self.fo(F.gelu(self.fi(x)))))


class Encoder(nn.Module):
    """Token ids `[rows, length]` and mask (1 = real) -> states after each layer of `exits`, then after the last: a list of `[rows, length, 384]`."""

    def __init__(self, vocabulary, layers, hidden=384, ffn=1536, heads=12, positions=512, dropout=0.1, exits=()):
        super().__init__()
        self.exits = exits
        self.words = nn.Embedding(vocabulary, hidden)
        self.positions = nn.Embedding(positions, hidden)
        self.types = nn.Embedding(2, hidden)
        self.norm = nn.LayerNorm(hidden, EPS)
        self.drop = nn.Dropout(dropout)
        self.layers = nn.ModuleList(Layer(hidden, ffn, heads, dropout) for _ in range(layers))

    def forward(self, ids, mask):
        x = self.words(ids) + self.positions.weight[: ids.shape[1]] + self.types.weight[0]
        x = self.drop(self.norm(x))
        bias = (1.0 - mask[:, None, None, :].to(x.dtype)) * -1e4
        out = []
        for number, layer in enumerate(self.layers, 1):
            x = layer(x, bias)
            if number in self.exits:
                out.append(x)
        return [*out, x]


def mean_pool(states, mask):
    """Mean over the real tokens, special ones included: `[rows, 384]`."""
    weight = mask[..., None].to(states.dtype)
    return (states * weight).sum(1) / weight.sum(1)


def from_hugging_face(tensors, layers, dropout=0.1, exits=()):
    """Builds the encoder from tensors under Hugging Face names, keeping the given layer numbers in order."""
    words = tensors["embeddings.word_embeddings.weight"]
    model = Encoder(words.shape[0], len(layers), dropout=dropout, exits=exits)
    own = {
        "words.weight": words,
        "positions.weight": tensors["embeddings.position_embeddings.weight"],
        "types.weight": tensors["embeddings.token_type_embeddings.weight"],
        "norm.weight": tensors["embeddings.LayerNorm.weight"],
        "norm.bias": tensors["embeddings.LayerNorm.bias"],
    }
    for new, old in enumerate(layers):
        theirs, mine = f"encoder.layer.{old}.", f"layers.{new}."
        for part in ("weight", "bias"):
            own[f"{mine}qkv.{part}"] = torch.cat([tensors[f"{theirs}attention.self.{n}.{part}"] for n in QKV])
            for short, name in (LINEARS | NORMS).items():
                own[f"{mine}{short}.{part}"] = tensors[f"{theirs}{name}.{part}"]
    model.load_state_dict({name: tensor.float() for name, tensor in own.items()})
    return model


def to_hugging_face(model):
    """The encoder's tensors, f32, under Hugging Face names."""
    out = {
        "embeddings.word_embeddings.weight": model.words.weight,
        "embeddings.position_embeddings.weight": model.positions.weight,
        "embeddings.token_type_embeddings.weight": model.types.weight,
        "embeddings.LayerNorm.weight": model.norm.weight,
        "embeddings.LayerNorm.bias": model.norm.bias,
    }
    for number, layer in enumerate(model.layers):
        prefix = f"encoder.layer.{number}."
        for part in ("weight", "bias"):
            for name, tensor in zip(QKV, getattr(layer.qkv, part).chunk(3)):
                out[f"{prefix}attention.self.{name}.{part}"] = tensor
            for short, name in (LINEARS | NORMS).items():
                out[f"{prefix}{name}.{part}"] = getattr(getattr(layer, short), part)
    return {name: tensor.detach().float().contiguous().clone() for name, tensor in out.items()}
