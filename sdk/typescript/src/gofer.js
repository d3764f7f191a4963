// Gofer pipelines as JavaScript or TypeScript code; the types are in gofer.d.ts. It needs Node.js 20 and nothing else.

/** What may become of a run that finds as many active as its pipeline allows. */
export const onLimits = Object.freeze(["queue", "cancel_oldest", "skip"]);
/** Why an attempt may fail; what a retry chooses among. */
export const failures = Object.freeze(["exit_code", "oom", "image_pull", "lost", "timeout", "scheduler_error"]);
/** What a parent may have to come to. */
export const conditions = Object.freeze(["success", "failure", "any"]);
/** What a parameter may be. */
export const paramTypes = Object.freeze(["string", "int", "number", "bool"]);

/** What may set a pipeline off, and the members that only triggers of the type have. */
export const triggers = Object.freeze({
  cron: Object.freeze(["expression", "zone", "dst", "catchUp", "jitter"]),
  interval: Object.freeze(["every", "anchor", "catchUp", "jitter"]),
  webhook: Object.freeze(["signature", "dedupe", "filter"]),
  github: Object.freeze(["secret", "events", "branches", "repository", "filter"]),
  pipeline: Object.freeze(["pipeline", "namespace", "on", "filter"]),
  extension: Object.freeze(["extension", "with", "filter"]),
});

const durations = ["every", "jitter", "tolerance", "window", "longerThan"];
const units = [["d", 86_400_000], ["h", 3_600_000], ["m", 60_000], ["s", 1000], ["ms", 1]];

/** A parameter of a pipeline. As text it stands for the value of a run: `param{{name}}`. */
export class Param {
  #document;

  constructor(name, { type = "string", default: standing, choices = [], description = "", ...others } = {}) {
    nothingMore(others, `the parameter '${name}'`);
    this.name = checkedId(name);
    this.type = word(type, "type", paramTypes);
    for (const value of [...choices, ...(standing === undefined ? [] : [standing])]) {
      if (!isOf(type, value)) throw new TypeError(`The parameter '${name}' is a ${type}, and ${shown(value)} is none.`);
    }
    if (standing !== undefined && choices.length > 0 && !choices.includes(standing)) {
      throw new RangeError(`The default ${shown(standing)} of the parameter '${name}' is none of its choices.`);
    }
    this.#document = { name, ...kept({ type: type === "string" ? undefined : type }), ...(standing === undefined ? {} : { default: standing }), ...kept({ choices: [...choices], description }) };
  }

  toString() {
    return `param{{${this.name}}}`;
  }

  toJSON() {
    return this.#document;
  }
}

/** A container task of one pipeline, made by `Pipeline.task`. */
export class Task {
  #document;

  constructor(pipeline, id, document) {
    this.pipeline = pipeline;
    this.id = id;
    this.#document = document;
  }

  toJSON() {
    return this.#document;
  }
}

/** A pipeline as code. Build it, then `print` it: `gofer up` runs the program and registers what it prints. */
export class Pipeline {
  #head;
  #params = new Map();
  #tasks = new Map();
  #settings = {};

