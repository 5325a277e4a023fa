#!/usr/bin/env python3
"""Exports models through `petal export` and compares ONNX Runtime with `petal predict`: at most 1e-5 on every output.

    python3 tests/golden/check_onnx.py BIN [--only WORDS] [--shared FOLDER] [--table FILE]

BIN is the folder of the programs (build/bin). Needs keras, h5py, numpy, pillow, onnx and onnxruntime. Every architecture
with every width at two sizes, with drawn weights that keep features of order one; small models that hold every layer; and
with --shared the trained weights and photos there. Each file also passes onnx.checker in full and names its classes.
Pictures are PNG at the model's size, so that both sides see the same pixels. --only: names that hold one of these words.
"""

import argparse
import itertools
import json
import os
import pathlib
import subprocess
import sys
import tempfile

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
import keras
import numpy as np
import onnx
import onnxruntime
from architectures import ARCHITECTURES, build, centre_and_spread, weight_name
from keras import layers
from PIL import Image

TOLERANCE = 1e-5
KNOWN = {".jpg", ".jpeg", ".png"}


class Check:
    def __init__(self, options, work):
        self.options, self.work, self.rows = options, work, []
        self.photos = photos_of(options.shared)

    def wanted(self, name):
        return not self.options.only or any(word in name for word in self.options.only)

    def petal(self, *words):
        result = subprocess.run([self.options.bin / "petal", *map(str, words)], capture_output=True, text=True)
        if result.returncode != 0:
            raise RuntimeError(f"petal {' '.join(map(str, words))}: {result.stderr.strip()}")
        return result.stdout

    def run(self, name, source):
        """SOURCE with its options, as a list of words; one row of the table."""
        try:
            self.rows.append(self.compare(name, source))
        except Exception as error:  # a row says so, and the others go on
            self.rows.append((name, "", "", "", "", "", f"FAIL {type(error).__name__}: {error}"[:300]))
        print("  ".join(str(cell) for cell in self.rows[-1]), flush=True)

    def compare(self, name, source):
        file = self.work / "model.onnx"
        self.petal("export", *source, "--to", "onnx", "--force", file)
        model = onnx.load(file)
        onnx.checker.check_model(model, full_check=True)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        if "--labels" in source:
            labels = {entry.key: entry.value for entry in model.metadata_props}["labels"]
            assert json.loads(labels) == [f"class {i}" for i in range(10)], labels
        session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
        (taken,), (given,) = session.get_inputs(), session.get_outputs()
        assert taken.shape[0] == given.shape[0] == "N" and taken.type == "tensor(float)", (taken, given)
        pixels, files = self.pictures(*taken.shape[1:3])
        found = np.concatenate([session.run([given.name], {taken.name: pixels[:1]})[0],
                                session.run([given.name], {taken.name: pixels[1:]})[0]])  # two sizes of batch
        expected = self.predict(source, files, found.shape[1])
        error = np.abs(found - expected).max()
        # Outputs that are much alike for all pictures would agree whatever the layers do: the difference must also be small
        # beside what tells pictures apart.
        spread = np.abs(expected - expected.mean(axis=0)).max()
        good = error <= TOLERANCE * max(1.0, np.abs(expected).max()) and error <= spread / 100
        return (name, "x".join(map(str, taken.shape[1:3])), f"{file.stat().st_size / 1e6:.1f}", len(model.graph.node),
                f"{spread:.2g}", f"{error:.1e}", "ok" if good else "FAIL")

    def pictures(self, height, width):
        generator = np.random.default_rng(1)
        pixels = [generator.integers(0, 256, (height, width, 3)) for _ in range(3)]
        pixels += [np.asarray(photo.resize((width, height))) for photo in self.photos]
        pixels = np.stack(pixels).astype(np.uint8)
        files = []
        for i, picture in enumerate(pixels):
            files.append(self.work / f"{i:02}.png")
            Image.fromarray(picture).save(files[-1])
        return pixels.astype(np.float32), files

    def predict(self, source, files, classes):
        document = json.loads(self.petal("predict", *source, "--json", "--top", max(classes, 2), *files))
        rows = []
        for prediction in document["predictions"]:
            scores = {int(row["label"].removeprefix("class ")): row["probability"] for row in prediction["top"]}
            rows.append([scores[c] for c in sorted(scores)][-classes:])  # a single sigmoid is the second class
        return np.array(rows)


