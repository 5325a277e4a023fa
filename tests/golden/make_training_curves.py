"""Makes training_curves.json: the losses of 50 training steps by Keras, for tests/trainer/training_curve_test.cpp.

Photos and initial weights are formulas that the test repeats, so that nothing but losses is stored. Run with the
image size and the batch (46 and 8 make the committed file; 160 and 32 the full-size one, which is not committed):
    python3 make_training_curves.py [IMAGE_SIZE BATCH [FILE]]
"""
import json
import os
import sys

os.environ["CUDA_VISIBLE_DEVICES"] = ""
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"
import keras
import numpy as np
from keras import layers

STEPS = 50
SIZE, BATCH = (int(sys.argv[1]), int(sys.argv[2])) if len(sys.argv) > 2 else (46, 8)
FILE = sys.argv[3] if len(sys.argv) > 3 else os.path.join(os.path.dirname(__file__), "training_curves.json")


def photos(step):
    n, h, w, c = np.meshgrid(np.arange(BATCH) + step * BATCH, np.arange(SIZE), np.arange(SIZE), np.arange(3), indexing="ij")
    label = n % 2
    stripe = label * 40 * (w % 7 < 3) + (1 - label) * 40 * (h % 5 < 2)
    return ((n * 131 + h * 37 + w * 17 + c * 71 + (h * w) % 29 * 5) % 200 + stripe).astype(np.float32), label[:, 0, 0, 0].astype(np.int32)


def start(model):
    """Glorot's limits, numbers by a multiplicative hash; biases, betas and means 0, gammas and variances 1."""
    values = []
    for number, weight in enumerate(model.weights):
        shape = tuple(weight.shape)
        if len(shape) < 2:
            one = "gamma" in weight.path or "variance" in weight.path
            values.append(np.full(shape, 1.0 if one else 0.0, np.float32))
            continue
        receptive = int(np.prod(shape[:-2])) if len(shape) > 2 else 1
        limit = np.sqrt(6.0 / (receptive * (shape[-2] + shape[-1])))
        index = np.arange(int(np.prod(shape)), dtype=np.uint64) + np.uint64(97 * number + 1)
        bits = (index * np.uint64(2654435761)) % np.uint64(2**32)
        values.append(((bits.astype(np.float64) / 2**32 - 0.5) * 2 * limit).astype(np.float32).reshape(shape))
    model.set_weights(values)


def cnn(rescaled):
    stack = [keras.Input((SIZE, SIZE, 3))] + ([layers.Rescaling(1 / 127.5, offset=-1)] if rescaled else [])
    for filters in (32, 32, 64, 64):
        stack += [layers.Conv2D(filters, 3, activation="relu"), layers.MaxPooling2D()]
    return keras.Sequential(stack + [layers.Flatten(), layers.Dense(128, activation="relu"), layers.Dense(2, activation="softmax")])


def normalized():
    stack = [keras.Input((SIZE, SIZE, 3)), layers.Rescaling(1 / 127.5, offset=-1)]
    for filters in (16, 24):
        stack += [layers.Conv2D(filters, 3, padding="same", use_bias=False), layers.BatchNormalization(), layers.ReLU(),
                  layers.DepthwiseConv2D(3, padding="same", use_bias=False), layers.BatchNormalization(momentum=0.9), layers.ReLU(6.0),
                  layers.MaxPooling2D()]
    return keras.Sequential(stack + [layers.GlobalAveragePooling2D(), layers.Dense(2, activation="softmax")])


OPTIMIZERS = {
    "sgd": lambda: keras.optimizers.SGD(1e-3),
    "sgd,momentum=0.9,nesterov": lambda: keras.optimizers.SGD(1e-4, momentum=0.9, nesterov=True),
    "rmsprop": lambda: keras.optimizers.RMSprop(1e-4),
    "adagrad": lambda: keras.optimizers.Adagrad(1e-3),
    "adam": lambda: keras.optimizers.Adam(1e-4),
    # A decay that shows within fifty steps.
    "adamw,weight_decay=10": lambda: keras.optimizers.AdamW(1e-4, weight_decay=10.0),
}
MODELS = {"cnn": lambda: cnn(False), "cnn_preprocessed": lambda: cnn(True), "batch_normalization": normalized}

curves = []
for model_name, build in MODELS.items():
    for optimizer_name, make in OPTIMIZERS.items():
        model = build()
        start(model)
        optimizer = make()
        rate = float(optimizer.learning_rate)
        if model_name == "cnn":
            # On raw pixels of 0..255 larger steps amplify rounding without bound: Keras does not follow itself then.
            rate *= 1e-2 if optimizer_name.startswith("sgd") else 3e-2
            optimizer.learning_rate = rate
        model.compile(optimizer, "sparse_categorical_crossentropy")
        losses = []
        for step in range(STEPS):
            x, y = photos(step)
            # What Keras returns is a mean over the steps since the last reset.
            model.reset_metrics()
            losses.append(float(model.train_on_batch(x, y)))
        moving = [w.numpy().astype(float).tolist() for w in model.weights if "moving" in w.path]
        curves.append({"model": model_name, "optimizer": optimizer_name, "learning_rate": rate, "losses": losses, "moving": moving})
        print(model_name, optimizer_name, losses[0], losses[-1])

with open(FILE, "w") as file:
    json.dump({"keras": keras.__version__, "image_size": SIZE, "batch": BATCH, "curves": curves}, file)
    file.write("\n")
