using System.Globalization;
using System.Text.Json;
using Gofer.Api.Http;
using Gofer.Application.Triggers;
using Gofer.Domain.Common;
using Gofer.Domain.Pipelines;
using Gofer.Domain.Triggers;

namespace Gofer.Api.Triggers;

/// <summary>The body that asks for past times of a trigger to be run.</summary>
public sealed record BackfillRequest(BackfillOrder Order) : IBody<BackfillRequest>
{
    private static readonly string[] s_times = ["yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK"];

    /// <inheritdoc/>
    public static Type Schema => typeof(BackfillBody);

    /// <inheritdoc/>
    public static BackfillRequest? Read(JsonElement root, FaultList faults)
    {
        if (JsonFields.Open(root, faults) is not { } fields) return null;
        var (from, to) = (Time(fields["from"].Required()), Time(fields["to"].Required()));
        var order = new BackfillOrder(from ?? default, to ?? default)
        {
            Limit = (int?)fields["limit"].Whole(1, Backfill.MaxTimes),
            Parallel = (int?)fields["parallel"].Whole(1, Backfill.MaxParallel) ?? Backfill.DefaultParallel,
            Reverse = fields["reverse"].Flag() ?? false,
            Version = (int?)fields["version"].Whole(1, int.MaxValue),
            Params = Runs.NewRunBody.Values(fields["params"], DocumentLimits.Default),
        };
        fields.Done();
        return from is null || to is null ? null : new BackfillRequest(order);
    }

    /// <summary>A time to the microsecond, which is what the database keeps.</summary>
    private static DateTimeOffset? Time(JsonValue member)
    {
        if (member.Text() is not { } text) return null;
        const DateTimeStyles Utc = DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal;
        if (DateTimeOffset.TryParseExact(text, s_times, CultureInfo.InvariantCulture, Utc, out var at)) return at.AddTicks(-(at.Ticks % 10));
        member.Invalid($"{member.Label} is {Shown.Quoted(text)}; it must be a time such as 2027-01-01T00:00:00Z.");
        return null;
    }
}

/// <summary>Past times of a trigger that are to be run.</summary>
/// <param name="From">The first moment that belongs to it.</param>
/// <param name="To">The first moment after it that does not; not later than now.</param>
public sealed record BackfillBody(DateTimeOffset From, DateTimeOffset To)
{
    /// <summary>The most times, of those that are taken first; all where it is left away.</summary>
    public int? Limit { get; init; }

    /// <summary>How many of its runs are active at a time, 1 to 100; 4 where it is left away.</summary>
    public int? Parallel { get; init; }

    /// <summary>Whether the newest time is the first; false where it is left away.</summary>
    public bool? Reverse { get; init; }

    /// <summary>The version of its runs; what the trigger says where it is left away.</summary>
    public int? Version { get; init; }

    /// <summary>Parameters of its runs, which win over the trigger's.</summary>
    public IReadOnlyDictionary<string, JsonElement>? Params { get; init; }
}

/// <summary>The body that lets a backfill make no more runs, or go on.</summary>
public sealed record BackfillStateBody(bool? Paused) : IBody<BackfillStateBody>
{
    /// <inheritdoc/>
    public static BackfillStateBody? Read(JsonElement root, FaultList faults)
    {
        if (JsonFields.Open(root, faults) is not { } fields) return null;
        var patch = new BackfillStateBody(fields["paused"].Flag());
        fields.Done();
        return patch;
    }
}
