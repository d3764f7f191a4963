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
pipeline.trigger(
    "at-night", "cron", expression="30 2 * * *", zone="Europe/Berlin", dst="once", catch_up="all", jitter=timedelta(seconds=30), overlap="queue_one", enabled=False,
    params={"day": "2027-01-01", "rows": 5, "ratio": 0.25, "dry": True},
)
pipeline.trigger("often", "interval", every=timedelta(minutes=15), anchor="2027-01-01T00:00:00+00:00", version=1)
pipeline.trigger(
    "hook", "webhook",
    signature={"secret": "pipeline_secret{{hook}}", "scheme": "hmac", "tolerance": timedelta(minutes=1), "header": "X-Sign", "algorithm": "sha512", "encoding": "base64", "prefix": "v1=", "timestamp_header": "X-Time"},
    dedupe={"pointer": "/id", "window": "1h"},
    filter=[
        {"pointer": "/kind", "equals": "load"}, {"header": "X-Kind", "not_equals": "test"}, {"pointer": "/branch", "in": ["main", "next"]},
        {"pointer": "/tag", "matches": "^v[0-9]+$"}, {"pointer": "/deleted", "exists": False},
    ],
    params={"day": {"pointer": "/day", "default": "today"}, "note": {"header": "X-Note"}},
)
pipeline.trigger("other-hook", "webhook", dedupe={"header": "X-Id"}, params={"day": "today"})
pipeline.trigger(
    "push", "github", secret="pipeline_secret{{github}}", events=["push", "pull_request/opened,synchronize"], branches=["main", "release/*"], repository="owner/*",
    params={"day": "today"},
)
pipeline.trigger("after-extract", "pipeline", pipeline="extract", namespace="team-data", on=["succeeded", "failed"], params={"day": {"pointer": "/run"}})
pipeline.trigger("tick", "extension", extension="ticker", params={"day": "today"}, **{"with": {"every_ms": "1000", "key": "namespace_secret{{ticker}}"}})
pipeline.notification("oncall", "namespace_secret{{hook}}", ["failed", "longer_than"], secret="namespace_secret{{hook-key}}", longer_than=timedelta(hours=1), enabled=False)
pipeline.notification("channel", "https://hooks.example.org/services/x", ["recovered"], type="slack")
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
report = pipeline.task("report", "busybox:latest", after=load, after_any=[extract, clean], memory="1Gi")
pipeline.uses(
    "lint", "lint@2.1", after=report, env={"A": "b"}, timeout="1m",
    inputs={"path": f"src/{region}", "depth": 3, "fast": True, "ratio": 0.5, "rows": rows, "token": "pipeline_secret{{lint}}"},
)
pipeline.print()
