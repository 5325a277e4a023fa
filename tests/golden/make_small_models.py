#!/usr/bin/env python3
"""Writes small_models/: small classifiers of assorted layers as Keras 2 and 3 save them, and what they compute.

Needs keras (3), tf_keras (Keras 2) and h5py: python tests/golden/make_small_models.py
Every model is saved with weights drawn from a seed. What it computes, in float64 from those float32 weights, lies in
small_models.f32, float32 numbers one after the other, where small_models.json says by [first number, count]:
  "input"               one batch for all models, (4, 12, 14, 3) in [-1, 1]; "pixels" means (x + 1) * 127.5
  "output"              in inference
  "gradients"           of the mean loss by every trainable weight, in training
  "statistics"          the moving ones after that one step
Weights are named as in Petal's graph: LAYER/weight, and where an inner model's layer has a name that is taken,
MODEL_LAYER/weight.
"""

import json
import os
import pathlib
import zlib

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import keras
import numpy as np
import tensorflow as tf
import tf_keras

FOLDER = pathlib.Path(__file__).parent / "small_models"
SHAPE = (12, 14, 3)
BATCH = 4


def plain(k):
    l = k.layers
    return k.Sequential([
        k.Input(SHAPE),
        l.Rescaling(1 / 127.5, offset=-1),
        l.Conv2D(8, 3, activation="relu"),
        l.MaxPooling2D(),
        l.Conv2D(12, 3, padding="same", activation="relu"),
        l.MaxPooling2D(),
        l.Flatten(),
        l.Dense(16, activation="relu"),
        l.Dense(5, activation="softmax"),
    ])


def strides(k):
    l = k.layers
    return k.Sequential([
        k.Input(SHAPE),
        l.Conv2D(8, (5, 3), strides=(2, 3), use_bias=False),
        l.ReLU(6.0),
        l.Conv2D(10, (2, 4), strides=(3, 1), padding="same"),
        l.DepthwiseConv2D((1, 2), strides=2, padding="same", depth_multiplier=2, use_bias=False),
        l.Activation("tanh"),
        l.GlobalAveragePooling2D(),
        l.Dense(5),
        l.Softmax(),
    ])


def dilations(k):
    l = k.layers
    x = inputs = k.Input(SHAPE)
    x = l.Conv2D(8, 3, dilation_rate=(2, 1), use_bias=False)(x)
    x = l.BatchNormalization(scale=False)(x)
    x = l.ReLU()(x)
    x = l.Conv2D(8, (3, 2), dilation_rate=3, padding="same", groups=2, activation="relu")(x)
    x = l.DepthwiseConv2D(3, dilation_rate=2, padding="same", activation="elu")(x)
    x = l.GlobalMaxPooling2D()(x)
    return k.Model(inputs, l.Dense(5, activation="softmax")(x))


def residual(k):
    l = k.layers
    x = inputs = k.Input(SHAPE)
    x = l.Conv2D(8, 3, strides=2, padding="same", name="stem")(x)
    for block, (filters, stride) in enumerate([(8, 1), (12, 2)]):
        name = f"block_{block}"
        y = l.BatchNormalization(epsilon=1.001e-5, name=f"{name}_preact_bn")(x)
        y = l.Activation("relu", name=f"{name}_preact_relu")(y)
        shortcut = l.Conv2D(filters, 1, strides=stride, name=f"{name}_0_conv")(y) if stride > 1 else x
        y = l.Conv2D(6, 1, use_bias=False, name=f"{name}_1_conv")(y)
        y = l.BatchNormalization(epsilon=1.001e-5, momentum=0.9, name=f"{name}_1_bn")(y)
        y = l.Activation("relu", name=f"{name}_1_relu")(y)
        y = l.ZeroPadding2D(1, name=f"{name}_2_pad")(y)
        y = l.Conv2D(filters, 3, strides=stride, name=f"{name}_2_conv")(y)
        x = l.Add(name=f"{name}_out")([shortcut, y])
    x = l.GlobalAveragePooling2D(name="pool")(x)
    return k.Model(inputs, l.Dense(5, activation="softmax", name="predictions")(x))


