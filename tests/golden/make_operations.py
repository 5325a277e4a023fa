"""Writes operations.json: what Keras computes for single layers and losses; and gradients.json: what it computes for
layers in training.

Run with Python, Keras 3 on TensorFlow's CPU and numpy: python tests/golden/make_operations.py
Layers run in float64, so that the file holds the definition and not a rounding of it. Numbers going in are
multiples of 1/64 and stand in the file as those integers.
"""

import json
import pathlib

import keras
import numpy as np
import tensorflow as tf
from keras import layers

keras.backend.set_floatx("float64")
random = np.random.RandomState(7)
UNIT = 64


def draw(shape, magnitude=1.0, low=None):
    """Multiples of 1/64 in [-magnitude, magnitude], or in [low, magnitude]."""
    low = -magnitude if low is None else low
    return random.randint(round(low * UNIT), round(magnitude * UNIT) + 1, size=shape) / UNIT


def numbers(array):
    return [float(f"{value:.9g}") for value in np.asarray(array).ravel()]


def given(array):
    """An input: its shape and its elements times 64."""
    array = np.asarray(array)
    return {"shape": list(array.shape), "times_64": [int(v) for v in np.round(array.ravel() * UNIT)]}


def build(layer, sources):
    """Builds the layer for these inputs and gives it weights; returns them."""
    shapes = [tuple(s.shape) for s in sources]
    layer.build(shapes if len(shapes) > 1 else shapes[0])
    weights = []
    for variable in layer.weights:
        positive = variable.name in ("gamma", "moving_variance", "variance")
        weights.append(draw(variable.shape, 1.5, 0.5) if positive else draw(variable.shape))
        if variable.name == "count":
            weights[-1] = np.array(5)
    layer.set_weights(weights)
    if isinstance(layer, layers.Normalization):
        layer.finalize_state()
    return weights


def layer_case(name, layer, shapes, batch=2, magnitude=1.0, **described):
    """`described` are the layer's fields by Petal's names."""
    sources = [draw((batch, *shape), magnitude) for shape in shapes]
    argument = sources if len(sources) > 1 else sources[0]
    weights = build(layer, sources)
    dst = np.asarray(layer(argument, training=False))
    return {
        "name": name,
        "kind": "Activation" if "function" in described else type(layer).__name__,
        "fields": described,
        "src": [given(s) for s in sources],
        "weights": [given(w) for w in weights],
        "shape": list(dst.shape),
        "dst": numbers(dst),
    }


def gradient_case(name, layer, *shapes, batch=2, magnitude=1.0, trainable=True, **described):
    """In training: dst, the moving statistics after it, and the gradients of sum(diff_dst * dst)."""
    sources = [tf.constant(draw((batch, *shape), magnitude)) for shape in shapes]
    weights = build(layer, sources)
    layer.trainable = trainable
    with tf.GradientTape() as tape:
        tape.watch(sources)
        dst = layer(sources if len(sources) > 1 else sources[0], training=True)
        diff_dst = draw(dst.shape)
        total = tf.reduce_sum(dst * diff_dst)
    diff_src, diff_weights = tape.gradient(total, (sources, [v.value for v in layer.trainable_variables]))
    moved = layer.non_trainable_variables if trainable else []
    return {
        "name": name,
        "kind": "Activation" if "function" in described else type(layer).__name__,
        "fields": described,
        "trainable": trainable,
        "src": [given(s.numpy()) for s in sources],
        "weights": [given(w) for w in weights],
        "shape": list(dst.shape),
        "dst": numbers(dst),
        "diff_dst": given(diff_dst),
        "diff_src": [numbers(d) for d in diff_src],
        "diff_weights": [numbers(d) for d in diff_weights],
        "statistics": [numbers(v.numpy()) for v in moved],
    }


def window_case(name, make, shape, magnitude=1.0, **fields):
    """A layer with a window; Keras's argument names and Petal's field names differ in one or two places."""
    renamed = {"kernel": "kernel_size", "pool": "pool_size", "dilation": "dilation_rate"}
    arguments = {renamed.get(key, key): value for key, value in fields.items()}
    return layer_case(name, make(**arguments), [shape], magnitude=magnitude, **fields)


