#!/usr/bin/env python3
"""Opens models that Petal wrote with Keras's load_model and compares predictions: at most 1e-5 relative to the largest.

    PETAL_KEEP_MODELS=FOLDER build/bin/petal_tests_io --test-case='models for Keras to open'
    python3 tests/golden/check_saved_model.py FOLDER

Checks with Keras 3, and with Keras 2 where tf_keras is installed.
"""

import json
import os
import pathlib
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import h5py
import numpy
import keras

TOLERANCE = 1e-5


def beyond_keras2(path):
    """RandomContrast has no value_range there: it cuts to 0..255; and there is no hard_silu nor .keras of Keras 3."""
    if path.suffix != ".h5":
        return True
    with h5py.File(path) as file:
        layers = json.loads(file.attrs["model_config"])["config"]["layers"]
    return any(
        (layer["class_name"] == "RandomContrast" and "value_range" in layer["config"])
        or layer["config"].get("activation") == "hard_silu"
        for layer in layers
    )


def beyond_keras3(path):
    """Its reader of .h5 takes an axis of None or of several for the default, in its own files too."""
    if path.suffix != ".h5":
        return False
    with h5py.File(path) as file:
        layers = json.loads(file.attrs["model_config"])["config"]["layers"]
    axes = [layer["config"]["axis"] for layer in layers if layer["class_name"].endswith("Normalization")]
    return any(isinstance(axis, list) and len(axis) != 1 for axis in axes)


def check(k, path):
    if k is not keras and beyond_keras2(path):
        print(f"skip keras {k.__version__} {path.name}: what Keras 2 lacks")
        return True
    if k is keras and beyond_keras3(path):
        print(f"skip keras {k.__version__} {path.name}: an axis that Keras 3 misreads in .h5 files")
        return True
    model = k.models.load_model(path)
    pixels = numpy.fromfile(path.with_suffix(".input"), numpy.float32).reshape((1, *model.input_shape[1:]))
    expected = numpy.fromfile(path.with_suffix(".output"), numpy.float32)
    found = numpy.asarray(model.predict(pixels, verbose=0)).reshape(-1)
    error = numpy.abs(found - expected).max() / max(1.0, numpy.abs(expected).max())
    frozen = sum(not layer.trainable for layer in model.layers)
    good = found.shape == expected.shape and error <= TOLERANCE
    print(f"{'ok  ' if good else 'FAIL'} keras {k.__version__} {path.name}: {len(model.layers)} layers, {frozen} frozen, "
          f"largest {numpy.abs(expected).max():.3g}, error {error:.2g}")
    return good


def main():
    paths = sorted(pathlib.Path(sys.argv[1]).glob("*.h5")) + sorted(pathlib.Path(sys.argv[1]).glob("*.keras"))
    if not paths:
        sys.exit(f"{sys.argv[1]}: there is no model")
    versions = [keras]
    try:
        import tf_keras

        versions.append(tf_keras)
    except ImportError:
        print("tf_keras is not installed: Keras 2 is not checked")
    results = [check(k, path) for k in versions for path in paths]
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
