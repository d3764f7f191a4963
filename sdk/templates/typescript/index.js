// @ts-check
// The pipeline my-pipeline: `gofer up` runs this file and registers the document that it prints. The comment above lets editors, and
// `npx -p typescript tsc`, check it like TypeScript; under Node.js 22.18 and later it may be renamed to index.ts (in package.json too).
import { Pipeline } from "./gofer.js";

const pipeline = new Pipeline("my-pipeline", { description: "Says hello, checks two things side by side, and reports." });
const who = pipeline.param("who", { default: "world", description: "Who is greeted." });

const hello = pipeline.task("hello", "busybox:latest", { script: 'echo "Hello, $WHO!"', env: { WHO: who } });

// Tasks are objects: one that does not exist cannot be waited for. A loop makes as many as you like.
const checks = ["style", "tests"].map((name) =>
  pipeline.task(`check-${name}`, "busybox:latest", { script: `echo checking ${name}`, after: hello, retry: { maxAttempts: 3 } }));

pipeline.task("report", "busybox:latest", { script: "echo all is well", after: checks });
pipeline.print();
