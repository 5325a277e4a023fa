#!/usr/bin/env bash
# Installs what Petal needs, builds it, and does its main job: trains a classifier on a folder of photos, evaluates it and
# names some photos.
#     tools/quickstart.sh [DATA [WEIGHTS]]
# DATA is a folder with a folder of photos a class, WEIGHTS a MobileNetV2 weights file of Keras's (.h5). Without them the
# TensorFlow flower photos and Keras's ImageNet weights are downloaded, where the network allows; where it does not,
# Petal draws flowers itself, and takes tools/quickstart_base, a base that it has trained on other drawn flowers.
set -euo pipefail
start=$PWD
cd "$(dirname "${BASH_SOURCE[0]}")/.."

absolute() { case "$1" in /*) echo "$1" ;; *) echo "$start/$1" ;; esac; }
data=${1:-${DATA:-}} weights=${2:-${WEIGHTS:-}}
[ -z "$data" ] || data=$(absolute "$data")
[ -z "$weights" ] || weights=$(absolute "$weights")
for given in "$data" "$weights"; do
  [ -z "$given" ] || [ -e "$given" ] || { echo "quickstart.sh: $given is not there" >&2; exit 2; }
done

bash tools/install_deps.sh
echo "Building"
cmake --preset release -DPETAL_TESTS=OFF -B build/quickstart >/dev/null
cmake --build build/quickstart
PATH=$PWD/build/quickstart/bin:$PATH

store=${XDG_CACHE_HOME:-$HOME/.cache}/petal/downloads
host=https://storage.googleapis.com
# Fetches a URL into the store; a file is there either whole or not at all.
fetch() {
  local url=$1 file=$store/$2
  [ ! -f "$file" ] || return 0
  mkdir -p "$store"
  curl -fsSL --connect-timeout 5 --speed-time 15 --speed-limit 10000 -o "$file.part" "$url" 2>/dev/null &&
    mv "$file.part" "$file" || { rm -f "$file.part"; return 1; }
}

base=()
if [ -z "$data" ] && [ ! -d "$store/flower_photos" ]; then
  echo "Fetching TensorFlow's flower photos (230 MB)"
  if fetch "$host/download.tensorflow.org/example_images/flower_photos.tgz" flower_photos.tgz; then
    mkdir -p "$store/unpacked"
    tar -xzf "$store/flower_photos.tgz" -C "$store/unpacked" && mv "$store/unpacked/flower_photos" "$store/flower_photos"
  else
    echo "  they cannot be fetched from here"
  fi
fi
[ -n "$data" ] || [ ! -d "$store/flower_photos" ] || data=$store/flower_photos
if [ -z "$weights" ] && [ -n "$data" ]; then
  echo "Fetching Keras's MobileNetV2 weights (9 MB)"
  name=mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5
  if fetch "$host/tensorflow/keras-applications/mobilenet_v2/$name" "$name"; then
    weights=$store/$name
  else
    echo "  they cannot be fetched from here"
  fi
fi
if [ -z "$data" ]; then
  data=build/drawn_flowers
  echo "Drawing flowers to train on instead: $data"
  petal draw-flowers "$data" --photos-per-class 120 --image-size 128
fi
if [ -n "$weights" ]; then
  base=(--weights "$weights")
else
  echo "The base is a small one that Petal has trained on drawn flowers (tools/quickstart_base). On photos it does far less than"
  echo "Keras's ImageNet weights would: fetch those where the network allows, and pass them as the second argument."
  base=(--alpha 0.35 --image-size 96 --weights tools/quickstart_base/mobilenet_v2_0.35_96.h5)
fi

echo
echo "\$ petal train $data --model mobilenet_v2 ${base[*]} --out run --force"
petal train "$data" --model mobilenet_v2 "${base[@]}" --out run --force
echo
mapfile -t photos < <(find -L "$data" -type f \( -iname '*.jpg' -o -iname '*.jpeg' -o -iname '*.png' \) | sort | awk 'NR % 97 == 5' | head -n 3)
echo "\$ petal predict run ${photos[*]} --top 3"
petal predict run "${photos[@]}" --top 3
cat <<EOT

What this did: scanned the photos of $data, split them, ran them through the frozen base of MobileNetV2, trained a new
last layer on the features, measured it on photos that it had not seen, and saved all of it.
  run/report.html   the result to look at       run/model.h5       the classifier, which Keras opens too
  run/metrics.json  the result in numbers       run/split.csv      which photo went where
Next: build/quickstart/bin/petal train YOUR_PHOTOS --model mobilenet_v2 --weights FILE.h5 --out my_run
EOT
