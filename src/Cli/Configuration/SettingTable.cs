using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Reflection;
using Gofer.Api;
using Gofer.Application.Objects;
using Gofer.Cli.Hosting;
using Gofer.Domain.Common;
using Gofer.Infrastructure.Oidc;
using Gofer.Infrastructure.Postgres.Embedded;
using Gofer.Infrastructure.Postgres.Triggers;
using Gofer.Worker;

namespace Gofer.Cli.Configuration;

/// <summary>
/// Every setting that there is. What binds them, <c>gofer config</c>, the flags, the page in the docs and what is said of a wrong one
/// come from here; the range and the default of a room's options are those of its class.
/// </summary>
internal static class SettingTable
{
    public static Setting Server { get; } = new("server", new SettingKind.Server(), "The server that the commands call.")
    {
        Default = "http://127.0.0.1:8080",
        Flag = "--server",
    };

    public static Setting Token { get; } = new(
        "token", new SettingKind.Secret(), "What proves to the server who calls. It is sent only to the server that it was set for: one that --server names elsewhere does not get it.");

    public static Setting Namespace { get; } = new("namespace", new SettingKind.Name(), "The namespace that the commands work in.")
    {
        Default = "default",
        Flag = "--namespace",
        ShortFlag = "-n",
    };

    public static Setting CompletionTimeout { get; } = new(
        "completion_timeout", new SettingKind.Span(TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(1)), "How long TAB waits for names from the server; then it suggests nothing.")
    {
        Default = "2s",
    };

    public static Setting Context { get; } = new(
        "context", new SettingKind.Name(), "The context that server, namespace and token are taken from; 'gofer context list' shows them.")
    {
        Flag = "--context",
    };

    public static Setting Postgres { get; } = new(
        "postgres", new SettingKind.Database(), "The database, a postgres:// URL or Npgsql's form. Where it is set, dev and demo start none of their own.")
    {
        Flag = "--postgres",
    };

    public static Setting PostgresBin { get; } = new(
        "postgres_bin", new SettingKind.Words("a folder"), "The folder of Postgres' server binaries (initdb, pg_ctl, postgres); where it is set, no other is looked at.")
    {
        Otherwise = "found in /usr/lib/postgresql, PATH and the data folder",
    };

    public static Setting Data { get; } = new("data", new SettingKind.Words("a folder"), "The folder in which dev keeps everything, and the process scheduler its tasks.")
    {
        Flag = "--data",
        Found = DataFolder.Default,
        Otherwise = "/var/lib/gofer for root, else $XDG_DATA_HOME/gofer",
    };

    public static Setting Listen { get; } = new("listen", new SettingKind.Address(), "Where the API listens.") { Default = "127.0.0.1:8080", Flag = "--listen" };

    public static Setting Scheduler { get; } = new(
        "scheduler", new SettingKind.Choice(SchedulerChoice.Docker, SchedulerChoice.Process),
        "Where tasks run: on a Docker Engine, or as processes of this machine, as you and without a sandbox.")
    {
        Default = SchedulerChoice.Docker,
        Flag = "--scheduler",
    };

    public static Setting DockerHost { get; } = new(
        "docker_host", new SettingKind.Words("a Docker Engine's URL"), "The Docker Engine, such as unix:///var/run/docker.sock or tcp://10.0.0.5:2375.")
    {
        Otherwise = "DOCKER_HOST, then as docker does",
    };

    public static Setting PublicUrl { get; } = new("public_url", new SettingKind.Server(), "Where containers reach the API; they see it as GOFER_API_URL.");

    public static Setting SecretKeys { get; } = new(
        "secrets.keys", new SettingKind.Keys(), "What secrets are sealed with at rest, NAME:BASE64: the first key seals, others open what was sealed with them. 'gofer secret new-key' makes one.")
    {
        Otherwise = "none; dev keeps one in its data folder",
    };

    public static Setting SecretStore { get; } = new(
        "secrets.store", new SettingKind.Choice(SecretStoreChoice.Postgres, SecretStoreChoice.HashiCorp, StoreChoices.Grpc),
        "Where secrets are kept: sealed in Gofer's own database, in a HashiCorp Vault, or in a store of your own.")
    {
        Default = SecretStoreChoice.Postgres,
    };

