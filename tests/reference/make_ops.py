"""Fixtures of single operations: inputs, output, cotangent and gradients, computed by PyTorch in float64.

Inputs are named 0, 1, ... in the order of the operation's arguments. Kinks and ties are avoided: where a derivative is
not defined, libraries choose differently, and the C++ tests of those choices stand beside the operations themselves.

Longer than 300 lines because it is one table: an operation, its cases.
"""

import math

from fixture import Cases, booleans, integers, prepare, uniform  # first: sets the number of threads

import numpy as np
import torch
import torch.nn.functional as F

# Shapes for operations of two arguments: equal, rows against a matrix, both stretched, size-1 axes, a scalar.
BROADCASTS = [((3, 4), (3, 4)), ((2, 3, 4), (4,)), ((2, 1, 4), (3, 1)), ((1, 5), (5, 1)), ((2, 3), ()), ((1,), (1, 1))]
# Shapes for operations of one argument.
SHAPES = [(7,), (3, 5), (2, 1, 4), (1, 1), (2, 3, 17)]


class Ops(Cases):
    def op(self, name, function, *inputs, **attributes):
        """Adds a case of `function(*tensors)`, which returns one tensor, a list (outputs 0, 1, ...) or a dict."""

        def run(tensors, _):
            result = function(*tensors.values())
            if isinstance(result, (list, tuple)):
                return {f"output.{i}": part for i, part in enumerate(result)}
            return result if isinstance(result, dict) else {"output": result}

        self.add(name, run, {str(i): value for i, value in enumerate(inputs)}, **attributes)

    def random(self, name, shape, low=-1.0, high=1.0, argument=0):
        return uniform(f"{self.next_key(name)}/{argument}", shape, low, high)


def away_from_zero(values, gap):
    """Moves every value away from 0 by `gap` (a power of two, so that float32 stays exact enough to be re-rounded)."""
    return (values + np.sign(values) * gap).astype(np.float32).astype(np.float64)


def require_no_ties(x, axes):
    maximum = np.max(x, axis=axes, keepdims=True)
    if np.any(np.sum(x == maximum, axis=axes) != 1):
        raise SystemExit("a maximum is reached twice: change the key")


def elementwise():
    ops = Ops()
    for shape_a, shape_b in BROADCASTS:
        for name, function in (("add", torch.add), ("sub", torch.sub), ("mul", torch.mul)):
            ops.op(name, function, ops.random(name, shape_a, -2, 2), ops.random(name, shape_b, -2, 2, 1))
        for name, function in (("maximum", torch.maximum), ("minimum", torch.minimum)):
            a, b = ops.random(name, shape_a, -2, 2), ops.random(name, shape_b, -2, 2, 1)
            if np.any(a == b):
                raise SystemExit("equal arguments of maximum: change the key")
            ops.op(name, function, a, b)
        ops.op("div", torch.div, ops.random("div", shape_a, -2, 2),
               away_from_zero(ops.random("div", shape_b, -1, 1, 1), 0.5))
        ops.op("pow", torch.pow, ops.random("pow", shape_a, 0.5, 2), ops.random("pow", shape_b, -2, 2, 1))
        full = np.broadcast_shapes(shape_a, shape_b)
        ops.op("where", torch.where, booleans(f"{ops.next_key('where')}/condition", full),
               ops.random("where", shape_a, -2, 2, 1), ops.random("where", shape_b, -2, 2, 2))
    ops.op("where", torch.where, booleans(f"{ops.next_key('where')}/condition", (3, 1)),
           ops.random("where", (3, 4), -2, 2, 1), ops.random("where", (4,), -2, 2, 2))

    ranges = {"neg": (-2, 2), "exp": (-3, 2), "log": (0.25, 4), "sqrt": (0.25, 4), "abs": (-2, 2), "tanh": (-3, 3),
              "sigmoid": (-6, 6), "relu": (-2, 2), "gelu": (-4, 4), "gelu_tanh": (-4, 4), "silu": (-6, 6)}
    functions = {"neg": torch.neg, "exp": torch.exp, "log": torch.log, "sqrt": torch.sqrt, "abs": torch.abs,
                 "tanh": torch.tanh, "sigmoid": torch.sigmoid, "relu": torch.relu, "gelu": F.gelu,
                 "gelu_tanh": lambda x: F.gelu(x, approximate="tanh"), "silu": F.silu}
    for shape in SHAPES:
        for name, function in functions.items():
            ops.op(name, function, ops.random(name, shape, *ranges[name]))
        # PyTorch replaces softplus by the identity above 20, an error of 2e-9; at 40 it is below float64's resolution.
        ops.op("softplus", lambda x: F.softplus(x, threshold=40.0), ops.random("softplus", shape, -20, 20))
        for exponent, low in ((2.0, -2), (3.0, -2), (0.5, 0.25), (-1.0, 0.5), (-1.5, 0.5), (1.0, -2)):
            ops.op("pow_scalar", lambda x, e=exponent: torch.pow(x, e), ops.random("pow_scalar", shape, low, 2),
                   exponent=exponent)
        low, high = -0.75, 0.5
        ops.op("clamp", lambda x: torch.clamp(x, low, high), ops.random("clamp", shape, -2, 2), low=low, high=high)
    # The tails, where a careless formula overflows or cancels; multiples of 1/8 so that float32 sees the same values.
    tails = np.array([-88.0, -30.0, -12.125, -5.5, 5.5, 12.125, 30.0, 88.0])
    for name in ("tanh", "sigmoid", "gelu", "gelu_tanh", "silu"):
        ops.op(name, functions[name], tails)
    ops.op("softplus", lambda x: F.softplus(x, threshold=40.0), tails)
    ops.write("ops/elementwise.safetensors", "arithmetic, functions and activations, element by element")


