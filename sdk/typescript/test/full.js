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
pipeline.task("report", "busybox:latest", { after: load, afterAny: [extract, clean], memory: "1Gi" });
pipeline.print();
