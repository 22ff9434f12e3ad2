"""Weight files as other tools write them, each with the results that its model gives.

`weights/<name>.safetensors` is a state dict in float32 under the tool's own names; `weights/<name>_run.safetensors` holds
inputs and float64 results of that model. Values are functions of their names, so nothing depends on a generator's state.
"""

from fixture import integers, output_path, prepare, require_close, uniform, write_safetensors  # sets the threads first

import json
import math

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

SOURCE = f"PyTorch {torch.__version__}, one thread"


def set_weights(key, module):
    """Gives every parameter a value that float32 holds: gains near 1, everything else within +-0.4."""
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            gain = parameter.dim() == 1 and name.endswith("weight")
            value = uniform(f"weights/{key}/{name}", tuple(parameter.shape), *((0.6, 1.4) if gain else (-0.4, 0.4)))
            parameter.copy_(torch.from_numpy(value))


def write(name, module, inputs, run, extra=None, **attributes):
    """Writes the state dict and, evaluated in float64, what run(module, **inputs) returns as {result: tensor}."""
    set_weights(name, module)
    state = {key: value.detach().numpy().astype(np.float32) for key, value in module.state_dict().items()}
    state.update(extra(state) if extra else {})
    metadata = {"model": json.dumps(attributes, separators=(",", ":")), "source": SOURCE}
    write_safetensors(output_path(f"weights/{name}.safetensors"), state, metadata)

    def evaluate(dtype):
        module.to(dtype).train()  # as evaluation could take PyTorch's fused path; every dropout rate is 0
        tensors = {key: torch.from_numpy(value).to(dtype) if value.dtype == np.float64 else
                   torch.from_numpy(value).long() if value.dtype == np.int32 else torch.from_numpy(value)
                   for key, value in inputs.items()}
        return {key: value.detach().numpy() for key, value in run(module, **tensors).items()}

    exact, rounded = evaluate(torch.float64), evaluate(torch.float32)
    for key, value in exact.items():
        require_close(rounded[key], value, f"{name}/{key}")
    tensors = {f"input.{key}": value for key, value in inputs.items()}
    tensors.update(exact)
    write_safetensors(output_path(f"weights/{name}_run.safetensors"), tensors, metadata)


def causal(length, dtype):
    return torch.full((length, length), -math.inf, dtype=dtype).triu(1)


class EncoderModel(nn.Module):
    """Token ids -> logits, around nn.TransformerEncoder as users build it."""

    def __init__(self, vocabulary, width, heads, feed_forward, layers, norm_first, activation):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, width)
        layer = nn.TransformerEncoderLayer(width, heads, feed_forward, dropout=0.0, activation=activation,
                                           batch_first=True, norm_first=norm_first)
        self.encoder = nn.TransformerEncoder(layer, layers, norm=nn.LayerNorm(width) if norm_first else None)
        self.head = nn.Linear(width, vocabulary)

    def forward(self, tokens):
        return self.head(self.encoder(self.embedding(tokens)))


def encoders():
    for norm, activation, layers in (("pre", "gelu", 2), ("post", "relu", 3)):
        model = EncoderModel(11, 12, 3, 20, layers, norm == "pre", activation)
        write(f"encoder_{norm}", model, {"tokens": integers(f"weights/encoder_{norm}/tokens", (2, 7), 11)},
              lambda module, tokens: {"output": module(tokens)}, vocabulary=11, d_model=12, heads=3, d_ff=20,
              layers=layers, norm=norm, activation=activation)


def decoders():
    for norm in ("pre", "post"):
        layer = nn.TransformerDecoderLayer(8, 2, 12, dropout=0.0, activation="gelu", batch_first=True,
                                           norm_first=norm == "pre")
        model = nn.TransformerDecoder(layer, 2, norm=nn.LayerNorm(8))
        inputs = {"x": uniform(f"weights/decoder_{norm}/x", (2, 5, 8), -2, 2),
                  "memory": uniform(f"weights/decoder_{norm}/memory", (2, 6, 8), -2, 2)}
        write(f"decoder_{norm}", model, inputs,
              lambda module, x, memory: {"output": module(x, memory, tgt_mask=causal(5, x.dtype))},
              d_model=8, heads=2, d_ff=12, layers=2, norm=norm)


class TranslationModel(nn.Module):
    """Source and target ids -> logits, around nn.Transformer."""

    def __init__(self, source, target, width, heads, feed_forward, encoder_layers, decoder_layers, norm_first):
        super().__init__()
        self.source = nn.Embedding(source, width)
        self.target = nn.Embedding(target, width)
        self.transformer = nn.Transformer(width, heads, encoder_layers, decoder_layers, feed_forward, dropout=0.0,
                                          activation="relu", batch_first=True, norm_first=norm_first)
        self.head = nn.Linear(width, target)

    def forward(self, source, target):
        embedded = self.target(target)
        return self.head(self.transformer(self.source(source), embedded,
                                          tgt_mask=causal(target.shape[1], embedded.dtype)))


