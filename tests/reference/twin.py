"""What make_text.py and make_lines.py share: a decoder in PyTorch that trains on given batches from given first weights,
in float64 and, apart from it, in float32, and the fixture of the two runs.

Nothing is read from Headlight: data and batches, too, follow from seeds as they do there (philox.py, generated_text.py).
"""

import json
import math

from fixture import output_path, write_safetensors  # first: sets the number of threads

import numpy as np
import torch
import torch.nn.functional as F

from philox import xxh64

FLOAT_LOSS_RTOL = 1e-4  # what the C++ float build is held to in the updates that its tests repeat
IGNORED = -100  # a target that does not count


class Decoder:
    """Pre-norm, learned positions, a final norm. Biases where there are weights of that name; without a head of its own
    it is tied to the embedding. GELU by erf unless `model["gelu"]` is PyTorch's "tanh"."""

    def __init__(self, weights, model, dtype):
        self.model = model
        self.weights = {name: torch.tensor(value, dtype=dtype, requires_grad=True) for name, value in weights.items()}

    def norm(self, name, x):
        return F.layer_norm(x, (self.model["d_model"],), self.weights[name + ".gain"],
                            self.weights.get(name + ".bias"), self.model["norm_eps"])

    def linear(self, name, x):
        return F.linear(x, self.weights[name + ".weight"], self.weights.get(name + ".bias"))

    def attention(self, name, x):
        batch, time, width = x.shape
        query, key, value = (
            self.linear(f"{name}.{part}", x).view(batch, time, self.model["heads"], -1).transpose(1, 2)
            for part in ("query", "key", "value"))
        scores = query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1])
        hidden = torch.ones(time, time, dtype=torch.bool).triu(1)
        mixed = scores.masked_fill(hidden, -math.inf).softmax(-1) @ value
        return self.linear(name + ".output", mixed.transpose(1, 2).reshape(batch, time, width))

    def __call__(self, tokens):
        embedding = self.weights["embedding.weight"]
        x = F.embedding(tokens, embedding) + self.weights["positions.weight"][:tokens.shape[1]]
        for i in range(self.model["layers"]):
            name = f"layers.{i}."
            x = x + self.attention(name + "attention", self.norm(name + "attention_norm", x))
            h = self.linear(name + "feed_forward.up", self.norm(name + "feed_forward_norm", x))
            x = x + self.linear(name + "feed_forward.down", F.gelu(h, approximate=self.model.get("gelu", "none")))
        return F.linear(self.norm("final_norm", x), self.weights.get("head.weight", embedding))


def held_out_loss(model, parts):
    """Mean loss over the targets of (inputs, targets) that count."""
    total, counted = 0.0, 0
    with torch.no_grad():
        for inputs, targets in parts:
            losses = F.cross_entropy(model(inputs).flatten(0, 1), targets.flatten(), ignore_index=IGNORED,
                                     reduction="none")
            total += losses.double().sum().item()
            counted += int((targets != IGNORED).sum())
    return total / counted


class Training:
    """A training with AdamW: one update for each of `rates` and `batches`, which are pairs (inputs, targets).

    `model` and `optimizer` are settings, as the fixture has them; an `optimizer["clip_norm"]` of None measures the
    gradients and leaves them alone. `held_out`, a list of pairs, is evaluated after the numbers of updates `evaluated`;
    `first_held_out`, its beginning, after `short` updates: so far the C++ tests go.
    """

    def __init__(self, *, model, optimizer, rates, batches, held_out, evaluated, first_held_out, short):
        self.model, self.optimizer, self.rates, self.batches = model, optimizer, rates, batches
        self.held_out, self.evaluated, self.first_held_out, self.short = held_out, evaluated, first_held_out, short
        self.clip_norm = math.inf if optimizer["clip_norm"] is None else optimizer["clip_norm"]

    def make_optimizer(self, parameters):
        decays = [self.optimizer["decay"] == "all parameters" or parameter.dim() == 2 for parameter in parameters]
        groups = [{"params": [parameter for parameter, decay in zip(parameters, decays) if decay == wanted],
                   "weight_decay": self.optimizer["weight_decay"] if wanted else 0.0} for wanted in (True, False)]
        return torch.optim.AdamW([group for group in groups if group["params"]], lr=self.optimizer["rate"],
                                 betas=tuple(self.optimizer["betas"]), eps=self.optimizer["eps"])

    def train(self, weights, dtype):
        model = Decoder(weights, self.model, dtype)
        parameters = list(model.weights.values())
        optimizer = self.make_optimizer(parameters)
        losses, norms, held = [], [], []
        for step in range(len(self.rates) + 1):
            if step in self.evaluated:
                held.append(held_out_loss(model, self.held_out))
                print(f"  {dtype}, update {step}: held-out loss {held[-1]:.6f}", flush=True)
            if step == self.short:
                first = held_out_loss(model, self.first_held_out)
            if step == len(self.rates):
                break
            inputs, targets = self.batches[step]
            for group in optimizer.param_groups:
                group["lr"] = self.rates[step]
            optimizer.zero_grad()
            loss = F.cross_entropy(model(inputs).flatten(0, 1), targets.flatten(), ignore_index=IGNORED)
            loss.backward()
            norms.append(torch.nn.utils.clip_grad_norm_(parameters, self.clip_norm).item())
            optimizer.step()
            losses.append(loss.item())
        return {"loss": np.array(losses), "gradient_norm": np.array(norms), "held_out": np.array(held),
                "held_out_short": np.array(first)}

    def write(self, fixture, weights, settings, tensors):
        """Trains from `weights` in both precisions and writes training/`fixture` with further `tensors`, and `settings`
        as JSON metadata. Stops where the C++ float build could not be held to its tolerance."""
        exact, rounded = self.train(weights, torch.float64), self.train(weights, torch.float32)
        digests = {f"weights_{dtype}_xxh64": {name: xxh64(value.astype(dtype).tobytes())
                                              for name, value in weights.items()} for dtype in ("float64", "float32")}
        metadata = {name: json.dumps(value, separators=(",", ":")) for name, value in (settings | digests).items()}
        metadata["source"] = f"PyTorch {torch.__version__}, one thread"
        tensors = tensors | {"rate": np.array(self.rates)}
        for suffix, run in (("", exact), ("_float32", rounded)):
            tensors.update({name + suffix: values for name, values in run.items()})
        relative = np.abs(rounded["loss"] / exact["loss"] - 1)
        first = relative[:self.short].max()
        clipped = int(np.sum(exact["gradient_norm"] > self.clip_norm))
        print(f"  {sum(value.size for value in weights.values())} parameters; {clipped} updates clipped; float32 loss "
              f"within {first:.1e} relative in the first {self.short} updates, {relative.max():.1e} in all")
        print(f"  held-out loss, float64: {exact['held_out']}; float32: {rounded['held_out']}")
        if first > FLOAT_LOSS_RTOL / 10:
            raise SystemExit("float32 uses up a tenth of its tolerance")
        write_safetensors(output_path(f"training/{fixture}.safetensors"), tensors, metadata)
