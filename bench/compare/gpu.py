#!/usr/bin/env python3
"""Measures a GPU beside PyTorch, by turns, in one run, and writes a table in Markdown: inference of a batch, a training step of the
whole network (batch 32, flip and rotation), how much of a step is the kernels' own time, and an epoch of `cnn_augmented` from files.

    bench/compare/gpu.py --pytorch PYTHON [--petal build/cuda/bin] [--data PHOTOS] [--out table.md] [--precision f32|bf16|f16] [--tf32]
        [--models mobilenet_v2 resnet50 inception_v3] [--batches 1 32 256] [--runs 3] [--seconds 2] [--device cuda]

PYTHON has PyTorch and torchvision; PHOTOS holds a folder a class, and without it the epoch is left out. Both sides get 8-bit pixels
from the host, compute in the same precision (TensorFloat-32 only with --tf32), channels last, and time their libraries' suggestions
first. Of PyTorch each way counts for itself: eager, compiled, compiled with CUDA graphs. --device cpu runs the same on the CPU.
"""
import argparse
import csv
import pathlib
import statistics
import tempfile

import inference
import training_step

BATCH = 32


def table(title, head, rows):
    lines = [f"\n### {title}\n", "| " + " | ".join(head) + " |", "| " + " | ".join("---" for _ in head) + " |"]
    return lines + ["| " + " | ".join(row) + " |" for row in rows]


def photos_a_second(batch, milliseconds):
    return f"{batch / milliseconds * 1e3:.0f}"


def inference_table(a):
    machine, own, share, peers = inference.compare(a)
    (version, settings), = peers.items() if peers else [("", {work: {} for work in own})]
    names = sorted({name for times in settings.values() for name in times})
    rows = []
    for work, ms in own.items():
        model, batch = work.split()
        times = settings[work]
        cells = [photos_a_second(int(batch), times[name]) if name in times else "" for name in names]
        best = f"{min(times.values()) / ms:.2f}x" if times else ""
        rows.append([model, batch, photos_a_second(int(batch), ms), f"{100 * share[work]:.0f} %", *cells, best])
    limit = machine["limits"][0]
    head = [f"{machine['name']}: {limit['operations_per_second'] / 1e12:.2f} TFLOP/s of {limit['measured_in']} matrix products, "
            f"{limit['bytes_per_second'] / 1e9:.0f} GB/s of copies; {version}"]
    return head + table(f"Inference, {a.precision}, photos a second",
                        ["network", "batch", "Petal", "of the limit", *names, "Petal / PyTorch's best"], rows)


def training_table(a):
    """A step of each network, all weights trained; the peers' JSON is by model."""
    documents, peers = [], {}
    options = ["--from-scratch", "--seconds", a.seconds, *inference.device_options(a)]
    for _ in range(a.runs):
        documents.append({r["model"]: r for r in inference.petal_bench(a, "from_scratch", [BATCH])["results"]})
        for model in a.models:
            for name, result in training_step.results_of(training_step.pytorch_commands(a.pytorch, model, options), 1).items():
                peers.setdefault(model, {}).setdefault(name.split()[1], []).append(result["ms_a_step"])
    rows = []
    for model in a.models:
        ms = statistics.median(d[model]["latency_ms"]["p50"] for d in documents)
        share = statistics.median(d[model]["share_of_limit"] for d in documents)
        times = {name: statistics.median(found) for name, found in peers.get(model, {}).items()}
        cells = [f"{times[name]:.2f}" if name in times else "" for name in ("eager", "compiled")]
        rows.append([model, f"{ms:.2f}", f"{100 * share:.0f} %", *cells, f"{min(times.values()) / ms:.2f}x" if times else ""])
    return table(f"A training step of {BATCH} photos, {a.precision}, milliseconds",
                 ["network", "Petal", "of the limit", "eager", "compiled", "Petal / PyTorch's best"], rows)


def kernels_table(a):
    """The kernels' time, one by one, beside that of a step as it runs: where they agree, the device is never starved."""
    rows = []
    for model in a.models:
        for mode in ("inference", "from_scratch"):
            profile = inference.run([a.petal, "profile", model, "--mode", mode, "--batch", BATCH, "--threads", a.threads, "--seconds",
                                     a.seconds, *inference.petal_options(a), "--json"])
            if profile is None:
                continue
            kernels = sum(layer["milliseconds"] for layer in profile["layers"])
            step, waiting = profile["step_milliseconds"], profile["input_milliseconds"]
            rows.append([model, mode, f"{step:.2f}", f"{kernels:.2f}", f"{100 * kernels / step:.0f} %", f"{waiting:.2f}"])
    return table(f"Kernels and steps, batch {BATCH}, {a.precision}, milliseconds",
                 ["network", "work", "a step", "its kernels", "share", "waiting for photos"], rows)


def petal_epoch(a, kept):
    """Seconds of an epoch, the median of those after the first; photos are kept decoded, or read anew in each."""
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder) / "run"
        command = [a.petal.parent / "train_cnn_augmented", a.data, "--out", out, "--epochs", "4", "--batch-size", BATCH, "--image-size",
                   "160", "--validation-split", "0", "--test-split", "0.01", "--memory-budget", "20GB" if kept else "0",
                   *inference.petal_options(a)]
        if inference.output_of(command) is None:
            return None
        with open(out / "history.csv") as history:
            return statistics.median(float(row["seconds"]) for row in list(csv.DictReader(history))[1:])


def epoch_table(a):
    rows = []
    for name, kept in (("Petal, from files in each epoch", False), ("Petal, decoded once", True)):
        if seconds := petal_epoch(a, kept):
            rows.append([name, f"{seconds:.2f}"])
    options = ["--photos", a.data, *inference.device_options(a)]
    for name, result in training_step.results_of(training_step.pytorch_commands(a.pytorch, "cnn_augmented", options), 1).items():
        rows.append([f"{name.split(' (')[0]}, DataLoader", f"{result['seconds_an_epoch']:.2f}"])
    return table(f"An epoch of cnn_augmented at 160x160, {a.precision}, seconds", ["who", "seconds"], rows)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--petal", type=pathlib.Path, default=pathlib.Path("build/cuda/bin"), help="the folder of Petal's programs")
    parser.add_argument("--pytorch", nargs=1, default=[])
    parser.add_argument("--data", type=pathlib.Path)
    parser.add_argument("--out", type=pathlib.Path, help="where the table is written [default: standard output]")
    parser.add_argument("--models", nargs="*", default=inference.MODELS)
    parser.add_argument("--batches", nargs="*", type=int, default=[1, 32, 256])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("--leave-out", nargs="*", default=[], help="PyTorch's settings of inference, by a word of theirs")
    inference.add_device_options(parser)
    parser.set_defaults(device="cuda")
    a = parser.parse_args()
    a.petal = a.petal / "petal"
    a.keras = a.onnxruntime = a.openvino = None
    lines = inference_table(a) + training_table(a) + kernels_table(a)
    if a.data:
        lines += epoch_table(a)
    text = "\n".join(lines) + "\n"
    if a.out:
        a.out.write_text(text)
    else:
        print(text, end="")


if __name__ == "__main__":
    main()
