#!/usr/bin/env python3
"""Writes configs/*.json: model configs as Keras 2 and Keras 3 write them, with what each of their layers is.

Needs keras (3) and tf_keras (Keras 2). Each file holds
  {"writer": "keras 3.x to_json", "config": {...}, "name": ..., "layers": [{"name", "class", "shape", "parameters", "trainable"}, ...]}
where `layers` are those of the model with every inner model flattened, in Keras's order, and shapes are one sample's.

Writes configs/models/*.h5 too: whole models with models inside, with a prediction of each in predictions.json.
"""

import json
import os
import pathlib
import tempfile

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import h5py
import keras
import numpy
import tf_keras

FOLDER = pathlib.Path(__file__).parent / "configs"


def sequential_cnn(k):
    layers = k.layers
    return k.Sequential(
        [
            k.Input((20, 24, 3), name="photo"),
            layers.Rescaling(1 / 255, offset=-0.5, name="rescaling"),
            layers.Conv2D(8, 3, padding="same", activation="relu", name="conv2d"),
            layers.MaxPooling2D(name="max_pooling2d"),
            layers.Conv2D(6, (3, 2), strides=(2, 1), use_bias=False, name="conv2d_1"),
            layers.BatchNormalization(name="batch_normalization"),
            layers.Activation("relu", name="activation"),
            layers.Flatten(name="flatten"),
            layers.Dropout(0.4, name="dropout"),
            layers.Dense(5, activation="softmax", name="dense"),
        ],
        name="sequential_cnn",
    )


def branches(k):
    layers = k.layers
    x = inputs = k.Input((17, 19, 4), name="image")
    x = layers.ZeroPadding2D(((1, 2), (0, 3)), name="pad")(x)
    a = layers.Conv2D(8, 3, padding="same", groups=2, name="grouped")(x)
    b = layers.Conv2D(8, 3, padding="same", dilation_rate=2, activation="sigmoid", name="dilated")(x)
    c = layers.DepthwiseConv2D((5, 3), padding="same", depth_multiplier=2, use_bias=False, name="depthwise")(x)
    x = layers.Add(name="sum")([a, b, c])
    x = layers.BatchNormalization(momentum=0.9, epsilon=1.001e-5, scale=False, name="norm")(x)
    x = layers.ReLU(6.0, name="clipped")(x)
    y = layers.AveragePooling2D(3, strides=1, padding="same", name="mean")(x)
    z = layers.MaxPooling2D((3, 2), strides=1, padding="same", name="largest")(x)
    x = layers.Concatenate(name="join")([x, y, z])
    x = layers.ReLU(name="plain")(x)
    p = layers.GlobalAveragePooling2D(keepdims=True, name="pooled")(x)
    p = layers.Reshape((24,), name="flat")(p)
    q = layers.GlobalMaxPooling2D(name="peaks")(x)
    x = layers.Concatenate(axis=1, name="features")([p, q])
    x = layers.Dense(3, use_bias=False, name="scores")(x)
    return k.Model(inputs, layers.Softmax(name="probabilities")(x), name="branches")


def augmented(k):
    """Every augmentation, with Keras's defaults and without; the crop of the photo's own size passes it on in inference."""
    layers = k.layers
    # Keras 2 has no range for contrast.
    contrast = dict(value_range=(-1, 1)) if k is keras else {}
    return k.Sequential(
        [
            k.Input((12, 10, 3), name="photo"),
            layers.RandomFlip(name="random_flip"),
            layers.RandomRotation(0.2, name="random_rotation"),
            layers.RandomZoom(0.1, name="random_zoom"),
            layers.RandomTranslation(0.1, (-0.2, 0.3), name="random_translation"),
            layers.RandomContrast((0.1, 0.3), name="random_contrast"),
            layers.RandomBrightness(0.2, name="random_brightness"),
            layers.RandomCrop(12, 10, name="random_crop"),
            layers.Rescaling(1 / 127.5, offset=-1, name="rescaling"),
            layers.RandomFlip("horizontal", seed=7, name="random_flip_1"),
            layers.RandomFlip("vertical", name="random_flip_2"),
            layers.RandomRotation((-0.1, 0.3), fill_mode="constant", fill_value=-1.0, name="random_rotation_1"),
            layers.RandomZoom((-0.3, -0.1), (0.2, 0.4), fill_mode="wrap", interpolation="nearest", name="random_zoom_1"),
            layers.RandomTranslation((0, 0.5), 0.25, fill_mode="nearest", name="random_translation_1"),
            layers.RandomContrast(0.4, name="random_contrast_1", **contrast),
            layers.RandomBrightness((-0.1, 0.4), value_range=(-1, 1), name="random_brightness_1"),
            layers.Flatten(name="flatten"),
            layers.Dense(2, activation="softmax", name="dense"),
        ],
        name="augmented",
    )


