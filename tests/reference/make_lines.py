"""Fixture of data/configs/lines.json trained in PyTorch: 500 updates of makemore's model on the lines that
apps/reproduce/generated_text.cpp makes. Lines, those held out, those of each batch and first weights follow from the
seeds."""

import math

from fixture import prepare  # first: sets the number of threads

import numpy as np
import torch
import torch.nn.functional as F

from generated_text import generated_lines
from philox import Random, normal, stream_id, uniform, xxh64
from twin import IGNORED, Training

LINES = {"seed": 1, "items": 32033, "held_out": 1000, "split_seed": 1}
MODEL = {"layers": 4, "heads": 4, "d_model": 64, "d_ff": 256, "gelu": "tanh", "norm_eps": 1e-5}
OPTIMIZER = {"type": "adamw", "rate": 5e-4, "betas": [0.9, 0.99], "eps": 1e-8, "weight_decay": 0.01,
             "decay": "all parameters", "clip_norm": None}
RUN = {"seed": 3407, "steps": 500, "batch": 32, "evaluated": [0, 250, 500]}
SHORT = {"steps": 20, "items": 256}  # what the C++ tests repeat: the first updates, then the first held-out items


def held_out_items():
    """apps/data/holdout.cpp: algorithm S of Knuth, volume 2, section 3.4.2."""
    random, chosen = Random(LINES["split_seed"], stream_id("data.holdout")), []
    for item in range(LINES["items"]):
        if random.below(LINES["items"] - item) < LINES["held_out"] - len(chosen):
            chosen.append(item)
    return chosen


def batch_of(items):
    """Inputs 0, c_1, ..., c_n and targets c_1, ..., c_n, 0 of each item, a row. Behind its end inputs are 0 and targets
    do not count; no position before sees them."""
    time = 1 + max(len(item) for item in items)
    inputs = [F.pad(item, (1, time - 1 - len(item))) for item in items]
    targets = [F.pad(F.pad(item, (0, 1)), (0, time - 1 - len(item)), value=IGNORED) for item in items]
    return torch.stack(inputs), torch.stack(targets)


def first_weights(vocabulary, positions):
    """PyTorch's own distributions, of Philox's words, in the order in which Headlight builds the model; what is constant
    is no draw."""
    width, wide = MODEL["d_model"], MODEL["d_ff"]
    xavier, narrow, broad = math.sqrt(6 / (width + width)), 1 / math.sqrt(width), 1 / math.sqrt(wide)
    drawn = [("embedding.weight", (vocabulary, width), normal, 1.0),
             ("positions.weight", (positions, width), normal, 1.0)]
    norms, zeros = ["final_norm"], []
    for i in range(MODEL["layers"]):
        name = f"layers.{i}."
        drawn += [(f"{name}attention.{part}.weight", (width, width), uniform, xavier)
                  for part in ("query", "key", "value")]
        drawn += [(name + "attention.output.weight", (width, width), uniform, narrow),
                  (name + "feed_forward.up.weight", (wide, width), uniform, narrow),
                  (name + "feed_forward.up.bias", (wide,), uniform, narrow),
                  (name + "feed_forward.down.weight", (width, wide), uniform, broad),
                  (name + "feed_forward.down.bias", (width,), uniform, broad)]
        zeros += [f"{name}attention.{part}.bias" for part in ("query", "key", "value", "output")]
        norms += [name + "attention_norm", name + "feed_forward_norm"]
    drawn.append(("head.weight", (vocabulary, width), uniform, narrow))
    stream = stream_id("init")
    weights = {name: distribution(shape, size, RUN["seed"], stream, n)
               for n, (name, shape, distribution, size) in enumerate(drawn)}
    weights |= {name: np.zeros(width) for name in zeros + [name + ".bias" for name in norms]}
    return weights | {name + ".gain": np.ones(width) for name in norms}


def make():
    lines = generated_lines(LINES["seed"], LINES["items"])
    characters = sorted(set("".join(lines)))
    numbers = {character: number for number, character in enumerate(characters, start=1)}
    items = [torch.tensor([numbers[character] for character in line]) for line in lines]
    longest = max(len(line) for line in lines)
    chosen = held_out_items()
    held_out = [items[i] for i in chosen]
    trained = [items[i] for i in sorted(set(range(len(items))) - set(chosen))]
    rows = np.array([[Random(RUN["seed"], stream_id("batches.draw") + row, step).below(len(trained))
                      for row in range(RUN["batch"])] for step in range(RUN["steps"])])
    weights = first_weights(len(characters) + 1, longest + 1)
    training = Training(model=MODEL, optimizer=OPTIMIZER, rates=[OPTIMIZER["rate"]] * RUN["steps"],
                        batches=[batch_of([trained[i] for i in step]) for step in rows],
                        held_out=[batch_of(held_out)], evaluated=RUN["evaluated"],
                        first_held_out=[batch_of(held_out[:SHORT["items"]])], short=SHORT["steps"])
    text = "".join(line + "\n" for line in lines)
    settings = {"lines": LINES | {"xxh64": xxh64(text.encode()), "different": len(characters), "longest": longest},
                "model": MODEL | {"parameters": sum(value.size for value in weights.values())},
                "optimizer": OPTIMIZER, "run": RUN, "short": SHORT}
    training.write("lines_run", weights, settings, {"items": rows.astype(np.int32)})


if __name__ == "__main__":
    prepare()
    np.set_printoptions(precision=9)
    make()