def products():
    ops = Ops()

    def matmul(shape_a, shape_b, transpose_a=False, transpose_b=False):
        def function(a, b):
            return torch.matmul(a.transpose(-1, -2) if transpose_a else a, b.transpose(-1, -2) if transpose_b else b)

        ops.op("matmul", function, ops.random("matmul", shape_a), ops.random("matmul", shape_b, argument=1),
               transpose_a=transpose_a, transpose_b=transpose_b)

    for flags in ((False, False), (True, False), (False, True), (True, True)):
        a = (5, 3) if flags[0] else (3, 5)
        b = (4, 5) if flags[1] else (5, 4)
        matmul(a, b, *flags)
        matmul((2,) + a, (2,) + b, *flags)
        matmul((2, 1) + a, (3,) + b, *flags)
        matmul((2, 3) + a, b, *flags)
    matmul((1, 1), (1, 1))
    matmul((1, 6), (6, 1))
    matmul((6, 1), (1, 6))
    matmul((4, 1, 2, 3), (1, 2, 3, 2))
    matmul((17, 33), (33, 19))

    activations = {"none": lambda x: x, "relu": torch.relu, "gelu": F.gelu,
                   "gelu_tanh": lambda x: F.gelu(x, approximate="tanh"), "silu": F.silu}
    for shape, units in (((3, 5), 4), ((2, 3, 7), 6), ((1, 1, 4), 1), ((6,), 3), ((9, 16), 17)):
        for activation, function in activations.items():
            for bias in (True, False):
                inputs = [ops.random("linear", shape), ops.random("linear", (units, shape[-1]), argument=1)]
                if bias:
                    inputs.append(ops.random("linear", (units,), argument=2))
                ops.op("linear", lambda *args, f=function: f(F.linear(*args)), *inputs,
                       activation=activation, bias=bias)

    for batch, time, channels, kernel, units, left, right, dilation, bias in (
            (2, 6, 3, 3, 4, 1, 1, 1, True), (2, 5, 2, 3, 2, 2, 0, 1, True), (1, 7, 1, 2, 3, 0, 0, 1, False),
            (2, 8, 3, 3, 2, 4, 0, 2, True), (1, 4, 2, 1, 5, 0, 0, 1, True), (1, 1, 2, 3, 2, 1, 1, 1, True),
            (2, 9, 2, 2, 3, 1, 2, 3, False)):
        inputs = [ops.random("conv1d", (batch, time, channels)),
                  ops.random("conv1d", (units, channels, kernel), argument=1)]
        if bias:
            inputs.append(ops.random("conv1d", (units,), argument=2))

        def conv1d(x, weight, bias=None):
            padded = F.pad(x.transpose(1, 2), (left, right))
            return F.conv1d(padded, weight, bias, dilation=dilation).transpose(1, 2)

        ops.op("conv1d", conv1d, *inputs, padding_left=left, padding_right=right, dilation=dilation, stride=1,
               bias=bias)
    ops.write("ops/products.safetensors", "matmul, linear with its activation, conv1d")


