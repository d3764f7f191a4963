// A shared task for Gofer that is a service: `lint`, which pretends to look at a file. It keeps to proto/gofer/task/v1.
// GOFER_TASK_TOKEN=… [GOFER_TASK_LISTEN=HOST:PORT] node task.mjs
import { createHash, timingSafeEqual } from "node:crypto";
import { EventEmitter, once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import grpc from "@grpc/grpc-js";
import loader from "@grpc/proto-loader";

const { GOFER_TASK_TOKEN: token, GOFER_TASK_LISTEN: address = "127.0.0.1:7445" } = process.env;
if (!token) {
  console.error("Usage: GOFER_TASK_TOKEN=… [GOFER_TASK_LISTEN=HOST:PORT] node task.mjs");
  process.exit(2);
}

const protos = fileURLToPath(new URL("../../proto", import.meta.url));
const definition = loader.loadSync("gofer/task/v1/task.proto", { includeDirs: [protos], keepCase: true, longs: Number, defaults: true, oneofs: true });
const { TaskService } = grpc.loadPackageDefinition(definition).gofer.task.v1;

class Refusal extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

const invalid = (what) => new Refusal(grpc.status.INVALID_ARGUMENT, what);

// The work itself: what it says goes to the output, and what it answers is the exit code. Told to end, it ends.
async function lint({ path, sleep_ms: ms, fail }, say, signal) {
  say("stdout", `linting ${path}\n`);
  await sleep(Number(ms), undefined, { signal });
  if (fail === "true") say("stderr", `${path}: 1 problem\n`);
  else say("stdout", "no problems\n");
  return fail === "true" ? 1 : 0;
}

// What would never start is refused at once, before it has begun.
function prepared({ path, sleep_ms = "0", fail = "false" }) {
  if (!path) throw invalid("The input 'path' is missing.");
  if (!/^\d{1,8}$/.test(sleep_ms)) throw invalid("The input 'sleep_ms' must be a whole number of milliseconds, at most 99999999.");
  return { path, sleep_ms, fail };
}

// Attempts by name. One that ended stays with its end, and one that was forgotten stays as a name, for an hour: a name is never started twice.
const attempts = new Map();
const hour = 3_600_000;

class Attempt extends EventEmitter {
  stdout = Buffer.alloc(0);
  stderr = Buffer.alloc(0);
  started = now();
  stop = new AbortController();
  end = null;

  // A real one keeps its output in a file: here it is held in memory.
  say(stream, text) {
    if (this.end) return;
    this[stream] = Buffer.concat([this[stream], Buffer.from(text)]);
    this.emit("more");
  }

  finish(exit_code, message = "") {
    if (this.end) return;
    this.end = { exit_code, message, ended_at: now() };
    this.emit("more");
  }
}

function now() {
  const at = Date.now();
  return { seconds: Math.floor(at / 1000), nanos: (at % 1000) * 1e6 };
}

function keep(name, attempt) {
  attempts.set(name, attempt);
  setTimeout(() => attempts.get(name) === attempt && (attempt?.end ?? true) && attempts.delete(name), hour).unref();
}

function start({ attempt: name, task, inputs }) {
  if (!/^[a-z0-9-]{1,63}$/.test(name)) throw invalid("The attempt has no name of Gofer's.");
  if (attempts.has(name)) return { started_at: attempts.get(name)?.started };
  if (task !== "lint") throw new Refusal(grpc.status.NOT_FOUND, "Only lint is served here.");
  const given = prepared(inputs);
  const attempt = new Attempt().setMaxListeners(0);
  attempts.set(name, attempt);
  lint(given, (stream, text) => attempt.say(stream, text), attempt.stop.signal)
    .then((code) => attempt.finish(code), (e) => (e.name === "AbortError" ? attempt.finish(143, "It was cancelled.") : attempt.finish(1, "The task failed.")))
    .then(() => keep(name, attempt));
  return { started_at: attempt.started };
}

function cancel({ attempt: name, grace_seconds: grace }) {
  const attempt = attempts.get(name);
  if (attempt) {
    attempt.stop.abort();
    setTimeout(() => attempt.finish(137, "It did not end within its grace."), grace * 1000).unref();
  } else if (!attempts.has(name)) {
    // It may be on its way: its Start finds that it has ended.
    const never = new Attempt();
    never.finish(143, "It was cancelled before it began.");
    keep(name, never);
  }
  return {};
}

function forget({ attempt: name }) {
  attempts.get(name)?.stop.abort();
  keep(name, null);
  return {};
}

async function* watch({ attempt: name, stdout_offset, stderr_offset }, signal) {
  const attempt = attempts.get(name);
  if (!attempt) throw new Refusal(grpc.status.NOT_FOUND, "There is no such attempt.");
  const at = { stdout: stdout_offset, stderr: stderr_offset };
  yield { started_at: attempt.started };
  for (;;) {
    // Looked at before the output: what was written before the end is sent before it.
    const { end } = attempt;
    for (const [stream, number] of [["stdout", 1], ["stderr", 2]]) {
      for (let data; (data = attempt[stream].subarray(at[stream], at[stream] + 65536)).length > 0; at[stream] += data.length) {
        yield { output: { stream: number, data } };
      }
    }
    if (end) return yield { end };
    if (attempt.end || ["stdout", "stderr"].some((s) => attempt[s].length > at[s])) continue;
    const news = await once(attempt, "more", { signal: AbortSignal.any([signal, AbortSignal.timeout(10_000)]) }).catch(() => null);
    if (signal.aborted) return;
    if (!news) yield {}; // still running
  }
}

const digest = (text) => createHash("sha256").update(text).digest();
const expected = digest(`Bearer ${token}`);

function letIn(metadata) {
  if (!timingSafeEqual(digest(String(metadata.get("authorization")[0] ?? "")), expected)) throw new Refusal(grpc.status.UNAUTHENTICATED, "The token is another one.");
}

// Only what this program says itself is told: what a library throws might quote an input.
function failure(e) {
  if (e instanceof Refusal) return { code: e.code, details: e.message };
  console.error(`failed: ${e?.code ?? e?.name}`);
  return { code: grpc.status.UNAVAILABLE, details: "The service failed." };
}

function answered(method) {
  return (call, answer) => {
    try {
      letIn(call.metadata);
      answer(null, method(call.request));
    } catch (e) {
      answer(failure(e));
    }
  };
}

async function streamed(call) {
  const gone = new AbortController();
  call.on("cancelled", () => gone.abort());
  try {
    letIn(call.metadata);
    for await (const message of watch(call.request, gone.signal)) {
      // A reader may be slow: nothing more is sent before it took what it has.
      if (!call.write(message)) await once(call, "drain", { signal: gone.signal });
    }
    call.end();
  } catch (e) {
    if (!gone.signal.aborted) call.emit("error", failure(e));
  }
}

const server = new grpc.Server({ "grpc.max_receive_message_length": 4 << 20 });
server.addService(TaskService.service, { Start: answered(start), Watch: streamed, Cancel: answered(cancel), Forget: answered(forget) });
server.bindAsync(address, grpc.ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  console.log(`listening at ${address.replace(/:\d+$/, `:${port}`)}`);
});
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(0));
