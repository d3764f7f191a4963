/**
 * Gofer pipelines as JavaScript or TypeScript code.
 *
 * A pipeline is a program that prints its document: build a {@link Pipeline}, then {@link Pipeline.print} it. `gofer up FOLDER` runs the
 * program and registers what it prints. Tasks depend on task objects, never on names, so an unknown parent or a cycle cannot be written;
 * what cannot be right throws where it is written. The rest the server judges.
 *
 * ```js
 * import { Pipeline } from "gofer-sdk";
 *
 * const pipeline = new Pipeline("nightly", { name: "Nightly", timeout: "2h" });
 * const region = pipeline.param("region", { default: "eu", choices: ["eu", "us"] });
 * const load = pipeline.task("load", "busybox:latest", { script: "echo $REGION", env: { REGION: region }, retry: { maxAttempts: 3 } });
 * pipeline.task("report", "busybox:latest", { script: "echo done", after: load });
 * pipeline.print();
 * ```
 */

/** What becomes of a run that finds as many active as its pipeline allows: it waits, the oldest is cancelled for it, or it ends at once, cancelled. */
export type OnLimit = "queue" | "cancel_oldest" | "skip";
/** Why an attempt failed; what a retry chooses among. */
export type Failure = "exit_code" | "oom" | "image_pull" | "lost" | "timeout" | "scheduler_error";
/** What a parent must have come to. */
export type Condition = "success" | "failure" | "any";
/** What a parameter may be; an int has 64 bits on the server, and 53 here. */
export type ParamType = "string" | "int" | "number" | "bool";

type Part = `${number}${"ms" | "s" | "m" | "h" | "d"}`;
/** Text such as `"90s"` or `"1h30m"`, or a number of milliseconds. */
export type Duration = Part | `${Part}${Part}` | `${Part}${Part}${Part}` | number;

/** Every {@link OnLimit}. */
export const onLimits: readonly OnLimit[];
/** Every {@link Failure}. */
export const failures: readonly Failure[];
/** Every {@link Condition}. */
export const conditions: readonly Condition[];
/** Every {@link ParamType}. */
export const paramTypes: readonly ParamType[];
/** What may set a pipeline off, and the members that only triggers of the type have. */
export const triggers: Readonly<Record<keyof TriggerMembers, readonly string[]>>;

interface ParamOf<Type extends ParamType, Value> {
  /** What its values are. */
  type: Type;
  /** Its value where a run gives none; without it every run must give one. */
  default?: Value;
  /** The only values that it may have; any of the type where there are none. */
  choices?: readonly Value[];
  /** What it is for. */
  description?: string;
}

/** How a parameter is declared. */
export type ParamOptions =
  | (Omit<ParamOf<"string", string>, "type"> & { type?: "string" })
  | ParamOf<"int", number>
  | ParamOf<"number", number>
  | ParamOf<"bool", boolean>;

/** A parameter of a pipeline, made by {@link Pipeline.param}. As text it stands for the value of a run: `param{{name}}`. */
export class Param {
  private constructor();
  /** Its name. */
  readonly name: string;
  /** What its values are. */
  readonly type: ParamType;
  /** What stands for its value in a concurrency key: `` `db-${region}` ``. */
  toString(): string;
}

/** What is tried again. The wait is drawn evenly from nothing to `initialDelay`, which grows by `factor` with each failure up to `maxDelay`. */
export interface Retry {
  /** Attempts in all, 1 to 100; the first counts. */
  maxAttempts: number;
  /** The longest wait after the first failure, 1 s where none is given, at most 7 days. */
  initialDelay?: Duration;
  /** What each further failure multiplies it with, 1 to 10; 2 where none is given. */
  factor?: number;
  /** The longest wait of all, 5 min where none is given, at most 7 days. */
  maxDelay?: Duration;
  /** The failures that are tried again; all where none is named. */
  on?: readonly Failure[];
  /** The exit codes that are tried again; all where none is named. */
  exitCodes?: readonly number[];
}

/** At most `limit` tasks of the namespace run at a time under one `key`, whatever their pipelines. */
export interface Concurrency {
  key: string;
  limit: number;
}

