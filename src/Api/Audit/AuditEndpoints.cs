using System.Globalization;
using System.Runtime.CompilerServices;
using Gofer.Api.Access;
using Gofer.Api.Http;
using Gofer.Application.Audit;
using Gofer.Application.Common;
using Gofer.Domain.Access;
using Gofer.Domain.Common;
using MediatR;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Gofer.Api.Audit;

internal static class AuditEndpoints
{
    public static void MapAudit(this IEndpointRouteBuilder api) => api.MapGet("/audit", List).WithTags("Audit").WithName("ListAudit").Needs(Resource.Audit, Verb.Read)
        .WithSummary("List the audit log, newest first, or follow it").Produces<Page<AuditView>>(StatusCodes.Status200OK, "application/json", "text/event-stream");

    private static async Task<IResult> List(
        HttpContext context, IMediator mediator, AuditFollower follower, CancellationToken ct, string? type = null, string? @namespace = null, bool follow = false,
        int? limit = null, string? cursor = null)
    {
        var filter = new AuditFilter(type, @namespace);
        if (!follow)
        {
            var page = await mediator.Send(new ListAudit(filter, new PageRequest(limit, cursor)), ct);
            return page.IsOk ? TypedResults.Ok(page.Value) : page.Error.ToProblem();
        }

        var last = await follower.LastAsync(ct);
        if (EventStream.LastEventId(context) is not { } id) return new EventStream(token => FollowAsync(follower, filter, last, token), Never);
        return long.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out var after) && after <= last
            ? new EventStream(token => FollowAsync(follower, filter, after, token), Never)
            : Error.Malformed("/last_event_id", "There is no such place in the audit log; leave it away to follow from now on.").ToProblem();
    }

    /// <summary>First says where it begins, so that one whose connection breaks before the first entry goes on from there and misses none.</summary>
    private static async IAsyncEnumerable<ServerEvent> FollowAsync(AuditFollower follower, AuditFilter filter, long after, [EnumeratorCancellation] CancellationToken ct)
    {
        yield return new ServerEvent("open", Id(after), new { Seq = after });
        await foreach (var entry in follower.EntriesAsync(filter, after, ct)) yield return new ServerEvent("audit", Id(entry.Seq), entry);
    }

    /// <summary>The log has no end: whoever follows it leaves, or the server stops.</summary>
    private static Task<object> Never(CancellationToken ct) => throw new InvalidOperationException("The audit log has ended.");

    private static string Id(long seq) => seq.ToString(CultureInfo.InvariantCulture);
}
