using System.Text.Json;
using Gofer.Application.Secrets;
using Gofer.Domain.Common;
using Gofer.Domain.Pipelines;
using Gofer.Domain.Triggers;
using Gofer.Domain.Triggers.Hooks;
using MediatR;

namespace Gofer.Application.Triggers;

/// <summary>
/// Takes a request to a trigger's URL: it is verified, and stored before it is answered; what becomes of it is decided afterwards. The secret part of the
/// URL is all that <paramref name="Hook"/> holds.
/// </summary>
public sealed record ReceiveHook(string Hook, IReadOnlyDictionary<string, string> Headers, byte[] Body) : IRequest<Result<HookAnswer>>
{
    /// <summary>The largest body, in bytes.</summary>
    public const int MaxBody = 5 * 1024 * 1024;

    /// <summary>The largest body for an extension, in bytes: it and its headers are one message of gRPC.</summary>
    public const int MaxExtensionBody = 3 * 1024 * 1024;
}

internal sealed class ReceiveHookHandler(IHookInbox inbox, ISecretStore secrets, TimeProvider clock) : IRequestHandler<ReceiveHook, Result<HookAnswer>>
{
    /// <summary>The most characters of a header that an extension gets: it may have to verify one.</summary>
    private const int MaxExtensionHeader = 8 * 1024;

    private static Error Unknown { get; } = new(ErrorKind.NotFound, ErrorCodes.HookNotFound, "No trigger has this URL. Its owner may have given it another one.");

    public async Task<Result<HookAnswer>> Handle(ReceiveHook request, CancellationToken cancellationToken)
    {
        if (request.Hook.Length != Trigger.HookLength) return Unknown;
        if (await inbox.FindAsync(Trigger.HashOf(request.Hook), cancellationToken) is not { } target) return await ForExtensionAsync(request, cancellationToken);
        var definition = TriggerReader.ReadStored(target.Definition);
        var now = clock.GetUtcNow();
        var content = new EventContent(request.Headers, request.Body);
        var keys = new List<string>();
        if (definition.Hook?.Signature is { } rule)
        {
            var key = await KeyAsync(rule, target, cancellationToken);
            if (!key.IsOk) return key.Error;
            var verdict = rule.Verify(content, [key.Value], now);
            if (verdict.Refusal is { } refusal) return new Error(ErrorKind.Unauthenticated, ErrorCodes.SignatureInvalid, refusal);
            if (verdict.ReplayKey is { } replay) keys.Add(EventKeys.OfSignature(replay));
        }

        if (definition.Hook?.Dedupe?.KeyOf(content) is { } given) keys.Add(EventKeys.OfSender(given));
        var id = Guid.CreateVersion7(now);
        await inbox.AddAsync(
            new NewTriggerEvent(id, target.NamespaceId, target.PipelineId, target.Trigger, target.Name, EventKinds.Hook)
            {
                Headers = HookHeaders.Kept(definition, request.Headers),
                Body = request.Body,
                DedupeKeys = keys.Count > 0 ? [.. keys] : null,
            },
            cancellationToken);
        return new HookAnswer(id);
    }

    /// <summary>Stores what was sent to an extension's URL. Who sent it the extension verifies, so it gets every header but those that prove something to Gofer.</summary>
    private async Task<Result<HookAnswer>> ForExtensionAsync(ReceiveHook request, CancellationToken cancellationToken)
    {
        if (request.Body.Length > ReceiveHook.MaxExtensionBody)
        {
            return new Error(ErrorKind.TooLarge, ErrorCodes.PayloadTooLarge, $"The body has {request.Body.Length} bytes; at most {ReceiveHook.MaxExtensionBody} are taken for an extension.");
        }

        var headers = request.Headers.Where(h => !HookHeaders.Private.Contains(h.Key)).Take(HookHeaders.MaxCount).ToDictionary(h => h.Key.ToLowerInvariant(), h => h.Value.Length > MaxExtensionHeader ? h.Value[..MaxExtensionHeader] : h.Value);
        var id = Guid.CreateVersion7(clock.GetUtcNow());
        return await inbox.AddAsync(Trigger.HashOf(request.Hook), id, headers, request.Body, cancellationToken) switch
        {
            true => new HookAnswer(id),
            false => new Error(ErrorKind.Limited, ErrorCodes.RateLimited, "So many requests wait for the extension that no more are taken. Nothing was stored; try again later.")
            {
                RetryAfter = TimeSpan.FromMinutes(1),
            },
            null => Unknown,
        };
    }

    private async Task<Result<byte[]>> KeyAsync(SignatureRule rule, HookTarget target, CancellationToken cancellationToken)
    {
        var (kind, key) = Interpolation.Parse(rule.Secret)!.Value;
        var scope = SecretReferences.ScopeOf(kind, target.NamespaceId, target.PipelineId);
        if (scope is null || await secrets.ReadForAsync(scope, key, target.Namespace, cancellationToken) is not { } secret)
        {
            return new Error(ErrorKind.Unavailable, ErrorCodes.StoreUnavailable, "The trigger's key cannot be read, so nothing can be verified and nothing was stored. Its owner has to see to that; try again later.");
        }

        return System.Text.Encoding.UTF8.GetBytes(secret.Value.Reveal());
    }
}

/// <summary>Which headers of a request go into the ledger: those that its trigger reads, and what says what sort of request it was. Never what proves who sent it.</summary>
internal static class HookHeaders
{
    private const int MaxValue = 1024;

    /// <summary>The most headers of a request that an extension gets.</summary>
    public const int MaxCount = 100;

    /// <summary>What proves to a server who sent a request, which is no extension's to know.</summary>
    public static IReadOnlySet<string> Private { get; } = new HashSet<string>(StringComparer.OrdinalIgnoreCase) { "Authorization", "Cookie", "Proxy-Authorization" };

    private static readonly string[] s_always = ["Content-Type", "User-Agent", "X-GitHub-Event", "X-GitHub-Delivery", "X-GitHub-Hook-ID"];
    private static readonly string[] s_never = ["Authorization", "Cookie", "Proxy-Authorization", "X-Hub-Signature", "X-Hub-Signature-256", "Gofer-Signature"];

    public static IReadOnlyDictionary<string, string> Kept(TriggerDefinition definition, IReadOnlyDictionary<string, string> headers)
    {
        var wanted = new HashSet<string>(s_always, StringComparer.OrdinalIgnoreCase);
        foreach (var (name, part) in definition.Hook!.Written)
        {
            if (name != "signature") Collect(part, wanted);
        }

        if (definition.Params.Written is { } parameters) Collect(parameters, wanted);
        wanted.ExceptWith(s_never);
        if (definition.Hook.Written.TryGetValue("signature", out var signature) && signature.TryGetProperty("header", out var own)) wanted.Remove(own.GetString()!);
        return headers.Where(h => wanted.Contains(h.Key)).ToDictionary(h => h.Key, h => h.Value.Length > MaxValue ? h.Value[..MaxValue] : h.Value, StringComparer.OrdinalIgnoreCase);
    }

    private static void Collect(JsonElement part, HashSet<string> names)
    {
        switch (part.ValueKind)
        {
            case JsonValueKind.Array:
                foreach (var item in part.EnumerateArray()) Collect(item, names);
                break;
            case JsonValueKind.Object:
                foreach (var member in part.EnumerateObject())
                {
                    if (member.NameEquals("header") && member.Value.ValueKind == JsonValueKind.String) names.Add(member.Value.GetString()!);
                    else Collect(member.Value, names);
                }

                break;
        }
    }
}
