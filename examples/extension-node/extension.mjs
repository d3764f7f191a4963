// An extension of Gofer: a ticker, which sends an event every so many milliseconds. It keeps to proto/gofer/extension/v1 and keeps nothing on disk.
// GOFER_EXTENSION_TOKEN=… GOFER_EXTENSION_LISTEN=HOST:PORT node extension.mjs
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { fileURLToPath } from "node:url";
import grpc from "@grpc/grpc-js";
import loader from "@grpc/proto-loader";

const { GOFER_EXTENSION_TOKEN: token, GOFER_EXTENSION_LISTEN: address } = process.env;
if (!token || !address) {
  console.error("Usage: GOFER_EXTENSION_TOKEN=… GOFER_EXTENSION_LISTEN=HOST:PORT node extension.mjs");
  process.exit(2);
}

const protos = ["../../proto", "../../proto/third_party"].map((p) => fileURLToPath(new URL(p, import.meta.url)));
const form = { includeDirs: protos, keepCase: true, longs: Number, enums: String, defaults: true, oneofs: true };
const load = (file) => grpc.loadPackageDefinition(loader.loadSync(file, form));
const { Extension } = load("gofer/extension/v1/extension.proto").gofer.extension.v1;
const { Health } = load("grpc/health/v1/health.proto").grpc.health.v1;

const about = {
  name: "ticker",
  version: "1.0.0",
  documentation: "Sends an event every `every_ms` milliseconds, and one for each JSON object that is posted to its URL. `x-subscription` names whose event that is.",
  params: [{ name: "every_ms", type: "PARAMETER_TYPE_INT", required: true, documentation: "How often, in milliseconds; at least 50." }],
  external_events: true,
};

const most = 1000; // of what was missed, the newest so many are made up for
const subscriptions = new Map();

function problems({ every_ms: every }) {
  if (every === undefined) return [{ param: "every_ms", message: "It is missing: how many milliseconds lie between two ticks?" }];
  if (!/^\d{1,12}$/.test(every) || Number(every) < 50) return [{ param: "every_ms", message: "It must be a whole number of milliseconds, at least 50." }];
  return [];
}

// A tick's number says when it is, so the cursor of the last that Gofer kept is all that must be known.
function subscribe({ subscription: { id, params }, cursor, since }) {
  const wrong = problems(params);
  if (wrong.length > 0) return { problems: wrong };
  const every = Number(params.every_ms);
  const last = cursor ? Number(cursor) : Math.floor((since ? since.seconds * 1000 + since.nanos / 1e6 : Date.now()) / every);
  const old = subscriptions.get(id);
  // What somebody posted has no cursor: it stays until it is acknowledged.
  const posted = old ? unacknowledged(old).filter((e) => e.stored) : [];
  // A cursor of the future is that of a slower rhythm, before every_ms was changed.
  subscriptions.set(id, { every, next: Math.min(last, Math.floor(Date.now() / every)) + 1, waiting: posted, sent: new Map() });
  pump();
  return {};
}

function unsubscribe({ subscription_id: id }) {
  const gone = subscriptions.get(id);
  subscriptions.delete(id);
  if (gone) for (const e of unacknowledged(gone)) e.stored?.();
  return {};
}

// Answers once Gofer has stored the events: if this dies before, the same request comes again.
async function handleExternalEvent({ id, headers, body }) {
  const data = objectOf(body);
  const named = headers["x-subscription"];
  const wanted = [...subscriptions].filter(([subscription]) => data && (named === undefined || named === subscription));
  const stored = wanted.map(([subscription_id, of]) => new Promise((done) => {
    const event = { subscription_id, id: `external-${id}`, data, stored: done };
    // It may come a second time before the first is stored.
    const twin = unacknowledged(of).find((e) => e.id === event.id);
    if (!twin) return of.waiting.push(event);
    const { stored: before } = twin;
    twin.stored = () => (before(), done());
  }));
  pump();
  await Promise.all(stored);
  return {};
}

const unacknowledged = (of) => [...of.sent.values(), ...of.waiting];

// The JSON object, as Gofer takes it, or null. Anybody may have posted it, and an event that cannot be would end the Watch, each time anew.
function objectOf(body) {
  const clean = (v) => typeof v !== "string" || (!v.includes("\0") && v.isWellFormed());
  const fits = (v, levels) => clean(v) && (typeof v !== "object" || v === null || (levels > 0 && Object.entries(v).every(([k, m]) => clean(k) && fits(m, levels - 1))));
  try {
    const value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
    const text = Buffer.from(JSON.stringify(value));
    return typeof value === "object" && value && !Array.isArray(value) && fits(value, 64) && text.length <= 1 << 20 ? text : null;
  } catch {
    return null;
  }
}

