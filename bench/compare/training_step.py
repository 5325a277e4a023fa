#!/usr/bin/env python3
"""Times a training step at batch 32 beside Keras and PyTorch, in turn, in one run; medians of steps within a run, and over the runs.

    bench/compare/training_step.py DATA [WEIGHTS_NO_TOP] [--petal build/bin/training_step] [--keras python3]
        [--pytorch PYTHON ...] [--runs 3] [--models cnn ...] [--device cpu|cuda] [--precision f32|bf16|f16] [--tf32]

The tutorial's models at 160x160. DATA holds a folder a class; WEIGHTS_NO_TOP are Keras's MobileNetV2. Each PYTHON is one that has the
peer; PyTorch runs eager and, from 2.0 on, compiled. The input pipeline of `cnn` has no augmentation: compare the other models' there.
Keras runs on the CPU in float32 alone.
"""
import argparse
import json
import pathlib

from inference import add_device_options, device_options, medians, output_of, petal_options

HERE = pathlib.Path(__file__).parent


def run(command):
    """The last line of the command's output, parsed; nothing where it failed."""
    output = output_of(command)
    return None if output is None else json.loads(output.strip().splitlines()[-1])


def pytorch_commands(pythons, model, options):
    """PyTorch's ways to train a model, by name."""
    commands = {}
    for python in pythons:
        for name, words in (("eager", []), ("compiled", ["compile"])):
            commands[f"pytorch {name} ({python})"] = [python, HERE / "pytorch_training_step.py", model, *words, *options]
    return commands


def results_of(commands, runs):
    """{name: medians} of commands by name, run by turns; what fails is left out."""
    results = {}
    for _ in range(runs):
        for name, command in commands.items():
            if result := run(command):
                results.setdefault((name, result.pop("version", "")), []).append(result)
    return {f"{name} {version}".strip(): medians(found) for (name, version), found in results.items()}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("data")
    parser.add_argument("weights", nargs="?")
    parser.add_argument("--petal", default="build/bin/training_step")
    parser.add_argument("--keras", default="python3")
    parser.add_argument("--pytorch", nargs="*", default=[])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--models", nargs="*", default=["cnn", "cnn_augmented", "cnn_preprocessed", "mobilenet_v2"])
    add_device_options(parser)
    a = parser.parse_args()
    for model in a.models:
        weights = a.weights if model == "mobilenet_v2" else None
        commands = {"petal": [a.petal, model, a.data, weights, *petal_options(a)]}
        if (a.device, a.precision) == ("cpu", "f32"):
            commands["keras"] = [a.keras, HERE / "keras_training_step.py", model, a.data, weights]
        results = results_of(commands | pytorch_commands(a.pytorch, model, device_options(a)), a.runs)
        if "petal" not in results:
            raise SystemExit(f"{a.petal} did not run: build it with cmake -DPETAL_BENCH=ON, and name it by --petal")
        print(f"\n{model}, medians of {a.runs} runs")
        own = results["petal"]["ms_a_step"]
        for who, middle in results.items():
            print(f"  {who:48} {middle['ms_a_step']:8.1f} ms a step {middle['ms_a_step'] / own:6.2f}x  "
                  f"{middle['pipeline_photos_a_second']:8.0f} photos/s input  {middle['peak_mb']:6.0f} MB")


if __name__ == "__main__":
    main()
