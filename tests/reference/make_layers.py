"""Fixtures of whole layers: PyTorch's modules with given parameters, their output, attention weights and gradients.

Parameters carry the names of PyTorch's state dict. Boolean masks have PyTorch's meaning: true hides a key.
"""

from fixture import Cases, integers, prepare, uniform  # first: sets the number of threads

import numpy as np
import torch
from torch import nn


class Layers(Cases):
    def layer(self, name, module, inputs, run=None, **attributes):
        """Adds a case of `module`; `run(module, **inputs)` returns the output or a dict of results."""
        key = self.next_key(name)
        module = module.double()
        parameters = {}
        for parameter_name, parameter in module.named_parameters():
            is_gain = parameter_name.endswith("weight") and parameter.dim() == 1
            low, high = (0.5, 1.5) if is_gain else (-0.5, 0.5)
            parameters[parameter_name] = uniform(f"{key}/{parameter_name}", tuple(parameter.shape), low, high)

        def evaluate(input_leaves, parameter_leaves):
            some = next(iter((parameter_leaves or input_leaves).values()))
            module.to(some.dtype)
            module.train()  # as evaluation could take PyTorch's fused path; every dropout rate is 0
            for parameter_name, leaf in parameter_leaves.items():
                owner_name, _, last = parameter_name.rpartition(".")
                owner = module.get_submodule(owner_name)
                owner._parameters.pop(last, None)
                setattr(owner, last, leaf)  # a leaf of the case in the parameter's place, so that it gets the gradient
            result = run(module, **input_leaves) if run else module(*input_leaves.values())
            return result if isinstance(result, dict) else {"output": result}

        self.add(name, evaluate, inputs, parameters, **attributes)

    def random(self, name, shape, argument=0):
        return uniform(f"{self.next_key(name)}/{argument}", shape, -2, 2)


def simple():
    layers = Layers()
    for shape, units, bias in (((2, 3, 5), 4, True), ((3, 7), 1, True), ((1, 1, 6), 9, False), ((4,), 3, True)):
        layers.layer("linear", nn.Linear(shape[-1], units, bias=bias), {"x": layers.random("linear", shape)},
                     in_features=shape[-1], out_features=units, bias=bias)
    for shape, vocabulary, channels in (((2, 5), 6, 4), ((3,), 11, 1), ((1, 1), 2, 3)):
        tokens = integers(f"{layers.next_key('embedding')}/tokens", shape, vocabulary)
        layers.layer("embedding", nn.Embedding(vocabulary, channels), {"tokens": tokens}, vocabulary=vocabulary,
                     channels=channels)
    for shape, eps in (((2, 3, 8), 1e-5), ((4, 6), 1e-3), ((1, 1, 17), 1e-5), ((5,), 1e-6)):
        layers.layer("layer_norm", nn.LayerNorm(shape[-1], eps=eps), {"x": layers.random("layer_norm", shape)},
                     channels=shape[-1], eps=eps)
    layers.write("layers/simple.safetensors", "nn.Linear, nn.Embedding, nn.LayerNorm")


def causal_hidden(queries, keys):
    """True above the diagonal that ends in the last key of the last query."""
    return ~np.tril(np.ones((queries, keys), dtype=bool), keys - queries)


def padding_hidden(batch, keys):
    """The last b + 1 keys of sequence b are padding, but never the first key."""
    hidden = np.zeros((batch, keys), dtype=bool)
    for b in range(batch):
        hidden[b, max(1, keys - 1 - b):] = True
    return hidden


