#!/usr/bin/env bash
# Installs all that Petal's build, tests and quickstart need, on Debian 12 or later; with sudo where it is not root. Does
# nothing where everything is there already, so it also works offline then.
set -euo pipefail

packages=(
  g++ cmake ninja-build pkg-config ccache   # the build
  ca-certificates curl                      # optional downloads of the quickstart
  libdnnl-dev                               # oneDNN: the CPU kernels
  libhdf5-dev zlib1g-dev libzip-dev         # Keras's files
  libjpeg62-turbo-dev libpng-dev libwebp-dev  # photos
  nlohmann-json3-dev                        # Keras configs, metrics.json
  libcli11-dev libfmt-dev                   # command line, text
  libprotobuf-dev protobuf-compiler         # TensorBoard's events, ONNX models
  libonnx-dev                               # the schema of ONNX models
  libxxhash-dev                             # cache keys
  doctest-dev                               # tests
  libbenchmark-dev                          # benchmarks of operations and layers
)

missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

command -v apt-get >/dev/null || {
  echo "install_deps.sh: this is not Debian; install these packages by your own means: ${missing[*]}" >&2
  exit 1
}
root=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || { echo "install_deps.sh: run it as root, or install sudo" >&2; exit 1; }
  root=(sudo)
fi
echo "Installing ${missing[*]}"
"${root[@]}" apt-get update -q
"${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends "${missing[@]}"