def reductions():
    ops = Ops()
    cases = [((5,), None), ((3, 4), (1,)), ((3, 4), (0,)), ((2, 3, 4), (0, 2)), ((2, 1, 4), (1,)), ((2, 3, 4), None),
             ((1, 1), (-1,)), ((2, 3, 17), (-1,))]
    for shape, axes in cases:
        every = tuple(range(len(shape)))
        dims = every if axes is None else axes
        count = int(np.prod([shape[axis] for axis in dims]))
        for keepdim in (False, True):
            attributes = {"axes": None if axes is None else list(axes), "keepdim": keepdim}
            for name, function in (("sum", torch.sum), ("mean", torch.mean), ("logsumexp", torch.logsumexp)):
                ops.op(name, lambda x, f=function: f(x, dims, keepdim=keepdim), ops.random(name, shape, -2, 2),
                       **attributes)
            for unbiased in (False, True):
                if unbiased and count == 1:
                    continue  # divides by 0
                ops.op("var", lambda x: torch.var(x, dims, unbiased=unbiased, keepdim=keepdim),
                       ops.random("var", shape, -2, 2), unbiased=unbiased, **attributes)
            x = ops.random("max", shape, -2, 2)
            require_no_ties(x, dims)
            ops.op("max", lambda x: torch.amax(x, dims, keepdim=keepdim), x, **attributes)
    for shape, axis, spread in (((5,), 0, 2), ((3, 4), -1, 2), ((3, 4), 0, 2), ((2, 3, 4), 1, 4), ((2, 3, 1), -1, 2),
                                ((1, 6), -1, 60), ((2, 2, 17), -1, 8)):
        for name, function in (("softmax", torch.softmax), ("log_softmax", torch.log_softmax)):
            ops.op(name, lambda x, f=function: f(x, axis), ops.random(name, shape, -spread, spread), axis=axis)
    # Large logits of either sign: exp overflows unless the maximum is taken off first.
    for offset in (-1000.0, 1000.0):
        x = np.array([[0.0, 1.5, -2.25, 0.5], [3.0, -1.0, 0.25, 2.0]]) + offset
        ops.op("softmax", lambda x: torch.softmax(x, -1), x, axis=-1)
        ops.op("log_softmax", lambda x: torch.log_softmax(x, -1), x, axis=-1)
    # Nearer to 0 for logsumexp: PyTorch's gradient, exp(x - y), inherits the rounding of a y near 1000 in float32.
    for offset in (-96.0, 96.0):
        x = np.array([[0.0, 1.5, -2.25, 0.5], [3.0, -1.0, 0.25, 2.0]]) + offset
        ops.op("logsumexp", lambda x: torch.logsumexp(x, (-1,)), x, axes=[-1], keepdim=False)
    ops.write("ops/reductions.safetensors", "reductions over axes, softmax and its logarithm")


def normalization():
    ops = Ops()
    for shape in ((5,), (3, 8), (2, 3, 4), (1, 1, 6), (2, 1), (2, 2, 33)):
        channels = shape[-1:]
        # One channel: PyTorch's x * rstd - mean * rstd cancels to 0 only within the rounding of 1 / sqrt(eps).
        for eps in (1e-5, 1e-3) if channels != (1,) else (1e-2, 1e-1):
            ops.op("normalize", lambda x: F.layer_norm(x, channels, None, None, eps),
                   ops.random("normalize", shape, -2, 2), eps=eps)
            ops.op("layer_norm", lambda x, gain, bias: F.layer_norm(x, channels, gain, bias, eps),
                   ops.random("layer_norm", shape, -2, 2), ops.random("layer_norm", channels, 0.5, 1.5, 1),
                   ops.random("layer_norm", channels, -1, 1, 2), eps=eps)
            ops.op("rms_normalize", lambda x: x / torch.sqrt((x * x).mean(-1, keepdim=True) + eps),
                   ops.random("rms_normalize", shape, -2, 2), eps=eps)
    ops.write("ops/normalization.safetensors", "normalisation over the last axis")