def attention():
    layers = Layers()
    name = "multihead_attention"

    def case(batch, queries, keys, width, heads, kind="self", kdim=None, vdim=None, bias=True, mask="none"):
        key = layers.next_key(name)
        inputs = {"query": layers.random(name, (batch, queries, width))}
        if kind == "self":
            keys = queries
        if kind == "memory":
            inputs["memory"] = layers.random(name, (batch, keys, width), 1)
        if kind == "cross":
            inputs["key"] = layers.random(name, (batch, keys, kdim or width), 1)
            inputs["value"] = layers.random(name, (batch, keys, vdim or width), 2)
        if mask == "hide":
            hidden = integers(f"{key}/mask", (queries, keys), 3) == 0
            hidden[:, 0] = False
            inputs["attention_mask"] = hidden
        if mask == "hide_per_head":
            hidden = integers(f"{key}/mask", (batch * heads, queries, keys), 3) == 0
            hidden[..., 0] = False
            inputs["attention_mask"] = hidden
        if mask == "bias":
            inputs["attention_mask"] = uniform(f"{key}/mask", (queries, keys), -2, 2)
        if mask in ("causal", "causal_and_padding"):
            inputs["attention_mask"] = causal_hidden(queries, keys)
        if mask in ("padding", "causal_and_padding"):
            inputs["key_padding_mask"] = padding_hidden(batch, keys)

        def run(module, query, memory=None, key=None, value=None, attention_mask=None, key_padding_mask=None):
            source = query if memory is None else memory
            output, weights = module(query, source if key is None else key, source if value is None else value,
                                     attn_mask=attention_mask, key_padding_mask=key_padding_mask, need_weights=True,
                                     average_attn_weights=False)
            return {"output": output, "attention_weights": weights}

        module = nn.MultiheadAttention(width, heads, dropout=0.0, bias=bias, kdim=kdim, vdim=vdim, batch_first=True)
        layers.layer(name, module, inputs, run, kind=kind, d_model=width, heads=heads, key_width=kdim or width,
                     value_width=vdim or width, bias=bias, mask=mask)

    case(2, 5, 5, 12, 3)
    case(2, 5, 5, 12, 3, bias=False)
    case(1, 1, 1, 4, 4)
    case(2, 7, 7, 8, 1, mask="causal")
    case(2, 6, 6, 8, 2, mask="hide")
    case(2, 6, 6, 8, 2, mask="hide_per_head")
    case(2, 6, 6, 8, 2, mask="bias")
    case(3, 6, 6, 8, 4, mask="padding")
    case(3, 6, 6, 8, 4, mask="causal_and_padding")
    case(2, 5, 5, 8, 2, bias=False, mask="causal")
    case(1, 17, 17, 16, 2, mask="causal")
    case(2, 4, 6, 8, 2, kind="memory")
    case(2, 3, 5, 8, 2, kind="memory", bias=False, mask="padding")
    case(2, 4, 6, 8, 2, kind="cross")
    case(2, 4, 6, 8, 2, kind="cross", kdim=5, vdim=7)
    case(2, 4, 6, 8, 4, kind="cross", kdim=5, vdim=7, bias=False)
    case(2, 4, 6, 12, 3, kind="cross", kdim=6, vdim=4, mask="hide")
    case(2, 4, 6, 12, 3, kind="cross", kdim=6, vdim=4, mask="bias")
    case(3, 4, 6, 8, 2, kind="cross", kdim=9, vdim=8, mask="padding")
    case(2, 3, 6, 8, 2, kind="cross", kdim=9, vdim=8, mask="causal")
    layers.write("layers/multihead_attention.safetensors", "nn.MultiheadAttention, batch first, weights per head")


def encoder_layer():
    layers = Layers()
    name = "encoder_layer"

    def case(norm, activation, batch=2, time=5, width=12, heads=3, feed_forward=20, mask="none", eps=1e-5):
        inputs = {"x": layers.random(name, (batch, time, width))}
        if mask in ("causal", "causal_and_padding"):
            inputs["attention_mask"] = causal_hidden(time, time)
        if mask in ("padding", "causal_and_padding"):
            inputs["key_padding_mask"] = padding_hidden(batch, time)

        def run(module, x, attention_mask=None, key_padding_mask=None):
            output = module(x, src_mask=attention_mask, src_key_padding_mask=key_padding_mask)
            with torch.no_grad():
                source = module.norm1(x) if norm == "pre" else x
                _, weights = module.self_attn(source, source, source, attn_mask=attention_mask,
                                              key_padding_mask=key_padding_mask, average_attn_weights=False)
            return {"output": output, "attention_weights": weights}

        module = nn.TransformerEncoderLayer(width, heads, feed_forward, dropout=0.0, activation=activation,
                                            layer_norm_eps=eps, batch_first=True, norm_first=norm == "pre")
        layers.layer(name, module, inputs, run, norm=norm, activation=activation, d_model=width, heads=heads,
                     d_ff=feed_forward, mask=mask, eps=eps)

    for norm in ("pre", "post"):
        for activation in ("relu", "gelu"):
            case(norm, activation)
            case(norm, activation, mask="causal")
        case(norm, "gelu", batch=3, mask="padding")
        case(norm, "relu", batch=3, time=6, width=8, heads=2, mask="causal_and_padding", eps=1e-3)
        case(norm, "gelu", batch=1, time=1, width=4, heads=1, feed_forward=3)
    layers.write("layers/encoder_layer.safetensors", "nn.TransformerEncoderLayer, dropout 0")


def batch_norm():
    """Training keeps PyTorch's running statistics as results; evaluation reads those of the case's inputs."""
    layers = Layers()
    name = "batch_norm"

    def case(shape, training, eps=1e-5, momentum=0.1, affine=True):
        key = layers.next_key(name)
        channels = shape[-1]
        inputs = {"x": layers.random(name, shape), "mean": uniform(f"{key}/mean", (channels,)),
                  "var": uniform(f"{key}/var", (channels,), 0.5, 2)}

        def run(module, x, mean, var):
            module.train(training)
            module.running_mean, module.running_var = mean.detach().clone(), var.detach().clone()
            output = module(x.transpose(1, -1)).transpose(1, -1)  # channels come second there
            return {"output": output, "running_mean": module.running_mean, "running_var": module.running_var}

        module = nn.BatchNorm1d(channels, eps=eps, momentum=momentum, affine=affine)
        layers.layer(name, module, inputs, run, channels=channels, training=training, eps=eps, momentum=momentum,
                     affine=affine)

    for training in (True, False):
        case((3, 5, 4), training)
        case((2, 3, 6), training, eps=1e-3, momentum=0.01)
        case((4, 7, 1), training, momentum=1.0)
        case((6, 5), training)
        case((2, 4, 3), training, affine=False)
    layers.write("layers/batch_norm.safetensors", "nn.BatchNorm1d, channels last")


if __name__ == "__main__":
    prepare()
    for family in (simple, attention, encoder_layer, batch_norm):
        family()
