"""Makes training_curves.json: the losses of 50 training steps by Keras, for tests/trainer/training_curve_test.cpp.

Photos and initial weights are formulas that the test repeats, so that nothing but losses is stored. With no argument it makes
the committed file, of 46x46 photos, 8 a batch. Another size takes that file's learning rates and is not committed:
    python3 make_training_curves.py [IMAGE_SIZE BATCH FILE]
    PETAL_TRAINING_CURVES=FILE petal_tests_trainer --test-case="the loss follows*"
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
COMMITTED = os.path.join(os.path.dirname(__file__), "training_curves.json")
SIZE, BATCH, FILE = (int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]) if len(sys.argv) > 3 else (46, 8, COMMITTED)
NUDGES = 4
MOST_SPREAD = 3e-4


def photos(step):
    """Stripes that tell the classes apart, and noise, for patterns that repeat tie in the maxima of pooling."""
    n, h, w, c = np.meshgrid(np.arange(BATCH) + step * BATCH, np.arange(SIZE), np.arange(SIZE), np.arange(3), indexing="ij")
    label = n % 2
    stripe = 100 * (label * (w % 14 < 7) + (1 - label) * (h % 10 < 5))
    bits = (((n * SIZE + h) * SIZE + w) * 3 + c).astype(np.uint32)
    for shift, factor in ((16, 0x7FEB352D), (15, 0x846CA68B)):
        bits = (bits ^ (bits >> np.uint32(shift))) * np.uint32(factor)
    return (60 + stripe + (bits >> np.uint32(16)) % 50).astype(np.float32), label[:, 0, 0, 0].astype(np.int32)


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
    "sgd": lambda: keras.optimizers.SGD(),
    "sgd,momentum=0.9,nesterov": lambda: keras.optimizers.SGD(momentum=0.9, nesterov=True),
    "rmsprop": lambda: keras.optimizers.RMSprop(),
    "adagrad": lambda: keras.optimizers.Adagrad(),
    "adam": lambda: keras.optimizers.Adam(),
    # A decay that shows within fifty steps.
    "adamw,weight_decay=10": lambda: keras.optimizers.AdamW(weight_decay=10.0),
}
MODELS = {"cnn": lambda: cnn(False), "cnn_preprocessed": lambda: cnn(True), "batch_normalization": normalized}


def train(build, make, rate, nudge):
    """Losses and moving statistics. Each `nudge` but 0 moves the initial weights by eight roundings, up or down at random: about
    what another order of summation does to a layer's results."""
    model = build()
    start(model)
    signs = np.random.default_rng(nudge)
    model.set_weights([v * (1 + (nudge > 0) * signs.choice([-5e-7, 5e-7], v.shape)).astype(np.float32) for v in model.get_weights()])
    optimizer = make()
    optimizer.learning_rate = rate
    model.compile(optimizer, "sparse_categorical_crossentropy")
    losses = []
    for step in range(STEPS):
        # What Keras returns is a mean over the steps since the last reset.
        model.reset_metrics()
        losses.append(float(model.train_on_batch(*photos(step))))
    return {"losses": losses, "moving": [w.numpy().astype(float).tolist() for w in model.weights if "moving" in w.path]}


def fastest_exact(build, make):
    """Keras's curves at the largest of its default rate, a third of it, a tenth, ... at which roundings hardly decide them.

    Where a maximum of pooling or a relu's side hangs on the last bit, Keras itself goes on along another curve; at large
    rates, on raw pixels above all, it then ends anywhere. So the curves from weights that differ by roundings go with it.
    """
    rate = float(make().learning_rate)
    while True:
        runs = []
        for nudge in range(NUDGES + 1):
            runs.append(train(build, make, rate, nudge))
            losses = runs[0]["losses"]
            spread = np.max(np.abs(np.array(runs[-1]["losses"]) / losses - 1))
            for other, array in zip(runs[-1]["moving"], runs[0]["moving"]):
                spread = max(spread, np.max(np.abs(np.subtract(other, array))) / np.max(np.abs(array)))
            if not spread <= MOST_SPREAD or losses[-1] > 0.99 * losses[0]:
                break
        print(f"  at {rate:.1e}: loss {losses[0]:.3f} to {losses[-1]:.3f}, Keras follows itself within {spread:.1e}", flush=True)
        if len(runs) == NUDGES + 1 and spread <= MOST_SPREAD:
            return {"learning_rate": rate, "runs": runs}
        rate *= 10**-0.5


def main():
    curves = []
    for model_name, build in MODELS.items():
        for optimizer_name, make in OPTIMIZERS.items():
            print(model_name, optimizer_name)
            curves.append({"model": model_name, "optimizer": optimizer_name, **fastest_exact(build, make)})
    write(curves)


def main_at_another_size():
    with open(COMMITTED) as file:
        curves = json.load(file)["curves"]
    for curve in curves:
        build, make = MODELS[curve["model"]], OPTIMIZERS[curve["optimizer"]]
        curve["runs"] = [train(build, make, curve["learning_rate"], nudge) for nudge in (0, 1)]
        losses, nudged = (np.array(run["losses"]) for run in curve["runs"])
        print(curve["model"], curve["optimizer"], f"{losses[0]:.3f} to {losses[-1]:.3f}, itself within", np.max(np.abs(nudged / losses - 1)), flush=True)
    write(curves)


def write(curves):
    with open(FILE, "w") as file:
        json.dump({"keras": keras.__version__, "image_size": SIZE, "batch": BATCH, "curves": curves}, file)
        file.write("\n")


if __name__ == "__main__":
    main() if FILE == COMMITTED else main_at_another_size()