def losses():
    ops = Ops()
    name = "cross_entropy"

    def cross_entropy(shape, reduction, ignored=0, smoothing=0.0, weighted=False, spread=3):
        key = ops.next_key(name)
        logits = ops.random(name, shape, -spread, spread)
        ignore_index = -1 if ignored else None
        targets = integers(f"{key}/targets", shape[:-1], shape[-1])
        targets.reshape(-1)[:ignored] = -1
        inputs = [logits, targets]
        if weighted:
            inputs.append(ops.random(name, shape[:-1], 0.25, 2, 2))

        def function(x, t, w=None):
            x, t = x.reshape(-1, shape[-1]), t.reshape(-1)
            options = {"ignore_index": -1, "label_smoothing": smoothing}
            if w is None:
                return F.cross_entropy(x, t, reduction=reduction, **options)
            w = w.detach().reshape(-1)
            total = (w * F.cross_entropy(x, t, reduction="none", **options)).sum()
            return total / w[t != -1].sum() if reduction == "mean" else total

        ops.op(name, function, *inputs, reduction=reduction, ignore_index=ignore_index, label_smoothing=smoothing,
               weighted=weighted)

    for reduction in ("mean", "sum"):
        for shape in ((4, 7), (2, 3, 5), (1, 1, 6), (3, 1), (2, 2, 17)):
            cross_entropy(shape, reduction)
        cross_entropy((2, 4, 6), reduction, ignored=3)
        cross_entropy((5, 6), reduction, smoothing=0.1)
        cross_entropy((2, 3, 6), reduction, ignored=2, smoothing=0.25)
        cross_entropy((2, 3, 6), reduction, weighted=True)
        cross_entropy((2, 4, 5), reduction, ignored=2, smoothing=0.1, weighted=True)
        cross_entropy((3, 5), reduction, spread=60)
    for shape in ((5,), (3, 4), (2, 1, 3), (1, 1)):
        ops.op("mse", F.mse_loss, ops.random("mse", shape, -2, 2), ops.random("mse", shape, -2, 2, 1),
               reduction="mean")
    ops.write("ops/losses.safetensors", "losses; the result is a scalar")


def movement():
    ops = Ops()
    for vocabulary, channels, shape in ((6, 4, (2, 5)), (3, 1, (7,)), (1, 3, (2, 2)), (9, 5, (1, 1))):
        tokens = integers(f"{ops.next_key('embedding')}/tokens", shape, vocabulary)
        ops.op("embedding", lambda weight, t: F.embedding(t, weight),
               ops.random("embedding", (vocabulary, channels)), tokens)
    for shape, axis, index_shape in (((3, 4), 1, (3, 2)), ((3, 4), 0, (5, 4)), ((2, 3, 4), -1, (2, 3, 1)),
                                     ((2, 3, 4), 1, (2, 6, 4)), ((5,), 0, (3,)), ((1, 4), -1, (1, 4))):
        index = integers(f"{ops.next_key('gather')}/index", index_shape, shape[axis])
        ops.op("gather", lambda x, i: torch.gather(x, axis, i), ops.random("gather", shape), index, axis=axis)
    for shape, axis, count in (((3, 4), 0, 5), ((3, 4), 1, 2), ((2, 3, 4), -1, 6), ((2, 3, 4), 1, 1), ((5,), 0, 3)):
        index = integers(f"{ops.next_key('index_select')}/index", (count,), shape[axis])
        ops.op("index_select", lambda x, i: torch.index_select(x, axis, i), ops.random("index_select", shape), index,
               axis=axis)
    for shapes, axis in ((((2, 3), (4, 3)), 0), (((2, 3), (2, 1)), 1), (((2, 1, 3), (2, 2, 3), (2, 3, 3)), -2),
                         (((4,), (1,)), 0), (((1, 2, 2), (1, 2, 5)), -1)):
        ops.op("concat", lambda *parts: torch.cat(parts, axis),
               *[ops.random("concat", shape, argument=i) for i, shape in enumerate(shapes)], axis=axis)
    for shape, sizes, axis in (((6, 3), (2, 4), 0), ((2, 6), (2, 2, 2), -1), ((2, 5, 3), (1, 3, 1), 1),
                               ((4,), (4,), 0)):
        ops.op("split", lambda x: torch.split(x, sizes, axis), ops.random("split", shape), sizes=list(sizes),
               axis=axis)
    for shape, axis, start, stop in (((5, 3), 0, 1, 4), ((2, 6), -1, 0, 3), ((2, 5, 3), 1, 4, 5), ((4,), 0, 0, 4),
                                     ((1, 1, 7), 2, 2, 7)):
        ops.op("slice", lambda x: torch.narrow(x, axis, start, stop - start), ops.random("slice", shape), axis=axis,
               start=start, stop=stop)
    for shape, target in (((2, 6), (3, 4)), ((2, 3, 4), (6, 4)), ((4,), (1, 4, 1)), ((1, 1), ()), ((2, 3, 4), (24,))):
        ops.op("reshape", lambda x: x.reshape(target), ops.random("reshape", shape), shape=list(target))
    for shape, axes in (((2, 3), (1, 0)), ((2, 3, 4), (0, 2, 1)), ((2, 3, 4), (2, 0, 1)), ((2, 3, 4, 5), (0, 2, 1, 3)),
                        ((1, 4, 1), (1, 0, 2)), ((3,), (0,))):
        ops.op("transpose", lambda x: x.permute(axes), ops.random("transpose", shape), axes=list(axes))
    for shape, padding, value in (((3,), [[1, 2]], 0.0), ((2, 3), [[0, 1], [2, 0]], 0.5),
                                  ((2, 1, 3), [[0, 0], [1, 1], [0, 2]], -2.0), ((1, 1), [[0, 0], [0, 3]], 0.0)):
        flat = [extent for pair in reversed(padding) for extent in pair]  # PyTorch begins with the last axis
        ops.op("pad", lambda x: F.pad(x, flat, value=value), ops.random("pad", shape), padding=padding, value=value)
    for shape, target in (((4,), (3, 4)), ((3, 1), (3, 5)), ((2, 1, 3), (2, 4, 3)), ((), (2, 2)), ((1, 1), (1, 1)),
                          ((2, 3), (2, 3))):
        ops.op("broadcast_to", lambda x: torch.broadcast_to(x, target), ops.random("broadcast_to", shape),
               shape=list(target))
    ops.write("ops/movement.safetensors", "embedding, indexing, joining, cutting and reshaping")


