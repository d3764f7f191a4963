// A store for Gofer: secrets and the bytes of objects in a folder. It keeps to proto/gofer/store/v1 and passes the tests of Gofer's own stores.
// GOFER_STORE_TOKEN=… node store.mjs FOLDER [ADDRESS:PORT]
import { createHash, timingSafeEqual } from "node:crypto";
import { mkdir, open, readFile, readdir, rename, rm, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import grpc from "@grpc/grpc-js";
import loader from "@grpc/proto-loader";

const [home, address = "127.0.0.1:7443"] = process.argv.slice(2);
const token = process.env.GOFER_STORE_TOKEN;
if (!home || !token) {
  console.error("Usage: GOFER_STORE_TOKEN=… node store.mjs FOLDER [ADDRESS:PORT]");
  process.exit(2);
}

const folder = resolve(home);
const protos = fileURLToPath(new URL("../../proto", import.meta.url));
const definition = loader.loadSync("gofer/store/v1/store.proto", { includeDirs: [protos], keepCase: true, longs: Number, defaults: true, oneofs: true });
const { SecretStore, ObjectStore } = grpc.loadPackageDefinition(definition).gofer.store.v1;

class Refusal extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

const invalid = (what) => new Refusal(grpc.status.INVALID_ARGUMENT, what);

// Names become paths, so they are looked at first. Keys are written in hexadecimal: their letter case counts, also where that of a file's name does not.
const uuid = (text) => named(text, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
const blob = (text) => named(text, /^[0-9a-f]{32}$/);
const secretKey = (text) => named(text, /^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/);
const scopeFolder = (scope) => join(folder, uuid(scope?.install), "secrets", named(scope.kind, /^(pipeline|namespace|global)$/), uuid(scope.owner));
const fileOf = (key) => Buffer.from(secretKey(key)).toString("hex");
const objectFolder = (install) => join(folder, uuid(install), "objects");
const objectPath = (object) => join(objectFolder(object?.install), blob(object.id));

function named(text, form) {
  if (!form.test(text ?? "")) throw invalid("A name is none.");
  return text;
}

// Files have their name once they are whole, and both survive a power failure before anybody is told that they are there.
async function keep(path, write) {
  const parent = join(path, "..");
  const made = await mkdir(parent, { recursive: true, mode: 0o700 });
  const file = await open(`${path}.part`, "w", 0o600);
  try {
    await write(file);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(`${path}.part`, path);
  for (let above = parent; ; above = join(above, "..")) {
    await syncFolder(above);
    if (!made || above.length < made.length) return;
  }
}

async function syncFolder(path) {
  const handle = await open(path, "r");
  await handle.sync().finally(() => handle.close());
}

const missing = (e) => {
  if (e.code === "ENOENT") return null;
  throw e;
};

const names = async (path) => (await readdir(path).catch(missing))?.filter((n) => !n.endsWith(".part")) ?? [];

async function remove(path) {
  await rm(`${path}.part`, { force: true });
  const deleted = await rm(path).then(() => true, missing);
  if (deleted) await syncFolder(join(path, ".."));
  return !!deleted;
}

// Writers of one secret go one after the other.
const turns = new Map();
function inTurn(path, work) {
  const turn = (turns.get(path) ?? Promise.resolve()).catch(() => {}).then(work);
  turns.set(path, turn);
  return turn.finally(() => turns.get(path) === turn && turns.delete(path));
}

async function readSecret(path) {
  const text = await readFile(path, "utf8").catch(missing);
  return text === null ? null : JSON.parse(text);
}

// A real store encrypts the values: here the folder's owner reads them.
const secrets = {
  async Get({ scope, key, with_value }) {
    const kept = await readSecret(join(scopeFolder(scope), fileOf(key)));
    if (!kept) throw new Refusal(grpc.status.NOT_FOUND, "There is no such secret.");
    return { secret: kept.secret, value: with_value ? Buffer.from(kept.value, "base64") : undefined };
  },

  Put({ scope, key, value, namespaces }) {
    if (value.length < 1 || value.length > 65536) throw invalid("A value has 1 to 65536 bytes.");
    const path = join(scopeFolder(scope), fileOf(key));
    return inTurn(path, async () => {
      const before = (await readSecret(path))?.secret;
      if (!before && !namespaces) throw new Refusal(grpc.status.NOT_FOUND, "There is no such secret, and no namespaces are given.");
      const at = Date.now();
      const now = { seconds: Math.floor(at / 1000), nanos: (at % 1000) * 1e6 };
      const secret = { key, version: (before?.version ?? 0) + 1, created_at: before?.created_at ?? now, updated_at: now, namespaces: namespaces?.patterns ?? before.namespaces };
      await keep(path, (file) => file.writeFile(JSON.stringify({ secret, value: value.toString("base64") })));
      return { secret };
    });
  },

  Delete({ scope, key }) {
    const path = join(scopeFolder(scope), fileOf(key));
    return inTurn(path, async () => ({ deleted: await remove(path) }));
  },

  async List({ scope, after, limit }) {
    const path = scopeFolder(scope);
    // Hexadecimal digits sort as the bytes that they stand for.
    const files = (await names(path)).filter((n) => n > Buffer.from(after).toString("hex")).sort().slice(0, limit);
    const kept = await Promise.all(files.map((n) => readSecret(join(path, n))));
    return { secrets: kept.filter(Boolean).map((k) => k.secret) };
  },
};

const objects = {
  async Put(parts) {
    const messages = parts[Symbol.asyncIterator]();
    const first = (await messages.next()).value;
    const path = objectPath(first?.object);
    let [size, end] = [0, -1];
    await keep(path, async (file) => {
      for (let next; end < 0 && !(next = await messages.next()).done; ) {
        if (next.value.part === "end") end = next.value.end.size;
        else if (next.value.part === "data") size += (await file.write(next.value.data)).bytesWritten;
        else throw invalid("Only data and the end may follow.");
      }
      // A stream that merely stops is an upload that broke.
      if (end !== size) throw invalid("The end is missing, or of another size.");
    });
    return { size };
  },

  async *Get({ object, offset }) {
    const file = await open(objectPath(object)).catch(missing);
    if (!file) throw new Refusal(grpc.status.NOT_FOUND, "There is no such object.");
    try {
      const { size } = await file.stat();
      if (offset < 0 || offset > size) throw new Refusal(grpc.status.OUT_OF_RANGE, "The object is shorter.");
      yield { object: { id: object.id, size } };
      for (let at = offset, read; at < size; at += read) {
        const data = Buffer.allocUnsafe(Math.min(256 * 1024, size - at));
        read = (await file.read(data, 0, data.length, at)).bytesRead;
        if (read === 0) throw new Refusal(grpc.status.DATA_LOSS, "The file became shorter.");
        yield { data: data.subarray(0, read) };
      }
    } finally {
      await file.close();
    }
  },

  async Delete({ object }) {
    await remove(objectPath(object));
    return {};
  },

  async List({ install, after, limit }) {
    const path = objectFolder(install);
    const ids = (await names(path)).filter((n) => n > after).sort().slice(0, limit);
    return { objects: await Promise.all(ids.map(async (id) => ({ id, size: (await stat(join(path, id))).size }))) };
  },
};

const digest = (text) => createHash("sha256").update(text).digest();
const expected = digest(`Bearer ${token}`);

function letIn(metadata) {
  if (!timingSafeEqual(digest(String(metadata.get("authorization")[0] ?? "")), expected)) throw new Refusal(grpc.status.UNAUTHENTICATED, "The token is another one.");
}

// Only what this program says itself is told: what a library throws might quote what it was given.
function failure(e) {
  if (e instanceof Refusal) return { code: e.code, details: e.message };
  console.error(`failed: ${e?.code ?? e?.name}`);
  return { code: grpc.status.UNAVAILABLE, details: "The store failed." };
}

// Calls that are answered once; of a streamed upload, `call` is the stream.
const answered = (method, streamed = false) => (call, answer) =>
  Promise.resolve()
    .then(() => letIn(call.metadata))
    .then(() => method(streamed ? call : call.request))
    .then((response) => answer(null, response), (e) => answer(failure(e)));

// A reader may be slow: nothing is read from the disk for it before it took what it has.
const taken = (call) =>
  new Promise((go) => {
    const done = () => go(call.off("drain", done).off("cancelled", done));
    call.on("drain", done).on("cancelled", done);
    if (call.cancelled) done();
  });

async function streamed(call) {
  try {
    letIn(call.metadata);
    for await (const part of objects.Get(call.request)) {
      if (call.cancelled) return;
      if (!call.write(part)) await taken(call);
    }
    call.end();
  } catch (e) {
    call.emit("error", failure(e));
  }
}

const server = new grpc.Server({ "grpc.max_receive_message_length": 4 << 20 });
server.addService(SecretStore.service, { Get: answered(secrets.Get), Put: answered(secrets.Put), Delete: answered(secrets.Delete), List: answered(secrets.List) });
server.addService(ObjectStore.service, { Put: answered(objects.Put, true), Get: streamed, Delete: answered(objects.Delete), List: answered(objects.List) });
await mkdir(folder, { recursive: true, mode: 0o700 });
server.bindAsync(address, grpc.ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  console.log(`The store listens at ${address.replace(/:\d+$/, `:${port}`)}`);
});
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => server.tryShutdown(() => process.exit(0)));
