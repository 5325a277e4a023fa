"""The peer of `petal predict` and `petal train` in Keras, as its own guide to transfer learning does it: a frozen MobileNetV2,
features once, a dense layer on them. Prints one JSON line with the seconds of its stages.

    keras_transfer.py predict WEIGHTS PHOTO
    keras_transfer.py train WEIGHTS_NO_TOP DATA [EPOCHS]
"""
import json
import os
import sys
import time

start = time.time()
os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '3')
threads = int(os.environ.get('THREADS', '2'))
import numpy as np
import tensorflow as tf

tf.config.threading.set_intra_op_parallelism_threads(threads)
tf.config.threading.set_inter_op_parallelism_threads(threads)
import keras

seconds = {'import': time.time() - start}


def stage(name, since):
    seconds[name] = time.time() - since
    return time.time()


def scaled(pixels):
    return pixels / 127.5 - 1.0


def predict(weights, photo):
    now = time.time()
    model = keras.applications.MobileNetV2(weights=weights)
    now = stage('build', now)
    pixels = tf.image.resize(tf.io.decode_image(tf.io.read_file(photo), channels=3, expand_animations=False), (224, 224))
    probabilities = model.predict(scaled(pixels)[None], verbose=0)[0]
    stage('predict', now)
    return {'class': int(np.argmax(probabilities)), 'probability': float(np.max(probabilities))}


def train(weights, data, epochs):
    now = time.time()
    photos = keras.utils.image_dataset_from_directory(data, image_size=(224, 224), batch_size=32, shuffle=False, verbose=0)
    base = keras.applications.MobileNetV2(weights=None, include_top=False, pooling='avg')
    base.load_weights(weights)
    now = stage('load', now)
    features, labels = [], []
    for x, y in photos.prefetch(tf.data.AUTOTUNE):
        features.append(base.predict_on_batch(scaled(x)))
        labels.append(y.numpy())
    features, labels = np.concatenate(features), np.concatenate(labels)
    now = stage('features', now)
    order = np.random.RandomState(1).permutation(len(labels))
    test, validation, rest = np.split(order, [len(order) // 10, len(order) // 5])
    head = keras.Sequential([keras.layers.Dropout(0.2), keras.layers.Dense(len(photos.class_names), activation='softmax')])
    head.compile(optimizer='adam', loss='sparse_categorical_crossentropy', metrics=['accuracy'])
    head.fit(features[rest], labels[rest], validation_data=(features[validation], labels[validation]), epochs=epochs,
             batch_size=32, verbose=0)
    now = stage('train', now)
    accuracy = head.evaluate(features[test], labels[test], verbose=0)[1]
    stage('evaluate', now)
    return {'accuracy': float(accuracy)}


if sys.argv[1] == 'predict':
    result = predict(sys.argv[2], sys.argv[3])
else:
    result = train(sys.argv[2], sys.argv[3], int(sys.argv[4]) if len(sys.argv) > 4 else 30)
seconds['total'] = time.time() - start
print(json.dumps({**result, 'seconds': seconds}))