def photos_of(shared):
    if not shared:
        return []
    files = sorted(file for folder in sorted((shared / "data/flowers").iterdir())
                   for file in sorted(folder.iterdir())[:2] if file.suffix in KNOWN)
    return [Image.open(file).convert("RGB") for file in files]


def weigh(model, seed):
    """Draws the weights of a small model for pixels. Moving statistics become those of pictures, so that features keep their
    size.
    """
    generator = np.random.default_rng(seed)
    for layer in all_layers(model):
        for weight in layer.weights:
            shape, name = weight.shape, weight.name
            if name in ("gamma", "moving_variance", "variance"):
                value = generator.uniform(0.5, 1.5, shape)
            elif len(shape) > 1 and name != "alpha":
                inputs = np.prod(shape[:2]) if "depthwise" in name else np.prod(shape[:-1])
                value = generator.normal(0, np.sqrt(2 / inputs), shape)
            elif name in ("seed_generator_state", "count"):
                continue
            else:
                value = generator.uniform(-0.3, 0.3, shape)
            weight.assign(value)
        if isinstance(layer, layers.BatchNormalization):
            layer.momentum = 0.0
    pictures = drawn(generator, *model.input_shape[1:3])
    model(pictures, training=True)
    return tell_apart(model, pictures)


def tell_apart(model, pictures):
    """The model with a last layer whose logits spread over the pictures: probabilities neither all alike nor 0 and 1."""
    last = [layer for layer in model.layers if layer.weights][-1]
    features = np.asarray(keras.Model(model.input, last.input)(pictures)).reshape(len(pictures), -1)
    logits = features @ np.asarray(last.kernel).reshape(features.shape[1], -1)
    scale = 1.5 / logits.std(axis=0).max()
    last.kernel.assign(last.kernel * scale)
    last.bias.assign(-logits.mean(axis=0) * scale)
    return model


def drawn(generator, height, width):
    """Pictures in 0..255, a few of noise and a few of large patches, as photos have them."""
    pictures = [keras.ops.image.resize(generator.uniform(0, 255, (4, *size, 3)), (height, width))
                for size in ((height, width), (5, 6), (17, 13))]
    return np.concatenate(pictures).astype("float32")


def all_layers(model):
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from all_layers(layer)
        else:
            yield layer


def check_architectures(check):
    labels = check.work / "labels.txt"
    labels.write_text("".join(f"class {i}\n" for i in range(10)))
    for name, (_, _, alphas, sizes) in ARCHITECTURES.items():
        for alpha, size in itertools.product(alphas, sizes):
            label = f"{name} {alpha}" if len(alphas) > 1 else name
            if not check.wanted(label):
                continue
            generator = np.random.default_rng(size)
            model = build(name, alpha, size, top=True, classes=10)
            for layer in model.layers:
                for weight in layer.weights:
                    centre, spread = centre_and_spread(weight_name(layer, weight), weight.shape)
                    weight.assign(generator.uniform(centre - spread, centre + spread, weight.shape))
            weights = check.work / "weights.h5"
            model.save(weights)
            options = ["--alpha", alpha] if len(alphas) > 1 else []
            check.run(label, [name, "--weights", weights, "--labels", labels, "--image-size", size, *options])


def pad(x):
    return layers.ZeroPadding2D(((1, 2), (3, 0)))(x)


