"""Makes tests/golden/archives: files as Keras saves them, and their predictions.

trained.json     .keras archives of Keras 3, compiled and trained a step
places.json      whole models of Keras 2 and 3 whose layers only their place tells apart
Run with Keras 3, tf_keras (Keras 2) and numpy: python tests/golden/make_archives.py
"""

import json
import os
import pathlib

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import keras
import numpy as np
import tf_keras
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


def twins(k):
    """A Functional between two Sequentials, with layers of the same names and shapes in each. Archives hold Functionals
    first."""
    l = k.layers

    def pair():
        return l.Conv2D(3, 3, padding="same", activation="tanh", name="conv"), l.Conv2D(3, 3, activation="relu", name="next")

    def functional():
        first, second = pair()
        photo = k.Input((6, 6, 3))
        return k.Model(photo, second(first(photo)), name="b")

    photo = k.Input((SIZE, SIZE, 3))
    x = l.Rescaling(1 / 127.5, offset=-1)(photo)
    x = k.Sequential([k.Input((SIZE, SIZE, 3)), *pair()], name="a")(x)
    x = functional()(x)
    x = k.Sequential([k.Input((4, 4, 3)), *pair()], name="c")(x)
    x = l.Conv2D(3, 1, name="conv")(x)
    return k.Model(photo, l.Dense(3, activation="softmax", name="next")(l.Flatten()(x)), name="twins")


def beside(k):
    """Convolutions of the same shape, whose activations are other layers or, hard_sigmoid of Keras 2, other functions."""
    l = k.layers
    photo = k.Input((SIZE, SIZE, 3))
    x = l.Rescaling(1 / 127.5, offset=-1)(photo)
    activations = ["tanh", l.LeakyReLU(), "relu", "hard_sigmoid", l.ELU()]
    x = [l.Conv2D(2, 3, activation=f, name=f"side_{9 - i}")(x) for i, f in enumerate(activations)]
    x = l.GlobalAveragePooling2D()(l.Concatenate()(x))
    return k.Model(photo, l.Dense(3, activation="softmax")(x), name="beside")


def make_places():
    """Keras 3 names the layers in its archives, Keras 2 does not."""
    random = np.random.default_rng(2)
    photo = random.integers(0, 256, (1, SIZE, SIZE, 3)).astype("float32")
    documents = {}
    for make in (twins, beside):
        for k, files in ((keras, ["3.keras", "3.h5"]), (tf_keras, ["2.keras", "2.h5"])):
            k.backend.clear_session()
            model = make(k)
            model.set_weights([random.uniform(-1, 1, w.shape).astype("float32") for w in model.get_weights()])
            found = np.asarray(model(photo, training=False))
            for file in files:
                model.save(FOLDER / f"{model.name}_keras{file}")
                documents[f"{model.name}_keras{file}"] = found.reshape(-1).tolist()
    document = {"input": photo.reshape(-1).tolist(), "outputs": documents}
    (FOLDER / "places.json").write_text(json.dumps(document) + "\n")


def make_trained():
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
    (FOLDER / "trained.json").write_text(json.dumps(predictions) + "\n")


def main():
    FOLDER.mkdir(exist_ok=True)
    make_trained()
    make_places()


if __name__ == "__main__":
    main()
