"""What the fixture scripts share: reproducible inputs, cases with gradients, and a writer of safetensors files.

README.md in this folder describes the format. Nothing here draws on a random number generator with a state: an input is
a function of its name and index alone, so adding a case leaves every other case as it was.
"""

import json
import os
import pathlib
import sys

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):  # read when numpy and torch load their BLAS
    os.environ[variable] = "1"

import numpy as np
import torch

FORMAT_VERSION = 1
FOLDER = pathlib.Path(__file__).resolve().parent

# Tolerances that the float build of the C++ tests uses. Every case is run in float32 here as well and has to meet half
# of them, so that a miss over there is the fault of the code and not of a badly conditioned case.
FLOAT_RTOL = 1.3e-6
FLOAT_ATOL = 1e-5

_DTYPE_NAMES = {"float64": "F64", "float32": "F32", "int32": "I32", "uint8": "U8", "bool": "BOOL"}


def prepare():
    """Settings under which the bytes of a fixture do not depend on the run."""
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(0)  # nothing draws from it; module constructors do, and their weights are overwritten


def output_path(name):
    """Path of a fixture: in the folder given as first argument, else beside the scripts."""
    folder = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def hashed_bits(key, count):
    """`count` 64-bit words, word i a hash of (key, i): FNV-1a of the key, then the finaliser of splitmix64."""
    state = 0xCBF29CE484222325
    for byte in key.encode():
        state = ((state ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    words = np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(state)
    words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return words ^ (words >> np.uint64(31))


def uniform(key, shape, low=-1.0, high=1.0):
    """Values in (low, high) that float32 holds exactly, as float64. Never exactly 0 for a range symmetric about it."""
    count = int(np.prod(shape, dtype=np.int64))
    fractions = ((hashed_bits(key, count) >> np.uint64(44)).astype(np.float64) + 0.5) / 2.0**20
    return (low + (high - low) * fractions).astype(np.float32).astype(np.float64).reshape(shape)


def integers(key, shape, below):
    """Integers in [0, below) as int32 (remainder of a 64-bit word: bias below 2^-50)."""
    count = int(np.prod(shape, dtype=np.int64))
    return (hashed_bits(key, count) % np.uint64(below)).astype(np.int32).reshape(shape)


def booleans(key, shape):
    return integers(key, shape, 2).astype(bool)


def write_safetensors(path, tensors, metadata):
    """Writes {name: numpy array} with string metadata: widest element first, then by name; header padded to 8 bytes."""
    arrays = {name: np.asarray(array, order="C") for name, array in tensors.items()}
    names = sorted(arrays, key=lambda name: (-arrays[name].dtype.itemsize, name))
    header = {"__metadata__": dict(metadata, format_version=str(FORMAT_VERSION))}
    end = 0
    for name in names:
        begin, end = end, end + arrays[name].nbytes
        header[name] = {
            "dtype": _DTYPE_NAMES[arrays[name].dtype.name],
            "shape": list(arrays[name].shape),
            "data_offsets": [begin, end],
        }
    text = json.dumps(header, separators=(",", ":"), allow_nan=False).encode()
    text += b" " * (-len(text) % 8)
    data = b"".join(arrays[name].tobytes() for name in names)
    path.write_bytes(len(text).to_bytes(8, "little") + text + data)
    print(f"{path.name}: {len(names)} tensors, {8 + len(text) + len(data)} bytes")


def require_close(actual, expected, what):
    """Raises when a float32 result misses half the tolerance that the C++ float build is held to."""
    actual, expected = actual.astype(np.float64), expected.astype(np.float64)
    excess = np.abs(actual - expected) - 0.5 * (FLOAT_ATOL + FLOAT_RTOL * np.abs(expected))
    if not np.all(excess <= 0):
        raise SystemExit(f"{what}: float32 misses half the tolerance by {np.nanmax(excess):.2e}; change the inputs")


class Cases:
    """Collects cases and writes them to one file."""

    def __init__(self):
        self.tensors = {}
        self.cases = []
        self.counts = {}

    def next_number(self, op):
        number = self.counts.get(op, 0)
        self.counts[op] = number + 1
        return number

    def next_key(self, op):
        """Key for the inputs of the case of `op` that is added next."""
        return f"{op}/{self.counts.get(op, 0)}"

    def add(self, op, run, inputs, parameters=None, **attributes):
        """Runs one case in float64 and float32 and keeps the float64 values.

        `run(inputs, parameters)` gets two dicts of tensors and returns a dict of results. Those whose name begins with
        "output" each have a cotangent; the gradients are those of sum(output * cotangent) for every floating-point
        input and parameter that `run` does not detach.
        """
        number = self.next_number(op)
        key = f"{op}/{number}"
        exact = self._evaluate(key, run, inputs, parameters or {}, torch.float64)
        rounded = self._evaluate(key, run, inputs, parameters or {}, torch.float32)
        for name, value in exact.items():
            if not np.all(np.isfinite(value)):
                raise SystemExit(f"{key}/{name}: not finite")
            require_close(rounded[name], value, f"{key}/{name}")
        arrays = {f"input.{name}": value for name, value in inputs.items()}
        arrays.update({f"parameter.{name}": value for name, value in (parameters or {}).items()})
        arrays.update(exact)
        for name, value in arrays.items():
            self.tensors[f"case/{key}/{name}"] = value
        self.cases.append(
            {"op": op, "case": number, "inputs": list(inputs), "parameters": list(parameters or {}),
             "results": [name for name in exact if not name.startswith(("cotangent", "grad"))],
             "attributes": attributes})

    def write(self, name, note):
        metadata = {"cases": json.dumps(self.cases, separators=(",", ":")), "note": note,
                    "source": f"PyTorch {torch.__version__}, float64, one thread"}
        write_safetensors(output_path(name), self.tensors, metadata)
        print(f"  {len(self.cases)} cases of {len(self.counts)} ops")

    @staticmethod
    def _evaluate(key, run, inputs, parameters, dtype):
        def leaves(arrays):
            tensors = {}
            for name, value in arrays.items():
                if value.dtype == np.float64:
                    tensors[name] = torch.tensor(value, dtype=dtype, requires_grad=True)
                else:
                    tensors[name] = torch.tensor(value).long() if value.dtype == np.int32 else torch.tensor(value)
            return tensors

        input_leaves, parameter_leaves = leaves(inputs), leaves(parameters)
        results = run(input_leaves, parameter_leaves)
        values = {name: result.detach().numpy().copy() for name, result in results.items()}
        objective = 0
        for name, result in results.items():
            if name.startswith("output"):
                cotangent = uniform(f"{key}/cotangent/{name}", tuple(result.shape))
                values[name.replace("output", "cotangent")] = cotangent
                objective = objective + (result * torch.tensor(cotangent, dtype=dtype)).sum()
        objective.backward()
        for kind, tensors in (("grad", input_leaves), ("grad.parameter", parameter_leaves)):
            for name, leaf in tensors.items():
                if leaf.grad is not None:
                    values[f"{kind}.{name}"] = leaf.grad.numpy().copy()
        return values