def inception(k):
    """Layers without names: Keras numbers them."""
    l = k.layers

    def conv(x, filters, *kernel, **arguments):
        x = l.Conv2D(filters, kernel, padding="same", use_bias=False, **arguments)(x)
        return l.Activation("relu")(l.BatchNormalization(scale=False)(x))

    x = inputs = k.Input(SHAPE)
    a = conv(x, 6, 1, 1)
    b = conv(conv(x, 4, 1, 5), 6, 5, 1)
    c = conv(l.AveragePooling2D(3, strides=1, padding="same")(x), 4, 1, 1)
    x = l.Concatenate(axis=3)([a, b, c])
    a = conv(x, 6, 3, 3, strides=2)
    b = l.MaxPooling2D(3, strides=2, padding="same")(x)
    x = l.concatenate([a, b])
    return k.Model(inputs, l.Dense(5, activation="softmax")(l.GlobalAveragePooling2D()(x)))


def mobile(k):
    l = k.layers
    x = inputs = k.Input(SHAPE)
    x = l.Rescaling(1 / 127.5, offset=-1)(x)
    x = l.Conv2D(8, 3, strides=2, padding="same", use_bias=False, name="Conv1")(x)
    x = l.BatchNormalization(momentum=0.999, name="bn_Conv1")(x)
    x = last = l.ReLU(6.0, name="Conv1_relu")(x)
    x = l.Conv2D(16, 1, use_bias=False, name="expand")(x)
    x = l.BatchNormalization(momentum=0.999, name="expand_BN")(x)
    x = l.ReLU(6.0, name="expand_relu")(x)
    x = l.DepthwiseConv2D(3, padding="same", use_bias=False, name="depthwise")(x)
    x = l.BatchNormalization(momentum=0.999, name="depthwise_BN")(x)
    x = l.ReLU(6.0, name="depthwise_relu")(x)
    x = l.Conv2D(8, 1, use_bias=False, name="project")(x)
    x = l.BatchNormalization(momentum=0.999, name="project_BN")(x)
    x = l.Add(name="add")([last, x])
    x = l.ZeroPadding2D(((0, 1), (1, 0)), name="pad")(x)
    x = l.DepthwiseConv2D(3, strides=2, use_bias=False, name="depthwise_2")(x)
    x = l.GlobalAveragePooling2D(name="pool")(x)
    return k.Model(inputs, l.Dense(5, activation="softmax", name="predictions")(x), name="mobile")


def base(k, name, filters, trainable=True):
    """Layers have the same names in every such model."""
    l = k.layers
    x = inputs = k.Input((None, None, filters[0]))
    x = l.Conv2D(filters[1], 3, padding="same", use_bias=False, name="conv")(x)
    x = l.BatchNormalization(name="bn")(x)
    x = l.ReLU(name="relu")(x)
    x = l.Conv2D(filters[2], 1, name="conv_1")(x)
    model = k.Model(inputs, x, name=name)
    model.trainable = trainable
    return model


def transfer(k):
    """A frozen base called with training=False, and a Sequential head."""
    l = k.layers
    x = inputs = k.Input(SHAPE)
    x = l.Rescaling(1 / 127.5, offset=-1, name="rescaling")(x)
    x = base(k, "base", (3, 12, 16), trainable=False)(x, training=False)
    x = l.GlobalAveragePooling2D(name="pool")(x)
    head = k.Sequential([k.Input((16,)), l.Dense(12, activation="relu", name="hidden"), l.Dense(5, name="logits")],
                        name="head")
    return k.Model(inputs, l.Activation("softmax", name="probabilities")(head(x)), name="transfer")


def prefixes(k):
    """Models block, block_1 and block_10 with layers of the same names in each."""
    l = k.layers
    x = inputs = k.Input(SHAPE)
    x = base(k, "block", (3, 8, 6))(x)
    y = base(k, "block_1", (6, 4, 6))(x)
    x = l.Add(name="block_add")([x, y])
    x = l.MaxPooling2D(name="pool")(x)
    x = base(k, "block_10", (6, 8, 8))(x)
    x = l.Flatten(name="flatten")(x)
    return k.Model(inputs, l.Dense(5, activation="softmax", name="block_dense")(x), name="prefixes")


def sequence_of_models(k):
    l = k.layers
    inner = k.Sequential([l.Conv2D(8, 3, strides=2, name="conv"), l.BatchNormalization(name="bn"),
                          l.Activation("relu", name="relu")], name="stem")
    model = k.Sequential([
        k.Input(SHAPE),
        inner,
        base(k, "body", (8, 10, 6)),
        l.GlobalAveragePooling2D(keepdims=True, name="pool"),
        l.Reshape((6,), name="reshape"),
        l.Dense(5, activation="softmax", name="dense"),
    ], name="sequence")
    return model


