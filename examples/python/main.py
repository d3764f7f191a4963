"""A pipeline in Python without any SDK: a program that prints the document is a pipeline."""

import json

SHARDS = 3


def task(name, script, **members):
    return {"id": name, "image": "busybox:latest", "command": ["sh", "-c", script], **members}


shards = [task(f"shard-{n}", f"echo testing shard {n}", depends_on={"prepare": "success"}) for n in range(1, SHARDS + 1)]
print(json.dumps({
    "id": "python",
    "name": "Written in Python",
    "description": "A loop makes the tasks.",
    "tasks": [
        task("prepare", "echo preparing"),
        *shards,
        task("report", "echo all shards are done", depends_on={shard["id"]: "any" for shard in shards}),
    ],
}, indent=2))
