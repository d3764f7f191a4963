using CsCheck;
using Gofer.Domain.Pipelines;

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

    private static Gen<TaskDefinition> Task(int index) =>
        from texts in Gen.Select(_image, _text, Gen.Bool)
        from login in Gen.Select(Gen.Bool, _text, _text)
        from parents in Gen.Dictionary(Gen.Int[0, Math.Max(0, index - 1)], Gen.Enum<ParentCondition>())[0, Math.Min(index, 3)]
        from variables in _variables
        from words in Gen.Select(_text.Array[0, 3], _text.Array[0, 3])
        from settings in Gen.Select(Gen.OneOf(Gen.Const((string?)null), _setting.Select(s => (string?)s)), Gen.OneOf<string?>(null, "root"), Gen.Bool)
        from resources in _resources
        select new TaskDefinition
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
        };

    private static string Id(int index) => index % 2 == 0 ? $"task-{index}" : $"Task_{index}";

    /// <summary>A good document of one to eight tasks.</summary>
    public static Gen<PipelineDocument> Good { get; } =
        from texts in Gen.Select(_text, _text, Gen.Int[0, 10_000], _labels)
        from count in Gen.Int[1, 8]
        from tasks in Tasks(count)
        select new PipelineDocument
        {
            Id = "nightly",
            Name = texts.Item1.Length == 0 ? "nightly" : texts.Item1,
            Description = texts.Item2,
            Parallelism = texts.Item3,
            Labels = texts.Item4,
            Tasks = tasks,
        };

    private static Gen<List<TaskDefinition>> Tasks(int count) => Enumerable.Range(0, count).Aggregate(
        Gen.Const(() => new List<TaskDefinition>()),
        (all, index) => Gen.Select(all, Task(index), (tasks, task) => new List<TaskDefinition>(tasks) { task }));
}