def small_bodies():
    """Layers between the stem, an image (13, 11, 8), and the head, which takes an image or features."""
    s = layers.Activation
    yield "conv strides 3", lambda x: layers.Conv2D(7, (2, 5), strides=3)(x)
    yield "conv same strides", lambda x: layers.Conv2D(7, (4, 3), strides=(2, 3), padding="same", activation="relu")(x)
    yield "conv dilated", lambda x: layers.Conv2D(5, 3, dilation_rate=(2, 3), padding="same", use_bias=False)(x)
    yield "conv groups", lambda x: layers.Conv2D(12, 3, groups=4, padding="same")(x)
    yield "depthwise", lambda x: layers.DepthwiseConv2D((3, 5), depth_multiplier=3, padding="same")(x)
    yield "depthwise strides", lambda x: layers.DepthwiseConv2D(3, strides=2, padding="same", use_bias=False)(x)
    yield "depthwise dilated", lambda x: layers.DepthwiseConv2D(3, dilation_rate=2, activation="relu6")(x)
    yield "batch norm plain", lambda x: layers.BatchNormalization(scale=False, center=False)(x)
    yield "batch norm flat", lambda x: layers.BatchNormalization()(layers.Flatten()(x))
    yield "average same", lambda x: layers.AveragePooling2D((3, 2), strides=2, padding="same")(x)
    yield "average overlapping", lambda x: layers.AveragePooling2D(5, strides=1, padding="same")(x)
    yield "max same", lambda x: layers.MaxPooling2D((3, 4), strides=(2, 3), padding="same")(x)
    yield "max valid", lambda x: layers.MaxPooling2D(2)(x)
    yield "global average", lambda x: layers.GlobalAveragePooling2D()(x)
    yield "global average kept", lambda x: layers.GlobalAveragePooling2D(keepdims=True)(x)
    yield "global max", lambda x: layers.GlobalMaxPooling2D()(x)
    yield "global max kept", lambda x: layers.GlobalMaxPooling2D(keepdims=True)(x)
    yield "zero padding", pad
    yield "padded max pooling", lambda x: layers.MaxPooling2D(3)(pad(layers.Rescaling(1, offset=-9)(x)))
    yield "padded average pooling", lambda x: layers.AveragePooling2D(3)(pad(x))
    yield "padded convolution", lambda x: layers.Conv2D(5, 3)(pad(x))
    yield "padded depthwise", lambda x: layers.DepthwiseConv2D(3, strides=2)(pad(x))
    yield "reshape", lambda x: layers.Reshape((11, -1, 4))(x)
    yield "reshape flat", lambda x: layers.Reshape((-1,))(x)
    yield "concatenate", lambda x: layers.Concatenate()([x, layers.Conv2D(3, 1)(x), x])
    yield "concatenate flat", lambda x: layers.Concatenate()([layers.Flatten()(x), layers.GlobalMaxPooling2D()(x)])
    yield "add", lambda x: layers.Add()([x, layers.Conv2D(8, 1)(x), x])
    yield "rescaling", lambda x: layers.Rescaling(0.3, offset=0.2)(x)
    yield "dropout", lambda x: layers.Dropout(0.5)(x)
    yield "ReLU", lambda x: layers.ReLU(max_value=1.5, negative_slope=0.1, threshold=0.25)(x)
    yield "ReLU limited", lambda x: layers.ReLU(max_value=1.2)(x)
    yield "ReLU leaky", lambda x: layers.ReLU(negative_slope=0.2)(x)
    yield "ReLU threshold", lambda x: layers.ReLU(threshold=0.5)(x)
    yield "LeakyReLU", lambda x: layers.LeakyReLU(negative_slope=0.15)(x)
    yield "ELU", lambda x: layers.ELU(alpha=0.7)(x)
    yield "PReLU", lambda x: layers.PReLU()(x)
    yield "PReLU shared", lambda x: layers.PReLU(shared_axes=[1, 2])(x)
    yield "PReLU flat", lambda x: layers.PReLU()(layers.Flatten()(x))
    yield "Softmax", lambda x: layers.Softmax()(x)
    yield "separable", lambda x: layers.SeparableConv2D(9, (3, 2), strides=2, padding="same", depth_multiplier=2)(x)
    yield "separable dilated", lambda x: layers.SeparableConv2D(5, 3, dilation_rate=2, use_bias=False, activation="silu")(x)
    yield "transposed", lambda x: layers.Conv2DTranspose(5, (3, 4), strides=(2, 3))(x)
    yield "transposed same", lambda x: layers.Conv2DTranspose(5, 3, strides=2, padding="same", activation="elu")(x)
    yield "transposed small", lambda x: layers.Conv2DTranspose(5, 2, strides=3, use_bias=False)(x)
    for merge in (layers.Subtract, layers.Multiply, layers.Average, layers.Maximum, layers.Minimum):
        yield merge.__name__, lambda x, merge=merge: merge()([x, layers.Conv2D(8, 1)(x)])
    for merge in (layers.Multiply, layers.Average, layers.Maximum, layers.Minimum):
        yield f"{merge.__name__} of three", lambda x, merge=merge: merge()([x, layers.Conv2D(8, 1)(x), x])
    yield "squeeze and excite", lambda x: layers.Multiply()(
        [x, layers.Dense(8, activation="sigmoid")(layers.GlobalAveragePooling2D()(x))])
    yield "squeeze and excite kept", lambda x: layers.Multiply()(
        [layers.Conv2D(8, 1, activation="sigmoid")(layers.GlobalAveragePooling2D(keepdims=True)(x)), x])
    yield "excite reshaped", lambda x: layers.Multiply()([x, layers.Reshape((1, 1, 8))(layers.GlobalMaxPooling2D()(x))])
    yield "up nearest", lambda x: layers.UpSampling2D((2, 3))(x)
    yield "up bilinear", lambda x: layers.UpSampling2D((3, 2), interpolation="bilinear")(x)
    yield "resizing", lambda x: layers.Resizing(17, 5)(x)
    yield "resizing nearest", lambda x: layers.Resizing(7, 25, interpolation="nearest")(x)
    yield "cropping", lambda x: layers.Cropping2D(((1, 2), (3, 0)))(x)
    yield "permute", lambda x: layers.Permute((3, 1, 2))(x)
    yield "layer norm", lambda x: layers.LayerNormalization()(x)
    yield "layer norm plain", lambda x: layers.LayerNormalization(axis=[2, 3], scale=False, center=False)(x)
    yield "layer norm flat", lambda x: layers.LayerNormalization(epsilon=0.01)(layers.Flatten()(x))
    yield "normalization", lambda x: layers.Normalization(mean=np.arange(8) / 8, variance=np.arange(8) + 0.5)(x)
    yield "normalization whole", lambda x: layers.Normalization(axis=None, mean=0.5, variance=2.0)(x)
    yield "normalization adapted", lambda x: layers.Normalization()(x)
    yield "regularization", lambda x: layers.GaussianNoise(0.1)(layers.GaussianDropout(0.1)(layers.SpatialDropout2D(0.3)(x)))
    yield "activity regularization", lambda x: layers.ActivityRegularization(l2=0.1)(x)
    for name in ("relu", "relu6", "leaky_relu", "elu", "selu", "sigmoid", "silu", "tanh", "exponential", "softplus", "softsign",
                 "gelu", "mish", "hard_sigmoid", "hard_silu", "softmax", "log_softmax", "linear"):
        yield f"activation {name}", lambda x, name=name: s(name)(x)