def leaky(k):
    l = k.layers
    slope = {"alpha" if k is tf_keras else "negative_slope": 0.125}
    x = inputs = k.Input(SHAPE)
    x = l.Conv2D(8, 3, strides=2, use_bias=False)(x)
    x = l.BatchNormalization(center=False)(x)
    x = l.LeakyReLU(**slope)(x)
    x = l.Conv2D(10, 3, padding="same")(x)
    x = l.PReLU(shared_axes=[1, 2])(x)
    x = l.Conv2D(6, (1, 2))(x)
    x = l.ELU(0.75)(x)
    x = l.Conv2D(4, 2)(x)
    x = l.PReLU()(x)
    x = l.ReLU(max_value=1.5, negative_slope=0.25, threshold=0.125)(x)
    x = l.Flatten()(x)
    return k.Model(inputs, l.Dense(5, activation="softmax")(x))


def gates(k):
    """hard_sigmoid is another function in Keras 2."""
    l = k.layers
    return k.Sequential([
        k.Input(SHAPE),
        l.Conv2D(10, 3, activation="hard_sigmoid"),
        l.AveragePooling2D((3, 2)),
        l.DepthwiseConv2D(2, activation="hard_sigmoid"),
        l.Activation("hard_sigmoid"),
        l.Flatten(),
        l.Dense(8, activation="sigmoid"),
        l.Dense(5, activation="softmax"),
    ])


def functions(k):
    """Every activation within a layer, side by side."""
    l = k.layers
    names = ["elu", "selu", "tanh", "softplus", "gelu", "swish"]
    x = inputs = k.Input(SHAPE)
    if k is keras:
        names += ["softsign", "exponential", "sigmoid", "relu", "leaky_relu", "mish", "hard_silu", "hard_sigmoid",
                  "log_softmax", "relu6"]
        x = l.Conv2D(6, 3, strides=2, name="conv")(x)
        x = l.Concatenate(name="join")([l.Conv2D(3, 2, activation=name, name=f"conv_{name}")(x) for name in names])
        x = l.GlobalAveragePooling2D(name="pool")(x)
    else:
        x = l.Conv2D(6, 3, strides=3, name="conv")(x)
        x = l.Flatten(name="flatten")(x)
        x = l.Concatenate(name="join")([l.Dense(3, activation=name, name=f"dense_{name}")(x) for name in names])
    return k.Model(inputs, l.Dense(5, activation="softmax", name="predictions")(x))


def layers_as_functions(k):
    l = k.layers
    slope = {"alpha" if k is tf_keras else "negative_slope": 0.1}
    return k.Sequential([
        k.Input(SHAPE),
        l.Conv2D(8, 3, activation=l.LeakyReLU(**slope)),
        l.Conv2D(8, 3, strides=2, activation=l.ReLU(max_value=6)),
        l.DepthwiseConv2D(2, activation=l.ReLU(max_value=2.0, negative_slope=0.25)),
        l.Flatten(),
        l.Dense(12, activation=l.ELU(0.5)),
        l.Dense(5, activation="softmax"),
    ])


def two_classes(k):
    l = k.layers
    return k.Sequential([
        k.Input(SHAPE),
        l.Conv2D(8, 4, strides=(3, 2), padding="same", activation="swish"),
        l.AveragePooling2D((2, 3), strides=(1, 2), padding="same"),
        l.Flatten(),
        l.Dense(8, use_bias=False, activation="gelu"),
        l.Dense(1, activation="sigmoid"),
    ])


def logits(k):
    l = k.layers
    x = inputs = k.Input(SHAPE)
    x = l.ZeroPadding2D((2, 1))(x)
    x = l.MaxPooling2D((3, 2), strides=(1, 2))(x)
    x = l.Conv2D(12, 3, strides=(1, 2), use_bias=False, activation="selu")(x)
    x = l.AveragePooling2D((3, 2), strides=(2, 1), padding="same")(x)
    x = l.Conv2D(6, 1)(x)
    x = l.Reshape((-1,))(x)
    return k.Model(inputs, l.Dense(5, use_bias=False)(x))


