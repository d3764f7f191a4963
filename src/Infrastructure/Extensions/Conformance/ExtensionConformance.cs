using System.Runtime.CompilerServices;
using Gofer.Application.Extensions;

namespace Gofer.Infrastructure.Extensions.Conformance;

/// <summary>What came of a check.</summary>
/// <param name="Rule">The rule's word in <c>extension.proto</c>.</param>
/// <param name="Ok">Whether it is kept, as far as can be seen from outside.</param>
/// <param name="What">What was seen.</param>
/// <param name="Cure">What to do; null where it is kept.</param>
public sealed record ConformanceResult(string Rule, bool Ok, string What, string? Cure);

/// <summary>
/// Looks whether an extension keeps to the rules of <c>proto/gofer/extension/v1</c>, by calling it as Gofer does. Everything is looked at, also after a
/// failure. It leaves no subscription behind.
/// </summary>
public sealed class ExtensionConformance
{
    /// <summary>Where the extension listens.</summary>
    public required Uri Address { get; init; }

    /// <summary>What both sides know.</summary>
    public required string Token { get; init; }

    /// <summary>Good parameters of a subscription, of which events come soon.</summary>
    public IReadOnlyDictionary<string, string> Params { get; init; } = new Dictionary<string, string>();

    /// <summary>How long an event may take to come.</summary>
    public TimeSpan Wait { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Whether it is asked to end, in the end.</summary>
    public bool Shutdown { get; init; }

    /// <summary>The checks one by one.</summary>
    public async IAsyncEnumerable<ConformanceResult> RunAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var channel = new ExtensionChannel(Address, Token);
        var calls = new CallChecks(this, channel);
        var streams = new WatchChecks(this, channel);
        (string Rule, string Kept, Func<CancellationToken, Task> Check, string Cure)[] checks =
        [
            ("health", "It says that it serves.", calls.HealthAsync, "Serve grpc.health.v1.Health, and answer SERVING for the service \"\" once calls are taken."),
            ("callers", "Whoever does not know the token is refused.", calls.CallersAsync,
                "Compare the header 'authorization' with 'Bearer ' and the HMAC of \"gofer.extension.v1 call\" in every call, and answer UNAUTHENTICATED."),
            ("proof", "Each answer proves that it knows the token.", calls.ProofAsync,
                "Send 'gofer-proof' in the initial metadata of every answer: the hexadecimal HMAC of \"gofer.extension.v1 proof \" and the call's gofer-nonce."),
            ("describe", "What it says of itself can be shown.", calls.DescribeAsync, "See DescribeResponse and Parameter in extension.proto for what each may be."),
            ("validate", "It says what is wrong with parameters, and takes good ones.", calls.ValidateAsync,
                "Answer problems by parameter for what a user wrote, never an error status, and never the value. What is good is given by -p NAME=VALUE."),
            ("subscribe", "Subscribing may be repeated, and what was ended stays so.", streams.SubscribeAsync,
                "Let Subscribe replace what is there under the id, and Unsubscribe end it, or nothing, without an error."),
            ("window", "It waits where the window is full.", streams.WindowAsync,
                "Count the events that were sent and not acknowledged, and send none where there are as many as WatchStart.window."),
            ("watch", "What was not acknowledged comes again; what was does not.", streams.WatchAsync,
                "Keep each event until it is acknowledged, send it again under the same id in the next Watch, and begin after the cursor of Subscribe."),
            ("size", "It takes the largest message.", calls.SizeAsync, "Let your server take messages of 4 MiB, and compress none."),
            .. Shutdown
                ? [("shutdown", "It ends when it is asked to.", calls.ShutdownAsync, "Answer Shutdown, and end the process within 10 seconds, whatever is on its way.")]
                : Array.Empty<(string, string, Func<CancellationToken, Task>, string)>(),
        ];
        foreach (var (rule, kept, check, cure) in checks)
        {
            ConformanceResult result;
            try
            {
                await check(cancellationToken);
                result = new ConformanceResult(rule, true, kept, null);
            }
            catch (ExtensionProtocolException e)
            {
                var broken = checks.FirstOrDefault(c => c.Rule == e.Rule);
                result = new ConformanceResult(e.Rule, false, $"{char.ToUpperInvariant(e.What[0])}{e.What[1..]}", broken.Cure ?? cure);
            }
            catch (ExtensionUnavailableException e)
            {
                result = new ConformanceResult(rule, false, $"{e.Message}.", cure);
            }

            yield return result;
        }
    }
}