  constructor(id, { name = id, description = "", labels = {}, parallelism = 0, onLimit = "queue", timeout, priority = 0, ...others } = {}) {
    nothingMore(others, `the pipeline '${id}'`);
    this.id = checkedId(id);
    this.name = name;
    this.#head = kept({
      description,
      labels: sorted(labels, (value, key) => text(value, key)),
      parallelism: whole(parallelism, "parallelism", 0, 10_000) || undefined,
      on_limit: word(onLimit, "onLimit", onLimits) === "queue" ? undefined : onLimit,
      timeout: duration(timeout, "timeout"),
      priority: whole(priority, "priority", -100, 100) || undefined,
    });
  }

  get tasks() {
    return [...this.#tasks.values()];
  }

  param(name, options = {}) {
    if (this.#params.has(name)) throw new RangeError(`The pipeline '${this.id}' has a parameter '${name}' already.`);
    const param = new Param(name, options);
    this.#params.set(name, param);
    return param;
  }

  trigger(id, type, { enabled, overlap, version, params, ...members } = {}) {
    const known = triggers[word(type, "type", Object.keys(triggers))];
    const other = Object.keys(members).find((name) => !known.includes(name));
    if (other !== undefined) throw new TypeError(`There is no '${other}' in a trigger of the type '${type}'; there are ${known.join(", ")}.`);
    return this.#setting("triggers", id, { type, enabled, overlap, version, ...written(members) }, params);
  }

  noTriggers() {
    this.#settings.triggers = new Map();
    return this;
  }

  notification(id, url, on, { type = "webhook", secret, longerThan, enabled, ...others } = {}) {
    nothingMore(others, `the notification '${id}'`);
    return this.#setting("notifications", id, { on: texts(on, "on"), type, url: text(url, "url"), secret, ...written({ longerThan }), enabled });
  }

  noNotifications() {
    this.#settings.notifications = new Map();
    return this;
  }

  #setting(list, id, members, params) {
    const settings = (this.#settings[list] ??= new Map());
    if (settings.has(checkedId(id))) throw new RangeError(`The pipeline '${this.id}' has a ${list.slice(0, -1)} '${id}' already.`);
    const there = Object.entries({ ...members, params }).filter(([, value]) => value !== undefined && value !== null);
    settings.set(id, { id, ...Object.fromEntries(there) });
    return this;
  }

  task(id, image, options = {}) {
    const {
      command = [], script, entrypoint = [], after = [], afterFailureOf = [], afterAny = [], env = {}, description = "", workingDir, user, registryAuth, injectApiToken = false, alwaysPull = false,
      cpu, memory, timeout, allowFailure = false, retry, concurrency, matrix = {}, ...others
    } = options;
    nothingMore(others, `the task '${id}'`);
    checkedId(id);
    if (this.#tasks.has(id)) throw new RangeError(`The pipeline '${this.id}' has a task '${id}' already.`);
    if (typeof image !== "string" || image === "") throw new RangeError(`The task '${id}' needs an image.`);
    if (script !== undefined && command.length > 0) throw new RangeError(`The task '${id}' has a command and a script; it runs one of them.`);
    const task = new Task(this, id, {
      id,
      image,
      ...kept({
        description,
        registry_auth: registryAuth && { user: this.#value(registryAuth.user, "user"), pass: this.#value(registryAuth.pass, "pass") },
        depends_on: this.#parents(id, [[after, "success"], [afterFailureOf, "failure"], [afterAny, "any"]]),
        variables: sorted(env, (value, key) => this.#value(value, checkedVariable(key))),
        entrypoint: texts(entrypoint, "entrypoint"),
        command: script === undefined ? texts(command, "command") : ["sh", "-c", dedented(text(script, "script"))],
        working_dir: workingDir,
        user,
        inject_api_token: injectApiToken || undefined,
        always_pull_newest_image: alwaysPull || undefined,
        resources: kept({ cpu, memory }),
        timeout: duration(timeout, "timeout"),
        allow_failure: allowFailure || undefined,
        retry: retry && retryOf(retry),
        concurrency: concurrency && concurrencyOf(concurrency),
        matrix: sorted(matrix, (values, key) => axis(id, key, values)),
      }),
    });
    this.#tasks.set(id, task);
    return task;
  }

  uses(id, uses, options = {}) {
    const {
      with: inputs = {}, after = [], afterFailureOf = [], afterAny = [], env = {}, description = "", injectApiToken = false, cpu, memory, timeout, allowFailure = false, retry, concurrency,
      matrix = {}, ...others
    } = options;
    nothingMore(others, `the task '${id}'`);
    checkedId(id);
    if (this.#tasks.has(id)) throw new RangeError(`The pipeline '${this.id}' has a task '${id}' already.`);
    if (typeof uses !== "string" || !/^[A-Za-z0-9][A-Za-z0-9_-]{0,62}@(0|[1-9][0-9]{0,5})(\.(0|[1-9][0-9]{0,5}))?$/.test(uses)) {
      throw new RangeError(`The task '${id}' uses '${uses}'; a shared task is named with a version, such as lint@2 or lint@2.1.`);
    }
    const task = new Task(this, id, {
      id,
      uses,
      ...kept({
        with: sorted(inputs, (value, key) => (typeof value === "boolean" || (typeof value === "number" && Number.isFinite(value)) ? value : this.#value(value, key))),
        description,
        depends_on: this.#parents(id, [[after, "success"], [afterFailureOf, "failure"], [afterAny, "any"]]),
        variables: sorted(env, (value, key) => this.#value(value, checkedVariable(key))),
        inject_api_token: injectApiToken || undefined,
        resources: kept({ cpu, memory }),
        timeout: duration(timeout, "timeout"),
        allow_failure: allowFailure || undefined,
        retry: retry && retryOf(retry),
        concurrency: concurrency && concurrencyOf(concurrency),
        matrix: sorted(matrix, (values, key) => axis(id, key, values)),
      }),
    });
    this.#tasks.set(id, task);
    return task;
  }

  toJSON() {
    return { id: this.id, name: this.name, ...this.#head, ...kept({ params: [...this.#params.values()] }), ...this.#declared(), tasks: this.tasks };
  }

  toJson() {
    return JSON.stringify(this, null, 2);
  }

  print(output = process.stdout) {
    output.write(`${this.toJson()}\n`);
  }

  #declared() {
    return Object.fromEntries(Object.entries(this.#settings).map(([list, settings]) => [list, [...settings.values()]]));
  }

  #parents(id, groups) {
    const parents = new Map();
    for (const [given, condition] of groups) {
      for (const parent of given instanceof Task ? [given] : given) {
        if (!(parent instanceof Task)) throw new TypeError(`The task '${id}' depends on ${shown(parent)}; name the task itself, not its id.`);
        if (this.#tasks.get(parent.id) !== parent) throw new RangeError(`The task '${parent.id}' belongs to another pipeline.`);
        if ((parents.get(parent.id) ?? condition) !== condition) throw new RangeError(`The task '${id}' depends on '${parent.id}' in two ways.`);
        parents.set(parent.id, condition);
      }
    }
    return Object.fromEntries(parents);
  }

  #value(value, place) {
    if (!(value instanceof Param)) return text(value, place);
    if (this.#params.get(value.name) !== value) throw new RangeError(`The parameter '${value.name}' belongs to another pipeline.`);
    return `${value}`;
  }
}

function retryOf({ maxAttempts, initialDelay, factor, maxDelay, on = [], exitCodes = [], ...others }) {
  nothingMore(others, "a retry");
  return kept({
    max_attempts: whole(maxAttempts, "maxAttempts", 1, 100),
    initial_delay: duration(initialDelay, "initialDelay", 0, 7),
    factor: factor === undefined ? undefined : within(factor, "factor", 1, 10),
    max_delay: duration(maxDelay, "maxDelay", 0, 7),
    on: on.map((failure) => word(failure, "on", failures)),
    exit_codes: exitCodes.map((code) => whole(code, "exitCodes", 1, 255)),
  });
}

function concurrencyOf({ key, limit, ...others }) {
  nothingMore(others, "a concurrency limit");
  if (text(key, "key") === "" || key.length > 255) throw new RangeError("The key of a concurrency limit has 1 to 255 characters.");
  return { key, limit: whole(limit, "limit", 1, 10_000) };
}

function axis(id, name, given) {
  if (!/^[A-Za-z_][A-Za-z0-9_]{0,62}$/.test(name) || /^gofer_/i.test(name)) {
    throw new RangeError(`'${name}' cannot be a member of the matrix of '${id}': letters, digits and '_', no digit first, not GOFER_.`);
  }
  if (typeof given === "string") throw new TypeError(`The matrix member '${name}' of the task '${id}' is one string; it must be a list of them.`);
  const values = Array.from(given, (value) => (Number.isInteger(value) ? String(value) : value));
  if (values.length === 0 || new Set(values).size < values.length) throw new RangeError(`The matrix member '${name}' of the task '${id}' needs values, each of them once.`);
  return texts(values, name);
}

/** Members of a trigger as documents have them: names in snake case, durations as text, at any depth. */
function written(value) {
  if (Array.isArray(value)) return value.map(written);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined).map(([name, item]) => [
    name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
    durations.includes(name) ? duration(item, name, 0, 366) : written(item),
  ]));
}

/** The members that ask for something. */
function kept(members) {
  return Object.fromEntries(Object.entries(members).filter(([, value]) =>
    value !== undefined && value !== null && value !== "" && !(Array.isArray(value) ? value.length === 0 : typeof value === "object" && Object.keys(value).length === 0)));
}

function sorted(map, read) {
  return Object.fromEntries(Object.keys(map).sort().map((key) => [key, read(map[key], key)]));
}

function nothingMore(others, what) {
  const [name] = Object.keys(others);
  if (name !== undefined) throw new TypeError(`There is no '${name}' in ${what}.`);
}

function checkedId(id) {
  if (typeof id === "string" && /^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/.test(id)) return id;
  throw new RangeError(`${shown(id)} is no valid id: 1 to 63 letters, digits, '-' or '_', the first a letter or digit.`);
}

function checkedVariable(name) {
  if (name !== "" && !name.includes("=") && !name.startsWith("GOFER_")) return name;
  throw new RangeError(`'${name}' cannot be a variable: it must have a name without '=' that does not start with GOFER_.`);
}

function isOf(type, value) {
  return type === "string" ? typeof value === "string" : type === "bool" ? typeof value === "boolean" : type === "int" ? Number.isSafeInteger(value) : Number.isFinite(value);
}

function text(value, name) {
  if (typeof value === "string") return value;
  throw new TypeError(`'${name}' is ${shown(value)}; it must be a string.`);
}

function texts(values, name) {
  if (!Array.isArray(values)) throw new TypeError(`'${name}' is ${shown(values)}; it must be a list of strings.`);
  return values.map((value) => text(value, name));
}

function word(value, name, words) {
  if (words.includes(value)) return value;
  throw new RangeError(`'${name}' is ${shown(value)}; it must be one of ${words.join(", ")}.`);
}

function within(value, name, least, most) {
  if (value >= least && value <= most) return value;
  throw new RangeError(`'${name}' is ${shown(value)}; it must be from ${least} to ${most}.`);
}

function whole(value, name, least, most) {
  if (!Number.isInteger(value)) throw new TypeError(`'${name}' is ${shown(value)}; it must be a whole number.`);
  return within(value, name, least, most);
}

function duration(value, name, leastMs = 100, mostDays = 30) {
  if (value === undefined || value === null) return undefined;
  if (typeof value === "string") {
    if (/^([0-9]{1,9}(\.[0-9]{1,3})?(ms|s|m|h|d))+$/.test(value)) return value;
    throw new RangeError(`'${name}' is ${shown(value)}; it must be a duration such as "90s" or "1h30m", or a number of milliseconds.`);
  }
  let rest = whole(value, name, leastMs, mostDays * 86_400_000);
  let said = "";
  for (const [unit, length] of units) {
    const count = Math.floor(rest / length);
    rest -= count * length;
    if (count > 0) said += `${count}${unit}`;
  }
  return said || "0s";
}

function dedented(script) {
  const lines = script.replaceAll("\r\n", "\n").replace(/^\n+|\n+$/g, "").split("\n");
  const indents = lines.filter((line) => line.trim() !== "").map((line) => line.length - line.trimStart().length);
  const indent = Math.min(...indents, Infinity);
  return lines.map((line) => (line.trim() === "" ? "" : line.slice(indent))).join("\n").trimEnd();
}

function shown(value) {
  return typeof value === "string" ? `'${value}'` : String(JSON.stringify(value) ?? value);
}
