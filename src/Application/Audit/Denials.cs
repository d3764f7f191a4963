using System.Data.Common;
using Gofer.Application.Access;
using Gofer.Application.Common;
using Gofer.Domain.Audit;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Gofer.Application.Audit;

/// <summary>What somebody was refused.</summary>
/// <param name="Operation">The operation, as the API's description names it.</param>
/// <param name="Code">The code of the refusal.</param>
/// <param name="Target">What it was about, as far as it is known.</param>
/// <param name="Address">Where the request came from.</param>
public sealed record Denial(string Operation, string Code, AuditTarget Target, string? Address = null);

/// <summary>
/// Notes in the audit log who was refused, before the refusal is answered. Of one actor at most <see cref="MostAMinute"/> in a minute, and of all
/// whom nobody knows together: how many more there were is said with the next that is noted. The database being away changes no refusal; the log
/// of the server has it then.
/// </summary>
public sealed partial class Denials(IServiceScopeFactory scopes, TimeProvider clock, IStoreWatch watch, ILogger<Denials> logger)
{
    /// <summary>How many of one actor are noted in a minute.</summary>
    public const int MostAMinute = 30;

    /// <summary>How many actors are counted at a time; beyond, those that were quiet for a minute are forgotten.</summary>
    private const int MostActors = 1000;

    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    private readonly Lock _gate = new();
    private readonly Dictionary<string, Window> _windows = new(StringComparer.Ordinal);

    /// <summary>Notes it, or counts it.</summary>
    public async Task NoteAsync(Caller? who, Denial denial)
    {
        ArgumentNullException.ThrowIfNull(denial);
        if (Take(who?.Actor ?? "") is not { } unsaid) return;
        var data = new Dictionary<string, object> { ["operation"] = denial.Operation, ["code"] = denial.Code };
        if (denial.Address is { } address) data["address"] = address;
        if (unsaid > 0) data["not_noted"] = unsaid;
        try
        {
            await using var scope = scopes.CreateAsyncScope();
            var db = scope.ServiceProvider.GetRequiredService<IGoferDb>();
            db.Audit.Add(AuditTrail.Of(who, AuditTypes.AccessDenied, denial.Target, data, AuditOutcome.Denied));
            // Whoever hangs up is noted all the same.
            await db.SaveChangesAsync(CancellationToken.None);
        }
        catch (Exception e) when (watch.IsTrouble(e) || e is DbUpdateException or DbException)
        {
            Log.NotNoted(logger, who?.Actor, denial.Operation, denial.Code, e.Message);
        }
    }

    /// <summary>How many went unnoted before this one; null where this one does too.</summary>
    private int? Take(string actor)
    {
        var now = clock.GetUtcNow();
        lock (_gate)
        {
            if (_windows.Count >= MostActors && !_windows.ContainsKey(actor))
            {
                foreach (var quiet in _windows.Where(w => now - w.Value.Began >= Minute).Select(w => w.Key).ToList()) _windows.Remove(quiet);
            }

            if (!_windows.TryGetValue(actor, out var window)) _windows[actor] = window = new Window { Began = now };
            if (now - window.Began >= Minute) (window.Began, window.Noted) = (now, 0);
            if (window.Noted == MostAMinute)
            {
                window.Unsaid++;
                return null;
            }

            window.Noted++;
            var unsaid = window.Unsaid;
            window.Unsaid = 0;
            return unsaid;
        }
    }

    private sealed class Window
    {
        public DateTimeOffset Began { get; set; }

        public int Noted { get; set; }

        public int Unsaid { get; set; }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "The audit log has not that {Actor} was refused {Operation} ({Code}): {Why}")]
        public static partial void NotNoted(ILogger logger, string? actor, string operation, string code, string why);
    }
}