def augmented():
    x = photo = keras.Input((20, 26, 3))
    for layer in (layers.RandomFlip(), layers.RandomRotation(0.1), layers.RandomZoom(0.1), layers.RandomTranslation(0.1, 0.1),
                  layers.RandomContrast(0.1)):  # Keras 3.15 cannot save RandomBrightness as .h5
        x = layer(x)
    x = layers.Rescaling(1 / 127.5, offset=-1)(x)
    x = layers.Flatten()(layers.Conv2D(4, 3, strides=2)(x))
    return keras.Model(photo, layers.Dense(5, activation="softmax")(x))


def nested():
    inner_in = keras.Input((9, 9, 4))
    inner = keras.Model(inner_in, layers.Add()([inner_in, layers.Conv2D(4, 3, padding="same")(inner_in)]))
    photo = keras.Input((20, 20, 3))
    x = layers.Conv2D(4, 3, strides=2)(layers.Rescaling(1 / 255)(photo))
    x = layers.GlobalAveragePooling2D()(inner(x))
    return keras.Model(photo, layers.Dense(1, activation="sigmoid")(x))


def small(body):
    photo = keras.Input((27, 23, 3))
    x = layers.Rescaling(1 / 127.5, offset=-1)(photo)
    x = layers.BatchNormalization()(layers.Conv2D(8, 3, strides=2, use_bias=False)(x))
    x = body(x)
    if len(x.shape) > 2:
        x = layers.Flatten()(x)
    return keras.Model(photo, layers.Dense(6, activation="softmax")(x))


