"""Fixtures of the optimisers that PyTorch 1.13 does not have, computed here by NumPy in float64 from the papers.

Nothing in this file is translated from the C++ sources: each function below states its own source and works on whole
arrays, out of place.
"""

import json

from fixture import output_path, require_close, uniform, write_safetensors

import numpy as np

STEPS = 10


def adamw(theta, g, state, t, rate, o):
    """Loshchilov & Hutter 2017, arXiv:1711.05101, algorithm 2; the corrected moments of Kingma & Ba 2014, algorithm 1."""
    b1, b2 = o["betas"]
    m = state["m"] = b1 * state.get("m", 0 * g) + (1 - b1) * g
    v = state["v"] = b2 * state.get("v", 0 * g) + (1 - b2) * g**2
    theta = theta - rate * o["weight_decay"] * theta
    form = o.get("form", "torch")
    if form == "torch":
        return theta - rate * (m / (1 - b1**t)) / (np.sqrt(v / (1 - b2**t)) + o["eps"])
    if form == "keras":  # Kingma & Ba, end of section 2, as keras.optimizers.Adam: epsilon beside the uncorrected root
        alpha = rate * np.sqrt(1 - b2**t) / (1 - b1**t)
        return theta - alpha * m / (np.sqrt(v) + o["eps"])
    return theta - rate * m / (np.sqrt(v) + o["eps"])  # mlx.optimizers.AdamW, which corrects nothing unless asked to


def lion(theta, g, state, t, rate, o):
    """Chen et al. 2023, arXiv:2302.06675, algorithm 2."""
    b1, b2 = o["betas"]
    m = state.get("m", 0 * g)
    state["m"] = b2 * m + (1 - b2) * g
    return theta - rate * (np.sign(b1 * m + (1 - b1) * g) + o["weight_decay"] * theta)


def newton_schulz(x):
    """K. Jordan 2024, "Muon: an optimizer for hidden layers in neural networks": five steps of the quintic."""
    x = x / max(np.linalg.norm(x), 1e-7)
    wide = x if x.shape[0] <= x.shape[1] else x.T
    for _ in range(5):
        gram = wide @ wide.T
        wide = 3.4445 * wide + (-4.7750 * gram + 2.0315 * gram @ gram) @ wide
    return wide if x.shape[0] <= x.shape[1] else wide.T


def muon(theta, g, state, t, rate, o):
    """K. Jordan, as above; the other adjustment is that of Liu et al. 2025, arXiv:2502.16982, section 2.2.

    AdamW updates what is no matrix.
    """
    if theta.ndim != 2:
        return adamw(theta, g, state, t, o["adamw"]["lr"] * rate / o["lr"], o["adamw"])
    mu = o["momentum"]
    b = state["b"] = mu * state.get("b", 0 * g) + (1 - mu) * g
    step = newton_schulz((1 - mu) * g + mu * b if o["nesterov"] else b)
    rows, columns = theta.shape
    if o["adjustment"] == "original":
        step = np.sqrt(max(1, rows / columns)) * step
    else:
        step = 0.2 * np.sqrt(max(rows, columns)) * step
    return theta - rate * o["weight_decay"] * theta - rate * step


def adafactor(theta, g, state, t, rate, o):
    """Shazeer & Stern 2018, arXiv:1804.04235, algorithms 4 and 5, with the two epsilons where torch.optim.Adafactor's
    documentation has them: eps1 bounds the mean of the row factors and the root of the second moment."""

    def rms(x):
        return np.sqrt(np.mean(x**2))

    fresh = float(t) ** o["beta2_decay"]  # 1 - beta2 of this step
    if theta.ndim < 2:
        second = state["v"] = (1 - fresh) * state.get("v", 0 * g) + fresh * g**2
    else:
        rows, columns = np.mean(g**2, axis=-1, keepdims=True), np.mean(g**2, axis=-2, keepdims=True)
        r = state["r"] = (1 - fresh) * state.get("r", 0 * rows) + fresh * rows
        c = state["c"] = (1 - fresh) * state.get("c", 0 * columns) + fresh * columns
        second = r * c / np.maximum(np.mean(r, axis=-2, keepdims=True), o["eps1"])
    u = g / np.sqrt(np.maximum(second, o["eps1"] ** 2))
    u = u / max(1, rms(u) / o["clipping_threshold"])
    alpha = max(o["eps2"], rms(theta)) * min(rate, 1 / np.sqrt(t))
    return theta - rate * o["weight_decay"] * theta - alpha * u


def schedule_free(y, g, state, t, rate, o):
    """Defazio et al. 2024, arXiv:2405.15682, algorithm 1 (AdamW); weights t^r gamma_max^2 as its section 4 has them.

    The parameter is y. state["x"] are the weights to evaluate with.
    """
    b1, b2 = o["betas"]
    z, x = state.get("z", y), state.get("x", y)
    v = state["v"] = b2 * state.get("v", 0 * g) + (1 - b2) * g**2
    z = state["z"] = z - rate * g / (np.sqrt(v / (1 - b2**t)) + o["eps"]) - rate * o["weight_decay"] * y
    largest = state["largest"] = max(state.get("largest", 0), rate)
    weight = t ** o["step_power"] * largest ** o["rate_power"]
    total = state["total"] = state.get("total", 0) + weight
    c = weight / total
    x = state["x"] = (1 - c) * x + c * z
    return (1 - b1) * z + b1 * x


