"""Prints sdk/full.json by the SDK."""

from datetime import timedelta

from gofer import FAILURES, Concurrency, Pipeline, RegistryAuth, Retry

pipeline = Pipeline(
    "full",
    "Everything that a document may have",
    description="Each SDK prints this document; a test compares them.",
    labels={"team": "data", "env": "prod"},
    parallelism=2,
    on_limit="cancel_oldest",
    timeout=timedelta(hours=2, minutes=30),
    priority=-5,
)
region = pipeline.param("region", default="eu", choices=["eu", "us"], description="Whose rows.")
rows = pipeline.param("rows", int, default=3)
pipeline.param("ratio", float, default=0.5, choices=[0.25, 0.5])
pipeline.param("dry", bool, default=False)
note = pipeline.param("note", default="")
pipeline.param("day")
extract = pipeline.task(
    "extract",
    "ubuntu:24.04",
    description="Größe → 日本",
    registry_auth=RegistryAuth(note, "pipeline_secret{{registry}}"),
    env={"ROWS": rows, "REGION": region, "A": 'b "c"\n'},
    entrypoint=["/entry"],
    command=["./extract.sh", "--all"],
    working_dir="/work",
    user="1000",
    inject_api_token=True,
    always_pull=True,
    cpu="500m",
    memory="256Mi",
    timeout=timedelta(seconds=90),
    allow_failure=True,
    retry=Retry(5, initial_delay=timedelta(milliseconds=1500), factor=3, max_delay="1m", on=FAILURES, exit_codes=[1, 75]),
    concurrency=Concurrency(f"db-{region}-matrix{{{{shard}}}}", 2),
    matrix={"shard": range(1, 3), "os": ["linux"]},
)
load = pipeline.task("load", "busybox:latest", after=extract, script="""
    if true; then
      echo yes
    fi
    """)
clean = pipeline.task("clean", "busybox:latest", after_failure_of=[extract], retry=Retry(2, factor=2))
pipeline.task("report", "busybox:latest", after=load, after_any=[extract, clean], memory="1Gi")
pipeline.print()
