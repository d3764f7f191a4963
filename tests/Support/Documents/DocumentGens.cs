using System.Text.Json;
using CsCheck;
using Gofer.Domain.Common;
using Gofer.Domain.Notifications;
using Gofer.Domain.Pipelines;
using Gofer.Domain.Triggers;

namespace Gofer.Tests.Support.Documents;

/// <summary>Random documents that are good by every rule, with texts that are as odd as they may be.</summary>
public static class DocumentGens
{
    private static readonly Gen<string> _text = Gen.OneOf(
        Gen.OneOf("", "x", "two words", "line\nline\r\n\ttab", "\"quoted\" \\ /", "äöü → 日本", "😀", "\u2028\uFEFF\u0001\u007F\uFFFF", "<script>&amp;", "$(rm -rf)", "param{{x"),
        Gen.String[Gen.Char['\u0001', '\uD7FF'], 0, 20]);

    private static readonly Gen<string> _image = Gen.OneOf("busybox", "ubuntu:24.04", "registry.local:5000/a/b@sha256:00", "ä");

    private static readonly Gen<string> _setting = _text.Where(t => t.Length > 0);

    private static Gen<IReadOnlyDictionary<string, string>> Map(Gen<string> names) =>
        Gen.Dictionary(names, _text)[0, 4].Select(d => (IReadOnlyDictionary<string, string>)d);

    private static readonly Gen<IReadOnlyDictionary<string, string>> _labels = Map(Gen.OneOf("team", "app.io/name", "ä", "~/", "B", "a"));

    private static readonly Gen<IReadOnlyDictionary<string, string>> _variables = Map(Gen.OneOf("A", "a", "MY VAR", "ä", "~1/~0", "gofer_x", "0"));

    private static readonly Gen<TaskResources> _resources = Gen.Select(
        Gen.OneOf<string?>(null, "500m", "2"), Gen.OneOf<string?>(null, "256Mi", "1Gi"), (cpu, memory) => new TaskResources { Cpu = cpu, Memory = memory });

    private static readonly Gen<TimeSpan?> _timeout = Gen.OneOf(Gen.Const((TimeSpan?)null), Gen.Int[100, 2_592_000].Select(ms => (TimeSpan?)TimeSpan.FromMilliseconds(ms)));

    private static readonly Gen<RetryPolicy> _retry = Gen.OneOf(
        Gen.Const(RetryPolicy.None),
        Gen.Select(Gen.Int[1, 100], Gen.Int[0, 60_000], Gen.Int[10, 100], Gen.Int[1, 255].Array[0, 3]).Select((attempts, initial, factor, codes) => new RetryPolicy
        {
            MaxAttempts = attempts,
            InitialDelay = TimeSpan.FromMilliseconds(initial),
            Factor = factor / 10.0,
            MaxDelay = TimeSpan.FromMinutes(2),
            ExitCodes = [.. codes.Distinct().Order()],
        }));

    private static readonly Gen<IReadOnlyDictionary<string, IReadOnlyList<string>>> _matrix = Gen.Dictionary(
        Gen.OneOf("shard", "_os", "B2"), _text.Array[1, 3].Select(v => (IReadOnlyList<string>)[.. v.Distinct()]))[0, 2]
        .Select(d => (IReadOnlyDictionary<string, IReadOnlyList<string>>)d);

    private static readonly Gen<(TimeSpan? Timeout, RetryPolicy Retry, ConcurrencyRule? Concurrency, IReadOnlyDictionary<string, IReadOnlyList<string>> Matrix)> _rules =
        Gen.Select(_timeout, _retry, Gen.OneOf(Gen.Const((ConcurrencyRule?)null), Gen.Int[1, 10_000].Select(n => (ConcurrencyRule?)new ConcurrencyRule("db-{{x", n))), _matrix);

    private static readonly Gen<List<ParamDefinition>> _params = Gen.Select(_text, Gen.Int, Gen.Double[-1e9, 1e9], Gen.Bool, Gen.Int[0, 4]).Select((text, whole, number, flag, count) =>
        new List<ParamDefinition>
        {
            new("s", ParamType.String, text, [], text),
            new("i", ParamType.Int, $"{whole}", [$"{whole}", "77777"], ""),
            new("n", ParamType.Number, number.ToString("R", System.Globalization.CultureInfo.InvariantCulture), [], ""),
            new("b", ParamType.Bool, flag ? "true" : null, [], ""),
        }.Take(count).ToList());

    // Of a pinned version, so that the parameters of the document do not matter.
    private static readonly string[] s_triggers =
    [
        """{"id":"nightly","type":"cron","expression":"30 2 * * *","zone":"Europe/Berlin","dst":"once","catch_up":3,"version":1}""",
        """{"id":"a","type":"interval","every":"90s","jitter":"5s","overlap":"queue","enabled":false,"version":2}""",
        """{"version":1,"id":"Hook","type":"webhook","params":{"x":{"pointer":"/a~1b","default":7},"b":true,"a":"ä"},"filter":[{"pointer":"/n","in":[1,"2"]}],"enabled":true}""",
        """{"id":"g","type":"github","secret":"pipeline_secret{{s}}","events":["push"],"version":9}""",
        """{"id":"after","type":"pipeline","pipeline":"q","on":["failed","succeeded"],"version":1}""",
    ];

