"""Fixture of data/configs/text.json trained in PyTorch: 500 updates of nanoGPT's CPU model on the text that
apps/reproduce/generated_text.cpp makes. Text, windows of each batch and first weights follow from the seeds."""

import math

from fixture import prepare  # first: sets the number of threads

import numpy as np
import torch

from generated_text import generated_text
from philox import Random, normal, stream_id, xxh64
from twin import Training

TEXT = {"seed": 1, "characters": 1000000, "split": 0.9}
MODEL = {"layers": 4, "heads": 4, "d_model": 128, "d_ff": 512, "window": 64, "norm_eps": 1e-5, "std": 0.02}
OPTIMIZER = {"type": "adamw", "rate": 1e-3, "betas": [0.9, 0.99], "eps": 1e-8, "weight_decay": 0.1,
             "decay": "parameters of two axes", "clip_norm": 1.0, "clip_eps": 1e-6}
SCHEDULE = {"type": "cosine", "warmup_steps": 100, "steps": 2000, "final_ratio": 0.1}
RUN = {"seed": 1337, "steps": 500, "batch": 12, "evaluated": [0, 250, 500]}
SHORT = {"steps": 20, "windows": 256}  # what the C++ tests repeat: the first updates, then the first held-out windows


def first_weights(vocabulary):
    """In the order in which Headlight builds the model; a gain is no draw. No biases, and no head of its own."""
    width, wide = MODEL["d_model"], MODEL["d_ff"]
    scaled = MODEL["std"] * (1 / math.sqrt(2.0 * MODEL["layers"]))  # of what writes to the residual stream
    drawn = [("embedding", (vocabulary, width), MODEL["std"]), ("positions", (MODEL["window"], width), MODEL["std"])]
    gains = ["final_norm.gain"]
    for i in range(MODEL["layers"]):
        name = f"layers.{i}."
        drawn += [(f"{name}attention.{part}", (width, width), MODEL["std"]) for part in ("query", "key", "value")]
        drawn += [(name + "attention.output", (width, width), scaled),
                  (name + "feed_forward.up", (wide, width), MODEL["std"]),
                  (name + "feed_forward.down", (width, wide), scaled)]
        gains += [name + "attention_norm.gain", name + "feed_forward_norm.gain"]
    stream = stream_id("init")
    weights = {f"{name}.weight": normal(shape, deviation, RUN["seed"], stream, n)
               for n, (name, shape, deviation) in enumerate(drawn)}
    return weights | {name: np.ones(width) for name in gains}


def learning_rate(step):
    warmup, end, ratio = SCHEDULE["warmup_steps"], SCHEDULE["steps"], SCHEDULE["final_ratio"]
    if step < warmup:
        return OPTIMIZER["rate"] * ((step + 1) / (warmup + 1))
    return OPTIMIZER["rate"] * (ratio + (1 - ratio) * ((1 + math.cos(math.pi * (step - warmup) / (end - warmup))) / 2))


def side_by_side(tokens):
    """(inputs, targets) of windows side by side, the last one perhaps shorter: each token but the first is a target
    once."""
    time = MODEL["window"]
    whole = (len(tokens) - 1) // time * time
    inputs, targets = tokens[:whole].view(-1, time), tokens[1:whole + 1].view(-1, time)
    parts = list(zip(inputs.split(64), targets.split(64)))
    if whole < len(tokens) - 1:
        parts.append((tokens[whole:-1][None], tokens[whole + 1:][None]))
    return parts


def make():
    text = generated_text(TEXT["seed"], TEXT["characters"])
    characters = sorted(set(text))
    numbers = {character: number for number, character in enumerate(characters)}
    tokens = torch.tensor([numbers[character] for character in text])
    trained = math.floor(len(text) * TEXT["split"])
    begins = np.array([[Random(RUN["seed"], stream_id("batches.draw") + row, step).below(trained - MODEL["window"])
                        for row in range(RUN["batch"])] for step in range(RUN["steps"])])
    windows = tokens.unfold(0, MODEL["window"] + 1, 1)
    batches = [(windows[rows][:, :-1], windows[rows][:, 1:]) for rows in torch.from_numpy(begins)]
    weights = first_weights(len(characters))
    held_out = tokens[trained:]
    training = Training(model=MODEL, optimizer=OPTIMIZER, rates=[learning_rate(step) for step in range(RUN["steps"])],
                        batches=batches, held_out=side_by_side(held_out), evaluated=RUN["evaluated"],
                        first_held_out=side_by_side(held_out[:SHORT["windows"] * MODEL["window"] + 1]),
                        short=SHORT["steps"])
    settings = {"text": TEXT | {"xxh64": xxh64(text.encode()), "different": len(characters)},
                "model": MODEL | {"parameters": sum(value.size for value in weights.values())},
                "optimizer": OPTIMIZER, "schedule": SCHEDULE, "run": RUN, "short": SHORT}
    training.write("text_run", weights, settings, {"windows": begins.astype(np.int32)})


if __name__ == "__main__":
    prepare()
    np.set_printoptions(precision=9)
    make()
