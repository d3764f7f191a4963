using System.Diagnostics.CodeAnalysis;

namespace Gofer.Domain.Common;

/// <summary>A typed, time-ordered (UUIDv7) identifier; one converter in the database layer serves every implementation.</summary>
public interface IId<TSelf>
    where TSelf : struct, IId<TSelf>
{
    /// <summary>The UUID behind the type.</summary>
    Guid Value { get; }

    /// <summary>Wraps a UUID that was read from somewhere.</summary>
    static abstract TSelf From(Guid value);
}

/// <summary>Identifies a namespace for good; names may be reused, ids never.</summary>
public readonly record struct NamespaceId(Guid Value) : IId<NamespaceId>
{
    /// <inheritdoc/>
    public static NamespaceId From(Guid value) => new(value);

    /// <inheritdoc/>
    public override string ToString() => Value.ToString();
}

/// <summary>Identifies a pipeline for good; a pipeline created again under an old name has a new id.</summary>
public readonly record struct PipelineId(Guid Value) : IId<PipelineId>
{
    /// <inheritdoc/>
    public static PipelineId From(Guid value) => new(value);

    /// <inheritdoc/>
    public override string ToString() => Value.ToString();
}

/// <summary>Identifies a trigger for good; one made again under an old name has a new id.</summary>
public readonly record struct TriggerId(Guid Value) : IId<TriggerId>
{
    /// <inheritdoc/>
    public static TriggerId From(Guid value) => new(value);

    /// <inheritdoc/>
    public override string ToString() => Value.ToString();
}

/// <summary>Identifies an extension for good; one installed again under an old name has a new id.</summary>
public readonly record struct ExtensionId(Guid Value) : IId<ExtensionId>
{
    /// <inheritdoc/>
    public static ExtensionId From(Guid value) => new(value);

    /// <inheritdoc/>
    public override string ToString() => Value.ToString();
}

/// <summary>Identifies a backfill for good.</summary>
public readonly record struct BackfillId(Guid Value) : IId<BackfillId>, IComparable<BackfillId>
{
    /// <inheritdoc/>
    public static BackfillId From(Guid value) => new(value);

    /// <summary>By time, as the database orders them.</summary>
    public int CompareTo(BackfillId other) => Value.CompareTo(other.Value);

    /// <summary>Whether <paramref name="left"/> was made before <paramref name="right"/>.</summary>
    public static bool operator <(BackfillId left, BackfillId right) => left.CompareTo(right) < 0;

    /// <summary>Whether <paramref name="left"/> was made after <paramref name="right"/>.</summary>
    public static bool operator >(BackfillId left, BackfillId right) => left.CompareTo(right) > 0;

    /// <summary>Whether <paramref name="left"/> was not made after <paramref name="right"/>.</summary>
    public static bool operator <=(BackfillId left, BackfillId right) => left.CompareTo(right) <= 0;

    /// <summary>Whether <paramref name="left"/> was not made before <paramref name="right"/>.</summary>
    public static bool operator >=(BackfillId left, BackfillId right) => left.CompareTo(right) >= 0;

    /// <inheritdoc/>
    public override string ToString() => Value.ToString();
}

/// <summary>Identifies a notification for good; one made again under an old name has a new id.</summary>
public readonly record struct NotificationId(Guid Value) : IId<NotificationId>
{
    /// <inheritdoc/>
    public static NotificationId From(Guid value) => new(value);

    /// <inheritdoc/>
    public override string ToString() => Value.ToString();
}

/// <summary>Identifies a shared task for good; one made again under an old name has a new id.</summary>
public readonly record struct SharedTaskId(Guid Value) : IId<SharedTaskId>
{
    /// <inheritdoc/>
    public static SharedTaskId From(Guid value) => new(value);

    /// <inheritdoc/>
    public override string ToString() => Value.ToString();
}

/// <summary>Identifies a version of a shared task for good; runs name theirs by it.</summary>
public readonly record struct SharedTaskVersionId(Guid Value) : IId<SharedTaskVersionId>
{
    /// <inheritdoc/>
    public static SharedTaskVersionId From(Guid value) => new(value);

    /// <inheritdoc/>
    public override string ToString() => Value.ToString();
}

/// <summary>Identifies a run. Its first 48 bits are the creation time, by which the history tables are partitioned.</summary>
public readonly record struct RunId(Guid Value) : IId<RunId>, IParsable<RunId>, IComparable<RunId>
{
    /// <inheritdoc/>
    public static RunId From(Guid value) => new(value);

    /// <inheritdoc/>
    public static RunId Parse(string s, IFormatProvider? provider) => new(Guid.Parse(s, provider));

    /// <inheritdoc/>
    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, out RunId result)
    {
        var ok = Guid.TryParse(s, provider, out var value);
        result = new RunId(value);
        return ok;
    }

    /// <summary>By time, as the database orders them.</summary>
    public int CompareTo(RunId other) => Value.CompareTo(other.Value);

    /// <summary>Whether <paramref name="left"/> was made before <paramref name="right"/>.</summary>
    public static bool operator <(RunId left, RunId right) => left.CompareTo(right) < 0;

    /// <summary>Whether <paramref name="left"/> was made after <paramref name="right"/>.</summary>
    public static bool operator >(RunId left, RunId right) => left.CompareTo(right) > 0;

    /// <summary>Whether <paramref name="left"/> was not made after <paramref name="right"/>.</summary>
    public static bool operator <=(RunId left, RunId right) => left.CompareTo(right) <= 0;

    /// <summary>Whether <paramref name="left"/> was not made before <paramref name="right"/>.</summary>
    public static bool operator >=(RunId left, RunId right) => left.CompareTo(right) >= 0;

    /// <inheritdoc/>
    public override string ToString() => Value.ToString();
}

/// <summary>Identifies one registration of a worker process; a worker whose lease ran out registers again under a new one.</summary>
public readonly record struct WorkerId(Guid Value) : IId<WorkerId>
{
    /// <inheritdoc/>
    public static WorkerId From(Guid value) => new(value);

    /// <inheritdoc/>
    public override string ToString() => Value.ToString();
}

/// <summary>Identifies the bytes of one upload in the store of objects; made by Gofer, never by a caller, and never used again.</summary>
public readonly record struct BlobId(Guid Value) : IId<BlobId>
{
    /// <inheritdoc/>
    public static BlobId From(Guid value) => new(value);

    /// <summary>32 hexadecimal digits: fit for a file's name and a key of any store.</summary>
    public override string ToString() => Value.ToString("N");
}