def activations(k):
    layers = k.layers
    x = inputs = k.Input((6, 7, 4), name="image")
    for function in ("elu", "selu", "tanh", "softplus", "softsign", "exponential", "gelu", "swish"):
        x = layers.Activation(function, name=function)(x)
    x = layers.LeakyReLU(0.1, name="leaky")(x)
    x = layers.ELU(0.5, name="exponential_units")(x)
    x = layers.PReLU(shared_axes=[1, 2], name="learned")(x)
    x = layers.ReLU(max_value=2.5, negative_slope=0.125, threshold=0.25, name="limited")(x)
    x = layers.Conv2D(3, 3, activation="swish", name="conv2d")(x)
    x = layers.DepthwiseConv2D(3, activation="tanh", name="depthwise_conv2d")(x)
    x = layers.Flatten(name="flatten")(x)
    x = layers.PReLU(name="learned_too")(x)
    return k.Model(inputs, layers.Dense(2, activation="softplus", name="dense")(x), name="activations")


def small_base(k, shape):
    layers = k.layers
    x = inputs = k.Input(shape, name="base_input")
    x = layers.Conv2D(4, 3, strides=2, padding="same", use_bias=False, name="stem")(x)
    x = layers.BatchNormalization(name="stem_bn")(x)
    x = layers.ReLU(6.0, name="stem_relu")(x)
    x = layers.Conv2D(4, 1, name="project")(x)
    return k.Model(inputs, x, name="base")


def nested(k):
    """A frozen base inside a classifier, called with training=False as Keras's guide does; a Sequential head."""
    layers = k.layers
    base = small_base(k, (16, 16, 3))
    base.trainable = False
    head = k.Sequential(
        [k.Input((4,), name="head_input"), layers.Dropout(0.2, name="dropout"), layers.Dense(2, name="logits")], name="head"
    )
    inputs = k.Input((16, 16, 3), name="photo")
    x = layers.Rescaling(1 / 127.5, offset=-1, name="rescaling")(inputs)
    x = base(x, training=False)
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    x = head(x)
    return k.Model(inputs, layers.Activation("softmax", name="probabilities")(x), name="nested")


def base_in_sequential(k):
    """What tutorials write: Sequential([base, pooling, Dense])."""
    layers = k.layers
    return k.Sequential(
        [
            small_base(k, (12, 12, 3)),
            layers.GlobalAveragePooling2D(name="pool"),
            layers.Dense(3, activation="softmax", name="dense"),
        ],
        name="transfer",
    )


def regularized(k):
    layers, regularizers = k.layers, k.regularizers
    return k.Sequential(
        [
            k.Input((9, 8, 3), name="photo"),
            layers.Conv2D(4, 3, kernel_regularizer=regularizers.L2(0.02), bias_regularizer="l1", name="conv2d"),
            layers.DepthwiseConv2D(3, depthwise_regularizer=regularizers.L1(0.003), name="depthwise_conv2d"),
            layers.Flatten(name="flatten"),
            layers.Dense(2, kernel_regularizer=regularizers.L1L2(0.1, 0.25), bias_regularizer="l2", name="dense"),
        ],
        name="regularized",
    )


def two_ends(k):
    layers = k.layers
    first = k.Input((6,), name="first")
    second = k.Input((4,), name="second")
    a = layers.Dense(3, name="a")(second)
    b = layers.Dense(3, activation="relu", name="b")(first)
    c = layers.Add(name="c")([a, b])
    return k.Model([first, second], [c, a], name="two_ends")


