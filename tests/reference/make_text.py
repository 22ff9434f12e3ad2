"""Fixture of data/configs/text.json trained in PyTorch: 500 updates of nanoGPT's CPU model on the text that
apps/reproduce/generated_text.cpp makes.

Nothing is read from Headlight. The text, the windows of each batch and the first weights follow from seeds here as they
do there, to the last bit: Philox4x32-10 and what core/random.cpp makes of its words, written out in NumPy. Runs in
float64 and, apart from it, in float32.

Longer than 300 lines because it is a whole training of its own, and no other script needs a part of it.
"""

import json
import math

from fixture import output_path, prepare, write_safetensors  # first: sets the number of threads

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

TEXT = {"seed": 1, "characters": 1000000, "split": 0.9}
MODEL = {"layers": 4, "heads": 4, "d_model": 128, "d_ff": 512, "window": 64, "norm_eps": 1e-5, "std": 0.02}
OPTIMIZER = {"type": "adamw", "rate": 1e-3, "betas": [0.9, 0.99], "eps": 1e-8, "weight_decay": 0.1,
             "decay": "parameters of two axes", "clip_norm": 1.0, "clip_eps": 1e-6}
SCHEDULE = {"type": "cosine", "warmup_steps": 100, "steps": 2000, "final_ratio": 0.1}
RUN = {"seed": 1337, "steps": 500, "batch": 12, "evaluated": [0, 250, 500]}
SHORT = {"steps": 20, "windows": 256}  # what the C++ tests repeat: the first updates, then the first held-out windows
FLOAT_LOSS_RTOL = 1e-4  # what the C++ float build is held to in them
MASK = (1 << 64) - 1


# ---- core/random.cpp

def stream_id(name):
    """FNV-1a with 64 bits."""
    state = 0xCBF29CE484222325
    for byte in name.encode():
        state = ((state ^ byte) * 0x100000001B3) & MASK
    return state