    public static Setting VaultAddress { get; } = new("vault.address", new SettingKind.Server(), "The Vault that secrets are in, such as https://vault.example:8200.");

    public static Setting VaultToken { get; } = new("vault.token", new SettingKind.Secret(), "What proves to Vault who asks, where it is no file that changes.");

    public static Setting VaultTokenPath { get; } = new(
        "vault.token_path", new SettingKind.Words("a file"), "A file with the token, such as Vault's agent keeps: it is read again when Vault refuses the token.");

    public static Setting VaultMount { get; } = new("vault.mount", new SettingKind.Words("a mount"), "The mount of a KV engine of version 2.") { Default = "secret" };

    public static Setting VaultPrefix { get; } = new("vault.prefix", new SettingKind.Words("a folder"), "The folder in it below which Gofer keeps its secrets.") { Default = "gofer" };

    public static Setting VaultNamespace { get; } = new("vault.namespace", new SettingKind.Words("a namespace"), "The namespace of Vault Enterprise.");

    public static Setting ObjectStore { get; } = new(
        "objects.store", new SettingKind.Choice(ObjectStoreChoice.Postgres, ObjectStoreChoice.Files, ObjectStoreChoice.S3, StoreChoices.Grpc),
        "Where the bytes of objects are kept: in Gofer's own database, as files of a folder, in an S3-compatible store, or in a store of your own.")
    {
        Default = ObjectStoreChoice.Postgres,
    };

    public static Setting ObjectPath { get; } = new("objects.path", new SettingKind.Words("a folder"), "The folder of objects, which every api and worker needs.");

    public static Setting S3Bucket { get; } = new("s3.bucket", new SettingKind.Words("a bucket"), "The bucket of objects, which is there already.");

    public static Setting S3Prefix { get; } = new("s3.prefix", new SettingKind.Words("a folder"), "The folder in it below which Gofer keeps them.") { Default = "gofer" };

    public static Setting S3Endpoint { get; } = new("s3.endpoint", new SettingKind.Server(), "The S3-compatible server, such as https://minio.example:9000.") { Otherwise = "AWS" };

    public static Setting S3Region { get; } = new("s3.region", new SettingKind.Words("a region"), "The region, which requests are signed for.") { Default = "us-east-1" };

    public static Setting S3AccessKey { get; } = new("s3.access_key", new SettingKind.Words("a key's id"), "The id of the key by which S3 knows who asks.") { Otherwise = "what the AWS SDK finds" };

    public static Setting S3SecretKey { get; } = new("s3.secret_key", new SettingKind.Secret(), "The secret of that key.");

    public static Setting StoreAddress { get; } = new("store.address", new SettingKind.Server(), "The store of your own that secrets or objects are in, such as https://store.example:7443.");

    public static Setting StoreToken { get; } = new("store.token", new SettingKind.Secret(), "What proves to that store who asks.");

    public static Setting StoreInsecure { get; } = new(
        "store.insecure", new SettingKind.YesNo(), "Speak to that store without TLS where it is on another machine too: only where something else guards the way there.")
    {
        Default = "false",
    };

    public static Setting Authentication { get; } = Of<ApiOptions>(
        ApiOptions.Section, nameof(ApiOptions.Authentication), "What api asks callers for: a token, or nothing. dev asks for nothing.", flag: "--authentication");

    public static Setting ApiInsecureListen { get; } = Of<ApiOptions>(
        ApiOptions.Section, nameof(ApiOptions.InsecureListen), "Where callers are asked for nothing, answer others than this machine too: only where something in front of it lets callers in.",
        flag: "--insecure-listen");

    public static Setting Certificate { get; } = new(
        "api.certificate_path", new SettingKind.Words("a file"), "The certificate, in PEM and with those between it and its authority behind it, that api serves HTTPS with. It is read again when it changes.")
    {
        Otherwise = "none: HTTP",
    };

    public static Setting CertificateKey { get; } = new("api.certificate_key_path", new SettingKind.Words("a file"), "The private key of that certificate, in PEM and without a password.");

    public static Setting OutboundAllow { get; } = new(
        "outbound.allow", new SettingKind.Hosts(),
        "What Gofer calls for users though it is not in the public internet, such as hooks.internal, 10.20.0.0/16: everything that such a name leads to, or an address in such a network.")
    {
        Otherwise = "nothing",
    };

