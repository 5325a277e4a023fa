#!/usr/bin/env python3
"""Petal against Keras on every architecture and width, at two sizes, with and without head; and the way there and back.

    python3 tests/golden/check_architectures.py build/bin/petal_tests_models [MODEL...] [--table FILE] [--folder FOLDER]

For each variant Keras draws seeded weights and writes them, as a whole .h5 model or as .weights.h5 by turns; Petal (the test
case `parity`) loads the file and answers for a photo: probabilities agree to 1e-5, features to 1e-4 of the largest. The
classifier at the smaller size is also saved by Petal, opened by keras.models.load_model, asked, saved by Keras and loaded
by Petal again: probabilities agree to 1e-5, weights to the last bit. InceptionV3 is made in a used session once, where its
layers have other numbers. With --folder what Keras wrote stays there, and is taken from there the next time (5 GB).
"""
import argparse
import json
import os
import pathlib
import shutil
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
    return "" if test.returncode == 0 and " 0 passed" not in test.stdout else test.stdout + test.stderr


def difference(found, expected, relative):
    gap = np.abs(found.astype(np.float64) - expected)
    return float(np.inf if np.isnan(gap).any() else gap.max()) / (np.abs(expected).max() if relative else 1.0)


def write_case(folder, model, case, pixels):
    """What Petal is given, and Keras's own answer."""
    folder.mkdir(parents=True)
    expected = np.asarray(model([preprocess(case["model"], pixels)], training=False))
    if case["weights"].endswith(".weights.h5"):
        model.save_weights(folder / case["weights"])
    else:
        model.save(folder / case["weights"])
    pixels.tofile(folder / "photo.f32")
    np.save(folder / "expected.npy", expected)
    (folder / "case.json").write_text(json.dumps(case))


def write_cases(folder, name, alpha, seed):
    drawn = None
    for i, size in enumerate(ARCHITECTURES[name][3]):
        used_session = name == "inception_v3" and i == 1
        model = build(name, alpha, size, True, None, CLASSES, count_on if used_session else None)
        drawn = drawn or draw(model, seed)
        for layer, weights in zip(model.layers, drawn):
            layer.set_weights(weights)
        # The application without its head is the part of it before the pooling (structure.json holds both).
        pooling = next(layer for layer in model.layers if isinstance(layer, keras.layers.GlobalAveragePooling2D))
        for top in (True, False):
            case = {"model": name, "alpha": alpha, "size": size, "top": top, "classes": CLASSES, "round_trip": top and i == 1,
                    "weights": "keras.h5" if top == (i == 0) else "keras.weights.h5",
                    "matched_by": "order" if used_session else "name"}
            part = model if top else keras.Model(model.inputs, pooling.input)
            write_case(folder / f"{i}{'a' if top else 'b'}", part, case, photos(1, size))


def compare(program, folder, case):
    """Petal's answer beside Keras's."""
    failed = ask_petal(program, folder)
    if failed:
        return f"FAIL {failed}"
    expected = np.load(folder / "expected.npy")
    found = np.fromfile(folder / "output.f32", np.float32).reshape(expected.shape)
    error = difference(found, expected, not case["top"])
    good = error <= (PROBABILITIES if case["top"] else FEATURES)
    return f"{'ok  ' if good else 'FAIL'} {error:8.1e} (largest {np.abs(expected).max():.2f})"


def there_and_back(program, folder, case):
    """Petal's model.h5 through Keras and back."""
    try:
        model = keras.models.load_model(folder / "petal.h5")
    except (ValueError, TypeError) as error:
        return f"FAIL Keras does not open it: {error}"
    answer = np.asarray(model([photos(1, case["size"])], training=False))
    model.save(folder / "returned.h5")
    error = difference(answer, np.load(folder / "expected.npy"), False)
    failed = ask_petal(program, folder)
    for name in ("petal.h5", "returned.h5"):
        (folder / name).unlink()
    good = error <= PROBABILITIES and not failed
    return f"{'ok  ' if good else 'FAIL'} {error:8.1e} weights {'to the bit' if not failed else failed}"


def check(program, folder, report):
    for case_folder in sorted(folder.iterdir()):
        case = json.loads((case_folder / "case.json").read_text())
        row = f"{case['model']:13} {case['alpha']:4} {case['size']:4}"
        result = compare(program, case_folder, case)
        report(f"{row} {'with   ' if case['top'] else 'without'} {case['weights']:16} {result}")
        if case["round_trip"] and not result.startswith("FAIL"):
            report(f"{row} there and back           {there_and_back(program, case_folder, case)}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program", help="petal_tests_models, or none: only let Keras write")
    parser.add_argument("models", nargs="*")
    parser.add_argument("--table")
    parser.add_argument("--folder")
    arguments = parser.parse_args()
    lines = []

    def report(line):
        lines.append(line)
        print(line, flush=True)
        if arguments.table:
            pathlib.Path(arguments.table).write_text("\n".join(lines) + "\n")

    report(f"Keras {keras.__version__}; model, alpha, size, head, file, largest difference")
    with tempfile.TemporaryDirectory() as temporary:
        for index, (name, alpha) in enumerate((name, alpha) for name, row in ARCHITECTURES.items() for alpha in row[2]):
            if arguments.models and name not in arguments.models:
                continue
            folder = pathlib.Path(arguments.folder or temporary) / f"{name}_{alpha:.2f}".replace(".", "_")
            if not folder.exists():
                write_cases(folder.with_suffix(".part"), name, alpha, 100 + index)
                folder.with_suffix(".part").rename(folder)
            if arguments.program != "none":
                check(arguments.program, folder, report)
            if not arguments.folder:
                shutil.rmtree(folder)
    failed = sum(" FAIL " in line for line in lines)
    report(f"{len(lines) - 1} comparisons, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
