"""What make_architectures.py and check_architectures.py share: Keras's applications by Petal's names, photos, and weights
that keep activations of order one through a network whose batch norms have seen no data.
"""
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np

APPLICATIONS = keras.applications
# Petal's name: Keras's builder, its module with preprocess_input, its widths, two sizes.
ARCHITECTURES = {
    "mobilenet": (APPLICATIONS.MobileNet, APPLICATIONS.mobilenet, [0.25, 0.5, 0.75, 1.0], (224, 97)),
    "mobilenet_v2": (APPLICATIONS.MobileNetV2, APPLICATIONS.mobilenet_v2, [0.35, 0.5, 0.75, 1.0, 1.3, 1.4], (224, 97)),
    "resnet50": (APPLICATIONS.ResNet50, APPLICATIONS.resnet, [1.0], (224, 97)),
    "resnet101": (APPLICATIONS.ResNet101, APPLICATIONS.resnet, [1.0], (224, 97)),
    "resnet152": (APPLICATIONS.ResNet152, APPLICATIONS.resnet, [1.0], (224, 97)),
    "resnet50_v2": (APPLICATIONS.ResNet50V2, APPLICATIONS.resnet_v2, [1.0], (224, 97)),
    "resnet101_v2": (APPLICATIONS.ResNet101V2, APPLICATIONS.resnet_v2, [1.0], (224, 97)),
    "resnet152_v2": (APPLICATIONS.ResNet152V2, APPLICATIONS.resnet_v2, [1.0], (224, 97)),
    "inception_v3": (APPLICATIONS.InceptionV3, APPLICATIONS.inception_v3, [1.0], (299, 98)),
}


def build(name, alpha, size, top, pooling=None, classes=10, before=None):
    """Keras's model on random weights, in a fresh session: layers are numbered from the start, or on from `before`."""
    keras.backend.clear_session()
    if before:
        before()
    builder, _, alphas, _ = ARCHITECTURES[name]
    shape = (size, size, 3)
    width = {"alpha": alpha} if len(alphas) > 1 else {}
    return builder(input_shape=shape, input_tensor=keras.Input(shape, name="input_1"), include_top=top, weights=None,
                   classes=classes, pooling=pooling, **width)


def preprocess(name, pixels):
    return ARCHITECTURES[name][1].preprocess_input(pixels.copy())


def photos(batch, size):
    """(batch, size, size, 3) whole numbers in 0..255: waves of different lengths, and a hash for detail."""
    n, h, w, c = np.meshgrid(np.arange(batch), np.arange(size), np.arange(size), np.arange(3), indexing="ij")
    wave = (h * (3 + c) + w * (5 - c) + n * 40) % 160
    detail = (h * h * 7 + w * w * 13 + h * w * 3 + c * 29 + n * 11) % 96
    return (wave + detail).astype(np.float32)


def weight_name(layer, weight):
    """The weight's full name in Petal."""
    depthwise = isinstance(layer, keras.layers.DepthwiseConv2D) and weight.name == "kernel"
    return layer.name + "/" + ("depthwise_kernel" if depthwise else weight.name)


def centre_and_spread(name, shape):
    """What a weight's numbers lie around, and how far from it on both sides, evenly spread."""
    layer, kind = name.rsplit("/", 1)
    if kind in ("gamma", "moving_variance"):
        # Each block adds to what passes by it: a whole share each would double the variance block by block.
        share = 0.25 if layer.endswith(("_3_bn", "project_BN")) and kind == "gamma" else 1.0
        return share, share / 4
    if not kind.endswith("kernel"):
        return 0.0, 0.25
    fan_in = shape[0] * shape[1] if kind == "depthwise_kernel" else int(np.prod(shape[:-1]))
    spread = np.sqrt(6 / fan_in)
    # The same for version 2 of ResNet, which adds convolutions; and version 1 takes pixels up to 151.
    return 0.0, spread / 4 if layer.endswith("_3_conv") else spread / 64 if layer == "conv1_conv" else spread
