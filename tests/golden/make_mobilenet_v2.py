#!/usr/bin/env python3
"""Makes tests/golden/mobilenet_v2: weights saved by Keras 3, and what Keras computes with them.

Run with Keras 3 on TensorFlow's CPU, h5py and numpy: python tests/golden/make_mobilenet_v2.py

weights_0.35.weights.h5   alpha 0.35, 10 classes, Keras 3's layout
weights_1.00.h5           alpha 1.0, 10 classes, a whole model in the legacy layout
structure.json            {"MODEL": [[name, class, [shape], parameters], ...]} of every alpha, at even and odd sizes
activations.json          a case a model and image size: its layers, and where their numbers lie in activations.f32
activations.f32           little-endian float32: `samples` elements a layer, then the whole last value

The weights are multiples of a coarse power of two, so that the files compress; nothing of them depends on the image size.
The photos are a formula, see `photos`; the sampled elements too, see `sampled`.
"""
import json
import os
import pathlib
import tempfile

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import h5py
import keras
import numpy as np

FOLDER = pathlib.Path(__file__).resolve().parent / "mobilenet_v2"
SAMPLES = 64
CLASSES = 10
# alpha, image size, batch, with the head
CASES = [(0.35, 32, 2, True), (0.35, 96, 2, True), (0.35, 97, 2, True), (0.35, 97, 2, False),
         (1.0, 128, 1, True), (1.0, 129, 1, True), (1.0, 129, 1, False), (1.0, 224, 1, True)]
WEIGHTS = {0.35: "weights_0.35.weights.h5", 1.0: "weights_1.00.h5"}
ALPHAS = [0.35, 0.5, 0.75, 1.0, 1.3, 1.4]


def build(alpha, size, top):
    keras.backend.clear_session()
    shape = (size, size, 3)
    return keras.applications.MobileNetV2(input_shape=shape, input_tensor=keras.Input(shape, name="input_1"), alpha=alpha,
                                          include_top=top, weights=None, classes=CLASSES)


def photos(batch, size):
    """(batch, size, size, 3) whole numbers in 0..255: waves of different lengths, and a hash for detail."""
    n, h, w, c = np.meshgrid(np.arange(batch), np.arange(size), np.arange(size), np.arange(3), indexing="ij")
    wave = (h * (3 + c) + w * (5 - c) + n * 40) % 160
    detail = (h * h * 7 + w * w * 13 + h * w * 3 + c * 29 + n * 11) % 96
    return (wave + detail).astype(np.float32)


def sampled(elements):
    """The flat indexes whose numbers are kept: one in each of SAMPLES equal stretches, at a wandering offset."""
    j = np.arange(SAMPLES, dtype=np.int64)
    return j * elements // SAMPLES + (j * j * 31) % max(1, elements // SAMPLES)


def coarse(values, spread):
    """Rounded to multiples of a power of two near spread / 2."""
    step = 2.0 ** np.round(np.log2(spread / 2))
    return (np.round(values / step) * step).astype(np.float32)


def draw(layer, generator):
    """Seeded weights for a layer, scaled so that activations keep their size through the network."""
    if isinstance(layer, keras.layers.BatchNormalization):
        channels = layer.gamma.shape[0]
        # Most values stay below relu6's bound: a network that is mostly clipped amplifies rounding until Keras's own
        # float32 is 1e-4 from its float64. So drawn, it is 2e-6.
        gain = 0.5 if "project" in layer.name else 1.0
        return [coarse(generator.uniform(0.6, 1.4, channels) * gain, 0.1), coarse(generator.normal(0, 0.3, channels), 0.1),
                coarse(generator.normal(0, 0.3, channels), 0.1), coarse(generator.uniform(0.5, 1.5, channels), 0.1)]
    arrays = []
    for weight in layer.weights:
        if weight.path.endswith("bias"):
            arrays.append(coarse(generator.normal(0, 0.5, weight.shape), 0.2))
            continue
        fan_in = np.prod(weight.shape[:2]) if "depthwise" in layer.name else np.prod(weight.shape[:-1])
        spread = np.sqrt(2 / fan_in)
        arrays.append(coarse(generator.normal(0, spread, weight.shape), spread))
    return arrays