    private static readonly string[] s_notifications =
    [
        """{"id":"oncall","on":["failed","longer_than"],"type":"webhook","url":"namespace_secret{{hook}}","secret":"global_secret{{k}}","longer_than":"1h30m"}""",
        """{"id":"b","on":["recovered"],"type":"slack","url":"https://hooks.example.org/x?a=b","enabled":false}""",
    ];

    private static Gen<IReadOnlyList<T>?> Some<T>(string[] written, Func<JsonValue, IReadOnlyList<T>?> read) => Gen.Select(Gen.Shuffle(written), Gen.Int[-1, written.Length]).Select((shuffled, count) =>
    {
        if (count < 0) return null;
        var faults = new FaultList();
        using var json = JsonDocument.Parse($$"""{"list":[{{string.Join(',', shuffled.Take(count))}}]}""");
        var list = read(JsonFields.Open(json.RootElement.Clone(), faults)!["list"]);
        return faults.IsEmpty ? list : throw new InvalidOperationException(faults.ToError()!.Message);
    });

    private static Gen<TaskDefinition> Task(int index) =>
        from texts in Gen.Select(_image, _text, Gen.Bool)
        from login in Gen.Select(Gen.Bool, _text, Gen.OneOf(Gen.Const("pipeline_secret{{registry}}"), Gen.Const(" Global_Secret{{ r-1 }}")))
        from parents in Gen.Dictionary(Gen.Int[0, Math.Max(0, index - 1)], Gen.Enum<ParentCondition>())[0, Math.Min(index, 3)]
        from variables in _variables
        from words in Gen.Select(_text.Array[0, 3], _text.Array[0, 3])
        from settings in Gen.Select(Gen.OneOf(Gen.Const((string?)null), _setting.Select(s => (string?)s)), Gen.OneOf<string?>(null, "root"), Gen.Bool)
        from resources in _resources
        from rules in _rules
        from uses in Gen.Frequency((4, Gen.Const((string?)null)), (1, Gen.OneOf<string?>("lint@2", "Scan_1@0.10", "a-b@999999.0")))
        from with in Gen.Int[0, 3]
        select uses is not null ? Using(index, parents.ToDictionary(p => Id(p.Key), p => p.Value), variables, uses, with) with { Resources = resources, Retry = rules.Retry, Matrix = rules.Matrix } : new TaskDefinition
        {
            Id = Id(index),
            Image = texts.Item1,
            Description = texts.Item2,
            AllowFailure = texts.Item3,
            RegistryAuth = login.Item1 ? new RegistryAuth(login.Item2, login.Item3) : null,
            DependsOn = parents.ToDictionary(p => Id(p.Key), p => p.Value),
            Variables = variables,
            Entrypoint = words.Item1,
            Command = words.Item2,
            WorkingDir = settings.Item1,
            User = settings.Item2,
            AlwaysPullNewestImage = settings.Item3,
            Resources = resources,
            Timeout = rules.Timeout,
            Retry = rules.Retry,
            Concurrency = rules.Concurrency,
            Matrix = rules.Matrix,
        };

    private static readonly (string Name, string Json)[] s_with = [("path", "\"src\""), ("Deep-1", "-1.50e3"), ("a_b", "true")];

    private static TaskDefinition Using(
        int index, Dictionary<string, ParentCondition> parents, IReadOnlyDictionary<string, string> variables, string uses, int with) => new()
        {
            Id = Id(index),
            Image = "",
            DependsOn = parents,
            Variables = variables,
            Uses = uses,
            With = s_with.Take(with).ToDictionary(w => w.Name, w => JsonSerializer.Deserialize<JsonElement>(w.Json)),
        };

    private static string Id(int index) => index % 2 == 0 ? $"task-{index}" : $"Task_{index}";

    /// <summary>A good document of one to eight tasks.</summary>
    public static Gen<PipelineDocument> Good { get; } =
        from texts in Gen.Select(_text, _text, Gen.Int[0, 10_000], _labels)
        from count in Gen.Int[1, 8]
        from tasks in Tasks(count)
        from settings in Gen.Select(_params, _timeout, Gen.Int[-100, 100], Gen.Enum<LimitPolicy>())
        from triggers in Some(s_triggers, list => TriggerReader.ReadAll(list, [], stored: false))
        from notifications in Some(s_notifications, NotificationReader.ReadAll)
        select new PipelineDocument
        {
            Id = "nightly",
            Name = texts.Item1.Length == 0 ? "nightly" : texts.Item1,
            Description = texts.Item2,
            Parallelism = texts.Item3,
            Labels = texts.Item4,
            Tasks = tasks,
            Params = settings.Item1,
            Timeout = settings.Item2,
            Priority = settings.Item3,
            OnLimit = settings.Item4,
            Triggers = triggers,
            Notifications = notifications,
        };

    private static Gen<List<TaskDefinition>> Tasks(int count) => Enumerable.Range(0, count).Aggregate(
        Gen.Const(() => new List<TaskDefinition>()),
        (all, index) => Gen.Select(all, Task(index), (tasks, task) => new List<TaskDefinition>(tasks) { task }));
}