/** How a pipeline is made. */
export interface PipelineOptions {
  /** A title for people; the id where there is none. */
  name?: string;
  /** What it is for. */
  description?: string;
  /** What every run carries; a run may add its own. */
  labels?: Readonly<Record<string, string>>;
  /** How many runs may be active at a time; 0 sets no limit. */
  parallelism?: number;
  /** What becomes of a run that finds that many active. */
  onLimit?: OnLimit;
  /** How long a run may take from its start, 100 ms to 30 days. */
  timeout?: Duration;
  /** Of its runs, -100 to 100, higher first. */
  priority?: number;
}

/** How a task is made. It runs a `command` or a `script`. */
export interface TaskOptions {
  /** Replaces the image's command; no shell reads it. */
  command?: readonly string[];
  /** A POSIX shell script in place of `command`; the indentation that all its lines share is taken off. */
  script?: string;
  /** Replaces the image's entrypoint. */
  entrypoint?: readonly string[];
  /** Starts after every one of these succeeded. */
  after?: Task | Iterable<Task>;
  /** Starts only where every one of these failed. */
  afterFailureOf?: Task | Iterable<Task>;
  /** Starts after these succeeded, failed or were skipped. */
  afterAny?: Task | Iterable<Task>;
  /** Environment variables; a parameter may stand for a value. */
  env?: Readonly<Record<string, string | Param>>;
  /** What the task is for. */
  description?: string;
  /** The folder in which the command starts. */
  workingDir?: string;
  /** The user as whom the command runs. */
  user?: string;
  /** A login to the image's registry. The password must be a secret, such as "pipeline_secret{{registry}}"; the server takes no other. */
  registryAuth?: { user: string | Param; pass: string };
  /** Gives the task a token for the API, `GOFER_API_TOKEN`: for its own run alone, and until that ends. */
  injectApiToken?: boolean;
  /** Pulls the image even where the engine has one of that name. */
  alwaysPull?: boolean;
  /** At most so much CPU, such as `"500m"` or `"2"`. */
  cpu?: string;
  /** At most so much memory, such as `"256Mi"`. */
  memory?: string;
  /** Stops an attempt that takes longer from its container's start, 100 ms to 30 days. */
  timeout?: Duration;
  /** Lets the run succeed though this task fails. */
  allowFailure?: boolean;
  /** What is tried again; one attempt where there is none. */
  retry?: Retry;
  /** A limit that it shares with others. */
  concurrency?: Concurrency;
  /** An instance for each combination of these values, each a variable (its name in upper case); tasks after this one wait for all. */
  matrix?: Readonly<Record<string, Iterable<string | number>>>;
}

/** What a task that is a shared one may say; image, command and what belongs to them the shared task brings. */
export interface UsesOptions
  extends Omit<TaskOptions, "command" | "script" | "entrypoint" | "workingDir" | "user" | "registryAuth" | "alwaysPull"> {
  /** What it gets; parameters may stand inside a text, and a secret for a whole one. */
  with?: Readonly<Record<string, string | number | boolean | Param>>;
}

/** A task of one pipeline, made by {@link Pipeline.task} or {@link Pipeline.uses}. */
export class Task {
  private constructor();
  /** Its name in its pipeline. */
  readonly id: string;
  /** The pipeline that it is of. */
  readonly pipeline: Pipeline;
}

/** A place of an event: of its body, by a JSON pointer, or a header. */
export type EventPlace = { pointer: string; header?: undefined } | { header: string; pointer?: undefined };

/** A condition that an event must meet: one place, and one of what it must be. */
export type EventCondition = EventPlace & {
  equals?: string | number | boolean;
  notEquals?: string | number | boolean;
  in?: readonly (string | number | boolean)[];
  /** A regular expression. */
  matches?: string;
  /** Whether it must be there at all. */
  exists?: boolean;
};

/** What triggers of all types may say. */
export interface TriggerOptions {
  /** Whether events of it run; without it, it stays as somebody set it, and a new one is enabled. */
  enabled?: boolean;
  /** What becomes of an event while a run of it has not ended; `allow` without it. */
  overlap?: "allow" | "skip" | "queue_one" | "queue" | "cancel_oldest";
  /** The version that its runs get; the live one without it. */
  version?: number;
  /** The parameters of its runs: values, or where in the event they are. */
  params?: Readonly<Record<string, string | number | boolean | (EventPlace & { default?: string | number | boolean })>>;
}