def norms(k):
    """Batch norms with and without their weights, one of them frozen, and one on features."""
    l = k.layers
    frozen = l.BatchNormalization(name="frozen")
    frozen.trainable = False
    return k.Sequential([
        k.Input(SHAPE),
        l.BatchNormalization(scale=False, center=False),
        l.Conv2D(8, 3, padding="same"),
        frozen,
        l.Activation("relu"),
        l.DepthwiseConv2D(3, strides=2, depth_multiplier=2),
        l.BatchNormalization(momentum=0.5, epsilon=0.25, center=False),
        l.Flatten(),
        l.Dense(10, use_bias=False),
        l.BatchNormalization(),
        l.Activation("softsign"),
        l.Dense(5, activation="softmax"),
    ])


def pools(k):
    l = k.layers
    x = inputs = k.Input(SHAPE)
    x = l.Conv2D(9, 2)(x)
    a = l.MaxPooling2D(3, strides=1, padding="same")(x)
    b = l.AveragePooling2D((2, 3), strides=1, padding="same")(x)
    x = l.Add()([x, a, b])
    x = l.MaxPooling2D((2, 3), strides=(3, 2))(x)
    x = l.Conv2D(12, 2, activation="relu")(x)
    a = l.GlobalMaxPooling2D()(x)
    b = l.GlobalAveragePooling2D()(x)
    x = l.Concatenate()([b, a])
    return k.Model(inputs, l.Dense(5, activation="softmax")(x))


def frozen_layers(k):
    """Some layers do not learn."""
    l = k.layers
    model = k.Sequential([
        k.Input(SHAPE),
        l.Conv2D(8, 3, activation="swish", name="first"),
        l.BatchNormalization(name="norm"),
        l.Conv2D(8, 3, strides=2, activation="tanh", name="second"),
        l.Flatten(name="flatten"),
        l.Dense(8, activation="mish" if k is keras else "swish", name="third"),
        l.Dense(5, activation="softmax", name="fourth"),
    ])
    for name in ("first", "norm"):
        model.get_layer(name).trainable = False
    return model


def separable(k):
    l = k.layers
    x = inputs = k.Input(SHAPE)
    x = l.Conv2D(8, 3, strides=2, use_bias=False, activation="hard_silu" if k is keras else "swish", name="stem")(x)
    y = l.Conv2D(10, 1, strides=2, padding="same", use_bias=False, name="shortcut")(x)
    y = l.BatchNormalization(name="shortcut_bn")(y)
    x = l.SeparableConv2D(10, 3, padding="same", use_bias=False, name="block_sepconv1")(x)
    x = l.BatchNormalization(name="block_sepconv1_bn")(x)
    x = l.Activation("relu", name="block_sepconv2_act")(x)
    x = l.SeparableConv2D(10, (3, 2), padding="same", depth_multiplier=2, activation="elu", name="block_sepconv2")(x)
    x = l.MaxPooling2D(3, strides=2, padding="same", name="block_pool")(x)
    x = l.Add(name="add")([x, y])
    x = l.SeparableConv2D(6, 2, dilation_rate=(1, 2), activation="softsign", name="last")(x)
    return k.Model(inputs, l.Dense(5, activation="softmax", name="dense")(l.GlobalMaxPooling2D(name="pool")(x)))


def up_and_down(k):
    l = k.layers
    x = inputs = k.Input(SHAPE)
    x = side = l.Conv2D(6, 3, padding="same", activation="relu")(x)
    x = l.MaxPooling2D()(x)
    x = l.Conv2D(8, 3, padding="same", activation="relu")(x)
    x = l.UpSampling2D((2, 2))(x)
    x = l.Concatenate()([side, x])
    x = l.Cropping2D(((1, 2), (3, 0)))(x)
    x = l.Conv2D(6, 2, strides=2, activation="swish")(x)
    x = l.UpSampling2D((3, 2), interpolation="bilinear")(x)
    x = l.Conv2D(4, 3, strides=3)(x)
    return k.Model(inputs, l.Dense(5, activation="softmax")(l.Flatten()(x)))


def squeeze_and_excite(k):
    l = k.layers
    x = inputs = k.Input(SHAPE)
    x = l.Normalization(mean=[0.1, -0.2, 0.3], variance=[0.5, 1.5, 0.75])(x)
    x = l.Conv2D(12, 3, strides=2, padding="same", activation="swish")(x)
    for _ in range(2):
        y = l.GlobalAveragePooling2D(keepdims=True)(x)
        y = l.Conv2D(4, 1, activation="relu")(y)
        y = l.Conv2D(12, 1, activation="hard_sigmoid")(y)
        x = l.Multiply()([x, y])
        x = l.DepthwiseConv2D(3, activation="swish")(x)
    return k.Model(inputs, l.Dense(5, activation="softmax")(l.GlobalAveragePooling2D()(x)))