def convolutions():
    def conv(name, shape, **fields):
        return window_case("convolution, " + name, layers.Conv2D, shape, **fields)

    yield conv("1x1", (4, 3, 5), filters=3, kernel=[1, 1])
    yield conv("3x3 valid", (5, 6, 3), filters=4, kernel=[3, 3])
    yield conv("3x3 same, no bias", (5, 4, 3), filters=4, kernel=[3, 3], padding="same", use_bias=False)
    yield conv("3x3 same, stride 2, even", (6, 6, 3), filters=4, kernel=[3, 3], strides=[2, 2], padding="same")
    yield conv("3x3 same, stride 2, odd", (7, 5, 3), filters=4, kernel=[3, 3], strides=[2, 2], padding="same")
    yield conv("3x3 valid, stride 3", (8, 9, 2), filters=3, kernel=[3, 3], strides=[3, 3])
    yield conv("5x2 same", (6, 5, 2), filters=3, kernel=[5, 2], padding="same")
    yield conv("3x3 same, dilation 2", (7, 6, 2), filters=3, kernel=[3, 3], padding="same", dilation=[2, 2])
    yield conv("3x3 valid, dilation 3", (8, 7, 2), filters=3, kernel=[3, 3], dilation=[3, 3])
    yield conv("3x3 same, 2 groups", (4, 4, 6), filters=4, kernel=[3, 3], padding="same", groups=2)
    yield conv("relu", (4, 4, 3), filters=4, kernel=[3, 3], activation="relu")
    yield conv("relu6", (4, 4, 3), filters=4, kernel=[3, 3], activation="relu6", magnitude=4)
    yield conv("sigmoid", (4, 4, 3), filters=4, kernel=[3, 3], activation="sigmoid")


def depthwise_convolutions():
    def depthwise(name, shape, **fields):
        return window_case("depthwise, " + name, layers.DepthwiseConv2D, shape, **fields)

    yield depthwise("3x3 valid", (5, 6, 3), kernel=[3, 3])
    yield depthwise("3x3 same, no bias", (5, 4, 3), kernel=[3, 3], padding="same", use_bias=False)
    yield depthwise("3x3 same, stride 2, even", (6, 8, 3), kernel=[3, 3], strides=[2, 2], padding="same")
    yield depthwise("3x3 same, stride 2, odd", (7, 5, 3), kernel=[3, 3], strides=[2, 2], padding="same")
    yield depthwise("3x3 same, multiplier 2", (4, 4, 3), kernel=[3, 3], padding="same", depth_multiplier=2)
    yield depthwise("3x3 same, dilation 2", (7, 6, 2), kernel=[3, 3], padding="same", dilation=[2, 2])
    yield depthwise("relu6", (4, 4, 3), kernel=[3, 3], activation="relu6", magnitude=4)


def poolings():
    for word, make in (("max", layers.MaxPooling2D), ("average", layers.AveragePooling2D)):
        for name, shape, fields in (
            ("2x2 valid", (5, 6, 3), dict(pool=[2, 2], strides=[2, 2])),
            ("2x2 same", (5, 3, 3), dict(pool=[2, 2], strides=[2, 2], padding="same")),
            ("3x3 same, stride 2", (6, 7, 2), dict(pool=[3, 3], strides=[2, 2], padding="same")),
            ("3x3 same, stride 1", (4, 3, 2), dict(pool=[3, 3], strides=[1, 1], padding="same")),
        ):
            yield window_case(f"{word} pooling, {name}", make, shape, **fields)
    yield layer_case("global average", layers.GlobalAveragePooling2D(), [(3, 4, 5)])
    yield layer_case("global average, keepdims", layers.GlobalAveragePooling2D(keepdims=True), [(3, 4, 5)], keepdims=True)
    yield layer_case("global max", layers.GlobalMaxPooling2D(), [(3, 4, 5)])


