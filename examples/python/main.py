"""A pipeline in Python, by the SDK in sdk/python; any program that prints the document is a pipeline just as well."""

import sys
from pathlib import Path

# In a project of your own: pip install gofer-sdk, or the one file that `gofer init --lang python` writes.
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "sdk/python/src"))

from gofer import Pipeline  # noqa: E402

SHARDS = 3

pipeline = Pipeline("python", "Written in Python", description="A loop makes the tasks.")
prepare = pipeline.task("prepare", "busybox:latest", script="echo preparing")
shards = [
    pipeline.task(f"shard-{n}", "busybox:latest", script='echo "testing shard $N"', env={"N": str(n)}, after=prepare)
    for n in range(1, SHARDS + 1)
]
pipeline.task("report", "busybox:latest", script="echo all shards are done", after_any=shards)
pipeline.print()
