#!/usr/bin/env bash
# What a GPU says, in under ten minutes, into one folder: fixtures and reference results on it, device cards, training steps.
#
#   bash speed/on_a_gpu.sh OUT            on the first CUDA device, at the sizes of the papers
#   DEVICE=cpu SIZE=64 PATCH=64 BATCH=1 SCALE=mini bash speed/on_a_gpu.sh OUT    the same path on a CPU, to see that it works
#
# Needs the package and its test dependencies in PYTHON (default python). Every part has its own time limit and its own file;
# a part that fails is named at the end, the others stay. Nothing is written outside OUT.
set -u
OUT=${1:?usage: speed/on_a_gpu.sh OUT}
DEVICE=${DEVICE:-cuda} SIZE=${SIZE:-512} PATCH=${PATCH:-128} BATCH=${BATCH:-8} SCALE=${SCALE:-paper} PYTHON=${PYTHON:-python}
REPEATS=${REPEATS:-30} NETWORKS=${NETWORKS:-restormer res-sl uformer ufor-sl drsformer drs-sl mprnet}
cd "$(dirname "$0")/.."
mkdir -p "$OUT"
export PYTHONPATH=$PWD SLKD_BENCH_HOME=$OUT/home
failed=()

part() { # NAME SECONDS COMMAND...: runs it, keeps what it prints
  local name=$1 limit=$2 begun=$SECONDS
  shift 2
  echo "== $name"
  timeout "$limit" "$@" > "$OUT/$name.txt" 2>&1 || failed+=("$name (exit code $?)")
  echo "   $((SECONDS - begun)) s"
}

part versions 60 "$PYTHON" -c "import platform, torch; print(platform.python_version(), torch.__version__, torch.version.cuda);
print(torch.cuda.get_device_name(0) if torch.cuda.is_available() else platform.processor())"
[ "$DEVICE" = cpu ] || part driver 20 nvidia-smi
[ "$DEVICE" = cpu ] || part fixtures 120 "$PYTHON" -m pytest tests -m gpu -q -p no:cacheprovider
part check 90 "$PYTHON" -m benchmark check --fast --device "$DEVICE" -d rain1400
for precision in fp32 bf16; do
  for mode in eager $([ "$DEVICE" = cpu ] || echo graph); do
    # shellcheck disable=SC2086
    part "times-$precision-$mode" 90 "$PYTHON" -m benchmark profile $NETWORKS --scale "$SCALE" --size "$SIZE" --device "$DEVICE" \
      --precision "$precision" --mode "$mode" --repeats "$REPEATS" --save --out "$OUT/costs"
  done
done
for student in res-sl ufor-sl drs-sl; do
  for precision in fp32 bf16; do
    part "step-$student-$precision" 45 "$PYTHON" -m speed.slkd_step --student "$student" --scale "$SCALE" --patch "$PATCH" \
      --batch "$BATCH" --device "$DEVICE" --precision "$precision" --rounds 5 --json
  done
done
part study "$([ "$DEVICE" = cpu ] && echo 300 || echo 60)" "$PYTHON" -m benchmark study plan mini-deraining --device "$DEVICE" --save-times "$OUT/study-times.json"
echo
if [ ${#failed[@]} -gt 0 ]; then
  printf 'failed: %s\n' "${failed[@]}"
  exit 1
fi
echo "everything ran; $OUT holds it"