def others():
    yield layer_case("dense", layers.Dense(4), [(7,)], units=4)
    yield layer_case("dense, no bias, relu", layers.Dense(5, use_bias=False, activation="relu"), [(3,)],
                     units=5, use_bias=False, activation="relu")
    yield layer_case("batch norm", layers.BatchNormalization(), [(3, 2, 4)])
    yield layer_case("batch norm, epsilon", layers.BatchNormalization(epsilon=1 / 64), [(3, 2, 4)], epsilon=1 / 64)
    yield layer_case("batch norm, no gamma", layers.BatchNormalization(scale=False), [(2, 2, 3)], scale=False)
    yield layer_case("batch norm, no beta", layers.BatchNormalization(center=False), [(5,)], center=False)
    for function in BASIC:
        yield layer_case(function, layers.Activation(function), [(2, 3, 4)], magnitude=8, function=function)
    yield layer_case("relu6 as a ReLU layer", layers.ReLU(max_value=6), [(9,)], magnitude=8, function="relu6")
    yield layer_case("softmax of large numbers", layers.Softmax(), [(5,)], magnitude=1000, function="softmax")
    yield layer_case("add", layers.Add(), [(2, 3, 4)] * 3)
    yield layer_case("concatenate", layers.Concatenate(), [(2, 3, 4), (2, 3, 1)])
    yield layer_case("zero padding", layers.ZeroPadding2D(((0, 1), (2, 3))), [(2, 3, 2)], padding=[0, 1, 2, 3])
    yield layer_case("flatten", layers.Flatten(), [(2, 3, 4)])
    yield layer_case("reshape", layers.Reshape((2, -1)), [(4, 3)], target=[2, -1])
    yield layer_case("dropout in inference", layers.Dropout(0.5), [(9,)], rate=0.5)
    yield layer_case("rescaling by channel", layers.Rescaling([0.5, 2, 1], [-1, 0, 3]), [(2, 2, 3)],
                     scale=[0.5, 2, 1], offset=[-1, 0, 3])
    yield layer_case("rescaling", layers.Rescaling(1 / 64, -1), [(2, 2, 3)], magnitude=255, scale=1 / 64, offset=-1)


def separable_convolutions():
    def separable(name, shape, **fields):
        return window_case("separable, " + name, layers.SeparableConv2D, shape, **fields)

    yield separable("1x1", (4, 3, 5), filters=3, kernel=[1, 1])
    yield separable("3x3 valid, no bias", (5, 6, 3), filters=4, kernel=[3, 3], use_bias=False)
    yield separable("3x3 same, stride 2, multiplier 2", (7, 6, 3), filters=4, kernel=[3, 3], strides=[2, 2],
                    padding="same", depth_multiplier=2)
    yield separable("3x3 same, dilation 2, relu", (7, 6, 2), filters=3, kernel=[3, 3], padding="same",
                    dilation=[2, 2], activation="relu")


def transposed_convolutions():
    def transposed(name, shape, **fields):
        return window_case("transposed, " + name, layers.Conv2DTranspose, shape, **fields)

    yield transposed("3x3 valid", (3, 4, 3), filters=4, kernel=[3, 3])
    yield transposed("3x3 same, stride 2", (3, 4, 3), filters=4, kernel=[3, 3], strides=[2, 2], padding="same")
    yield transposed("2x2 valid, stride 2, relu", (3, 4, 2), filters=3, kernel=[2, 2], strides=[2, 2], activation="relu")
    yield transposed("4x3 same, strides 2 and 3, no bias", (3, 2, 2), filters=3, kernel=[4, 3], strides=[2, 3],
                     padding="same", use_bias=False)
    yield transposed("1x1 valid, stride 2", (3, 2, 2), filters=2, kernel=[1, 1], strides=[2, 2])


MERGES = (layers.Add, layers.Subtract, layers.Multiply, layers.Average, layers.Maximum, layers.Minimum)