    public static Setting OidcIssuer { get; } = new(
        "oidc.issuer", new SettingKind.Server(), "The identity provider whose tokens api takes beside its own, such as https://id.example.com/realms/main; it is asked for its keys there.")
    {
        Otherwise = "none is trusted",
    };

    public static Setting OidcAudience { get; } = new("oidc.audience", new SettingKind.Words("an audience"), "Whom the provider's tokens must be made for (their 'aud').");

    public static Setting OidcRoles { get; } = new(
        "oidc.roles", new SettingKind.Mapping(), "What the values of the claim give: each value, or pattern of values, roles in namespaces. Entries have semicolons or line breaks between them.");

    public static Setting OidcClaim { get; } = new(
        "oidc.claim", new SettingKind.Words("a claim"), "The claim whose values give roles, one text or a list of them; dots lead into objects, such as realm_access.roles.")
    {
        Default = new OidcOptions().Claim,
    };

    public static Setting OidcName { get; } = new("oidc.name", new SettingKind.Words("a claim"), "The claim by which people know somebody; 'sub' where a token has none.")
    {
        Default = new OidcOptions().Name,
    };

    public static Setting WorkerListen { get; } = OfWorker(
        nameof(WorkerOptions.Listen), "Where a worker without API answers /healthz and /readyz, such as 127.0.0.1:8081; no port is opened without it.", flag: "--listen");

    public static Setting WorkerInsecureListen { get; } = OfWorker(
        nameof(WorkerOptions.InsecureListen), "Answer whoever asks for the worker's health: only where something in front of it guards that.", flag: "--insecure-listen");

    /// <summary>All of them: the client's, the server's, then those of each room.</summary>
    public static IReadOnlyList<Setting> All { get; } =
    [
        Server, Token, Namespace, Context, CompletionTimeout,
        Postgres, PostgresBin, Data, Listen, Scheduler, DockerHost, PublicUrl,
        SecretKeys, SecretStore,
        VaultAddress, VaultToken, VaultTokenPath, VaultMount, VaultPrefix, VaultNamespace,
        ObjectStore, ObjectPath,
        S3Bucket, S3Prefix, S3Endpoint, S3Region, S3AccessKey, S3SecretKey,
        StoreAddress, StoreToken, StoreInsecure,
        Of<ObjectOptions>(ObjectOptions.Section, nameof(ObjectOptions.SizeLimit), "How large an object may be."),
        Of<ObjectOptions>(ObjectOptions.Section, nameof(ObjectOptions.CountLimit), "How many objects a pipeline, and a run, may have; for a further one the oldest goes.", "objects"),
        Of<ObjectOptions>(ObjectOptions.Section, nameof(ObjectOptions.KeepRuns), "How many newer runs a pipeline has when the objects of a run go.", "runs"),
        Of<ObjectOptions>(ObjectOptions.Section, nameof(ObjectOptions.KeepFor), "How long the objects of a run are kept; 0s for as long as objects.keep_runs lets them."),
        Authentication, ApiInsecureListen, Certificate, CertificateKey,
        Of<ApiOptions>(ApiOptions.Section, nameof(ApiOptions.TokenRate), "How many requests a second each token may send to one api; 0 for as many as come.", "requests"),
        Of<ApiOptions>(ApiOptions.Section, nameof(ApiOptions.NamespaceRate), "How many requests a second may come for each namespace to one api; 0 for as many as come.", "requests"),
        Of<ApiOptions>(ApiOptions.Section, nameof(ApiOptions.StrangerRate), "How many requests a second may come to one api from an address without a good token; 0 for as many as come.", "requests"),
        OidcIssuer, OidcAudience, OidcRoles, OidcClaim, OidcName, OutboundAllow,
        OfWorker(nameof(WorkerOptions.Name), "The worker's name for people.") with { Otherwise = "host and process id" },
        OfWorker(nameof(WorkerOptions.Capacity), "How many tasks a worker holds at a time.", "tasks"),
        OfWorker(nameof(WorkerOptions.Lease), "How long a worker's tasks are its own without a renewal; it renews three times in that time."),
        OfWorker(nameof(WorkerOptions.Poll), "The longest wait for ready tasks where the database's notifications do not arrive."),
        OfWorker(nameof(WorkerOptions.Sweep), "How often a worker looks for tasks of lost workers and for runs to admit."),
        OfWorker(nameof(WorkerOptions.StopGrace), "How long a container that is stopped may take from SIGTERM to SIGKILL."),
        OfWorker(nameof(WorkerOptions.LostAfter), "How long a started attempt may be without a worker that reaches its back end before it is lost."),
        OfWorker(nameof(WorkerOptions.PoisonLimit), "How many workers may die holding a task that they had in common before it fails as poison.", "workers"),
        OfWorker(nameof(WorkerOptions.ContainerRetention), "How long ended containers are kept for inspection."),
        OfWorker(nameof(WorkerOptions.LogLimit), "How much output of an attempt is stored; what comes after is dropped."),
        WorkerListen, WorkerInsecureListen,
        Of<TriggerOptions>(TriggerOptions.Section, nameof(TriggerOptions.Grace), "How late a scheduled time may fire without being one that was missed."),
        Of<TriggerOptions>(TriggerOptions.Section, nameof(TriggerOptions.Retention), "How long the ledger keeps what came to triggers and was decided."),
    ];