interface Schedule {
  /** How many of the times fire that passed while nothing could fire them; `last` without it. */
  catchUp?: "none" | "last" | "all" | number;
  /** How much later than its time it fires at most, up to 24 hours. */
  jitter?: Duration;
}

/** What triggers of each type say. */
export interface TriggerMembers {
  /** By a cron expression, in a time zone. */
  cron: Schedule & { expression: string; zone?: string; dst?: "skip" | "shift" | "once" | "twice" };
  /** Again and again after the same time, from `anchor` on. */
  interval: Schedule & { every: Duration; anchor?: string };
  /** By a request to its secret URL, which `gofer trigger rotate` gives it. */
  webhook: {
    signature?: {
      secret: string; scheme?: "gofer" | "github" | "hmac"; tolerance?: Duration; header?: string; algorithm?: "sha256" | "sha512"; encoding?: "hex" | "base64"; prefix?: string;
      timestampHeader?: string;
    };
    dedupe?: EventPlace & { window?: Duration };
    filter?: readonly EventCondition[];
  };
  /** By a webhook of GitHub: `push`, `pull_request/opened,synchronize`. */
  github: { secret: string; events: readonly string[]; branches?: readonly string[]; repository?: string; filter?: readonly EventCondition[] };
  /** By the end of a run of another pipeline. */
  pipeline: { pipeline: string; namespace?: string; on?: readonly ("succeeded" | "failed" | "cancelled")[]; filter?: readonly EventCondition[] };
  /** By an event of an extension; `with` is what the subscription is given. */
  extension: { extension: string; with?: Readonly<Record<string, string>>; filter?: readonly EventCondition[] };
}

/** How somebody is told. */
export interface NotificationOptions {
  /** A signed event (`webhook`, without it), or a message as Slack and Mattermost take it. */
  type?: "webhook" | "slack";
  /** The secret that signs what a webhook is sent. */
  secret?: string;
  /** The time after which `longer_than` is told, 1 s to 30 days. */
  longerThan?: Duration;
  /** Whether it tells anything. */
  enabled?: boolean;
}

/** A pipeline as code. */
export class Pipeline {
  /** A pipeline; `id` is its name on the server: 1 to 63 letters, digits, `-` and `_`, the first a letter or digit. */
  constructor(id: string, options?: PipelineOptions);
  /** Its name on the server. */
  readonly id: string;
  /** Its title. */
  readonly name: string;
  /** Its tasks so far, in order. */
  readonly tasks: readonly Task[];
  /** Declares a parameter that runs may give, or must give where it has no default. */
  param(name: string, options?: ParamOptions): Param;
  /**
   * Declares what starts runs by itself while the version is live. A document that declares no trigger leaves alone those that an earlier one declared;
   * `noTriggers` ends them.
   */
  trigger<T extends keyof TriggerMembers>(id: string, type: T, options: TriggerMembers[T] & TriggerOptions): this;
  /** Says that none is to be left of the triggers that earlier documents declared. */
  noTriggers(): this;
  /**
   * Declares who is told of what while the version is live: at `url`, or a secret that is all of it. A document that declares no notification leaves alone
   * those that an earlier one declared; `noNotifications` ends them.
   */
  notification(id: string, url: string, on: readonly ("failed" | "recovered" | "succeeded" | "cancelled" | "longer_than")[], options?: NotificationOptions): this;
  /** Says that none is to be left of the notifications that earlier documents declared. */
  noNotifications(): this;
  /** Adds a task. */
  task(id: string, image: string, options?: TaskOptions): Task;
  /** Adds a task that is a shared one, with a major version, `"lint@2"`, or a minor one, `"lint@2.1"`; the newest below it runs. */
  uses(id: string, uses: string, options?: UsesOptions): Task;
  /** The document as JSON; the same pipeline always gives the same text. */
  toJson(): string;
  /** The document as plain objects, for `JSON.stringify`. */
  toJSON(): unknown;
  /** Writes the document to standard output, or to `output`. */
  print(output?: { write(text: string): unknown }): void;
}