def merges():
    for make in MERGES:
        word = make.__name__.lower()
        yield layer_case(f"{word} of images", make(), [(2, 3, 4)] * 2)
        yield layer_case(f"{word} with a number a channel", make(), [(2, 3, 4), (1, 1, 4)])
        yield layer_case(f"{word} with a vector", make(), [(4,), (2, 3, 4)])
        if make is not layers.Subtract:
            yield layer_case(f"{word} of three", make(), [(2, 1, 4), (1, 3, 1), (2, 3, 4)])


def resizes():
    """Sizes whose scales are exact in float32, in which TensorFlow resizes."""
    for interpolation in ("nearest", "bilinear"):
        for size in ([2, 2], [4, 1], [1, 8]):
            yield layer_case(f"upsampling {size}, {interpolation}", layers.UpSampling2D(size, interpolation=interpolation),
                             [(3, 2, 3)], size=size, interpolation=interpolation)
        for shape, (height, width) in (((3, 5, 2), (4, 8)), ((6, 7, 3), (4, 4)), ((5, 10, 1), (4, 8)), ((4, 4, 2), (1, 16))):
            yield layer_case(f"resizing {shape} to {height}x{width}, {interpolation}",
                             layers.Resizing(height, width, interpolation=interpolation), [shape],
                             height=height, width=width, interpolation=interpolation)


def normalizations():
    norm = layers.LayerNormalization
    yield layer_case("layer norm", norm(), [(3, 2, 4)], magnitude=4)
    yield layer_case("layer norm of a vector, epsilon", norm(epsilon=1 / 64), [(7,)], epsilon=1 / 64)
    yield layer_case("layer norm, no gamma", norm(scale=False), [(2, 2, 3)], scale=False)
    yield layer_case("layer norm, no beta", norm(center=False), [(2, 2, 3)], center=False)
    yield layer_case("layer norm of two dimensions", norm(axis=[-2, -1]), [(2, 3, 4)], dimensions=2)
    yield layer_case("layer norm of three dimensions", norm(axis=[1, 2, 3]), [(2, 3, 4)], dimensions=3)
    yield layer_case("normalization", layers.Normalization(), [(3, 2, 4)], magnitude=4)
    yield layer_case("normalization by one mean", layers.Normalization(axis=None), [(3, 2, 4)], by_channel=False)
    yield layer_case("normalization by constants", layers.Normalization(mean=[0.5, -1, 2], variance=[4, 0.25, 0]),
                     [(2, 2, 3)], mean=[0.5, -1, 2], variance=[4, 0.25, 0])
    yield layer_case("normalization by one constant", layers.Normalization(mean=0.5, variance=4), [(2, 2, 3)],
                     mean=[0.5], variance=[4])


def moves():
    yield layer_case("permute", layers.Permute((3, 1, 2)), [(2, 3, 4)], dims=[3, 1, 2])
    yield layer_case("permute of two", layers.Permute((2, 1)), [(5, 3)], dims=[2, 1])
    yield layer_case("cropping", layers.Cropping2D(((1, 2), (0, 3))), [(5, 6, 2)], cropping=[1, 2, 0, 3])


def regularizations():
    for layer, fields in (
        (layers.SpatialDropout2D(0.5), dict(rate=0.5)),
        (layers.GaussianDropout(0.5), dict(rate=0.5)),
        (layers.GaussianNoise(0.5), dict(stddev=0.5)),
        (layers.ActivityRegularization(l1=0.5), {}),
    ):
        yield layer_case(f"{type(layer).__name__} in inference", layer, [(2, 3, 2)], **fields)


