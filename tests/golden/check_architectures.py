#!/usr/bin/env python3
"""Petal against Keras on every architecture and width, at two sizes, with and without head; and the way there and back.

    python3 tests/golden/check_architectures.py build/bin/petal_tests_models [MODEL...] [--table FILE]

For each variant Keras draws seeded weights and writes them, as a whole .h5 model or as .weights.h5 by turns; Petal (the test
case `parity`) loads the file and answers for a photo: probabilities agree to 1e-5, features to 1e-4 of the largest. The
classifier at the smaller size is also saved by Petal, opened by keras.models.load_model, asked, saved by Keras and loaded
by Petal again: probabilities agree to 1e-5, weights to the last bit. InceptionV3 is made in a used session once, where its
layers have other numbers.
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import keras
import numpy as np

from architectures import ARCHITECTURES, build, centre_and_spread, photos, preprocess, weight_name

CLASSES = 10
PROBABILITIES, FEATURES = 1e-5, 1e-4


def draw(model, seed):
    """Weights for each layer, in order."""
    generator = np.random.default_rng(seed)

    def drawn(layer, weight):
        centre, spread = centre_and_spread(weight_name(layer, weight), weight.shape)
        return (centre + spread * generator.uniform(-1, 1, weight.shape)).astype(np.float32)

    return [[drawn(layer, weight) for weight in layer.weights] for layer in model.layers]


def count_on():
    """Layers that Keras numbers itself start one higher in the model to come."""
    keras.layers.Conv2D(1, 1), keras.layers.BatchNormalization(), keras.layers.Activation("relu")


def ask_petal(program, folder):
    """Runs the test case; what it prints where it fails."""
    test = subprocess.run([program, "--test-case=parity*"], env={**os.environ, "PETAL_PARITY": str(folder)},
                          capture_output=True, text=True)
    return "" if test.returncode == 0 and "0 passed" not in test.stdout else test.stdout + test.stderr


def difference(found, expected, relative):
    gap = np.abs(found.astype(np.float64) - expected)
    return float(np.inf if np.isnan(gap).any() else gap.max()) / (np.abs(expected).max() if relative else 1.0)


def compare(program, folder, case, model, pixels, whole_file):
    """Petal's answer from a file that Keras wrote, beside Keras's own."""
    expected = np.asarray(model([preprocess(case["model"], pixels)], training=False))
    case["weights"] = "keras.h5" if whole_file else "keras.weights.h5"
    if whole_file:
        model.save(folder / case["weights"])
    else:
        model.save_weights(folder / case["weights"])
    pixels.tofile(folder / "photo.f32")
    (folder / "case.json").write_text(json.dumps(case))
    failed = ask_petal(program, folder)
    if failed:
        return f"FAIL {failed}", expected
    found = np.fromfile(folder / "output.f32", np.float32).reshape(expected.shape)
    error = difference(found, expected, not case["top"])
    good = error <= (PROBABILITIES if case["top"] else FEATURES)
    largest = np.abs(expected).max()
    return f"{'ok  ' if good else 'FAIL'} {error:8.1e} (largest {largest:.2f})", expected


def there_and_back(program, folder, pixels, expected):
    """Petal's model.h5 through Keras and back."""
    model = keras.models.load_model(folder / "petal.h5")
    answer = np.asarray(model([pixels], training=False))
    model.save(folder / "returned.h5")
    error = difference(answer, expected, False)
    failed = ask_petal(program, folder)
    good = error <= PROBABILITIES and not failed
    return f"{'ok  ' if good else 'FAIL'} {error:8.1e} weights {'to the bit' if not failed else failed}"


def check(program, name, alpha, index, report):
    sizes = ARCHITECTURES[name][3]
    drawn = None
    for i, size in enumerate(sizes):
        used_session = name == "inception_v3" and i == 1
        model = build(name, alpha, size, True, None, CLASSES, count_on if used_session else None)
        drawn = drawn or draw(model, 100 + index)
        for layer, weights in zip(model.layers, drawn):
            layer.set_weights(weights)
        # The application without its head is the part of it before the pooling (structure.json holds both).
        pooling = next(layer for layer in model.layers if isinstance(layer, keras.layers.GlobalAveragePooling2D))
        pixels = photos(1, size)
        for top in (True, False):
            asked = model if top else keras.Model(model.inputs, pooling.input)
            with tempfile.TemporaryDirectory() as temporary:
                folder = pathlib.Path(temporary)
                round_trip = top and i == 1
                case = {"model": name, "alpha": alpha, "size": size, "top": top, "classes": CLASSES,
                        "round_trip": round_trip, "matched_by": "order" if used_session else "name"}
                result, expected = compare(program, folder, case, asked, pixels, top == (i == 0))
                report(f"{name:13} {alpha:4} {size:4} {'with   ' if top else 'without'} {case['weights']:16} {result}")
                if round_trip and not result.startswith("FAIL"):
                    report(f"{name:13} {alpha:4} {size:4} there and back           "
                           f"{there_and_back(program, folder, pixels, expected)}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("models", nargs="*")
    parser.add_argument("--table")
    arguments = parser.parse_args()
    lines = []

    def report(line):
        lines.append(line)
        print(line, flush=True)
        if arguments.table:
            pathlib.Path(arguments.table).write_text("\n".join(lines) + "\n")

    report(f"Keras {keras.__version__}; model, alpha, size, head, file, largest difference")
    variants = [(name, alpha) for name, row in ARCHITECTURES.items() for alpha in row[2]]
    for index, (name, alpha) in enumerate(variants):
        if not arguments.models or name in arguments.models:
            check(arguments.program, name, alpha, index, report)
    failed = sum(" FAIL " in line for line in lines)
    report(f"{len(lines) - 1} comparisons, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
