"""Makes tests/golden/stranger/content_moderation_inception_v3.json: what Keras predicts with a stranger's whole model.

    python tests/golden/make_stranger.py FOLDER      FOLDER/content_moderation_inception_v3.h5 is the model
The inputs are a formula of integers, so that the test makes the same.
"""

import json
import os
import pathlib
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import keras
import numpy as np

NAME = "content_moderation_inception_v3"
SIZE = 299


def photo(k):
    """Waves, steps and noise, in 0..1."""
    y, x, c = np.meshgrid(np.arange(SIZE), np.arange(SIZE), np.arange(3), indexing="ij")
    noise = (y * 7919 + x * 104729 + c * 1299709 + k * 15485863) % 65521 * 31 % 256
    wave = (x * x * (k + 1) // 256 + y * (2 * k + 3) + c * 37) % 256
    step = (x // 37 * 91 + y // 53 * 57 + c * 83 * k) % 256
    return ([wave, (wave + step) // 2, (3 * step + noise) // 4][k] / 255.0).astype("float32")


def main():
    model = keras.models.load_model(pathlib.Path(sys.argv[1]) / (NAME + ".h5"), compile=False)
    photos = np.stack([photo(k) for k in range(3)])
    probabilities = model.predict(photos, verbose=0)
    target = pathlib.Path(__file__).parent / "stranger" / (NAME + ".json")
    target.write_text(json.dumps({"keras": keras.__version__, "probabilities": probabilities.tolist()}, indent=1) + "\n")
    print(probabilities)


if __name__ == "__main__":
    main()
