"""The pipeline my-pipeline: `gofer up` runs this file and registers the document that it prints."""

from gofer import Pipeline, Retry

pipeline = Pipeline("my-pipeline", description="Says hello, checks two things side by side, and reports.")
who = pipeline.param("who", default="world", description="Who is greeted.")

hello = pipeline.task("hello", "busybox:latest", script='echo "Hello, $WHO!"', env={"WHO": who})

# Tasks are objects: one that does not exist cannot be waited for. A loop makes as many as you like.
checks = [
    pipeline.task(f"check-{name}", "busybox:latest", script=f"echo checking {name}", after=hello, retry=Retry(3))
    for name in ("style", "tests")
]

pipeline.task("report", "busybox:latest", script="echo all is well", after=checks)
pipeline.print()