def attention():
    ops = Ops()
    name = "attention"

    def case(batch, heads, queries, keys, size, value_size, mask, mask_shape=None, scale=None):
        key = ops.next_key(name)
        inputs = [ops.random(name, (batch, heads, queries, size), -2, 2),
                  ops.random(name, (batch, heads, keys, size), -2, 2, 1),
                  ops.random(name, (batch, heads, keys, value_size), -1, 1, 2)]
        if mask == "allow":
            allowed = booleans(f"{key}/mask", mask_shape)
            allowed[..., 0] = True  # no row without a visible key: PyTorch gives NaN there
            inputs.append(allowed)
        if mask == "bias":
            inputs.append(ops.random(name, mask_shape, -2, 2, 3))
        factor = 1.0 / math.sqrt(size) if scale is None else scale

        def function(query, key, value, extra=None):
            logits = torch.matmul(query, key.transpose(-1, -2)) * factor
            if mask == "causal":  # the last query sees the last key
                visible = torch.ones(queries, keys, dtype=torch.bool).tril(keys - queries)
                logits = logits.masked_fill(~visible, -math.inf)
            if mask == "allow":
                logits = logits.masked_fill(~extra, -math.inf)
            if mask == "bias":
                logits = logits + extra
            weights = torch.softmax(logits, -1)
            return {"output": torch.matmul(weights, value), "weights": weights}

        ops.op(name, function, *inputs, mask=mask, scale=factor)

    case(2, 3, 4, 4, 5, 5, "none")
    case(1, 1, 1, 1, 1, 1, "none")
    case(2, 2, 3, 6, 4, 2, "none")
    case(1, 2, 17, 17, 8, 8, "none")
    case(1, 2, 3, 5, 4, 4, "none", scale=1.0)
    case(2, 2, 5, 5, 4, 4, "causal")
    case(1, 3, 3, 6, 4, 3, "causal")
    case(1, 1, 19, 19, 8, 8, "causal")
    case(2, 2, 4, 6, 3, 3, "allow", (4, 6))
    case(2, 2, 4, 6, 3, 3, "allow", (2, 1, 1, 6))
    case(2, 2, 4, 6, 3, 5, "allow", (2, 2, 4, 6))
    case(1, 1, 2, 1, 3, 3, "allow", (2, 1))
    case(2, 2, 4, 5, 3, 3, "bias", (4, 5))
    case(2, 3, 4, 5, 3, 3, "bias", (1, 3, 4, 5))
    case(2, 2, 1, 5, 3, 3, "bias", (2, 1, 1, 5))
    ops.write("ops/attention.safetensors", "scaled dot-product attention, head by head, composed from plain operations")


if __name__ == "__main__":
    prepare()
    for family in (elementwise, products, reductions, normalization, losses, movement, attention):
        family()
