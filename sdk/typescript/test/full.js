// Prints sdk/full.json by the SDK.
// @ts-check
import { failures, Pipeline } from "gofer-sdk";

const pipeline = new Pipeline("full", {
  name: "Everything that a document may have",
  description: "Each SDK prints this document; a test compares them.",
  labels: { team: "data", env: "prod" },
  parallelism: 2,
  onLimit: "cancel_oldest",
  timeout: "2h30m",
  priority: -5,
});
const region = pipeline.param("region", { default: "eu", choices: ["eu", "us"], description: "Whose rows." });
const rows = pipeline.param("rows", { type: "int", default: 3 });
pipeline.param("ratio", { type: "number", default: 0.5, choices: [0.25, 0.5] });
pipeline.param("dry", { type: "bool", default: false });
const note = pipeline.param("note", { default: "" });
pipeline.param("day");
pipeline.trigger("at-night", "cron", {
  expression: "30 2 * * *", zone: "Europe/Berlin", dst: "once", catchUp: "all", jitter: 30_000, overlap: "queue_one", enabled: false,
  params: { day: "2027-01-01", rows: 5, ratio: 0.25, dry: true },
});
pipeline.trigger("often", "interval", { every: 15 * 60_000, anchor: "2027-01-01T00:00:00+00:00", version: 1 });
pipeline.trigger("hook", "webhook", {
  signature: { secret: "pipeline_secret{{hook}}", scheme: "hmac", tolerance: "1m", header: "X-Sign", algorithm: "sha512", encoding: "base64", prefix: "v1=", timestampHeader: "X-Time" },
  dedupe: { pointer: "/id", window: "1h" },
  filter: [
    { pointer: "/kind", equals: "load" }, { header: "X-Kind", notEquals: "test" }, { pointer: "/branch", in: ["main", "next"] },
    { pointer: "/tag", matches: "^v[0-9]+$" }, { pointer: "/deleted", exists: false },
  ],
  params: { day: { pointer: "/day", default: "today" }, note: { header: "X-Note" } },
});
pipeline.trigger("other-hook", "webhook", { dedupe: { header: "X-Id" }, params: { day: "today" } });
pipeline.trigger("push", "github", {
  secret: "pipeline_secret{{github}}", events: ["push", "pull_request/opened,synchronize"], branches: ["main", "release/*"], repository: "owner/*", params: { day: "today" },
});
pipeline.trigger("after-extract", "pipeline", { pipeline: "extract", namespace: "team-data", on: ["succeeded", "failed"], params: { day: { pointer: "/run" } } });
pipeline.trigger("tick", "extension", { extension: "ticker", with: { every_ms: "1000", key: "namespace_secret{{ticker}}" }, params: { day: "today" } });
pipeline.notification("oncall", "namespace_secret{{hook}}", ["failed", "longer_than"], { secret: "namespace_secret{{hook-key}}", longerThan: "1h", enabled: false });
pipeline.notification("channel", "https://hooks.example.org/services/x", ["recovered"], { type: "slack" });
const extract = pipeline.task("extract", "ubuntu:24.04", {
  description: "Größe → 日本",
  registryAuth: { user: note, pass: "pipeline_secret{{registry}}" },
  env: { ROWS: rows, REGION: region, A: 'b "c"\n' },
  entrypoint: ["/entry"],
  command: ["./extract.sh", "--all"],
  workingDir: "/work",
  user: "1000",
  injectApiToken: true,
  alwaysPull: true,
  cpu: "500m",
  memory: "256Mi",
  timeout: 90_000,
  allowFailure: true,
  retry: { maxAttempts: 5, initialDelay: 1500, factor: 3, maxDelay: "1m", on: failures, exitCodes: [1, 75] },
  concurrency: { key: `db-${region}-matrix{{shard}}`, limit: 2 },
  matrix: { shard: [1, 2], os: ["linux"] },
});
const load = pipeline.task("load", "busybox:latest", {
  after: extract,
  script: `
    if true; then
      echo yes
    fi
  `,
});
const clean = pipeline.task("clean", "busybox:latest", { afterFailureOf: [extract], retry: { maxAttempts: 2, factor: 2 } });
const report = pipeline.task("report", "busybox:latest", { after: load, afterAny: [extract, clean], memory: "1Gi" });
pipeline.uses("lint", "lint@2.1", {
  after: report, env: { A: "b" }, timeout: "1m", with: { path: `src/${region}`, depth: 3, fast: true, ratio: 0.5, rows, token: "pipeline_secret{{lint}}" },
});
pipeline.print();
