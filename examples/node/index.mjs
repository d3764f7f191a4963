// A pipeline in JavaScript, by the SDK in sdk/typescript; any program that prints the document is a pipeline just as well.
// @ts-check
// In a project of your own: npm install gofer-sdk, or the files that `gofer init --lang typescript` writes.
import { Pipeline } from "../../sdk/typescript/src/gofer.js";

const pipeline = new Pipeline("node", { name: "Written in JavaScript", description: "One build for each service, then a release." });
const builds = ["users", "orders"].map((service) => pipeline.task(`build-${service}`, "busybox:latest", { script: `echo building ${service}` }));
pipeline.task("release", "busybox:latest", { script: "echo releasing", after: builds });
pipeline.print();
