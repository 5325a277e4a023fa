#!/usr/bin/env python3
"""Makes tests/golden/architectures: what Keras 3 says of its applications, and what they compute.

Run with Keras 3 on TensorFlow's CPU and numpy: python tests/golden/make_architectures.py

structure.json    every variant's layers in Keras's order: [name, class, [shape], parameters]
activations.json  a case a model, image size and head: the ends of its blocks, and where their numbers lie in activations.f32
activations.f32   little-endian float32: `sampled` elements of each, then the output (without the head `sampled` too)

No weights are kept: they are a formula of the weight's name and index, see `filled`, which the test computes too. The photos
are a formula, see `photos`.
"""
import json
import pathlib
import re

import keras
import numpy as np

from architectures import ARCHITECTURES, build, centre_and_spread, photos, preprocess, weight_name

FOLDER = pathlib.Path(__file__).resolve().parent / "architectures"
SAMPLES = 64
CLASSES = 10
# name, alpha, image size, with the head, pooling
CASES = [("mobilenet", 0.25, 64, True, "none"), ("mobilenet", 0.25, 64, False, "none"),
         ("mobilenet", 0.25, 97, True, "none"), ("mobilenet", 0.25, 97, False, "max"),
         ("resnet50", 1.0, 64, True, "none"), ("resnet50", 1.0, 64, False, "none"),
         ("resnet50", 1.0, 97, True, "none"), ("resnet50", 1.0, 97, False, "avg"),
         ("resnet50_v2", 1.0, 64, True, "none"), ("resnet50_v2", 1.0, 64, False, "none"),
         ("resnet50_v2", 1.0, 97, True, "none"), ("resnet50_v2", 1.0, 97, False, "max"),
         ("inception_v3", 1.0, 75, True, "none"), ("inception_v3", 1.0, 75, False, "none"),
         ("inception_v3", 1.0, 98, True, "none"), ("inception_v3", 1.0, 98, False, "avg")]
ENDS_BLOCK = re.compile(r"conv_pw_\d+_relu|pool1_pool|conv\d_block\d+_out|mixed.*|max_pooling2d_\d|post_relu")


def sampled(elements):
    """The flat indexes whose numbers are kept: one in each of SAMPLES equal stretches, at a wandering offset."""
    j = np.arange(SAMPLES, dtype=np.int64)
    return j * elements // SAMPLES + (j * j * 31) % max(1, elements // SAMPLES)


def filled(name, shape):
    """A weight's numbers: 256 levels around its centre, by a hash of its name (FNV-1a) and the index (Murmur3's finalizer)."""
    key = 2166136261
    for byte in name.encode():
        key = (key ^ byte) * 16777619 % 2 ** 32
    x = np.arange(int(np.prod(shape)), dtype=np.uint32) * np.uint32(0x9E3779B9) + np.uint32(key)
    x = (x ^ (x >> 16)) * np.uint32(0x85EBCA6B)
    x = (x ^ (x >> 13)) * np.uint32(0xC2B2AE35)
    level = ((x ^ (x >> 16)) >> 24).astype(np.float64)
    centre, spread = centre_and_spread(name, shape)
    return (centre + (2 * level - 255) / 256 * spread).astype(np.float32).reshape(shape)


def fill(model):
    for layer in model.layers:
        layer.set_weights([filled(weight_name(layer, weight), weight.shape) for weight in layer.weights])


def numbers(value, blob):
    flat = value.reshape(-1)
    entry = {"offset": len(blob) // 4, "mean": float(flat.mean(dtype=np.float64)),
             "norm": float(np.sqrt((flat.astype(np.float64) ** 2).sum())), "maximum": float(np.abs(flat).max())}
    blob += flat[sampled(flat.size)].astype("<f4").tobytes()
    return entry


def make_case(case, blob):
    name, alpha, size, top, pooling = case
    model = build(name, alpha, size, top, None if pooling == "none" else pooling, CLASSES)
    fill(model)
    kept = [layer for layer in model.layers if ENDS_BLOCK.fullmatch(layer.name) or layer is model.layers[-1]]
    every = keras.Model(model.inputs, [layer.output for layer in kept])
    values = [np.asarray(v) for v in every([preprocess(name, photos(1, size))], training=False)]
    layers = [{"name": layer.name, **numbers(value, blob)} for layer, value in zip(kept, values)]
    print(case, " ".join(f"{layer['maximum']:.2g}" for layer in layers),
          np.sort(values[-1].reshape(-1, values[-1].shape[-1])[0])[-3:])
    last = len(blob) // 4
    if top:
        blob += values[-1].astype("<f4").tobytes()
    return {"model": name, "alpha": alpha, "size": size, "batch": 1, "top": top, "pooling": pooling, "weights": "",
            "layers": layers, "last": {"offset": last, "shape": list(values[-1].shape) if top else [0]}}


def structure(name, alpha, size):
    model = build(name, alpha, size, True, None, CLASSES)
    rows = [[layer.name, type(layer).__name__, list(layer.output.shape[1:]), layer.count_params()] for layer in model.layers]
    trainable = sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)
    return {"model": name, "alpha": alpha, "size": size, "name": model.name, "parameters": model.count_params(),
            "trainable": trainable, "layers": rows}


def bodies(name, alpha, size):
    """Of the model without its head: its parameters, how many layers it shares with the whole, and the last by pooling."""
    whole = build(name, alpha, size, True, None, CLASSES)
    body = build(name, alpha, size, False)
    names = [layer.name for layer in body.layers]
    assert names == [layer.name for layer in whole.layers][:len(names)]
    pooled = {pooling: build(name, alpha, size, False, pooling) for pooling in ("avg", "max")}
    last = {pooling: [model.layers[-1].name, list(model.output.shape[1:])] for pooling, model in
            {"none": body, **pooled}.items()}
    return {"body_parameters": body.count_params(), "body_layers": len(names), "last": last}


def write_lines(path, items):
    """JSON with one line a layer: small enough to read, and to compare."""
    out = []
    for item in items:
        rows = ",\n  ".join(json.dumps(row, separators=(",", ":")) for row in item["layers"])
        rest = json.dumps({key: value for key, value in item.items() if key != "layers"})
        out.append(rest[:-1] + f', "layers": [\n  {rows}]}}')
    path.write_text("[" + ",\n".join(out) + "]\n")


def main():
    FOLDER.mkdir(exist_ok=True)
    # The layers of mobilenet_v2 are in its own folder.
    variants = [(name, alpha, sizes[0]) for name, (_, _, alphas, sizes) in ARCHITECTURES.items() for alpha in alphas
                if name != "mobilenet_v2"]
    small = [("mobilenet", 0.25, 32), ("mobilenet", 0.25, 33), ("mobilenet_v2", 0.35, 33), ("resnet50", 1.0, 33),
             ("resnet50_v2", 1.0, 32), ("resnet50_v2", 1.0, 95), ("inception_v3", 1.0, 75)]
    write_lines(FOLDER / "structure.json", [structure(*variant) for variant in variants] +
                [{**bodies(*variant), **structure(*variant)} for variant in small])
    blob = bytearray()
    write_lines(FOLDER / "activations.json", [make_case(case, blob) for case in CASES])
    (FOLDER / "activations.f32").write_bytes(blob)


if __name__ == "__main__":
    main()