def more_gradients():
    norm = layers.LayerNormalization
    yield gradient_case("layer norm", norm(), (3, 2, 4), magnitude=4)
    yield gradient_case("layer norm, epsilon", norm(epsilon=1 / 64), (7,), epsilon=1 / 64)
    yield gradient_case("layer norm, no gamma", norm(scale=False), (2, 2, 3), scale=False)
    yield gradient_case("layer norm, no beta", norm(center=False), (2, 2, 3), center=False)
    yield gradient_case("layer norm of two dimensions", norm(axis=[-2, -1]), (2, 3, 4), dimensions=2)
    yield gradient_case("normalization", layers.Normalization(), (3, 2, 4))
    tie = 2 / UNIT
    for make in MERGES:
        word = make.__name__.lower()
        yield gradient_case(f"{word}, ties", make(), (4, 3, 5), (4, 3, 5), magnitude=tie)
        yield gradient_case(f"{word} with a number a channel, ties", make(), (4, 3, 5), (1, 1, 5), magnitude=tie)
        if make is not layers.Subtract:
            yield gradient_case(f"{word} of three, ties", make(), (4, 3, 5), (1, 3, 1), (4, 1, 5), magnitude=tie)
    for interpolation in ("nearest", "bilinear"):
        yield gradient_case(f"upsampling, {interpolation}", layers.UpSampling2D((2, 4), interpolation=interpolation),
                            (3, 2, 3), size=[2, 4], interpolation=interpolation)
    same, stride = dict(padding="same"), dict(strides=[2, 2])
    for name, fields in (("same", same), ("same, stride 2", same | stride), ("valid, stride 2", stride)):
        yield gradient_case(f"separable, 3x3 {name}", layers.SeparableConv2D(4, 3, activation="relu", **fields), (6, 5, 3),
                            filters=4, kernel=[3, 3], activation="relu", **fields)
        yield gradient_case(f"transposed, 3x3 {name}", layers.Conv2DTranspose(4, 3, activation="relu", **fields), (4, 3, 2),
                            filters=4, kernel=[3, 3], activation="relu", **fields)


BASIC = ("linear", "relu", "relu6", "sigmoid", "softmax")
FUNCTIONS = ("leaky_relu", "elu", "selu", "silu", "tanh", "exponential", "softplus", "softsign", "gelu", "mish",
             "hard_sigmoid", "hard_silu", "log_softmax")


def activation_layers():
    """What make(...) takes, by the fields of both; corners among the numbers where the magnitude is small."""
    yield layers.ReLU, dict(max_value=1.0)
    yield layers.ReLU, dict(negative_slope=0.25)
    yield layers.ReLU, dict(threshold=0.5)
    yield layers.ReLU, dict(max_value=0.75, negative_slope=0.5, threshold=0.25)
    yield layers.ReLU, dict(max_value=0.25, negative_slope=0.5, threshold=0.5)
    yield layers.LeakyReLU, dict(negative_slope=0.3)
    yield layers.LeakyReLU, dict(negative_slope=0.0)
    yield layers.ELU, dict(alpha=1.0)
    yield layers.ELU, dict(alpha=0.5)
    yield layers.PReLU, dict(shared_axes=[1, 2])
    yield layers.PReLU, dict(shared_axes=[1])
    yield layers.PReLU, dict()


def activations():
    for function in FUNCTIONS:
        yield layer_case(function, layers.Activation(function), [(2, 3, 4)], magnitude=8, function=function)
    for function in sorted(set(FUNCTIONS) - {"softsign", "log_softmax"}):  # which nothing fuses
        yield window_case(f"convolution, {function}", layers.Conv2D, (4, 4, 3), filters=4, kernel=[3, 3],
                          activation=function)
    yield layer_case("swish", layers.Activation("swish"), [(9,)], magnitude=8, function="swish")
    yield layer_case("hard_swish", layers.Activation("hard_swish"), [(9,)], magnitude=8, function="hard_swish")
    for make, fields in activation_layers():
        yield layer_case(f"{make.__name__} {fields}", make(**fields), [(3, 4, 5)], **fields)


def activation_gradients():
    for function in (*BASIC[1:], *FUNCTIONS):
        yield gradient_case(function, layers.Activation(function), (2, 3, 4), magnitude=4, function=function)
    for make, fields in activation_layers():
        for name, magnitude in (("", 1), (", corners", 4 / UNIT)):
            if make is layers.ReLU and magnitude < 1:
                fields = {key: value if key == "negative_slope" else value / 16 for key, value in fields.items()}
            yield gradient_case(f"{make.__name__} {fields}{name}", make(**fields), (3, 4, 5), magnitude=magnitude,
                                **fields)


