using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace Gofer.Infrastructure.Postgres.Triggers;

/// <summary>How triggers work; section <c>Gofer:Triggers</c>.</summary>
public sealed class TriggerOptions
{
    /// <summary>The configuration section.</summary>
    public const string Section = "Gofer:Triggers";

    /// <summary>How late a scheduled time may fire without being one that was missed.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00")]
    public TimeSpan Grace { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>How long events stay in the ledger after they were decided.</summary>
    [Range(typeof(TimeSpan), "00:01:00", "3650.00:00:00")]
    public TimeSpan Retention { get; set; } = TimeSpan.FromDays(30);
}

/// <summary>Refuses to start on a value that cannot work.</summary>
[OptionsValidator]
internal sealed partial class TriggerOptionsValidator : IValidateOptions<TriggerOptions>;