def philox_words(seed, stream, step, first_block, blocks):
    """The words of blocks first_block, ...: Philox4x32-10 of Salmon et al. 2011, as uint64 arrays for the products."""
    low = np.uint64(0xFFFFFFFF)
    shift = np.uint64(32)
    c0 = np.arange(first_block, first_block + blocks, dtype=np.uint64)
    c1, c2, c3 = (np.full(blocks, word, dtype=np.uint64) for word in (step, stream & 0xFFFFFFFF, stream >> 32))
    key = [seed & 0xFFFFFFFF, seed >> 32]
    for _ in range(10):
        left, right = c0 * np.uint64(0xD2511F53), c2 * np.uint64(0xCD9E8D57)
        c0, c1, c2, c3 = ((right >> shift) ^ c1 ^ np.uint64(key[0]), right & low,
                          (left >> shift) ^ c3 ^ np.uint64(key[1]), left & low)
        key = [(key[0] + 0x9E3779B9) & 0xFFFFFFFF, (key[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return np.stack([c0, c1, c2, c3], axis=1).reshape(-1)


class Random:
    """The draws of one key one after another."""

    def __init__(self, seed, stream, step=0):
        self.key, self.next_block, self.words, self.used = (seed, stream, step), 0, [], 0

    def word(self):
        if self.used == len(self.words):
            blocks = min(max(1, 2 * self.next_block), 65536)
            self.words = philox_words(*self.key, self.next_block, blocks).tolist()
            self.next_block, self.used = self.next_block + blocks, 0
        self.used += 1
        return self.words[self.used - 1]

    def below(self, count):
        """Lemire 2019, algorithm 5."""
        while True:
            product = (self.word() << 32 | self.word()) * count
            if product & MASK >= (1 << 64) % count:
                return product >> 64


def natural_log(x):
    m, exponent = np.frexp(x)  # m in [1/2, 1), there in [1, 2): both end in [1/sqrt 2, sqrt 2)
    m, exponent = m * 2, exponent - 1
    large = m >= math.sqrt(2.0)
    m, exponent = np.where(large, m / 2, m), exponent + large
    s = (m - 1) / (m + 1)
    square = s * s
    series = np.zeros_like(s)
    for n in range(19, 2, -2):
        series = (series + 1.0 / n) * square
    return exponent * math.log(2.0) + 2 * (s + s * series)


def cosine_and_sine(turn):
    quarters = turn * 4
    quadrant = (quarters + 0.5).astype(np.int64)
    angle = (quarters - quadrant) * (math.pi / 2)
    square = angle * angle
    sine, cosine = np.ones_like(angle), np.ones_like(angle)
    for n in range(16, 1, -2):
        sine = 1 - square / (n * (n + 1)) * sine
        cosine = 1 - square / (n * (n - 1)) * cosine
    sine = sine * angle
    turned = [(cosine, sine), (-sine, cosine), (-cosine, -sine), (sine, -cosine)]
    return tuple(np.choose(quadrant % 4, [values[part] for values in turned]) for part in (0, 1))


def normal(shape, deviation, draw):
    """The draw-th array of layers/init.h, by Box & Muller. Sums, products, quotients and roots of float64 in the order
    of core/random.cpp, none of them fused: the same bits."""
    count = math.prod(shape)
    words = philox_words(RUN["seed"], stream_id("init"), draw, 0, -(-count // 4)).astype(np.float64)
    radius = np.sqrt(-2 * natural_log((words[0::2] + 1.0) * 2.0**-32))
    values = np.stack([radius * part for part in cosine_and_sine(words[1::2] * 2.0**-32)], axis=1).reshape(-1)[:count]
    return (0 + deviation * values).reshape(shape)


# ---- apps/reproduce/generated_text.cpp

CONSONANTS, VOWELS = "bcdfghjklmnpqrstvwxz", "aeiouy"
WORDS, SUCCESSORS = 400, 8
RARE_SEPARATORS = [", ", ", ", "; ", ": ", "-"]


class Language:
    def __init__(self, seed):
        self.random = Random(seed, stream_id("reproduce.text"))
        self.below = self.random.below
        self.words = [self.draw_word() for _ in range(WORDS)]

    def pick(self, letters):
        return letters[self.below(len(letters))]

    def syllable(self, may_begin_with_vowel):
        text = self.pick(CONSONANTS) if not may_begin_with_vowel or self.below(4) != 0 else ""
        text += self.pick(VOWELS)
        return text + self.pick(CONSONANTS) if self.below(3) == 0 else text

    def draw_word(self):
        syllables = 1 + self.below(3)
        spelling = "".join([self.syllable(i == 0) for i in range(syllables)])
        return spelling, [self.below(WORDS) for _ in range(SUCCESSORS)]

    def sentence(self):
        frame = self.below(16)
        count = 4 + self.below(9)
        word = self.below(WORDS)
        text = ""
        for i in range(count):
            if i > 0:
                text += RARE_SEPARATORS[self.below(len(RARE_SEPARATORS))] if self.below(8) == 0 else " "
                first, second = self.below(SUCCESSORS), self.below(SUCCESSORS)
                word = self.words[word][1][min(first, second)]
            text += self.words[word][0]
            if self.below(32) == 0:
                text += "'s"
        text = text[0].upper() + text[1:] + self.pick(".....?!.")
        text = {0: f'"{text}"', 1: f"({text})"}.get(frame, text)
        return text + self.pick("   \n")


def generated_text(seed, characters):
    language, sentences, size = Language(seed), [], 0
    while size < characters:
        sentences.append(language.sentence())
        size += len(sentences[-1])
    return "".join(sentences)[:characters]


def xxh64(data):
    """XXH64 with seed 0 of at least 32 bytes, as core/io/digest.h has it. Source: xxHash, Y. Collet."""
    p1, p2, p3, p4, p5 = (11400714785074694791, 14029467366897019727, 1609587929392839161, 9650029242287828579,
                          2870177450012600261)

    def rotated(x, bits):
        return (x << bits | x >> (64 - bits)) & MASK

    def mixed(lane, word):
        return rotated((lane + word * p2) & MASK, 31) * p1 & MASK

    words = np.frombuffer(data[:len(data) // 8 * 8], dtype="<u8").tolist()
    lanes = [(p1 + p2) & MASK, p2, 0, -p1 & MASK]
    striped = len(words) // 4 * 4
    for i in range(0, striped, 4):
        lanes = [mixed(lane, word) for lane, word in zip(lanes, words[i:i + 4])]
    state = sum(rotated(lane, bits) for lane, bits in zip(lanes, (1, 7, 12, 18))) & MASK
    for lane in lanes:
        state = ((state ^ mixed(0, lane)) * p1 + p4) & MASK
    state = (state + len(data)) & MASK
    for word in words[striped:]:
        state = (rotated(state ^ mixed(0, word), 27) * p1 + p4) & MASK
    rest = data[len(words) * 8:]
    if len(rest) >= 4:
        state = (rotated(state ^ int.from_bytes(rest[:4], "little") * p1 & MASK, 23) * p2 + p3) & MASK
        rest = rest[4:]
    for byte in rest:
        state = rotated(state ^ byte * p5 & MASK, 11) * p1 & MASK
    state = (state ^ state >> 33) * p2 & MASK
    state = (state ^ state >> 29) * p3 & MASK
    return f"{state ^ state >> 32:016x}"


# ---- the model

class Decoder(nn.Module):
    """Pre-norm, no biases, LayerNorm with a gain alone, erf-GELU, learned positions, head tied to the embedding."""

    def __init__(self, weights, dtype):
        super().__init__()
        self.names = list(weights)
        for name, value in weights.items():
            self.register_parameter(name.replace(".", "/"), nn.Parameter(torch.tensor(value, dtype=dtype)))

    def of(self, name):
        return self.get_parameter(name.replace(".", "/"))

    def norm(self, name, x):
        return F.layer_norm(x, (MODEL["d_model"],), self.of(name + ".gain"), None, MODEL["norm_eps"])

    def attention(self, name, x):
        batch, time, width = x.shape
        query, key, value = (
            F.linear(x, self.of(f"{name}.{part}.weight")).view(batch, time, MODEL["heads"], -1).transpose(1, 2)
            for part in ("query", "key", "value"))
        scores = query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1])
        hidden = torch.ones(time, time, dtype=torch.bool).triu(1)
        mixed = scores.masked_fill(hidden, -math.inf).softmax(-1) @ value
        return F.linear(mixed.transpose(1, 2).reshape(batch, time, width), self.of(name + ".output.weight"))

    def forward(self, tokens):
        x = F.embedding(tokens, self.of("embedding.weight")) + self.of("positions.weight")[:tokens.shape[1]]
        for i in range(MODEL["layers"]):
            name = f"layers.{i}."
            x = x + self.attention(name + "attention", self.norm(name + "attention_norm", x))
            h = F.gelu(F.linear(self.norm(name + "feed_forward_norm", x), self.of(name + "feed_forward.up.weight")))
            x = x + F.linear(h, self.of(name + "feed_forward.down.weight"))
        return F.linear(self.norm("final_norm", x), self.of("embedding.weight"))


def first_weights(vocabulary):
    """In the order in which Headlight builds the model; a gain is no draw."""
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
    weights = {f"{name}.weight": normal(shape, deviation, n) for n, (name, shape, deviation) in enumerate(drawn)}
    return weights | {name: np.ones(width) for name in gains}


def learning_rate(step):
    warmup, end, ratio = SCHEDULE["warmup_steps"], SCHEDULE["steps"], SCHEDULE["final_ratio"]
    if step < warmup:
        return OPTIMIZER["rate"] * ((step + 1) / (warmup + 1))
    return OPTIMIZER["rate"] * (ratio + (1 - ratio) * ((1 + math.cos(math.pi * (step - warmup) / (end - warmup))) / 2))


def held_out_loss(model, tokens):
    """Mean loss over windows side by side, the last one perhaps shorter: each token but the first is predicted once."""
    time, total = MODEL["window"], 0.0
    whole = (len(tokens) - 1) // time * time
    inputs, targets = tokens[:whole].view(-1, time), tokens[1:whole + 1].view(-1, time)
    parts = list(zip(inputs.split(64), targets.split(64)))
    if whole < len(tokens) - 1:
        parts.append((tokens[whole:-1][None], tokens[whole + 1:][None]))
    with torch.no_grad():
        for given, wanted in parts:
            logits = model(given).flatten(0, 1)
            total += F.cross_entropy(logits, wanted.flatten(), reduction="none").double().sum().item()
    return total / (len(tokens) - 1)


def train(weights, batches, held_out, dtype):
    model = Decoder(weights, dtype)
    decayed = [parameter for parameter in model.parameters() if parameter.dim() == 2]
    kept = [parameter for parameter in model.parameters() if parameter.dim() != 2]
    optimizer = torch.optim.AdamW([{"params": decayed, "weight_decay": OPTIMIZER["weight_decay"]},
                                   {"params": kept, "weight_decay": 0.0}],
                                  lr=OPTIMIZER["rate"], betas=tuple(OPTIMIZER["betas"]), eps=OPTIMIZER["eps"])
    losses, norms, held = [], [], []
    for step in range(RUN["steps"] + 1):
        if step in RUN["evaluated"]:
            held.append(held_out_loss(model, held_out))
            print(f"  {dtype}, update {step}: held-out loss {held[-1]:.6f}", flush=True)
        if step == SHORT["steps"]:
            short = held_out_loss(model, held_out[:SHORT["windows"] * MODEL["window"] + 1])
        if step == RUN["steps"]:
            break
        inputs, targets = batches[step]
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step)
        optimizer.zero_grad()
        loss = F.cross_entropy(model(inputs).flatten(0, 1), targets.flatten())
        loss.backward()
        norms.append(torch.nn.utils.clip_grad_norm_(model.parameters(), OPTIMIZER["clip_norm"]).item())
        optimizer.step()
        losses.append(loss.item())
    return {"loss": np.array(losses), "gradient_norm": np.array(norms), "held_out": np.array(held),
            "held_out_short": np.array(short)}


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
    count = sum(value.size for value in weights.values())
    exact = train(weights, batches, tokens[trained:], torch.float64)
    rounded = train(weights, batches, tokens[trained:], torch.float32)

    settings = {"text": TEXT | {"xxh64": xxh64(text.encode()), "different": len(characters)},
                "model": MODEL | {"parameters": count}, "optimizer": OPTIMIZER, "schedule": SCHEDULE, "run": RUN,
                "short": SHORT,
                "weights_float64_xxh64": {name: xxh64(value.tobytes()) for name, value in weights.items()},
                "weights_float32_xxh64": {name: xxh64(value.astype(np.float32).tobytes())
                                          for name, value in weights.items()}}
    metadata = {name: json.dumps(value, separators=(",", ":")) for name, value in settings.items()}
    metadata["source"] = f"PyTorch {torch.__version__}, one thread"
    tensors = {"rate": np.array([learning_rate(step) for step in range(RUN["steps"])]),
               "windows": begins.astype(np.int32)}
    for suffix, run in (("", exact), ("_float32", rounded)):
        tensors.update({name + suffix: values for name, values in run.items()})
    relative = np.abs(rounded["loss"] / exact["loss"] - 1)
    first = relative[:SHORT["steps"]].max()
    clipped = int(np.sum(exact["gradient_norm"] > OPTIMIZER["clip_norm"]))
    print(f"  {len(characters)} different characters, {count} parameters; {clipped} updates clipped; float32 loss "
          f"within {first:.1e} relative in the first {SHORT['steps']} updates, {relative.max():.1e} in all")
    print(f"  held-out loss, float64: {exact['held_out']}; float32: {rounded['held_out']}")
    if first > FLOAT_LOSS_RTOL / 10:
        raise SystemExit("float32 uses up a tenth of its tolerance")
    write_safetensors(output_path("training/text_run.safetensors"), tensors, metadata)


if __name__ == "__main__":
    prepare()
    np.set_printoptions(precision=9)
    make()