def gradients():
    """Small magnitudes make ties, of which max pooling takes the first and global max pooling all."""
    norm, tie = layers.BatchNormalization, 2 / UNIT
    yield gradient_case("batch norm", norm(), (3, 2, 4), magnitude=4)
    yield gradient_case("batch norm, momentum 0.75", norm(momentum=0.75), (3, 4, 3), magnitude=4, momentum=0.75)
    yield gradient_case("batch norm, epsilon", norm(epsilon=1 / 64), (3, 2, 4), momentum=0.99, epsilon=1 / 64)
    yield gradient_case("batch norm, no gamma", norm(scale=False), (2, 2, 3), scale=False)
    yield gradient_case("batch norm, no beta", norm(center=False), (5,), batch=4, center=False)
    yield gradient_case("batch norm of one element", norm(momentum=0.5), (1, 1, 3), batch=1, momentum=0.5)
    yield gradient_case("batch norm, frozen", norm(), (3, 2, 4), magnitude=4, trainable=False)
    for word, make in (("max", layers.MaxPooling2D), ("average", layers.AveragePooling2D)):
        for name, shape, magnitude, fields in (
            ("2x2 valid", (5, 6, 3), 1, dict(pool=[2, 2], strides=[2, 2])),
            ("2x2 valid, ties", (6, 6, 3), tie, dict(pool=[2, 2], strides=[2, 2])),
            ("2x2 same, ties", (5, 3, 3), tie, dict(pool=[2, 2], strides=[2, 2], padding="same")),
            ("3x3 same, stride 2, ties", (6, 7, 2), tie, dict(pool=[3, 3], strides=[2, 2], padding="same")),
            ("3x3 same, stride 1, ties", (4, 3, 2), tie, dict(pool=[3, 3], strides=[1, 1], padding="same")),
        ):
            arguments = {("pool_size" if key == "pool" else key): value for key, value in fields.items()}
            yield gradient_case(f"{word} pooling, {name}", make(**arguments), shape, magnitude=magnitude, **fields)
    yield gradient_case("global max", layers.GlobalMaxPooling2D(), (3, 4, 5))
    yield gradient_case("global max, ties", layers.GlobalMaxPooling2D(), (3, 4, 5), magnitude=tie)
    yield gradient_case("global average", layers.GlobalAveragePooling2D(), (3, 4, 5))
    same, stride = dict(padding="same"), dict(strides=[2, 2])
    for name, fields in (("same", same), ("same, stride 2", same | stride), ("valid, stride 2", stride)):
        yield gradient_case(f"convolution, 3x3 {name}", layers.Conv2D(4, 3, activation="relu", **fields), (6, 5, 3),
                            filters=4, kernel=[3, 3], activation="relu", **fields)
        yield gradient_case(f"depthwise, 3x3 {name}", layers.DepthwiseConv2D(3, **fields), (6, 5, 3), kernel=[3, 3],
                            **fields)


def write(name, document):
    path = pathlib.Path(__file__).with_name(name)
    path.write_text(json.dumps(document, separators=(",", ":")) + "\n")
    print(path.name, path.stat().st_size, "bytes;", {k: len(v) for k, v in document.items()})


def loss_case(name, make, predictions, targets, **fields):
    """In float64 and, as what clipping leaves depends on the precision, in float32."""
    weights = draw((len(predictions),), 2, 0)
    arguments = {key: value for key, value in fields.items() if key != "kind"}
    results = {}
    for precision, dtype in (("f64", "float64"), ("f32", "float32")):
        variable = tf.Variable(predictions, dtype=dtype)
        with tf.GradientTape() as tape:
            value = make(**arguments, dtype=dtype)(targets, variable, sample_weight=weights)  # the sum over N, divided by N
        each = make(**arguments, dtype=dtype, reduction="none")(targets, variable, sample_weight=weights)
        results[precision] = {"losses": numbers(each), "diff_predictions": numbers(tape.gradient(value, variable))}
    return {
        "name": name,
        "fields": fields,
        "predictions": {"shape": list(predictions.shape), "values": numbers(predictions)},
        "targets": numbers(targets),
        "sample_weights": numbers(weights),
        **results,
    }