def merges(k):
    l = k.layers
    x = inputs = k.Input(SHAPE)
    a, b, c = (l.Conv2D(6, 3, strides=2, activation=f)(x) for f in ("tanh", "sigmoid", "selu"))
    x = l.Concatenate()([l.Subtract()([a, b]), l.Average()([a, b, c]), l.Maximum()([b, c]), l.Minimum()([a, c])])
    x = l.Permute((2, 3, 1))(x)
    x = l.Conv2D(6, (2, 3), strides=(1, 4))(x)
    x = l.Multiply()([x, x])
    return k.Model(inputs, l.Dense(5, activation="softmax")(l.Flatten()(x)))


def layer_norms(k):
    l = k.layers
    x = inputs = k.Input(SHAPE)
    x = l.Conv2D(10, 4, strides=4)(x)
    x = l.LayerNormalization(epsilon=1e-6)(x)
    y = l.DepthwiseConv2D(3, padding="same")(x)
    y = l.LayerNormalization()(y)
    y = l.Conv2D(20, 1, activation="gelu")(y)
    y = l.Conv2D(10, 1)(y)
    x = l.Add()([x, y])
    x = l.GlobalAveragePooling2D()(x)
    x = l.LayerNormalization(center=False)(x)
    x = l.LayerNormalization(scale=False)(x)
    return k.Model(inputs, l.Dense(5, activation="softmax")(x))


# Name, builder, Keras, form: "h5" is a whole model, "weights" a config beside a .weights.h5.
MODELS = [
    ("plain_keras3", plain, keras, "h5"),
    ("strides", strides, keras, "weights"),
    ("dilations", dilations, keras, "h5"),
    ("residual", residual, keras, "weights"),
    ("inception_keras2", inception, tf_keras, "h5"),
    ("mobile", mobile, keras, "h5"),
    ("transfer", transfer, keras, "weights"),
    ("transfer_keras2", transfer, tf_keras, "h5"),
    ("prefixes", prefixes, keras, "weights"),
    ("sequence_of_models", sequence_of_models, keras, "h5"),
    ("leaky", leaky, keras, "weights"),
    ("leaky_keras2", leaky, tf_keras, "h5"),
    ("gates_keras2", gates, tf_keras, "h5"),
    ("functions", functions, keras, "weights"),
    ("functions_keras2", functions, tf_keras, "h5"),
    ("layers_as_functions", layers_as_functions, keras, "h5"),
    ("two_classes", two_classes, keras, "weights"),
    ("logits", logits, keras, "h5"),
    ("norms", norms, keras, "weights"),
    ("pools", pools, keras, "weights"),
    ("frozen_layers", frozen_layers, keras, "h5"),
    ("separable", separable, keras, "weights"),
    ("up_and_down", up_and_down, keras, "h5"),
    ("squeeze_and_excite", squeeze_and_excite, keras, "h5"),
    ("merges", merges, keras, "weights"),
    ("layer_norms", layer_norms, keras, "weights"),
]


class Numbers:
    """All arrays one after the other."""

    def __init__(self):
        self.parts, self.count = [], 0

    def add(self, array):
        array = np.asarray(array, dtype="<f4").ravel()
        place = [self.count, array.size]
        self.parts.append(array)
        self.count += array.size
        return place

    def write(self, path):
        path.write_bytes(np.concatenate(self.parts).tobytes())


def is_model(layer):
    return hasattr(layer, "layers")


def variable_name(layer, variable):
    """Keras 3 calls every DepthwiseConv2D's kernel kernel, Keras 2's files depthwise_kernel."""
    name = variable.name.split("/")[-1].split(":")[0]
    return "depthwise_kernel" if type(layer).__name__ == "DepthwiseConv2D" and name == "kernel" else name


def named_variables(model):
    """(Petal's name, variable) of all weights, inner models flattened."""
    taken, found = set(), []

    def walk(inner):
        for layer in inner.layers:
            if is_model(layer):
                walk(layer)
                continue
            name = layer.name
            if name in taken:
                name = f"{inner.name}_{layer.name}"
            assert name not in taken, name
            taken.add(name)
            found.extend((f"{name}/{variable_name(layer, v)}", v) for v in layer.weights)

    walk(model)
    return found


