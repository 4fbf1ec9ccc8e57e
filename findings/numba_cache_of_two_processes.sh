#!/usr/bin/env bash
# numba 0.68.1, cache=True: two processes that compile one function at the same time, for other types, leave a
# cache from which later processes get the machine code for the wrong types: f(2.5) is 4, without a word.
#
# A good engineer guesses that a cache made for many processes is written so that the worst case is to compile
# again. The index is replaced in one step, but which file belongs to which types is a number counted up from
# the index as it was read: two processes that read it before either wrote it both take number 1. The last index
# names it for its own types, the last data are the other's, and whoever loads them does not compare the types
# they were compiled for with those that were asked for. It lasts until the source changes.
#
# Here one process waits at the two places where the order matters; without any waiting it was seen, too (1 of 6
# pairs of processes on two busy cores). Whoever lets processes compile at once gives the files names by chance,
# compiles before the processes begin, or gives each a NUMBA_CACHE_DIR of its own.
#
# Runs without geoseg; fails if the behaviour changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check numba==0.68.1 llvmlite==0.50.0 numpy==2.4.6
cat > "$folder/twice.py" <<'PY'
import numba


@numba.njit(cache=True)
def f(x):
    return x * 2
PY
cat > "$folder/first.py" <<'PY'
"""Call f with an int or a float, in step with another process that does the other."""
import sys
import time
from pathlib import Path

from numba.core.caching import IndexDataCacheFile

import twice

kind, steps = sys.argv[1], Path(sys.argv[2])
save_index, save_data = IndexDataCacheFile._save_index, IndexDataCacheFile._save_data


def reached(step):
    (steps / step).touch()


def wait_for(step):
    end = time.monotonic() + 60
    while not (steps / step).exists() and time.monotonic() < end:
        time.sleep(0.01)


def index_in_step(self, overloads):
    reached(f"{kind} has read")
    wait_for("float has read" if kind == "int" else "int wrote index")
    save_index(self, overloads)
    reached(f"{kind} wrote index")


def data_in_step(self, name, data):
    if kind == "int":
        wait_for("float wrote data")
    save_data(self, name, data)
    reached(f"{kind} wrote data")


IndexDataCacheFile._save_index, IndexDataCacheFile._save_data = index_in_step, data_in_step
print(kind, "process:", twice.f(2 if kind == "int" else 2.5))
PY
export NUMBA_CACHE_DIR="$folder/cache"
mkdir "$folder/steps"
cd "$folder"
env/bin/python first.py int "$folder/steps" &
env/bin/python first.py float "$folder/steps"
wait $!
cat > third.py <<'PY'
import numba
import twice

print("numba", numba.__version__)
found = twice.f(2.5)
print("third process: f(2.5) =", found, "loaded for", list(twice.f.stats.cache_hits))
assert found != 5.0, "not seen: the right code is loaded, or compiled again"
print("seen: a cache that two processes wrote gives the code for int64 to whoever asks for float64")
PY
env/bin/python third.py