    private static readonly Dictionary<string, Setting> s_byKey = All.ToDictionary(s => s.Key, StringComparer.Ordinal);

    private static readonly Dictionary<string, Setting> s_byVariable = All.ToDictionary(s => s.Variable, StringComparer.OrdinalIgnoreCase);

    /// <summary>What belongs to a context, and nothing else does.</summary>
    public static IReadOnlyList<Setting> OfContexts { get; } = [Server, Namespace, Token];

    /// <summary>The setting as the file has it, such as <c>worker.lease</c>, or null.</summary>
    public static Setting? ByKey(string key) => s_byKey.GetValueOrDefault(key);

    /// <summary>The setting of a variable, or null.</summary>
    public static Setting? ByVariable(string name) => s_byVariable.GetValueOrDefault(name);

    private static Setting OfWorker(string property, string about, string? unit = null, string? flag = null) =>
        Of<WorkerOptions>(WorkerOptions.Section, property, about, unit, flag);

    private static Setting Of<T>(string section, string name, string about, string? unit = null, string? flag = null)
        where T : class, new()
    {
        var property = typeof(T).GetProperty(name) ?? throw new InvalidOperationException($"{typeof(T).Name} has no {name}.");
        var key = string.Join('.', section.Split(':').Skip(1).Append(name).Select(System.Text.Json.JsonNamingPolicy.SnakeCaseLower.ConvertName));
        var setting = new Setting(key, KindOf(property), about) { Default = Written(property.GetValue(new T())), Flag = flag };
        return unit is null ? setting : setting with { Unit = unit };
    }

    private static SettingKind KindOf(PropertyInfo property)
    {
        var range = property.GetCustomAttribute<RangeAttribute>();
        return property switch
        {
            { PropertyType: var type } when type == typeof(TimeSpan) => new SettingKind.Span(Time(range!.Minimum), Time(range.Maximum)),
            { PropertyType: var type } when type == typeof(int) => new SettingKind.Number(Whole(range!.Minimum), Whole(range.Maximum)),
            { PropertyType: var type } when type == typeof(long) => new SettingKind.Size(Whole(range!.Minimum)),
            { PropertyType: { IsEnum: true } type } => new SettingKind.Choice([.. Enum.GetNames(type).Select(System.Text.Json.JsonNamingPolicy.SnakeCaseLower.ConvertName)]),
            { PropertyType: var type } when type == typeof(bool) => new SettingKind.YesNo(),
            { Name: nameof(WorkerOptions.Listen) } => new SettingKind.Address(),
            _ => new SettingKind.Words("a name"),
        };

        static TimeSpan Time(object bound) => TimeSpan.Parse((string)bound, CultureInfo.InvariantCulture);
        static long Whole(object bound) => Convert.ToInt64(bound, CultureInfo.InvariantCulture);
    }

    private static string? Written(object? value) => value switch
    {
        null => null,
        TimeSpan time => Duration.Text(time),
        bool yes => yes ? "true" : "false",
        Enum word => System.Text.Json.JsonNamingPolicy.SnakeCaseLower.ConvertName(word.ToString()),
        _ => Convert.ToString(value, CultureInfo.InvariantCulture),
    };
}