def set_numbers(model, random):
    """Neither alike nor at their start, and no output near 0 or 1."""
    for name, variable in named_variables(model):
        value = np.asarray(variable)
        if name.endswith(("gamma", "variance")):
            value = random.uniform(0.5, 1.5, value.shape)
        elif name.endswith(("bias", "beta", "mean", "alpha")):
            value = random.uniform(-0.3, 0.3, value.shape)
        else:  # kernels, as they were drawn: by their fans
            fan_in = np.prod(value.shape[:-1]) if "depthwise" not in name else np.prod(value.shape[:2])
            value = random.uniform(-1, 1, value.shape) * np.sqrt(3 / fan_in)
        variable.assign(value.astype("float32"))


def in_float64(model, k):
    config = model.to_json().replace('"float32"', '"float64"')
    copy = k.models.model_from_json(config)
    names, copies = named_variables(model), named_variables(copy)
    assert [n for n, _ in names] == [n for n, _ in copies]
    for (_, variable), (_, exact) in zip(names, copies):
        assert np.asarray(exact).dtype == np.float64
        exact.assign(np.asarray(variable).astype("float64"))
    return copy


def loss_of(name, output, labels):
    if name == "two_classes":
        targets = (labels % 2).reshape(-1, 1).astype("float64")
        return -tf.reduce_mean(targets * tf.math.log(output) + (1 - targets) * tf.math.log(1 - output))
    if name == "logits":
        return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, output))
    return -tf.reduce_mean(tf.math.log(tf.gather(output, labels, axis=1, batch_dims=1)))


def make(name, build, k, form, source, numbers):
    k.backend.clear_session()
    model = build(k)
    set_numbers(model, np.random.default_rng(zlib.crc32(name.encode())))
    parameters = model.count_params()
    assert 500 < parameters < 10000, (name, parameters)
    entry = {"name": name, "keras": k.__version__, "parameters": parameters}
    if form == "h5":
        entry["file"] = f"{name}.h5"
        model.save(FOLDER / entry["file"], include_optimizer=False)
    else:
        entry["file"], entry["config"] = f"{name}.weights.h5", f"{name}.json"
        model.save_weights(FOLDER / entry["file"])
        (FOLDER / entry["config"]).write_text(json.dumps(json.loads(model.to_json()), separators=(",", ":")) + "\n")
    exact = in_float64(model, k)
    # What Keras computes of these weights without the file agrees with it.
    pixels = any(type(layer).__name__ == "Rescaling" for layer in model.layers)
    given = tf.constant((source + 1) * 127.5 if pixels else source, dtype="float64")
    labels = np.arange(BATCH) % 5
    output = exact(given, training=False)
    np.testing.assert_allclose(model(tf.cast(given, "float32"), training=False), output, atol=1e-4)
    entry |= {"pixels": pixels, "loss": name if name in ("two_classes", "logits") else "probabilities",
              "labels": (labels % 2 if name == "two_classes" else labels).tolist(), "output": numbers.add(output)}
    with tf.GradientTape() as tape:
        loss = loss_of(name, exact(given, training=True), labels)
    # Keras 2's layers give their variables anew, Keras 3's hold TensorFlow's inside.
    trainable = {id(v) for v in exact.trainable_weights}
    learned = [(n, v) for n, v in named_variables(exact) if id(v) in trainable]
    gradients = tape.gradient(loss, [v.value if k is keras else v for _, v in learned])
    entry["loss_value"] = float(loss)
    entry["gradients"] = {n: numbers.add(g) for (n, _), g in zip(learned, gradients)}
    entry["statistics"] = {n: numbers.add(v) for n, v in named_variables(exact) if "moving_" in n}
    return entry


def main():
    FOLDER.mkdir(exist_ok=True)
    for old in FOLDER.iterdir():
        old.unlink()
    random = np.random.default_rng(42)
    numbers = Numbers()
    source = random.integers(-128, 129, (BATCH, *SHAPE)) / 128
    document = {"made_with": {"keras": keras.__version__, "tf_keras": tf_keras.__version__, "tensorflow": tf.__version__},
                "input": numbers.add(source)}
    document["models"] = [make(*model, source, numbers) for model in MODELS]
    numbers.write(FOLDER / "small_models.f32")
    (FOLDER / "small_models.json").write_text(json.dumps(document, separators=(",", ":")) + "\n")
    files = list(FOLDER.iterdir())
    print(len(document["models"]), "models,", sum(f.stat().st_size for f in files), "bytes in", len(files), "files")


if __name__ == "__main__":
    main()
