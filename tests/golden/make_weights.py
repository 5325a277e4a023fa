"""Makes tests/golden/weights: one tiny network's weights in every layout that Keras has written, and files that lie.

Run with Keras 3, h5py and numpy: python tests/golden/make_weights.py
Every element is known by formula: element i (C order) of tensor t is 64 * t + i, with t as TENSORS counts; the test computes
the same. Keras writes what Keras 3 can write; Keras 2's layout is written here as its source does.
"""

import os
import pathlib
import zlib

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import h5py
import keras
import numpy as np
from keras import layers

FOLDER = pathlib.Path(__file__).parent / "weights"

# Creation order; name, class, weights in Keras's order.
LAYERS = [
    ("stem", "conv2d", {"kernel": (3, 3, 3, 2)}),
    ("stem_bn", "batch_normalization", {"gamma": (2,), "beta": (2,), "moving_mean": (2,), "moving_variance": (2,)}),
    ("shortcut", "conv2d", {"kernel": (1, 1, 2, 2)}),
    ("dw", "depthwise_conv2d", {"depthwise_kernel": (3, 3, 2, 1)}),
    ("dw_bn", "batch_normalization", {"beta": (2,), "moving_mean": (2,), "moving_variance": (2,)}),
    ("expand", "conv2d", {"kernel": (1, 1, 2, 2)}),
    ("project", "conv2d", {"kernel": (1, 1, 2, 2)}),
    ("predictions", "dense", {"kernel": (2, 3), "bias": (3,)}),
]
TENSORS = [(layer, weight, shape) for layer, _, weights in LAYERS for weight, shape in weights.items()]


def numbers(layer, weight):
    t = [entry[:2] for entry in TENSORS].index((layer, weight))
    shape = TENSORS[t][2]
    return (64 * t + np.arange(np.prod(shape))).reshape(shape).astype("float32")


def named(layer, auto):
    return {} if auto else {"name": layer}


def body(auto):
    """The feature extractor. Auto-numbered: Keras makes up the names. The shortcut is created first, listed last."""
    photo = keras.Input((4, 4, 3), name="photo")
    made = {}

    def add(key, layer, x):
        made[key] = layer
        return layer(x)

    x = add("stem", layers.Conv2D(2, 3, padding="same", use_bias=False, **named("stem", auto)), photo)
    x = add("stem_bn", layers.BatchNormalization(**named("stem_bn", auto)), x)
    x = layers.ReLU(name="stem_relu")(x)
    short = add("shortcut", layers.Conv2D(2, 1, use_bias=False, **named("shortcut", auto)), x)
    x = add("dw", layers.DepthwiseConv2D(3, padding="same", use_bias=False, **named("dw", auto)), x)
    x = add("dw_bn", layers.BatchNormalization(scale=False, **named("dw_bn", auto)), x)
    x = add("expand", layers.Conv2D(2, 1, use_bias=False, **named("expand", auto)), x)
    x = add("project", layers.Conv2D(2, 1, use_bias=False, **named("project", auto)), x)
    x = layers.Add(name="add")([x, short])
    return photo, x, made


def fill(made):
    for layer, _, weights in LAYERS:
        if layer in made:
            made[layer].set_weights([numbers(layer, weight) for weight in weights])


def network(auto):
    photo, x, made = body(auto)
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    made["predictions"] = layers.Dense(3, **named("predictions", auto))
    model = keras.Model(photo, made["predictions"](x), name="tiny")
    fill(made)
    return model


def nested():
    """A frozen base inside a Sequential: one group, its order torn apart by what was trainable."""
    photo, x, made = body(auto=False)
    base = keras.Model(photo, x, name="base")
    for key in ("stem", "stem_bn", "expand"):
        made[key].trainable = False
    made["predictions"] = layers.Dense(3, name="predictions")
    model = keras.Sequential(
        [keras.Input((4, 4, 3)), layers.RandomFlip(name="flip"), base, layers.GlobalAveragePooling2D(), made["predictions"]],
        name="classifier",
    )
    fill(made)
    return model


def write_keras2(path, dtype=lambda layer: "float32", array=np.asarray, split=False, packed=()):
    """As keras/saving/hdf5_format.py of Keras 2 writes weights alone."""
    with h5py.File(path, "w") as file:
        file.attrs["backend"] = "tensorflow"
        file.attrs["keras_version"] = b"2.2.4"
        order = ["photo"] + [name for name, _, _ in LAYERS]
        names = [name.encode() for name in order]
        if split:
            file.attrs["layer_names0"], file.attrs["layer_names1"] = array(names[:5]), array(names[5:])
        else:
            file.attrs["layer_names"] = array(names)
        weights_of = {name: weights for name, _, weights in LAYERS}
        for layer in order:
            group = file.create_group(layer)
            weights = weights_of.get(layer, {})
            paths = [f"{layer}/{weight}:0" for weight in weights]
            group.attrs["weight_names"] = array([path.encode() for path in paths]) if paths else np.asarray([])
            for path, weight in zip(paths, weights):
                options = {"compression": "gzip", "shuffle": True, "fletcher32": True} if layer in packed else {}
                group.create_dataset(path, data=numbers(layer, weight).astype(dtype(layer)), **options)


def variable_strings(values):
    return np.array([value.decode() for value in values], dtype=h5py.string_dtype())