def vectors():
    """Parameters before the first and after each of ten steps; rates are lr times `factors`."""
    tensors, cases = {}, []

    def case(op, rule, shapes, **attributes):
        number = sum(existing["op"] == op for existing in cases)
        key = f"{op}/{number}"
        attributes.setdefault("l2", 0.0)
        attributes.setdefault("factors", [1.0] * STEPS)
        starts, gradients = {}, {}
        for name, shape in shapes.items():
            starts[name] = uniform(f"{key}/{name}", shape)
            steps = uniform(f"{key}/{name}/gradient", (STEPS,) + shape)
            steps[..., -1] *= 2.0**-24  # near the epsilons; a power of two, so that float32 keeps the values
            steps.reshape(STEPS, -1)[:, 0] = 0.0  # where L2 decay and decoupled decay differ most
            gradients[name] = steps

        def run(dtype):
            histories, averages = {}, {}
            for name, start in starts.items():
                theta, state = start.astype(dtype), {}
                history = [theta]
                for step in range(STEPS):
                    g = gradients[name][step].astype(dtype) + attributes["l2"] * theta
                    rate = attributes["lr"] * attributes["factors"][step]
                    theta = rule(theta, g, state, step + 1, rate, attributes)
                    history.append(theta)
                histories[name] = np.stack(history)
                if "x" in state:
                    averages[name] = state["x"]
            return histories, averages

        (histories, averages), (rounded, rounded_averages) = run(np.float64), run(np.float32)
        for name in shapes:
            require_close(rounded[name], histories[name], f"{key}/{name}")
            tensors[f"case/{key}/parameter.{name}"] = histories[name]
            tensors[f"case/{key}/gradient.{name}"] = gradients[name]
        for name in averages:
            require_close(rounded_averages[name], averages[name], f"{key}/{name}, average")
            tensors[f"case/{key}/average.{name}"] = averages[name]
        cases.append({"op": op, "case": number, "parameters": list(shapes), "attributes": attributes})

    both = {"weight": (3, 4), "bias": (4,)}
    adam = {"lr": 0.01, "betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0.1}
    for form, eps in (("keras", 1e-7), ("mlx", 1e-8)):
        case("adamw", adamw, both, **{**adam, "eps": eps, "form": form})
        case("adamw", adamw, both, **{**adam, "betas": (0.5, 0.75), "eps": 1e-3, "form": form})
    for options in ({}, {"betas": (0.5, 0.75), "weight_decay": 0.0}, {"weight_decay": 0.0, "l2": 0.1}):
        case("lion", lion, both, **{"lr": 1e-3, "betas": (0.9, 0.99), "weight_decay": 0.1, **options})
    matrices = {"weight": (3, 4), "tall": (5, 2), "square": (3, 3), "bias": (4,)}
    for options in ({}, {"adjustment": "match_rms_adamw", "nesterov": False, "momentum": 0.5},
                    {"weight_decay": 0.0, "l2": 0.1}):
        options = {"lr": 0.02, "momentum": 0.95, "nesterov": True, "weight_decay": 0.1, "adjustment": "original",
                   "adamw": {**adam, "lr": 0.003, "weight_decay": 0.2}, **options}
        case("muon", muon, {"weight": (3, 4)} if options.get("l2") else matrices, **options)
    many = {"weight": (3, 4), "bias": (4,), "matrices": (2, 3, 2)}
    for options in ({}, {"eps1": 1e-3, "eps2": 0.5, "weight_decay": 0.1},
                    {"lr": 0.5, "beta2_decay": -0.5, "clipping_threshold": 0.5}, {"l2": 0.1}):
        case("adafactor", adafactor, many,
             **{"lr": 0.01, "beta2_decay": -0.8, "eps1": 1e-10, "eps2": 1e-3, "clipping_threshold": 1.0,
                "weight_decay": 0.0, **options})
    warm = [0.25, 0.5, 0.75] + [1.0] * 4 + [0.5] * 3
    for options in ({}, {"factors": warm}, {"factors": warm, "step_power": 1.0, "rate_power": 1.0, "betas": (0.5, 0.9)},
                    {"weight_decay": 0.0, "l2": 0.1}):
        case("schedule_free", schedule_free, both,
             **{"lr": 0.0025, "betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0.1, "step_power": 0.0,
                "rate_power": 2.0, **options})
    metadata = {"cases": json.dumps(cases, separators=(",", ":")),
                "note": "ten steps of Adam's other forms, Lion, Muon, Adafactor, schedule-free AdamW; decay acts on "
                        "every parameter",
                "source": f"NumPy {np.__version__}, float64, from the papers"}
    write_safetensors(output_path("optim/vectors.safetensors"), tensors, metadata)
    print(f"  {len(cases)} cases")


if __name__ == "__main__":
    vectors()
