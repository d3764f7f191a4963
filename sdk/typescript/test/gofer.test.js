// What the SDK writes and what it refuses; `npm test` runs it.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { conditions, failures, onLimits, paramTypes, Pipeline, triggers } from "gofer-sdk";

const read = (path) => JSON.parse(readFileSync(new URL(`../../../${path}`, import.meta.url), "utf8"));
const words = (schema) => schema.anyOf.find((choice) => choice.enum).enum;

test("the full document is the one that every SDK prints", () => {
  const printed = execFileSync(process.execPath, [fileURLToPath(new URL("full.js", import.meta.url))], { encoding: "utf8" });
  assert.deepEqual(JSON.parse(printed), read("sdk/full.json"));
});

test("the words are the schema's", () => {
  const schema = read("docs/schemas/pipeline.v1.json");
  assert.deepEqual(onLimits, words(schema.properties.on_limit));
  assert.deepEqual(conditions, words(schema.$defs.condition));
  assert.deepEqual(Object.keys(triggers), words(schema.$defs.trigger.properties.type));
  assert.deepEqual(paramTypes, words(schema.$defs.param.properties.type));
  assert.deepEqual(failures, words(schema.$defs.task.properties.retry.properties.on.items));
  for (const onLimit of onLimits) assert.equal(JSON.parse(new Pipeline("p", { onLimit }).toJson()).on_limit ?? "queue", onLimit);
});

test("what asks for nothing is left away", () => {
  const pipeline = new Pipeline("p");
  pipeline.task("t", "i");
  assert.deepEqual(JSON.parse(pipeline.toJson()), { id: "p", name: "p", tasks: [{ id: "t", image: "i" }] });
});

test("print writes JSON and a line end", () => {
  let written = "";
  new Pipeline("p", { name: "Größe" }).print({ write: (text) => (written += text) });
  assert.ok(written.endsWith("\n"));
  assert.equal(JSON.parse(written).name, "Größe");
});

test("durations are written as the document has them", () => {
  for (const [given, written] of [[129_600_000, "1d12h"], [100, "100ms"], ["1.5h", "1.5h"]]) {
    assert.equal(JSON.parse(new Pipeline("p", { timeout: given }).toJson()).timeout, written);
  }
});

test("mistakes are refused where they are written", () => {
  const pipeline = new Pipeline("p");
  const task = pipeline.task("t", "i");
  const param = pipeline.param("x", { type: "int" });
  for (const id of ["", "a b", "-a", "ä", "a\n", "x".repeat(64)]) {
    assert.throws(() => new Pipeline(id), /no valid id/);
    assert.throws(() => pipeline.task(id, "i"), /no valid id/);
  }
  for (const [action, message] of [
    [() => pipeline.task("t", "i"), /a task 't' already/],
    [() => pipeline.param("x"), /a parameter 'x' already/],
    [() => pipeline.task("u", "i", { comand: ["ls"] }), /There is no 'comand'/],
    [() => pipeline.task("u", "i", { after: ["t"] }), /name the task itself/],
    [() => pipeline.task("u", "i", { after: new Pipeline("q").task("t", "i") }), /another pipeline/],
    [() => pipeline.task("u", "i", { after: task, afterAny: task }), /in two ways/],
    [() => pipeline.param("y", { default: "c", choices: ["a", "b"] }), /none of its choices/],
    [() => pipeline.param("y", { type: "int", default: 1.5 }), /and 1.5 is none/],
    [() => pipeline.param("y", { type: "list" }), /one of string, int/],
    [() => new Pipeline("q").task("t", "i", { env: { A: param } }), /another pipeline/],
    [() => pipeline.task("u", "i", { env: { GOFER_X: "1" } }), /cannot be a variable/],
    [() => pipeline.task("u", "i", { env: { A: 1 } }), /must be a string/],
    [() => pipeline.task("u", "i", { command: "ls" }), /list of strings/],
    [() => pipeline.task("u", "i", { command: ["ls"], script: "ls" }), /one of them/],
    [() => pipeline.task("u", "i", { timeout: "soon" }), /"90s" or "1h30m"/],
    [() => pipeline.task("u", "i", { timeout: 31 * 86_400_000 }), /must be from/],
    [() => pipeline.task("u", "i", { retry: { maxAttempts: 101 } }), /from 1 to 100/],
    [() => pipeline.task("u", "i", { retry: { maxAttempts: 2, factor: 11 } }), /from 1 to 10/],
    [() => pipeline.task("u", "i", { retry: { maxAttempts: 2, on: ["boredom"] } }), /one of exit_code/],
    [() => pipeline.task("u", "i", { retry: { maxAttempts: 2, exitCodes: [0] } }), /from 1 to 255/],
    [() => pipeline.task("u", "i", { concurrency: { key: "", limit: 1 } }), /1 to 255 characters/],
    [() => pipeline.task("u", "i", { concurrency: { key: "k", limit: 0 } }), /from 1 to/],
    [() => pipeline.task("u", "i", { matrix: { shard: [] } }), /needs values/],
    [() => pipeline.task("u", "i", { matrix: { shard: "123" } }), /one string/],
    [() => pipeline.task("u", "i", { matrix: { "a-b": ["1"] } }), /cannot be a member/],
    [() => new Pipeline("q", { priority: 101 }), /must be from/],
    [() => new Pipeline("q", { parallelism: -1 }), /must be from/],
    [() => new Pipeline("q", { onLimit: "wait" }), /must be one of/],
    [() => new Pipeline("q", { labels: { a: 1 } }), /must be a string/],
    [() => new Pipeline("q", { lables: {} }), /There is no 'lables'/],
  ]) assert.throws(action, { message });
  assert.deepEqual(pipeline.tasks.map((t) => t.id), ["t"]);
});

test("triggers and notifications", () => {
  const pipeline = new Pipeline("q");
  assert.equal("triggers" in pipeline.toJSON(), false);
  pipeline.noTriggers().noNotifications();
  assert.deepEqual(JSON.parse(pipeline.toJson()).triggers, []);
  assert.deepEqual(JSON.parse(pipeline.toJson()).notifications, []);
  pipeline.trigger("a", "interval", { every: 90 * 60_000 });
  assert.deepEqual(JSON.parse(pipeline.toJson()).triggers, [{ id: "a", type: "interval", every: "1h30m" }]);
  for (const [action, message] of [
    [() => pipeline.trigger("a", "webhook", {}), /has a trigger 'a' already/],
    [() => pipeline.trigger("b", "webhook", { zone: "UTC" }), /There is no 'zone' in a trigger of the type 'webhook'/],
    [() => pipeline.trigger("b", "alarm", {}), /one of cron, interval/],
    [() => pipeline.notification("n", "https://example.org", ["failed"], { longer: "1h" }), /There is no 'longer'/],
  ]) assert.throws(action, { message });
});
