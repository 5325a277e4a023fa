#!/usr/bin/env python3
"""Writes augmentation/: what Keras's augmentation layers, and the affine transform behind them, make of two photos.

Run with Python, Keras 3 on TensorFlow's CPU and numpy: python tests/golden/make_augmentation.py
augmentation.json has the photos (uint8) and the cases; outputs.f32 the results (little-endian float32), one after the
other in order of the cases.
"""

import json
import os
import pathlib

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import keras
import numpy as np
import tensorflow as tf
from keras import layers

FOLDER = pathlib.Path(__file__).parent / "augmentation"
FILL_MODES = ("reflect", "wrap", "constant", "nearest")
random = np.random.RandomState(11)


def photo(height, width, channels):
    """Shading, an edge, a stripe and grain: neither smooth nor noise alone."""
    y, x = np.mgrid[0:height, 0:width]
    planes = []
    for c in range(channels):
        shade = 90 + 60 * np.sin(0.3 * x + c) + 40 * np.cos(0.21 * y - c)
        edge = np.where((x - 8) ** 2 + (y - 7) ** 2 < 20 + 10 * c, 60, 0)
        stripe = np.where(x + y == 19, -80, 0)
        planes.append(shade + edge + stripe + random.normal(0, 12, shade.shape))
    return np.clip(np.stack(planes, -1), 0, 255).astype(np.uint8)


PHOTOS = {"colour": photo(17, 23, 3), "grey": photo(12, 9, 1)}


def rotation(height, width, radians, zoom=1.0, x=0.0, y=0.0):
    a, b = zoom * np.cos(radians), zoom * np.sin(radians)
    cx, cy = (width - 1) / 2, (height - 1) / 2
    return [a, -b, cx - cx * a + cy * b + x, b, a, cy - cx * b - cy * a + y]


def matrices(height, width):
    yield "identity", [1, 0, 0, 0, 1, 0]
    yield "whole pixels beyond the border", [1, 0, -5, 0, 1, 7]
    yield "half pixels", [1, 0, 0.5, 0, 1, -2.5]
    yield "turned", rotation(height, width, 0.7)
    yield "turned, far out", rotation(height, width, -2.1, 4.3, 3.7, -1.1)
    yield "sheared", [1.3, 0.4, -2.2, -0.35, 0.8, 4.1]


def affine_cases():
    for name, pixels in PHOTOS.items():
        for word, matrix in matrices(*pixels.shape[:2]):
            matrix = np.float32(matrix)
            for mode in FILL_MODES:
                for interpolation in ("nearest", "bilinear"):
                    result = keras.ops.image.affine_transform(
                        pixels[None].astype("float32"), np.append(matrix, np.zeros(2, "float32"))[None],
                        interpolation=interpolation, fill_mode=mode, fill_value=77.5)
                    yield {"name": f"{name}, {word}, {mode}, {interpolation}", "photo": name,
                           "matrix": [float(m) for m in matrix], "fill_mode": mode, "interpolation": interpolation,
                           "fill_value": 77.5}, result


# Layers whose factors leave nothing to chance, so that Keras and Petal draw the same. No quarter turn to the nearest
# pixel: it asks for halves, where the last bit decides.
def layer_cases():
    fixed = {
        "RandomRotation": [dict(factor=[0.11, 0.11]), dict(factor=[-0.3, -0.3], fill_mode="constant", fill_value=9.0),
                           dict(factor=[0.21, 0.21], interpolation="nearest", fill_mode="nearest")],
        "RandomZoom": [dict(height_factor=[0.3, 0.3]), dict(height_factor=[-0.4, -0.4], width_factor=[0.2, 0.2]),
                       dict(height_factor=[0.5, 0.5], width_factor=[-0.1, -0.1], fill_mode="wrap")],
        "RandomTranslation": [dict(height_factor=[0.2, 0.2], width_factor=[-0.3, -0.3]),
                              dict(height_factor=[-0.15, -0.15], width_factor=[0.4, 0.4], fill_mode="constant")],
        "RandomBrightness": [dict(factor=[0.2, 0.2]), dict(factor=[-0.25, -0.25], value_range=[0, 255])],
    }
    for kind, choices in fixed.items():
        for arguments in choices:
            layer = getattr(layers, kind)(**arguments)
            for name, pixels in PHOTOS.items():
                result = layer(pixels[None].astype("float32"), training=True)
                yield {"name": f"{kind} {arguments}, {name}", "photo": name, "layer": kind,
                       "arguments": arguments}, result


def forced_cases():
    """Draws set by hand: contrast, flips and crops draw something always."""
    for name, pixels in PHOTOS.items():
        given = pixels[None].astype("float32")
        for contrast in (0.6, 1.5):
            layer = layers.RandomContrast([0.5, 0.5])
            result = layer.transform_images(given, {"contrast_factor": tf.constant(contrast, shape=(1, 1, 1, 1))})
            yield {"name": f"contrast {contrast}, {name}", "photo": name, "contrast": contrast}, result
        for mode in ("horizontal", "vertical", "horizontal_and_vertical"):
            result = layers.RandomFlip(mode).transform_images(given, {"flips": tf.constant(True, shape=(1, 1, 1, 1))})
            yield {"name": f"flip {mode}, {name}", "photo": name, "flip": mode}, result
        result = layers.RandomCrop(8, 5).transform_images(given, (3, 2))
        yield {"name": f"crop, {name}", "photo": name, "crop": [8, 5], "place": [3, 2]}, result
        for size in ((8, 8), (5, 9), (30, 25), (12, 40)):
            result = keras.preprocessing.image.smart_resize(given, size)
            yield {"name": f"middle to {size}, {name}", "photo": name, "crop": list(size)}, result


def main():
    cases, outputs = [], []
    for described, result in (*affine_cases(), *layer_cases(), *forced_cases()):
        result = np.asarray(result, np.float32)[0]
        cases.append({**described, "shape": list(result.shape)})
        outputs.append(result.ravel())
    photos = {name: {"shape": list(p.shape), "pixels": p.ravel().tolist()} for name, p in PHOTOS.items()}
    FOLDER.mkdir(exist_ok=True)
    document = {"made_with": {"keras": keras.__version__, "tensorflow": tf.__version__}, "photos": photos, "cases": cases}
    (FOLDER / "augmentation.json").write_text(json.dumps(document, separators=(",", ":")) + "\n")
    np.concatenate(outputs).astype("<f4").tofile(FOLDER / "outputs.f32")
    print(len(cases), "cases,", sum(o.size for o in outputs), "numbers")


if __name__ == "__main__":
    main()
