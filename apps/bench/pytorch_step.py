"""One training step of PyTorch, timed: the peer of `./run bench`.

    pytorch_step.py [--repetitions N] [--threads N] [--variant NAME] [CASE ...]
        prints {"cases": [{"name", "ms", "variant", "threads", "repetitions", "best_ms"}, ...], "torch", "blas"}.
    pytorch_step.py --serve
        reads lines "CASE REPETITIONS" and answers each with one such case as a line of JSON, so that a caller can
        interleave it with another program; a case is built and warmed up when it is first named.

ms is the median of a step: forward, loss, backward, clipping by global norm, AdamW. The step is the fastest that
PyTorch 1.13 was found to give on a CPU: Debian's OpenMP build of OpenBLAS (so that products and everything else share
one pool of threads), one product for query, key and value, scale and mask inside the product of the logits; and of
VARIANTS, each with all threads and with one (a small case may not gain from two), the fastest in the warm-up.
"""

import argparse
import json
import math
import os
import statistics
import sys
import sysconfig
import time

CASES = {  # name: batch, time, width, heads, layers, feed-forward width, norm
    "reverse": (128, 16, 32, 1, 1, 64, "post"),
    "small": (64, 32, 64, 4, 2, 256, "pre"),
    "nano": (12, 64, 128, 4, 4, 512, "pre"),
    "medium": (32, 64, 128, 4, 4, 512, "pre"),
    "large": (16, 128, 256, 8, 4, 1024, "pre"),
}
VOCABULARY = 64
RESTARTED = "HEADLIGHT_PEER_RESTARTED"
RATE, BETAS, EPS, WEIGHT_DECAY, CLIP_NORM = 1e-3, (0.9, 0.999), 1e-8, 0.01, 1.0


def restart_with_openmp_blas(threads):
    """Starts this program again under Debian's OpenMP build of OpenBLAS, if it is installed and not yet in use."""
    folder = os.path.join("/usr/lib", sysconfig.get_config_var("MULTIARCH") or "", "openblas-openmp")
    if os.environ.get(RESTARTED) or not os.path.isdir(folder):
        return
    paths = [folder] + [path for path in os.environ.get("LD_LIBRARY_PATH", "").split(":") if path]
    environment = dict(os.environ, LD_LIBRARY_PATH=":".join(paths), OMP_NUM_THREADS=str(threads))
    environment[RESTARTED] = "1"
    os.execve(sys.executable, [sys.executable] + sys.argv, environment)


def loaded_blas():
    """Names of the BLAS libraries in this process with their folder, as far as Linux tells."""
    try:
        with open("/proc/self/maps", encoding="utf-8") as maps:
            paths = {line.split(maxsplit=5)[5].strip() for line in maps if "blas" in line}
    except OSError:
        return []
    return sorted("/".join(path.split("/")[-2:]) for path in paths)


def build(name, variant, torch):
    """A function that does one training step of a case."""
    F, nn = torch.nn.functional, torch.nn
    batch, time_steps, width, heads, layer_count, feed_forward, norm = CASES[name]
    attention_kind, optimizer_kind = variant.split("+")
    torch.manual_seed(1)
    size, rows = width // heads, batch * time_steps
    hidden = torch.full((time_steps, time_steps), -math.inf).triu(1)

    class Block(nn.Module):
        """A layer whose query, key and value come from one product; x is (B * T, C)."""

        def __init__(self):
            super().__init__()
            self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
            self.qkv, self.output = nn.Linear(width, 3 * width), nn.Linear(width, width)
            self.up, self.down = nn.Linear(width, feed_forward), nn.Linear(feed_forward, width)

        def attend(self, x):
            qkv = self.qkv(x).view(batch, time_steps, 3, heads, size).permute(2, 0, 3, 1, 4)
            query, key, value = qkv.reshape(3, batch * heads, time_steps, size).unbind(0)
            logits = torch.baddbmm(hidden, query, key.transpose(1, 2), alpha=1 / math.sqrt(size))
            mixed = torch.bmm(torch.softmax(logits, -1), value)
            return self.output(mixed.view(batch, heads, time_steps, size).transpose(1, 2).reshape(rows, width))

        def feed(self, x):
            return self.down(F.gelu(self.up(x)))

        def forward(self, x):
            if norm == "pre":
                x = x + self.attend(self.norm1(x))
                return x + self.feed(self.norm2(x))
            x = self.norm1(x + self.attend(x))
            return self.norm2(x + self.feed(x))

    class Module(nn.Module):
        """The same layer as PyTorch ships it."""

        def __init__(self):
            super().__init__()
            self.layer = nn.TransformerEncoderLayer(width, heads, feed_forward, dropout=0.0, activation="gelu",
                                                    batch_first=True, norm_first=norm == "pre")

        def forward(self, x):
            return self.layer(x.view(batch, time_steps, width), src_mask=hidden).view(rows, width)

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.embedding = nn.Embedding(VOCABULARY, width)
            self.positions = nn.Parameter(torch.randn(time_steps, width) * 0.02)
            self.layers = nn.ModuleList((Module if attention_kind == "module" else Block)() for _ in range(layer_count))
            self.final_norm = nn.LayerNorm(width) if norm == "pre" else nn.Identity()
            self.head = nn.Linear(width, VOCABULARY)

        def forward(self, tokens, targets):
            x = (self.embedding(tokens) + self.positions).view(rows, width)
            for layer in self.layers:
                x = layer(x)
            return F.cross_entropy(self.head(self.final_norm(x)), targets)

    model = Model()
    tokens = torch.randint(VOCABULARY, (batch, time_steps))
    targets = torch.randint(VOCABULARY, (rows,))
    parameters = list(model.parameters())
    groups = [[p for p in parameters if p.dim() > 1], [p for p in parameters if p.dim() <= 1]]

    if optimizer_kind == "flat":
        # Every parameter and gradient becomes a view of one of two buffers (decayed or not): few large kernels.
        flats = []
        for group in groups:
            flat = nn.Parameter(torch.cat([p.detach().reshape(-1) for p in group]))
            flat.grad = torch.zeros_like(flat)
            offset = 0
            for p in group:
                p.data = flat.data[offset:offset + p.numel()].view(p.shape)
                p.grad = flat.grad[offset:offset + p.numel()].view(p.shape)
                offset += p.numel()
            flats.append(flat)
        groups = [[flat] for flat in flats]
    forward = torch.jit.trace(model, (tokens, targets), check_trace=False) if attention_kind == "traced" else model
    optimizer = torch.optim.AdamW([{"params": groups[0], "weight_decay": WEIGHT_DECAY},
                                   {"params": groups[1], "weight_decay": 0.0}],
                                  lr=RATE, betas=BETAS, eps=EPS, foreach=optimizer_kind == "foreach")
    leaves = [p for group in groups for p in group]

    def step():
        if optimizer_kind == "flat":
            for p in leaves:
                p.grad.zero_()
        else:
            for p in leaves:
                p.grad = None
        loss = forward(tokens, targets)
        loss.backward()
        gradients = [p.grad for p in leaves]
        norm_of_all = torch.linalg.vector_norm(torch.stack(torch._foreach_norm(gradients)))
        scale = torch.clamp(CLIP_NORM / (norm_of_all + 1e-6), max=1.0).item()
        if scale < 1.0:
            torch._foreach_mul_(gradients, scale)
        optimizer.step()
        return loss

    return step


