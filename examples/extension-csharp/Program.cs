using System.Globalization;
using System.Runtime.CompilerServices;
using Gofer.Sdk.Extensions;

return await new Ticker().RunAsync();

internal sealed class Ticker : GoferExtension
{
    public override ExtensionDescription Describe() => new("ticker", "1.0.0", "Sends an event every `every_ms` milliseconds.")
    {
        Params = [new("every_ms", ExtensionParameterType.Whole, "How often, in milliseconds; at least 50.") { Required = true }],
    };

    public override IEnumerable<ExtensionProblem> Validate(ExtensionSubscription subscription) =>
        subscription.Whole("every_ms") is >= 50 and <= 1_000_000_000 ? [] : [new("every_ms", "It must be at least 50 milliseconds, and at most 1000000000.")];

    public override async IAsyncEnumerable<ExtensionEvent> EventsAsync(ExtensionSubscription subscription, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var every = subscription.Whole("every_ms");
        var tick = long.TryParse(subscription.Cursor, CultureInfo.InvariantCulture, out var last) ? last : subscription.Since.ToUnixTimeMilliseconds() / every;
        while (true)
        {
            var at = DateTimeOffset.FromUnixTimeMilliseconds(++tick * every);
            if (at - TimeProvider.System.GetUtcNow() is var left && left > TimeSpan.Zero) await Task.Delay(left, cancellationToken);
            yield return new($"{tick}", new { tick, time = at }) { Cursor = $"{tick}", Time = at };
        }
    }
}
