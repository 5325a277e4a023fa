"""One model's training steps in Keras, as bench/training_step.cpp times them: MODEL DATA [WEIGHTS]; one JSON line."""
import json
import os
import resource
import sys
import time

os.environ["CUDA_VISIBLE_DEVICES"] = ""
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"
import keras
import numpy as np
import tensorflow as tf
from keras import layers

SIZE, BATCH, STEPS = 160, 32, 40
model_name, data, weights = sys.argv[1], sys.argv[2], (sys.argv + [None])[3]
threads = len(os.sched_getaffinity(0))
tf.config.threading.set_intra_op_parallelism_threads(threads)
tf.config.threading.set_inter_op_parallelism_threads(threads)

rescaling = [layers.Rescaling(1 / 127.5, offset=-1)]
augmentation = [layers.RandomFlip("horizontal"), layers.RandomRotation(0.2)]
front = {"cnn": [], "cnn_augmented": augmentation, "cnn_preprocessed": rescaling + augmentation}


def cnn(layers_in_front):
    stack = [keras.Input((SIZE, SIZE, 3))] + layers_in_front
    for block, filters in enumerate((32, 32, 64, 64)):
        stack += [layers.Dropout(0.2)] if block == 3 else []
        stack += [layers.Conv2D(filters, 3, activation="relu"), layers.MaxPooling2D()]
    stack += [layers.Flatten(), layers.Dense(128, activation="relu"), layers.Dropout(0.2), layers.Dense(2, activation="softmax")]
    return keras.Sequential(stack)


def transfer():
    base = keras.applications.MobileNetV2(input_shape=(SIZE, SIZE, 3), include_top=False, weights=None)
    if weights:
        base.load_weights(weights)
    base.trainable = False
    x = inputs = keras.Input((SIZE, SIZE, 3))
    for layer in rescaling + augmentation:
        x = layer(x)
    x = layers.GlobalAveragePooling2D()(base(x, training=False))
    return keras.Model(inputs, layers.Dense(2, activation="softmax")(layers.Dropout(0.2)(x)))


model = cnn(front[model_name]) if model_name in front else transfer()
model.compile("adam", "sparse_categorical_crossentropy")
photos = keras.utils.image_dataset_from_directory(data, image_size=(SIZE, SIZE), batch_size=BATCH, verbose=0).cache()
batches = list(photos.take(8))
times = []
for step in range(STEPS + 5):
    x, y = batches[step % len(batches)]
    start = time.perf_counter()
    model.train_on_batch(x, y)
    times.append((time.perf_counter() - start) * 1e3)
for _ in photos:
    pass
augment = keras.Sequential(augmentation)
pipeline = photos.map(lambda x, y: (augment(x, training=True), y), num_parallel_calls=tf.data.AUTOTUNE).prefetch(2)
count, start = 0, time.perf_counter()
for x, _ in pipeline:
    count += len(x)
pipeline_rate = count / (time.perf_counter() - start)
print(json.dumps({"ms_a_step": float(np.median(times[5:])), "fastest": min(times[5:]), "pipeline_photos_a_second": pipeline_rate,
                  "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, "version": keras.__version__}))
