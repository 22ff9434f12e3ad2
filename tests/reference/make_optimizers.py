"""Fixtures of optimisers, gradient clipping and learning-rate schedules, computed by PyTorch in float64."""

import json
import math

from fixture import output_path, prepare, require_close, uniform, write_safetensors  # first: sets the number of threads

import numpy as np
import torch

STEPS = 10
SCHEDULE_STEPS = 50
SHAPES = {"weight": (3, 4), "bias": (4,)}
SOURCE = f"PyTorch {torch.__version__}, float64, one thread"


def write(name, tensors, cases, note):
    metadata = {"cases": json.dumps(cases, separators=(",", ":")), "note": note, "source": SOURCE}
    write_safetensors(output_path(name), tensors, metadata)
    print(f"  {len(cases)} cases")


def optimizers():
    """Parameters before the first and after each of ten steps, with gradients of several magnitudes."""
    tensors, cases = {}, []

    def case(op, build, **attributes):
        number = sum(existing["op"] == op for existing in cases)
        key = f"{op}/{number}"
        starts, gradients = {}, {}
        for name, shape in SHAPES.items():
            starts[name] = uniform(f"{key}/{name}", shape)
            steps = uniform(f"{key}/{name}/gradient", (STEPS,) + shape)
            steps[..., -1] *= 2.0**-24  # near Adam's epsilon; a power of two, so that float32 keeps the values
            steps.reshape(STEPS, -1)[:, 0] = 0.0  # where L2 decay and decoupled decay differ most
            gradients[name] = steps

        def run(dtype):
            parameters = {name: torch.tensor(start, dtype=dtype, requires_grad=True) for name, start in starts.items()}
            histories = {name: [start] for name, start in starts.items()}
            optimizer = build(list(parameters.values()))
            for step in range(STEPS):
                for name, parameter in parameters.items():
                    parameter.grad = torch.tensor(gradients[name][step], dtype=dtype)
                optimizer.step()
                for name, parameter in parameters.items():
                    histories[name].append(parameter.detach().numpy().copy())
            return {name: np.stack(history) for name, history in histories.items()}

        histories, rounded = run(torch.float64), run(torch.float32)
        for name in SHAPES:
            require_close(rounded[name], histories[name], f"{key}/{name}")
        for name in SHAPES:
            tensors[f"case/{key}/parameter.{name}"] = histories[name]
            tensors[f"case/{key}/gradient.{name}"] = gradients[name]
        cases.append({"op": op, "case": number, "parameters": list(SHAPES), "attributes": attributes})

    sgd = torch.optim.SGD
    for options in ({"lr": 0.1}, {"lr": 0.1, "momentum": 0.9}, {"lr": 0.05, "momentum": 0.9, "dampening": 0.25},
                    {"lr": 0.1, "momentum": 0.9, "nesterov": True}, {"lr": 0.1, "weight_decay": 0.05},
                    {"lr": 0.1, "momentum": 0.8, "weight_decay": 0.01},
                    {"lr": 0.1, "momentum": 0.8, "dampening": 0.5, "weight_decay": 0.01},
                    {"lr": 0.1, "momentum": 0.8, "weight_decay": 0.01, "nesterov": True}):
        defaults = {"momentum": 0.0, "dampening": 0.0, "weight_decay": 0.0, "nesterov": False}
        case("sgd", lambda parameters: sgd(parameters, **options), **{**defaults, **options})
    for op, algorithm in (("adam", torch.optim.Adam), ("adamw", torch.optim.AdamW)):
        for options in ({"lr": 1e-3}, {"lr": 0.01, "weight_decay": 0.1},
                        {"lr": 0.01, "betas": (0.9, 0.98), "eps": 1e-9},
                        {"lr": 0.05, "betas": (0.5, 0.75), "eps": 1e-3, "weight_decay": 0.01},
                        {"lr": 0.02, "betas": (0.0, 0.9), "weight_decay": 1.0}):
            options = {"betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0.0, **options}
            case(op, lambda parameters: algorithm(parameters, **options), **options)
    rmsprop = torch.optim.RMSprop
    for options in ({}, {"momentum": 0.9}, {"centered": True}, {"momentum": 0.9, "centered": True},
                    {"lr": 1e-3, "alpha": 0.9, "eps": 1e-4, "weight_decay": 0.1},
                    {"alpha": 0.5, "momentum": 0.5, "centered": True, "eps": 1e-3, "weight_decay": 0.01}):
        options = {"lr": 0.01, "alpha": 0.99, "eps": 1e-8, "weight_decay": 0.0, "momentum": 0.0, "centered": False,
                   **options}
        case("rmsprop", lambda parameters: rmsprop(parameters, **options), **options)
    write("optim/optimizers.safetensors", tensors, cases,
          "ten steps of SGD, Adam, AdamW and RMSprop; decay acts on every parameter")


def clipping():
    """Gradients before and after clip_grad_norm_, and the norm over all of them before."""
    tensors, cases = {}, []
    for number, (shapes, scale, max_norm) in enumerate((
            ([(3, 4), (4,)], 1.0, 1.0), ([(3, 4), (4,)], 0.125, 5.0), ([(5,)], 8.0, 0.5),
            ([(2, 2), (1,), (2, 3)], 2.0, 1.0),
            ([(3,), (2,)], 0.0, 1.0), ([(4, 4)], 2.0**-20, 1e-6), ([(), (3,)], 1.0, 0.25))):
        key = f"clip_grad_norm/{number}"
        parameters = []
        for i, shape in enumerate(shapes):
            parameter = torch.zeros(shape, dtype=torch.float64, requires_grad=True)
            parameter.grad = torch.tensor(uniform(f"{key}/{i}", shape) * scale + 0.0)
            tensors[f"case/{key}/gradient.{i}"] = parameter.grad.numpy().copy()
            parameters.append(parameter)
        norm = torch.nn.utils.clip_grad_norm_(parameters, max_norm)
        tensors[f"case/{key}/norm"] = norm.numpy().copy()
        for i, parameter in enumerate(parameters):
            tensors[f"case/{key}/clipped.{i}"] = parameter.grad.numpy().copy()
        cases.append({"op": "clip_grad_norm", "case": number, "parameters": [str(i) for i in range(len(shapes))],
                      "attributes": {"max_norm": max_norm}})
    write("optim/clipping.safetensors", tensors, cases, "clip_grad_norm_: scale = min(1, max_norm / (norm + 1e-6))")


def schedules():
    """The learning rate of steps 0 to 49 (step 0 is the first update)."""
    tensors, cases = {}, []

    def case(op, values, **attributes):
        number = sum(existing["op"] == op for existing in cases)
        tensors[f"case/{op}/{number}/rate"] = np.array(values, dtype=np.float64)
        cases.append({"op": op, "case": number, "attributes": attributes})

    def scheduled(rate, build):
        """Rates that a PyTorch scheduler sets, read before every step."""
        optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=rate)
        scheduler = build(optimizer)
        values = []
        for _ in range(SCHEDULE_STEPS):
            values.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            scheduler.step()
        return values, scheduler

    for warmup in (1, 10, 20):
        for rate in (1e-3, 0.5):
            factor = lambda step: min(1.0, step / warmup)
            case("linear_warmup_from_zero", scheduled(rate, lambda o: torch.optim.lr_scheduler.LambdaLR(o, factor))[0],
                 rate=rate, warmup_steps=warmup)
            factor = lambda step: min(1.0, (step + 1) / (warmup + 1))
            case("linear_warmup", scheduled(rate, lambda o: torch.optim.lr_scheduler.LambdaLR(o, factor))[0],
                 rate=rate, warmup_steps=warmup)
    for total in (50, 60):
        for rate, minimum in ((1e-3, 0.0), (0.5, 0.05)):
            recursive, scheduler = scheduled(
                rate, lambda o: torch.optim.lr_scheduler.CosineAnnealingLR(o, total, eta_min=minimum))
            closed = []
            for step in range(SCHEDULE_STEPS):
                scheduler.last_epoch = step
                closed.append(scheduler._get_closed_form_lr()[0])
            if not np.allclose(recursive, closed, rtol=1e-10, atol=1e-12):
                raise SystemExit("the two forms of PyTorch's cosine schedule disagree")
            case("cosine", closed, rate=rate, minimum=minimum, total_steps=total)
            if minimum == 0.0:
                def factor(step):
                    return 0.5 * (1 + math.cos(math.pi * step / total)) * (step / 10 if step <= 10 else 1.0)

                case("cosine_times_warmup",
                     scheduled(rate, lambda o: torch.optim.lr_scheduler.LambdaLR(o, factor))[0], rate=rate,
                     warmup_steps=10, total_steps=total)
    write("optim/schedules.safetensors", tensors, cases, "learning rates of steps 0 to 49")


if __name__ == "__main__":
    prepare()
    for family in (optimizers, clipping, schedules):
        family()
