"""The random numbers of core/random.cpp to the last bit, and the digest of core/io/digest.h, written out in NumPy: so a
training here begins where one in Headlight does, and nothing has to be handed over.

Philox4x32-10 and what is made of its words by sums, products, quotients and roots of float64 in the order of
core/random.cpp, none of them fused.
"""

import math

import numpy as np

MASK = (1 << 64) - 1


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

def uniform(shape, bound, seed, stream, draw):
    """The draw-th array of a stream, within +-bound. What rounds onto the bound is put right over there and not here:
    the digests of the fixtures say that none of their draws does."""
    count = math.prod(shape)
    words = philox_words(seed, stream, draw, 0, -(-count // 4))[:count].astype(np.float64)
    return (-bound + 2 * bound * (words * 2.0**-32)).reshape(shape)


def normal(shape, deviation, seed, stream, draw):
    """The same with mean 0, by Box & Muller 1958."""
    count = math.prod(shape)
    words = philox_words(seed, stream, draw, 0, -(-count // 4)).astype(np.float64)
    radius = np.sqrt(-2 * natural_log((words[0::2] + 1.0) * 2.0**-32))
    values = np.stack([radius * part for part in cosine_and_sine(words[1::2] * 2.0**-32)], axis=1).reshape(-1)[:count]
    return (0 + deviation * values).reshape(shape)


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