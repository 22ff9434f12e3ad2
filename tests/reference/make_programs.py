"""Four attention programs with weights written by hand: what their maps must be follows from mathematics alone.

Inputs are one-hot: the embedding and the table of positions are blocks of the identity, the residual stream is
[token | position | ...] with a block of its own for everything a head writes. Sharpness 100 sqrt(D) makes the logits of
the selected keys 100 and all others 0, so that weights are 0 or 1 (or shares of 1) up to exp(-100), or up to exp(-50) where
the start symbol is the second choice. The idea of such programs: RASP (Weiss et al. 2021), Tracr (Lindner et al. 2023).
"""

from fixture import output_path, write_safetensors

import math

import numpy as np

SOURCE = "written by hand: make_programs.py"


class Stream:
    """Blocks of the residual stream: stream["token"] is the slice of its coordinates."""

    def __init__(self, **widths):
        self.width = 0
        self.blocks = {}
        for name, width in widths.items():
            self.blocks[name] = slice(self.width, self.width + width)
            self.width += width

    def __getitem__(self, name):
        return self.blocks[name]

    def one_hot(self, block):
        """The table whose row i is coordinate i of the block: (size of the block, width)."""
        size = self.blocks[block].stop - self.blocks[block].start
        table = np.zeros((size, self.width))
        table[:, self.blocks[block]] = np.eye(size)
        return table

    def reader(self, size, **matrices):
        """A weight (size, width) that is `matrix` on each named block and zero elsewhere."""
        weight = np.zeros((size, self.width))
        for name, matrix in matrices.items():
            weight[:len(matrix), self.blocks[name]] = matrix
        return weight

    def writer(self, size, block, matrix):
        """A weight (width, size) that writes `matrix` times the value into the block."""
        weight = np.zeros((self.width, size))
        weight[self.blocks[block], :matrix.shape[1]] = matrix
        return weight


def head(layer, query, key, value, output):
    front = f"layers.{layer}.attention."
    return {front + "query.weight": query, front + "key.weight": key, front + "value.weight": value,
            front + "output.weight": output}


def write(name, tensors, note):
    write_safetensors(output_path(f"programs/{name}.safetensors"),
                      {key: value.astype(np.float32) for key, value in tensors.items()},
                      {"source": SOURCE, "note": note})


def previous_of(time):
    """Row i - 1, column i: the query of position i asks for position i - 1; position 0 asks for nothing."""
    return np.eye(time, k=1)


def positional_program(name, symbols, time, selected, note):
    """One head that reads position selected[:, i] from position i, and whose result are the logits."""
    stream = Stream(token=symbols, position=time, result=symbols)
    size = max(symbols, time)
    sharpness = 100 * math.sqrt(size)
    weights = head(0, stream.reader(size, position=sharpness * selected), stream.reader(size, position=np.eye(time)),
                   stream.reader(size, token=np.eye(symbols)), stream.writer(size, "result", np.eye(symbols)))
    weights.update({"embedding.weight": stream.one_hot("token"), "positions.weight": stream.one_hot("position"),
                    "head.weight": 20 * stream.reader(symbols, result=np.eye(symbols))})
    write(name, weights, note)


def histogram(symbols, note):
    """Each token attends to its like and to the start symbol 0: of 1 + n weights the start symbol has one."""
    stream = Stream(token=symbols, share=1)
    sharpness = 100 * math.sqrt(symbols)
    select = np.eye(symbols)
    select[0] += 1
    start = np.zeros((1, symbols))
    start[0, 0] = 1
    shares = 1 / (1 + np.arange(symbols))  # what n = 0, 1, ... like tokens give
    sharp = 10000  # logits -(share - u_n)^2 + share^2 are largest at the nearest u_n
    weights = head(0, stream.reader(symbols, token=sharpness * select), stream.reader(symbols, token=np.eye(symbols)),
                   stream.reader(symbols, token=start), stream.writer(symbols, "share", np.ones((1, 1))))
    weights.update({"embedding.weight": stream.one_hot("token"),
                    "head.weight": stream.reader(symbols, share=2 * sharp * shares[:, None]),
                    "head.bias": -sharp * shares**2})
    write("histogram", weights, note)


def induction(symbols, time, note):
    """Layer 0 copies the previous token; layer 1 looks for its own token among the copies. Symbol 0 starts a sequence."""
    stream = Stream(token=symbols, position=time, copied=symbols, result=symbols)
    size = max(symbols, time)
    sharpness = 100 * math.sqrt(size)
    no_start = np.eye(symbols)
    no_start[0, 0] = 0
    weights = head(0, stream.reader(size, position=sharpness * previous_of(time)),
                   stream.reader(size, position=np.eye(time)), stream.reader(size, token=no_start),
                   stream.writer(size, "copied", np.eye(symbols)))
    # Where no copy fits, the start symbol is the next best: half the logit.
    select = sharpness * no_start
    select[0, 1:] = sharpness / 2
    start = np.zeros((symbols, symbols))
    start[0, 0] = 1
    weights.update(head(1, stream.reader(size, token=select), stream.reader(size, copied=no_start, token=start),
                        stream.reader(size, token=no_start), stream.writer(size, "result", np.eye(symbols))))
    weights.update({"embedding.weight": stream.one_hot("token"), "positions.weight": stream.one_hot("position"),
                    "head.weight": 20 * stream.reader(symbols, result=np.eye(symbols))})
    write("induction", weights, note)


if __name__ == "__main__":
    positional_program("reverse", 6, 8, np.eye(8)[::-1], "position i reads position 7 - i")
    positional_program("previous_token", 6, 8, previous_of(8), "position i reads position i - 1")
    histogram(5, "start symbol 0; each token counts its like")
    induction(8, 12, "start symbol 0; what followed the token before")