def strip_names(source, target):
    """What Keras 3 wrote before it kept the layers' names."""
    target.write_bytes(source.read_bytes())
    with h5py.File(target, "r+") as file:
        file.visititems(lambda _, item: item.attrs.pop("name", None) and None)


def write_liars():
    """Each holds one layer `dense` whose kernel (2, 2) is not where or what it should be."""

    def legacy(name):
        file = h5py.File(FOLDER / "liars" / name, "w")
        file.attrs["layer_names"] = [b"dense"]
        file.create_group("dense").attrs["weight_names"] = [b"kernel:0"]
        return file

    (FOLDER / "liars").mkdir(exist_ok=True)
    with legacy("soft_link.h5") as file:
        file["elsewhere"] = np.ones((2, 2), "float32")
        file["dense/kernel:0"] = h5py.SoftLink("/elsewhere")
    with legacy("external_link.h5") as file:
        file["dense/kernel:0"] = h5py.ExternalLink("keras2.h5", "/stem/stem/kernel:0")
    with legacy("external_storage.h5") as file:
        file.create_dataset("dense/kernel:0", (2, 2), "float32", external=[("keras2.h5", 0, 16)])
    with legacy("virtual.h5") as file:
        layout = h5py.VirtualLayout((2, 2), "float32")
        layout[:] = h5py.VirtualSource("keras2.h5", "/shortcut/shortcut/kernel:0", (2, 2))
        file.create_virtual_dataset("dense/kernel:0", layout)
    with legacy("lzf.h5") as file:
        file.create_dataset("dense/kernel:0", data=np.ones((2, 2), "float32"), compression="lzf")
    with legacy("huge.h5") as file:
        file.create_dataset("dense/kernel:0", (1 << 40, 1 << 20), "float32", chunks=(1 << 10, 1 << 10))
    with legacy("huge_chunk.h5") as file:
        # An extensible dataset may have chunks larger than itself.
        data = file.create_dataset("dense/kernel:0", (2, 2), "float32", maxshape=(None, None), chunks=(1 << 11, 1 << 10),
                                   compression="gzip")
        data[:] = 1
    with legacy("never_written.h5") as file:
        file.create_dataset("dense/kernel:0", (2, 2), "float32")
    with legacy("missing_chunk.h5") as file:
        file.create_dataset("dense/kernel:0", (2, 2), "float32", chunks=(1, 2))[0] = 1

    def direct_chunk(name, chunk, mask=0):
        with legacy(name) as file:
            data = file.create_dataset("dense/kernel:0", (2, 2), "float32", chunks=(2, 2), compression="gzip")
            data.id.write_direct_chunk((0, 0), chunk, mask)

    direct_chunk("skipped_filter.h5", np.ones(4, "float32").tobytes(), mask=1)
    direct_chunk("short_chunk.h5", zlib.compress(np.ones(3, "float32").tobytes()))
    direct_chunk("bomb.h5", zlib.compress(bytes(4 << 20), 9))
    with legacy("text.h5") as file:
        file.create_dataset("dense/kernel:0", data=np.array([[b"a", b"b"], [b"c", b"d"]]))
    with legacy("not_a_number.h5") as file:
        file["dense/kernel:0"] = np.array([[1, 2], [np.nan, 4]], "float32")
    with legacy("infinite.h5") as file:
        file["dense/kernel:0"] = np.array([[1, 2], [3, 1e300]], "float64")  # no float32
    with legacy("numbers_as_names.h5") as file:
        file.attrs["layer_names"] = [1, 2]
    with h5py.File(FOLDER / "liars" / "no_weights.h5", "w") as file:
        file["measurements"] = np.arange(4)


def write_null_strings(path):
    """Attributes that numpy cannot write: null pointers in place of variable-length strings; spaces for padding."""
    with h5py.File(path, "a") as file:
        space = h5py.h5s.create_simple((2,))
        kind = h5py.h5t.C_S1.copy()
        kind.set_size(h5py.h5t.VARIABLE)
        h5py.h5a.create(file.id, b"null_strings", kind, space)
        padded = h5py.h5t.C_S1.copy()
        padded.set_size(4)
        padded.set_strpad(h5py.h5t.STR_SPACEPAD)
        attribute = h5py.h5a.create(file.id, b"space_padded", padded, space)
        attribute.write(np.array([b"ab  ", b"full"], "S4"), mtype=padded)


def main():
    FOLDER.mkdir(exist_ok=True)
    network(auto=False).save(FOLDER / "keras3_model.h5")
    nested().save(FOLDER / "keras3_nested.h5")
    nested().save_weights(FOLDER / "keras3_nested.weights.h5")
    keras.backend.clear_session()
    network(auto=True).save_weights(FOLDER / "keras3_auto.weights.h5")
    strip_names(FOLDER / "keras3_auto.weights.h5", FOLDER / "keras3_unnamed.weights.h5")
    network(auto=True).save(FOLDER / "keras3_second_session.h5")  # numbered on from the first
    write_keras2(FOLDER / "keras2.h5")
    write_keras2(FOLDER / "keras2_packed.h5", split=True, packed=("stem", "dw", "predictions"))
    types = {"stem": "float16", "stem_bn": "float64", "dw": ">f4", "expand": "int16", "dw_bn": "int64"}
    write_keras2(FOLDER / "keras2_types.h5", dtype=lambda layer: types.get(layer, "float32"),
                 array=variable_strings)
    write_null_strings(FOLDER / "keras2_types.h5")
    write_liars()


if __name__ == "__main__":
    main()