function due(id, of) {
  if (of.waiting.length > 0) return of.waiting.shift();
  const now = Math.floor(Date.now() / of.every);
  of.next = Math.max(of.next, now - most + 1);
  if (of.next > now) return null;
  const tick = of.next++;
  const at = new Date(tick * of.every);
  const time = { seconds: Math.floor(at / 1000), nanos: (at % 1000) * 1e6 };
  return { subscription_id: id, id: `${tick}`, cursor: `${tick}`, time, data: Buffer.from(JSON.stringify({ tick, time: at.toISOString() })) };
}

// The Watch that is on, and how many events it may still send.
let current = null;
let timer;

// Sends what is due, one of each subscription in turn, as long as the window has room; and comes again when the next is due.
function pump() {
  clearTimeout(timer);
  for (let some = true; some; ) {
    some = false;
    for (const [id, of] of subscriptions) {
      if (!(current?.room > 0)) return;
      const event = due(id, of);
      if (!event) continue;
      of.sent.set(event.id, event);
      current.room--;
      current.call.write({ event });
      some = true;
    }
  }
  const soon = Math.min(...[...subscriptions.values()].map((of) => of.next * of.every));
  if (soon < Infinity) timer = setTimeout(pump, Math.min(Math.max(soon - Date.now(), 1), 60_000));
}

function acknowledge({ subscription_id: id, event_id: event }) {
  const of = subscriptions.get(id);
  if (!of) return;
  unacknowledged(of).find((e) => e.id === event)?.stored?.();
  of.sent.delete(event);
  of.waiting = of.waiting.filter((e) => e.id !== event);
}

function watch(call) {
  if (!enter(call)) return call.emit("error", refusal);
  const mine = { call, room: 0 };
  call.on("data", ({ start, ack }) => {
    if (start) {
      current?.call.end();
      current = mine;
      mine.room = start.window;
      // What was sent and not acknowledged goes first, again.
      for (const of of subscriptions.values()) [of.waiting, of.sent] = [unacknowledged(of), new Map()];
    }
    for (const ref of ack?.events ?? []) {
      acknowledge(ref);
      mine.room++;
    }
    pump();
  });
  const over = () => ((current = current === mine ? null : current), call.end());
  call.on("end", over).on("cancelled", over).on("error", over);
}

const mac = (text) => createHmac("sha256", token).update(text).digest("hex");
const digest = (text) => createHash("sha256").update(text).digest();
const caller = digest(`Bearer ${mac("gofer.extension.v1 call")}`);
const refusal = { code: grpc.status.UNAUTHENTICATED, details: "Only Gofer is answered." };

// Whether Gofer calls; it is shown at once that this extension answers.
function enter(call) {
  if (!timingSafeEqual(digest(String(call.metadata.get("authorization")[0] ?? "")), caller)) return false;
  const proof = new grpc.Metadata();
  proof.set("gofer-proof", mac(`gofer.extension.v1 proof ${call.metadata.get("gofer-nonce")[0] ?? ""}`));
  call.sendMetadata(proof);
  return true;
}

const answered = (method) => async (call, answer) => {
  if (!enter(call)) return answer(refusal);
  try {
    answer(null, await method(call.request));
  } catch (e) {
    console.error(`failed: ${e?.code ?? e?.name}`); // not the message: it may quote a parameter
    answer({ code: grpc.status.INTERNAL, details: "The extension failed." });
  }
};

function shutdown() {
  setTimeout(() => process.exit(0), 3000).unref(); // whatever holds it up
  setImmediate(() => (current?.call.end(), server.tryShutdown(() => process.exit(0))));
  return {};
}

const server = new grpc.Server({ "grpc.max_receive_message_length": 4 << 20 });
server.addService(Health.service, { Check: (call, answer) => answer(null, { status: "SERVING" }) });
server.addService(Extension.service, {
  Describe: answered(() => about),
  Validate: answered(({ subscription }) => ({ problems: problems(subscription.params) })),
  Subscribe: answered(subscribe),
  Unsubscribe: answered(unsubscribe),
  HandleExternalEvent: answered(handleExternalEvent),
  Shutdown: answered(shutdown),
  Watch: watch,
});
server.bindAsync(address, grpc.ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  console.log(`listening at ${address.replace(/:\d+$/, `:${port}`)}`);
});
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, shutdown);
