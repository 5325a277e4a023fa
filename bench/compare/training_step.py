#!/usr/bin/env python3
"""Times a training step of the tutorial models at batch 32, 160x160, beside Keras and PyTorch, in turn, in one run; medians
of steps within a run, and over the runs.

    bench/compare/training_step.py DATA [WEIGHTS_NO_TOP] [--petal build/bin/training_step] [--keras python3]
        [--pytorch PYTHON ...] [--runs 3] [--models cnn ...]

DATA holds a folder a class; WEIGHTS_NO_TOP are Keras's MobileNetV2. Each PYTHON is one that has the peer; PyTorch runs eager and,
from 2.0 on, compiled. The input pipeline of `cnn` has no augmentation: compare the other models' there.
"""
import argparse
import json
import pathlib
import statistics
import subprocess

HERE = pathlib.Path(__file__).parent


def run(command):
    """The last line of the command's output, parsed; nothing where it failed."""
    done = subprocess.run([str(part) for part in command if part], capture_output=True, text=True)
    if done.returncode != 0:
        print("left out:", *(part for part in command if part), *done.stderr.strip().splitlines()[-1:])
        return None
    return json.loads(done.stdout.strip().splitlines()[-1])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("data")
    parser.add_argument("weights", nargs="?")
    parser.add_argument("--petal", default="build/bin/training_step")
    parser.add_argument("--keras", default="python3")
    parser.add_argument("--pytorch", nargs="*", default=[])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--models", nargs="*", default=["cnn", "cnn_augmented", "cnn_preprocessed", "mobilenet_v2"])
    a = parser.parse_args()
    for model in a.models:
        weights = a.weights if model == "mobilenet_v2" else None
        commands = {"petal": [a.petal, model, a.data, weights],
                    "keras": [a.keras, HERE / "keras_training_step.py", model, a.data, weights]}
        for python in a.pytorch:
            commands[f"pytorch ({python})"] = [python, HERE / "pytorch_training_step.py", model]
            commands[f"pytorch compiled ({python})"] = [python, HERE / "pytorch_training_step.py", model, "compile"]
        results = {who: [] for who in commands}
        for _ in range(a.runs):
            for who, command in commands.items():
                result = run(command)
                if result:
                    results[who].append(result)
        if not results["petal"]:
            raise SystemExit(f"{a.petal} did not run: build it with cmake -DPETAL_BENCH=ON, and name it by --petal")
        print(f"\n{model}, medians of {a.runs} runs")
        own = statistics.median(r["ms_a_step"] for r in results["petal"])
        for who, values in results.items():
            if not values:
                continue
            middle = {key: statistics.median(r[key] for r in values) for key in ("ms_a_step", "pipeline_photos_a_second", "peak_mb")}
            print(f"  {who + ' ' + values[0].get('version', ''):48} {middle['ms_a_step']:8.1f} ms a step {middle['ms_a_step'] / own:6.2f}x  "
                  f"{middle['pipeline_photos_a_second']:8.0f} photos/s input  {middle['peak_mb']:6.0f} MB")


if __name__ == "__main__":
    main()