def pack(source, target):
    """Copies an HDF5 file as it is, with gzip and shuffle on what is large enough to gain by it."""
    with h5py.File(source) as src, h5py.File(target, "w") as dst:
        def copy(name, item):
            if isinstance(item, h5py.Group):
                made = dst.require_group(name)
            else:
                small = item.size <= 1024
                filters = {} if small else {"compression": "gzip", "compression_opts": 9, "shuffle": True, "chunks": item.shape}
                made = dst.create_dataset(name, data=item[()], **filters)
            for key in item.attrs:
                made.attrs.create(key, item.attrs[key], dtype=item.attrs.get_id(key).dtype)
        for key in src.attrs:
            dst.attrs.create(key, src.attrs[key], dtype=src.attrs.get_id(key).dtype)
        src.visititems(copy)


def make_weights(alpha):
    generator = np.random.default_rng(int(alpha * 100))
    model = build(alpha, 224, True)
    for layer in model.layers:
        if layer.weights:
            layer.set_weights(draw(layer, generator))
    with tempfile.TemporaryDirectory() as folder:
        saved = pathlib.Path(folder) / WEIGHTS[alpha]
        if saved.name.endswith(".weights.h5"):
            model.save_weights(saved)
        else:
            model.save(saved, include_optimizer=False)
        pack(saved, FOLDER / WEIGHTS[alpha])
    return {layer.name: layer.get_weights() for layer in model.layers}


def numbers(value):
    flat = value.reshape(-1).astype(np.float64)
    return {"mean": float(flat.mean()), "norm": float(np.sqrt((flat ** 2).sum())), "maximum": float(np.abs(flat).max())}


def make_case(case, weights, blob):
    alpha, size, batch, top = case
    model = build(alpha, size, top)
    for layer in model.layers:
        layer.set_weights(weights[alpha][layer.name])
    every = keras.Model(model.inputs, [layer.output for layer in model.layers])
    values = [np.asarray(v) for v in every([photos(batch, size) / np.float32(127.5) - np.float32(1)], training=False)]
    layers = []
    for layer, value in zip(model.layers, values):
        layers.append({"name": layer.name, "offset": len(blob) // 4, **numbers(value)})
        blob += value.reshape(-1)[sampled(value.size)].astype("<f4").tobytes()
    print(f"alpha {alpha} size {size} top {top}: largest",
          " ".join(f"{item['maximum']:.1f}" for item in layers if item["name"].endswith(("_add", "project_BN"))),
          "last", np.sort(values[-1].reshape(-1, values[-1].shape[-1])[0])[-3:])
    last = len(blob) // 4
    blob += values[-1].astype("<f4").tobytes()
    return {"alpha": alpha, "size": size, "batch": batch, "top": top, "weights": WEIGHTS[alpha], "layers": layers,
            "last": {"offset": last, "shape": list(values[-1].shape)}}


def structure(alpha, size):
    model = build(alpha, size, True)
    rows = [[layer.name, type(layer).__name__, list(layer.output.shape[1:]), layer.count_params()] for layer in model.layers]
    headless = build(alpha, size, False)
    assert [layer.name for layer in headless.layers] == [row[0] for row in rows[:-2]]
    trainable = sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)
    return {"alpha": alpha, "size": size, "classes": CLASSES, "name": model.name, "parameters": model.count_params(),
            "trainable": trainable, "headless": headless.count_params(), "layers": rows}


def write_lines(path, items, inner):
    """JSON with one line an element of each item's list `inner`: small enough to read, and to compare."""
    out = []
    for item in items:
        rows = ",\n  ".join(json.dumps(row, separators=(",", ":")) for row in item[inner])
        rest = json.dumps({key: value for key, value in item.items() if key != inner})
        out.append(rest[:-1] + f', "{inner}": [\n  {rows}]}}')
    path.write_text("[" + ",\n".join(out) + "]\n")


def main():
    FOLDER.mkdir(exist_ok=True)
    sizes = [(alpha, 224) for alpha in ALPHAS] + [(0.35, size) for size in (32, 33, 97)] + [(1.4, 193)]
    write_lines(FOLDER / "structure.json", [structure(alpha, size) for alpha, size in sizes], "layers")
    weights = {alpha: make_weights(alpha) for alpha in WEIGHTS}
    blob = bytearray()
    write_lines(FOLDER / "activations.json", [make_case(case, weights, blob) for case in CASES], "layers")
    (FOLDER / "activations.f32").write_bytes(blob)


main()