# How the layers are written and how the optimiser walks the parameters.
VARIANTS = ["packed+flat", "packed+foreach", "traced+flat", "module+foreach"]
WARMUP_STEPS = 3
TRIAL_STEPS = 10


def timed(step, repetitions):
    """Milliseconds of each of `repetitions` steps."""
    samples = []
    for _ in range(repetitions):
        start = time.perf_counter()
        step()
        samples.append(1e3 * (time.perf_counter() - start))
    return samples


def fastest(name, variants, threads, torch):
    """(variant, threads, step) with the shortest step of the trials, which take turns."""
    steps = {variant: build(name, variant, torch) for variant in variants}
    candidates = [(variant, count) for variant in variants for count in sorted({1, threads})]
    samples = {candidate: [] for candidate in candidates}
    for trial in range(WARMUP_STEPS + TRIAL_STEPS):
        for variant, count in candidates:
            torch.set_num_threads(count)
            milliseconds = timed(steps[variant], 1)
            if trial >= WARMUP_STEPS:
                samples[variant, count] += milliseconds
    best = min(candidates, key=lambda candidate: min(samples[candidate]))  # other programs only make a step longer
    return (*best, steps[best[0]])


def main():
    parser = argparse.ArgumentParser(description="Time one training step of PyTorch on the cases of ./run bench.")
    parser.add_argument("cases", nargs="*", metavar="CASE", help=f"of {', '.join(CASES)}; all when none is named")
    parser.add_argument("--repetitions", type=int, default=30, help="timed steps per case (30)")
    parser.add_argument("--threads", type=int, default=2, help="at most so many threads (2)")
    parser.add_argument("--variant", choices=VARIANTS, help="this one instead of the fastest")
    parser.add_argument("--serve", action="store_true", help="answer lines of CASE REPETITIONS until the input ends")
    options = parser.parse_args()
    for name in options.cases:
        if name not in CASES:
            parser.error(f"there is no case {name!r}; the cases are {', '.join(CASES)}")
    if options.repetitions < 1 or options.threads < 1:
        parser.error("repetitions and threads are at least 1")
    restart_with_openmp_blas(options.threads)

    import torch  # after the restart: it takes a second, and the library path has to be set before

    torch.set_flush_denormal(True)
    chosen = {}

    def measure(name, repetitions):
        if name not in chosen:
            chosen[name] = fastest(name, [options.variant] if options.variant else VARIANTS, options.threads, torch)
        variant, threads, step = chosen[name]
        torch.set_num_threads(threads)
        timed(step, 1)
        samples = timed(step, repetitions)
        return {"name": name, "ms": statistics.median(samples), "variant": variant, "threads": threads,
                "repetitions": repetitions, "best_ms": min(samples)}

    if options.serve:
        for line in sys.stdin:
            words = line.split()
            if len(words) != 2 or words[0] not in CASES or not words[1].isdigit() or int(words[1]) < 1:
                print(json.dumps({"error": f"expected CASE REPETITIONS, got {line.strip()!r}"}), flush=True)
                continue
            print(json.dumps(measure(words[0], int(words[1]))), flush=True)
        return
    results = [measure(name, options.repetitions) for name in options.cases or CASES]
    print(json.dumps({"cases": results, "torch": torch.__version__, "blas": loaded_blas()}))


if __name__ == "__main__":
    main()