def check_small(check):
    builders = [(f"small: {name}", lambda body=body: small(body)) for name, body in small_bodies()]
    builders += [("small: augmented", augmented), ("small: nested, one sigmoid", nested)]
    for seed, (name, build) in enumerate(builders):
        if not check.wanted(name):
            continue
        keras.backend.clear_session()
        file = check.work / "small.h5"
        weigh(build(), seed).save(file)
        check.run(name, [file])


def check_own(check):
    """Petal's own networks, which Keras weighs."""
    for seed, name in enumerate(("cnn", "cnn_augmented", "cnn_preprocessed")):
        if not check.wanted(name):
            continue
        keras.backend.clear_session()
        file = check.work / "own.h5"
        check.petal("export", name, "--image-size", 64, "--force", file)
        weigh(keras.models.load_model(file), seed).save(file)
        check.run(name, [file])


def check_shared(check, shared):
    for name, source in (("trained: mobilenet_v2", ["mobilenet_v2", "--weights", shared / "weights/mobilenet_v2_1.0_224.h5"]),
                         ("trained: mobilenet 0.75", ["mobilenet", "--alpha", 0.75, "--weights",
                                                      shared / "weights/mobilenet_0.75_224.h5"]),
                         ("trained: inception_v3 of a stranger", [shared / "weights/content_moderation_inception_v3.h5"])):
        if check.wanted(name):
            check.run(name, source)


def table(rows):
    head = ("model", "size", "MB", "nodes", "spread", "error", "")
    widths = [max(len(str(row[i])) for row in (head, *rows)) for i in range(len(head))]
    return "\n".join("  ".join(str(cell).ljust(width) for cell, width in zip(row, widths)).rstrip()
                     for row in (head, *rows)) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("bin", type=pathlib.Path)
    parser.add_argument("--only", nargs="*", help="names that hold one of these words")
    parser.add_argument("--shared", type=pathlib.Path, default=os.environ.get("PETAL_SHARED"))
    parser.add_argument("--table", type=pathlib.Path, help="where to write the table of differences")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        check = Check(options, pathlib.Path(work))
        check_small(check)
        check_own(check)
        check_architectures(check)
        if options.shared:
            check_shared(check, pathlib.Path(options.shared))
    text = table(check.rows)
    print(text)
    if options.table:
        options.table.write_text(text)
    bad = [row[0] for row in check.rows if row[-1] != "ok"]
    sys.exit(f"{len(bad)} of {len(check.rows)} failed: {', '.join(bad)}" if bad else 0)


if __name__ == "__main__":
    main()
