#!/usr/bin/env bash
# Builds Petal and runs every test. Closes with a line "N passed, N failed" over all test cases.
#     tests/run.sh                    everything
#     tests/run.sh --preset asan      under the address and undefined-behaviour sanitizers (also: debug, tsan)
#     tests/run.sh --device cuda      what runs on a GPU, on it, beside the CPU; --sanitizer memcheck (racecheck,
#                                     initcheck, synccheck) puts it under compute-sanitizer
#     tests/run.sh io kernels         those test programs alone
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

preset=release
device=cpu
runner=()
folders=()
while [ $# -gt 0 ]; do
  case "$1" in
    --preset) preset=${2:?"--preset needs a name"}; shift 2 ;;
    --device) device=${2:?"--device needs cpu or cuda"}; shift 2 ;;
    --sanitizer) runner=(compute-sanitizer --error-exitcode 1 --tool "${2:?"--sanitizer needs a tool"}"); shift 2 ;;
    -h|--help) sed -n '2,7p' "$0" | cut -c3-; exit 0 ;;
    -*) echo "tests/run.sh: unknown option $1" >&2; exit 2 ;;
    *) folders+=("$1"); shift ;;
  esac
done
case "$device" in
  cpu) [ ${#folders[@]} -gt 0 ] || folders=(engine kernels io models trainer tools bench) ;;
  cuda)
    preset=cuda
    [ ${#folders[@]} -gt 0 ] || folders=(engine kernels models trainer)
    export PETAL_TEST_DEVICE=cuda ;;
  *) echo "tests/run.sh: --device $device is not known; known are cpu, cuda" >&2; exit 2 ;;
esac

bash tools/install_deps.sh
build=build
[ "$preset" = release ] || build=build/$preset
cmake --preset "$preset" -DPETAL_BENCH=ON >"${TMPDIR:-/tmp}/petal_configure.$$" 2>&1 || { cat "${TMPDIR:-/tmp}/petal_configure.$$"; exit 1; }
rm -f "${TMPDIR:-/tmp}/petal_configure.$$"
cmake --build "$build"
[ "$device" = cpu ] || "$build/bin/petal" devices

passed=0 failed=0 broken=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT
for folder in "${folders[@]}"; do
  program=$build/bin/petal_tests_$folder
  [ -x "$program" ] || { echo "tests/run.sh: no test program for '$folder'" >&2; exit 2; }
  echo "== tests/$folder"
  status=0
  "${runner[@]}" "$program" 2>&1 | tee "$log" || status=$?
  summary=$(grep -aE '\[doctest\] test cases:' "$log" | tail -n 1 || true)
  counts=$(sed -E 's/.*test cases: *[0-9]+ *\| *([0-9]+) passed *\| *([0-9]+) failed.*/\1 \2/' <<<"$summary")
  if [[ "$counts" =~ ^[0-9]+\ [0-9]+$ ]]; then
    passed=$((passed + ${counts% *})) failed=$((failed + ${counts#* }))
    [ "$status" -eq 0 ] || [ "${counts#* }" -gt 0 ] || failed=$((failed + 1))
  else
    # A program that died before its summary is a failure that must show.
    echo "tests/$folder ended with status $status and no summary"
    failed=$((failed + 1)) broken=1
  fi
done
echo
if [ "$device" = cuda ] && ! "$build/bin/petal" devices | grep -q "^cuda.*compute capability"; then
  echo "SKIPPED: there is no GPU here; its kernels ran as loops of the host alone"
elif [ "$device" = cuda ] && ! "$build/bin/petal" devices | grep -q "^cuda:1 "; then
  echo "SKIPPED: there is one GPU here; training on several ran as loops of the host alone, and NCCL not at all"
fi
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$broken" -eq 0 ]
