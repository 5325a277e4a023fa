"""Makes tests/golden/archives: .keras files as Keras 3 saves them, compiled and trained a step, and their predictions.

Run with Keras 3 and numpy: python tests/golden/make_archives.py
"""

import json
import os
import pathlib

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import keras
import numpy as np
from keras import layers

FOLDER = pathlib.Path(__file__).parent / "archives"
SIZE = 8


def augmented():
    """Functional: augmentation and dropout, whose defaults for `training` Keras writes into the config; a branch."""
    photo = keras.Input((SIZE, SIZE, 3), name="photo")
    x = layers.Rescaling(1 / 127.5, offset=-1)(photo)
    x = layers.RandomFlip("horizontal")(x)
    x = layers.RandomRotation(0.1)(x)
    x = layers.Conv2D(4, 3, activation="relu")(x)
    y = layers.Conv2D(4, 3, padding="same", use_bias=False)(x)
    y = layers.BatchNormalization()(y)
    x = layers.Add()([x, y])
    x = layers.DepthwiseConv2D(3, name="depth")(x)
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.Dropout(0.3)(x)
    return keras.Model(photo, layers.Dense(3, activation="softmax")(x), name="augmented")


def nested():
    """A frozen base in a Sequential, with auto-numbered names that are the same inside and outside."""
    base_in = keras.Input((SIZE, SIZE, 3))
    x = layers.Conv2D(4, 3, strides=2)(base_in)
    x = layers.BatchNormalization()(x)
    base = keras.Model(base_in, layers.ReLU()(x), name="base")
    base.trainable = False
    return keras.Sequential(
        [keras.Input((SIZE, SIZE, 3)), base, layers.Conv2D(5, 2), layers.Flatten(), layers.Dense(3, activation="softmax")],
        name="nested",
    )


def main():
    FOLDER.mkdir(exist_ok=True)
    random = np.random.default_rng(1)
    photos = random.integers(0, 256, (6, SIZE, SIZE, 3)).astype("float32")
    predictions = {}
    for make in (augmented, nested):
        keras.utils.set_random_seed(1)
        model = make()
        model.compile("adam", "sparse_categorical_crossentropy")
        model.fit(photos, np.arange(6) % 3, epochs=2, verbose=0)
        model.save(FOLDER / f"{model.name}.keras")
        found = model.predict(photos[:1], verbose=0)
        predictions[model.name] = {"input": photos[0].reshape(-1).tolist(), "output": found.reshape(-1).tolist()}
    (FOLDER / "predictions.json").write_text(json.dumps(predictions) + "\n")


if __name__ == "__main__":
    main()