def assorted(k):
    layers = k.layers
    x = inputs = k.Input((14, 10, 3), name="photo")
    x = layers.Normalization(name="normalization")(x)
    x = layers.Normalization(mean=[0.5, -1.0, 2.0], variance=[4.0, 0.25, 1.0], name="by_constants")(x)
    x = layers.Normalization(mean=0.5, variance=2.0, name="by_one_constant")(x)
    x = layers.Normalization(axis=None, name="one_mean")(x)
    x = layers.Rescaling([0.5, 0.25, 2.0], offset=[0.0, 1.0, -1.0], name="rescaling")(x)
    x = layers.Resizing(13, 9, name="resizing")(x)
    x = layers.Resizing(12, 10, interpolation="nearest", name="resizing_nearest")(x)
    x = layers.Cropping2D(((1, 0), (0, 2)), name="cropping")(x)
    x = layers.SeparableConv2D(8, 3, strides=2, padding="same", depth_multiplier=2, use_bias=False, name="separable")(x)
    x = layers.BatchNormalization(name="norm")(x)
    x = layers.SeparableConv2D(8, (3, 2), padding="same", dilation_rate=2, activation="relu", name="dilated")(x)
    s = layers.GlobalAveragePooling2D(keepdims=True, name="squeeze")(x)
    s = layers.Conv2D(2, 1, activation="relu", name="reduce")(s)
    s = layers.Conv2D(8, 1, activation="sigmoid", name="expand")(s)
    x = layers.Multiply(name="excite")([x, s])
    x = layers.LayerNormalization(epsilon=1e-5, name="layer_norm")(x)
    a = layers.UpSampling2D(name="nearest")(x)
    b = layers.UpSampling2D((2, 2), interpolation="bilinear", name="bilinear")(x)
    c = layers.Conv2DTranspose(8, 3, strides=2, padding="same", activation="relu", name="transposed")(x)
    x = layers.Average(name="average")([a, b, c])
    x = layers.Maximum(name="maximum")([x, a])
    x = layers.Minimum(name="minimum")([x, b, c])
    x = layers.Subtract(name="subtract")([x, a])
    x = layers.Conv2DTranspose(4, (3, 2), strides=(1, 2), use_bias=False, name="wide")(x)
    x = layers.Permute((3, 1, 2), name="permute")(x)
    x = layers.LayerNormalization(axis=[2, 3], scale=False, name="layer_norm_planes")(x)
    x = layers.SpatialDropout2D(0.25, name="spatial_dropout")(x)
    x = layers.GaussianDropout(0.25, name="gaussian_dropout")(x)
    x = layers.GaussianNoise(0.5, name="gaussian_noise")(x)
    x = layers.ActivityRegularization(l2=0.01, name="activity")(x)
    x = layers.LayerNormalization(axis=[1, 2, 3], center=False, name="layer_norm_all")(x)
    x = layers.Flatten(name="flatten")(x)
    return k.Model(inputs, layers.Dense(3, activation="softmax", name="probabilities")(x), name="assorted")


def operations(k):
    """Operators between layers, which Keras records: with constants, as preprocess_input leaves them, and without."""
    layers = k.layers
    x = inputs = k.Input((9, 8, 3), name="photo")
    x = k.applications.mobilenet_v2.preprocess_input(x)
    a = layers.Conv2D(3, 3, padding="same", name="conv")(x)
    x = a + x
    x = 1.0 - x * 0.5
    x = x * numpy.array([0.5, -1.0, 2.0], "float32")
    x = layers.Conv2D(3, 1, name="conv_1")(x * a)
    x = 0.25 + (-x)
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    return k.Model(inputs, layers.Dense(2, activation="softmax", name="probabilities")(x), name="operations")


def caffe(k):
    """What preprocess_input of ResNet50 leaves: channels backwards, less their means."""
    layers = k.layers
    inputs = k.Input((9, 8, 3), name="photo")
    x = k.applications.resnet50.preprocess_input(inputs)
    x = layers.Rescaling(1 / 64, name="rescaling")(x)
    x = layers.Conv2D(4, 3, strides=2, name="conv")(x)
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    return k.Model(inputs, layers.Dense(2, activation="softmax", name="probabilities")(x), name="caffe")