def transformers():
    for norm in ("pre", "post"):
        key = f"transformer_{norm}"
        inputs = {"source": integers(f"weights/{key}/source", (3, 6), 9),
                  "target": integers(f"weights/{key}/target", (3, 4), 7)}
        write(key, TranslationModel(9, 7, 8, 2, 12, 1, 2, norm == "pre"), inputs,
              lambda module, source, target: {"output": module(source, target)}, source=9, target=7, d_model=8, heads=2,
              d_ff=12, encoder_layers=1, decoder_layers=2, norm=norm)


def attentions():
    for key, kdim, vdim, bias, bias_kv in (("packed", 12, 12, True, False), ("packed_no_bias", 12, 12, False, False),
                                           ("separate", 5, 7, True, False), ("separate_no_bias", 5, 7, False, False),
                                           ("packed_sink", 12, 12, True, True)):
        key = f"attention_{key}"
        model = nn.MultiheadAttention(12, 3, bias=bias, add_bias_kv=bias_kv, kdim=kdim, vdim=vdim, batch_first=True)
        inputs = {"query": uniform(f"weights/{key}/query", (2, 4, 12), -2, 2),
                  "key": uniform(f"weights/{key}/key", (2, 6, kdim), -2, 2),
                  "value": uniform(f"weights/{key}/value", (2, 6, vdim), -2, 2)}

        def run(module, query, key, value):
            output, weights = module(query, key, value, average_attn_weights=False)
            return {"output": output, "attention_weights": weights}

        write(key, model, inputs, run, d_model=12, heads=3, key_width=kdim, value_width=vdim, bias=bias, sink=bias_kv)


class Conv1D(nn.Module):
    """x W + b with W stored (in, out), as GPT-2 has it."""

    def __init__(self, outputs, inputs):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(inputs, outputs))
        self.bias = nn.Parameter(torch.empty(outputs))

    def forward(self, x):
        return x @ self.weight + self.bias


class Gpt2Attention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.c_attn = Conv1D(3 * width, width)
        self.c_proj = Conv1D(width, width)

    def forward(self, x):
        batch, time, width = x.shape
        query, key, value = (part.view(batch, time, self.heads, -1).transpose(1, 2)
                             for part in self.c_attn(x).split(width, dim=2))
        scores = query @ key.transpose(2, 3) / math.sqrt(width // self.heads) + causal(time, x.dtype)
        return self.c_proj((scores.softmax(-1) @ value).transpose(1, 2).reshape(batch, time, width))


class Gpt2Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.ln_1 = nn.LayerNorm(width)
        self.attn = Gpt2Attention(width, heads)
        self.ln_2 = nn.LayerNorm(width)
        self.mlp = nn.ModuleDict({"c_fc": Conv1D(4 * width, width), "c_proj": Conv1D(width, 4 * width)})

    def forward(self, x):
        x = x + self.attn(self.ln_1(x))
        hidden = F.gelu(self.mlp["c_fc"](self.ln_2(x)), approximate="tanh")
        return x + self.mlp["c_proj"](hidden)


class Gpt2(nn.Module):
    """GPT-2 (Radford et al. 2019) under the names of Hugging Face's GPT2LMHeadModel; lm_head is tied to wte."""

    def __init__(self, vocabulary, positions, width, heads, layers):
        super().__init__()
        self.transformer = nn.ModuleDict({"wte": nn.Embedding(vocabulary, width),
                                          "wpe": nn.Embedding(positions, width),
                                          "h": nn.ModuleList(Gpt2Block(width, heads) for _ in range(layers)),
                                          "ln_f": nn.LayerNorm(width)})

    def forward(self, tokens):
        x = self.transformer["wte"](tokens) + self.transformer["wpe"](torch.arange(tokens.shape[1]))
        for block in self.transformer["h"]:
            x = block(x)
        return F.linear(self.transformer["ln_f"](x), self.transformer["wte"].weight)


def gpt2():
    def buffers(state):
        """What older files carry besides: the tied head and each block's causal mask."""
        mask = np.tril(np.ones((1, 1, 8, 8), dtype=np.float32))
        return {"lm_head.weight": state["transformer.wte.weight"], "transformer.h.0.attn.bias": mask,
                "transformer.h.1.attn.bias": mask, "transformer.h.0.attn.masked_bias": np.float32(-1e4),
                "transformer.h.1.attn.masked_bias": np.float32(-1e4)}

    tokens = {"tokens": integers("weights/gpt2/tokens", (2, 8), 13)}
    write("gpt2", Gpt2(13, 8, 12, 3, 2), tokens, lambda module, tokens: {"output": module(tokens)}, buffers,
          vocabulary=13, max_len=8, d_model=12, heads=3, d_ff=48, layers=2)


if __name__ == "__main__":
    prepare()
    for family in (encoders, decoders, transformers, attentions, gpt2):
        family()