def losses():
    batch, classes = 4, 5
    logits = draw((batch, classes), 6)
    sharp = np.array([[30.0, -30.0, 0.0, 1.0, -1.0], [-40.0, 2.0, 1.0, 0.0, 40.0]])
    labels = np.array([3, 0, 4, 1])
    one_hot = np.eye(classes)[labels]
    soft = draw((batch, classes), 1, 0)
    softmax = np.array(keras.activations.softmax(tf.constant(logits)))
    loose = draw((batch, classes), 1, 1 / 64)  # do not add up to 1
    edges = np.array([[1.0, 0, 0, 0, 0], [0, 1.0, 0, 0, 0], [0.25, 0.75, 0, 0, 0], [0.5, 0, 0, 0, 0.5]])
    for from_logits in (True, False):
        kind = "sparse_categorical_crossentropy"
        make = keras.losses.SparseCategoricalCrossentropy
        form = dict(from_logits=from_logits)
        choices = {"logits": logits} if from_logits else {"softmax": softmax, "loose": loose, "edges": edges}
        for word, predictions in choices.items():
            yield loss_case(f"{kind} of {word}", make, predictions, labels, kind=kind, **form)
        if from_logits:
            yield loss_case(f"{kind} of sharp logits", make, sharp, np.array([1, 4]), kind=kind, **form)
        for smoothing in (0.0, 0.125):
            form = dict(from_logits=from_logits, label_smoothing=smoothing)
            for kind, make in (
                ("categorical_crossentropy", keras.losses.CategoricalCrossentropy),
                ("binary_crossentropy", keras.losses.BinaryCrossentropy),
            ):
                for word, predictions in choices.items():
                    targets = soft if word == "loose" else one_hot
                    name = f"{kind} of {word}, smoothing {smoothing}"
                    yield loss_case(name, make, predictions, targets, kind=kind, **form)


def two_class_losses():
    """One logit or one probability a sample, as far out as float32 training may come; two logits likewise."""
    kind, make = "binary_crossentropy", keras.losses.BinaryCrossentropy
    logits = np.array([[80.0], [-80.0], [80.0], [-80.0], [0.0], [3.5]])
    targets = np.array([[1.0], [0.0], [0.0], [1.0], [1.0], [0.0]])
    yield loss_case(f"{kind} of one logit up to 80", make, logits, targets, kind=kind, from_logits=True)
    yield loss_case(f"{kind} of one logit up to 80, smoothing 0.125", make, logits, targets, kind=kind,
                    from_logits=True, label_smoothing=0.125)
    probabilities = np.array([[1.0], [0.0], [1.0], [0.0], [0.5], [0.75]])
    yield loss_case(f"{kind} of one probability", make, probabilities, targets, kind=kind, from_logits=False)
    kind, make = "sparse_categorical_crossentropy", keras.losses.SparseCategoricalCrossentropy
    pairs = np.array([[80.0, -80.0], [80.0, -80.0], [-80.0, 80.0], [0.0, 0.0]])
    yield loss_case(f"{kind} of two logits up to 80", make, pairs, np.array([0, 1, 1, 0]), kind=kind, from_logits=True)


def main():
    made_with = {"keras": keras.__version__, "tensorflow": tf.__version__}
    operations = [*convolutions(), *depthwise_convolutions(), *poolings(), *others(), *separable_convolutions(),
                  *transposed_convolutions(), *merges(), *resizes(), *normalizations(), *moves(), *regularizations()]
    all_losses = [*losses(), *two_class_losses()]
    # Seeds anew, so that no group of cases depends on another's.
    random.seed(9)
    operations += activations()
    write("operations.json", {"made_with": made_with, "layers": operations, "losses": all_losses})
    random.seed(8)
    in_training = [*gradients(), *more_gradients()]
    random.seed(10)
    in_training += activation_gradients()
    write("gradients.json", {"made_with": made_with, "layers": in_training})


if __name__ == "__main__":
    main()
