namespace Gofer.Domain.Pipelines;

/// <summary>How large a pipeline document and its parts may be; the defaults are the contract's, an operator may set others.</summary>
public sealed record DocumentLimits
{
    /// <summary>The contract's limits.</summary>
    public static DocumentLimits Default { get; } = new();

    /// <summary>No limits, for what was found good before.</summary>
    public static DocumentLimits None { get; } = new()
    {
        WrittenPasswords = true,
        Stored = true,
        Tasks = int.MaxValue,
        Parents = int.MaxValue,
        Variables = int.MaxValue,
        VariableBytes = int.MaxValue,
        VariableName = int.MaxValue,
        Parallelism = int.MaxValue,
        Name = int.MaxValue,
        Description = int.MaxValue,
        Labels = int.MaxValue,
        LabelKey = int.MaxValue,
        LabelValue = int.MaxValue,
        Image = int.MaxValue,
        WordBytes = int.MaxValue,
        Setting = int.MaxValue,
        Params = int.MaxValue,
        Choices = int.MaxValue,
        Priority = int.MaxValue,
        Attempts = int.MaxValue,
        Concurrency = int.MaxValue,
        MatrixMembers = int.MaxValue,
        ShortestTimeout = TimeSpan.Zero,
        LongestTimeout = TimeSpan.MaxValue,
        LongestDelay = TimeSpan.MaxValue,
    };

    /// <summary>Tasks of a pipeline, every instance of a matrix counted.</summary>
    public int Tasks { get; init; } = 1000;

    /// <summary>Parents of a task.</summary>
    public int Parents { get; init; } = 100;

    /// <summary>Variables of a task or a run.</summary>
    public int Variables { get; init; } = 256;

    /// <summary>Bytes of a variable's value in UTF-8.</summary>
    public int VariableBytes { get; init; } = 64 * 1024;

    /// <summary>Characters of a variable's name.</summary>
    public int VariableName { get; init; } = 255;

    /// <summary>The greatest <c>parallelism</c>.</summary>
    public int Parallelism { get; init; } = 10_000;

    /// <summary>Characters of a pipeline's title.</summary>
    public int Name { get; init; } = 255;

    /// <summary>Characters of a description.</summary>
    public int Description { get; init; } = 3000;

    /// <summary>Labels of a pipeline or a run.</summary>
    public int Labels { get; init; } = 64;

    /// <summary>Characters of a label's key.</summary>
    public int LabelKey { get; init; } = 128;

    /// <summary>Characters of a label's value.</summary>
    public int LabelValue { get; init; } = 255;

    /// <summary>Characters of an image's name.</summary>
    public int Image { get; init; } = 512;

    /// <summary>Bytes of one word of a command in UTF-8; Linux starts no program with a longer one.</summary>
    public int WordBytes { get; init; } = (128 * 1024) - 1;

    /// <summary>Characters of a folder, a user, and each half of a registry login.</summary>
    public int Setting { get; init; } = 4096;

    /// <summary>Whether the password of a registry may be written out, as the first versions of Gofer took it.</summary>
    public bool WrittenPasswords { get; init; }

    /// <summary>Whether the document was found good before: what a machine knew then, as its time zones, is not asked again.</summary>
    public bool Stored { get; init; }

    /// <summary>Parameters of a pipeline.</summary>
    public int Params { get; init; } = 100;

    /// <summary>Choices of a parameter.</summary>
    public int Choices { get; init; } = 100;

    /// <summary>The greatest priority; the least is its negative.</summary>
    public int Priority { get; init; } = 100;

    /// <summary>The greatest <c>max_attempts</c>.</summary>
    public int Attempts { get; init; } = 100;

    /// <summary>The greatest limit of a concurrency key.</summary>
    public int Concurrency { get; init; } = 10_000;

    /// <summary>Members of a matrix; each is a variable of its instances.</summary>
    public int MatrixMembers { get; init; } = 16;

    /// <summary>The shortest timeout.</summary>
    public TimeSpan ShortestTimeout { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>The longest timeout.</summary>
    public TimeSpan LongestTimeout { get; init; } = TimeSpan.FromDays(30);

    /// <summary>The longest wait between two attempts.</summary>
    public TimeSpan LongestDelay { get; init; } = TimeSpan.FromDays(7);
}