def mobilenet_v2(k):
    return k.applications.MobileNetV2((96, 96, 3), alpha=0.35, include_top=False, weights=None)


def is_model(layer):
    return hasattr(layer, "layers")


def flattened(model, trainable=True):
    for layer in model.layers:
        if is_model(layer):
            yield from (entry for entry in flattened(layer, trainable and layer.trainable) if entry["class"] != "InputLayer")
            continue
        shape = layer.output.shape if layer.__class__.__name__ != "InputLayer" else model_input(layer)
        yield {
            "name": layer.name,
            "class": layer.__class__.__name__,
            "shape": list(shape)[1:],
            "parameters": layer.count_params(),
            "trainable": trainable and layer.trainable,
        }


def model_input(layer):
    output = layer.output
    return (output[0] if isinstance(output, list) else output).shape


def json_config(model):
    return json.loads(model.to_json())


def h5_config(model):
    """What Keras 3 puts into a legacy .h5."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "model.h5")
        model.save(path)
        with h5py.File(path) as file:
            return json.loads(file.attrs["model_config"])


def write(name, model, config, writer):
    layers = list(flattened(model))
    if layers[0]["class"] != "InputLayer":  # a Sequential that keeps its InputLayer to itself
        shape = list(model.inputs[0].shape)[1:]
        layers.insert(0, {"name": None, "class": "InputLayer", "shape": shape, "parameters": 0, "trainable": True})
    text = json.dumps({"writer": writer, "name": model.name, "config": config, "layers": layers}, separators=(",", ":"))
    (FOLDER / f"{name}.json").write_text(text + "\n")


def save_whole(name, model, random, predictions):
    """With numbers that are neither alike nor at their start, and probabilities far from 0 and 1."""
    for weight in model.weights:
        if "count" in weight.name:
            continue
        scale = 0.5 if "variance" in weight.name else 0.1
        noise = random.uniform(0 if "variance" in weight.name else -1, 1, weight.shape)
        weight.assign(0.9 * numpy.asarray(weight) + scale * noise)
    for layer in model.layers:
        if hasattr(layer, "finalize_state"):
            layer.finalize_state()
    model.save(FOLDER / "models" / f"{name}.h5", include_optimizer=False)
    pixels = random.integers(0, 256, model.input_shape[1:]).astype("float32")
    if model.name in ("transfer", "assorted"):  # which does not rescale
        pixels = pixels / 255
    output = model.predict(pixels[None], verbose=0)[0]
    predictions[name] = {"input": pixels.reshape(-1).tolist(), "output": output.tolist()}


def write_models():
    (FOLDER / "models").mkdir(exist_ok=True)
    predictions = {}
    random = numpy.random.default_rng(1)
    for build in (nested, base_in_sequential, assorted, operations, caffe):
        for k in (tf_keras, keras):
            k.backend.clear_session()
            model = build(k)
            if build is base_in_sequential:
                model.build((None, 12, 12, 3))
            save_whole(f"{build.__name__}_keras{k.__version__.split('.')[0]}", model, random, predictions)
    (FOLDER / "models" / "predictions.json").write_text(json.dumps(predictions, separators=(",", ":")) + "\n")


def main():
    FOLDER.mkdir(exist_ok=True)
    write_models()
    version2, version3 = f"keras {tf_keras.__version__.split('.')[0]}", f"keras {keras.__version__.split('.')[0]}"
    for build in (sequential_cnn, branches, augmented, nested, base_in_sequential, two_ends, regularized, assorted, activations):
        for k, version in ((tf_keras, version2), (keras, version3)):
            k.backend.clear_session()
            model = build(k)
            write(f"{build.__name__}_{version.replace(' ', '')}", model, json_config(model), f"{version} to_json")
    keras.backend.clear_session()
    model = nested(keras)
    write("nested_keras3_h5", model, h5_config(model), f"{version3} .h5")
    keras.backend.clear_session()
    model = mobilenet_v2(keras)
    write("mobilenet_v2_0.35_96_keras3_h5", model, h5_config(model), f"{version3} .h5")


if __name__ == "__main__":
    main()
