"""Writes splits/: what numpy and Keras 3 make of shuffling and splitting, for tests/io/split_test.cpp.

Needs numpy, keras and tensorflow. Run: python tests/golden/make_splits.py
"""

import json
import os
import pathlib
import tempfile

import numpy as np

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import keras  # noqa: E402

FIXTURES = pathlib.Path(__file__).parent / "splits"

# Names that sort by code point, not by locale or number; nested folders; suffixes of any case; what is no photo.
NAMES = [
    "daisy/10.jpg", "daisy/2.JPG", "daisy/été.jpg", "daisy/zz.png", "daisy/notes.txt", "daisy/a/1.jpg", "daisy/a/b/1.jpeg",
    "daisy/a b/1.jpg", "daisy/a-b/1.jpg", "daisy/日本/花.jpg", "daisy/😀.jpg",
    "Rose/1.jpg", "Rose/A.jpg", "Rose/a.jpg", "Rose/_.jpg", "Rose/ leading space.jpg", "Rose/comma, \"quote\".jpg",
    "tulip/deep/deeper/deepest/1.png", "tulip/deep.jpg", "tulip/deep-1.jpg", "tulip/readme",
    "élan/1.jpg", "élan/2.jpg", "élan/3.jpg", "élan/4.jpg", "élan/5.jpg",
]  # fmt: skip
NAMES += [f"sunflower/{number}_photo.jpg" for number in range(37)]


def shuffled(seed: int, count: int) -> list[int]:
    order = np.arange(count).tolist()
    np.random.RandomState(seed).shuffle(order)
    return order


def fnv1a(values: list[int]) -> int:
    """FNV-1a over the little-endian bytes of 32-bit values: a long shuffle in one number."""
    state = 0xCBF29CE484222325
    for byte in np.asarray(values, dtype="<u4").tobytes():
        state = (state ^ byte) * 0x100000001B3 % 2**64
    return state


def make_shuffles() -> dict:
    whole = [(0, 0), (0, 1), (0, 2), (1, 10), (123, 17), (1337, 64), (2**32 - 1, 33), (42, 257)]
    long = [(1, 1500), (7, 4096), (1337, 4097), (2**31, 70000)]
    return {
        "whole": [{"seed": s, "count": n, "order": shuffled(s, n)} for s, n in whole],
        "fnv1a": [{"seed": s, "count": n, "hash": str(fnv1a(shuffled(s, n)))} for s, n in long],
    }


def make_keras() -> dict:
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        for name in NAMES:
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).touch()

        def names(dataset) -> list[str]:
            return [os.path.relpath(path, root) for path in dataset.file_paths]

        def load(**options):
            return keras.utils.image_dataset_from_directory(folder, verbose=False, **options)

        ordered = load(shuffle=False)
        splits = []
        for seed, validation in [(1, 0.2), (123, 0.2), (1337, 0.25), (0, 0.1), (2024, 0.5)]:
            train, held_out = load(validation_split=validation, subset="both", seed=seed)
            splits.append({"seed": seed, "validation_split": validation, "train": names(train), "validation": names(held_out)})
        return {"files": NAMES, "class_names": ordered.class_names, "order": names(ordered), "splits": splits}


def write(name: str, content: dict) -> None:
    content = {"numpy": np.__version__, "keras": keras.__version__, **content}
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":")) + "\n"
    (FIXTURES / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    FIXTURES.mkdir(exist_ok=True)
    write("numpy_shuffle.json", make_shuffles())
    write("keras_split.json", make_keras())
