using Gofer.Application.Extensions;
using Gofer.Domain.Extensions;
using Gofer.Extensions.V1;
using Gofer.Infrastructure.Outbound;
using Google.Protobuf;
using Grpc.Core;
using Extension = Gofer.Extensions.V1.Extension;

namespace Gofer.Infrastructure.Extensions.Conformance;

/// <summary>The checks of single calls.</summary>
internal sealed class CallChecks(ExtensionConformance test, ExtensionChannel channel)
{
    /// <summary>No value of any type but text, and found nowhere by chance.</summary>
    private const string NoValue = "gofer-conformance-no-value";

    public async Task HealthAsync(CancellationToken cancellationToken)
    {
        if (!await channel.HealthAsync(cancellationToken)) throw Broken("health", "its health is not SERVING.");
    }

    public async Task CallersAsync(CancellationToken cancellationToken)
    {
        var right = ExtensionCredentials.Caller(test.Token);
        using var raw = GrpcChannels.Open(test.Address);
        var client = new Extension.ExtensionClient(raw);
        foreach (var (who, sent) in new[]
        {
            ("without a token", null), ("with another token", $"Bearer {ExtensionCredentials.Caller(test.Token + "-")}"), ("with an empty one", "Bearer "),
            ("with a part of the right one", $"Bearer {right[..63]}"), ("with the token itself", $"Bearer {test.Token}"),
        })
        {
            await RefusedAsync($"Describe {who}", options => client.DescribeAsync(new DescribeRequest(), options).ResponseAsync, Options(sent));
            await RefusedAsync($"Watch {who}", options => WatchAsync(client, options), Options(sent));
            // One that anybody may end would end here.
            if (test.Shutdown) await RefusedAsync($"Shutdown {who}", options => client.ShutdownAsync(new ShutdownRequest(), options).ResponseAsync, Options(sent));
        }

        CallOptions Options(string? authorization)
        {
            var headers = new Metadata { { ExtensionCredentials.NonceHeader, "0123456789abcdef" } };
            if (authorization is not null) headers.Add(ExtensionCredentials.CallerHeader, authorization);
            return new CallOptions(headers, (TimeProvider.System.GetUtcNow() + channel.Patience).UtcDateTime, cancellationToken);
        }

        async Task RefusedAsync(string call, Func<CallOptions, Task> ask, CallOptions options)
        {
            try
            {
                await ask(options);
            }
            catch (RpcException e) when (e.StatusCode is StatusCode.Unauthenticated)
            {
                return;
            }
            catch (RpcException e) when (e.StatusCode is not (StatusCode.Unavailable or StatusCode.DeadlineExceeded))
            {
                cancellationToken.ThrowIfCancellationRequested();
                throw Broken("callers", $"{call} is answered with {e.StatusCode}, not UNAUTHENTICATED.");
            }
            catch (RpcException e)
            {
                cancellationToken.ThrowIfCancellationRequested();
                throw channel.Failed(call, e);
            }

            throw Broken("callers", $"{call} is answered as if Gofer called.");
        }

        // Whether it ends, or sends an event, or neither: only a refusal will do.
        async Task WatchAsync(Extension.ExtensionClient client, CallOptions options)
        {
            using var call = client.Watch(options);
            try
            {
                await call.RequestStream.WriteAsync(new WatchRequest { Start = new WatchStart { Window = 1 } }, CancellationToken.None);
            }
            catch (Exception e) when (e is InvalidOperationException or RpcException)
            {
                // It is over already: reading says why.
            }

            try
            {
                await call.ResponseStream.MoveNext(CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(3), cancellationToken);
            }
            catch (TimeoutException)
            {
                // It goes on.
            }
        }
    }

    public async Task ProofAsync(CancellationToken cancellationToken)
    {
        // Twice: each call has a nonce of its own.
        for (var i = 0; i < 2; i++) await channel.UnsubscribeAsync(NoValue, cancellationToken);
        using var watch = await channel.WatchAsync(1, cancellationToken);
    }

    public Task DescribeAsync(CancellationToken cancellationToken) => channel.DescribeAsync(cancellationToken);

    public async Task ValidateAsync(CancellationToken cancellationToken)
    {
        var said = await channel.DescribeAsync(cancellationToken);
        if (test.Params.Keys.FirstOrDefault(k => said.Params.All(p => p.Name != k)) is { } given)
        {
            throw Broken("validate", $"-p {given}=… is no parameter of it, by its Describe.");
        }

        if (said.Params.FirstOrDefault(p => p.Required && !test.Params.ContainsKey(p.Name)) is { Name: var missing })
        {
            throw Broken("validate", $"'{missing}' must be given: say -p {missing}=VALUE.");
        }

        if (await channel.ValidateAsync(Of(test.Params), cancellationToken) is [var problem, ..])
        {
            throw Broken("validate", $"the parameters of -p are refused: {(problem.Param is "" ? "" : problem.Param + ": ")}{problem.Message}");
        }

        foreach (var parameter in said.Params)
        {
            if (!ExtensionRules.IsOf(parameter.Type, NoValue))
            {
                var spoilt = new Dictionary<string, string>(test.Params) { [parameter.Name] = NoValue };
                var problems = await ProblemsAsync(spoilt, $"a value of '{parameter.Name}' that is none");
                if (problems.All(p => p.Param != parameter.Name)) throw Broken("validate", $"a value of '{parameter.Name}' that is not of its type is no problem of it.");
                if (problems.Any(p => p.Message.Contains(NoValue, StringComparison.Ordinal)))
                {
                    throw Broken("validate", $"the problem of '{parameter.Name}' quotes the value, which may be a secret.");
                }
            }

            if (!parameter.Required) continue;
            var left = new Dictionary<string, string>(test.Params);
            left.Remove(parameter.Name);
            if (await ProblemsAsync(left, $"'{parameter.Name}' left out") is not []) continue;
            throw Broken("validate", $"'{parameter.Name}' must be given, and leaving it out is no problem.");
        }

        async Task<IReadOnlyList<Problem>> ProblemsAsync(IReadOnlyDictionary<string, string> given, string what)
        {
            try
            {
                return await channel.ValidateAsync(Of(given), cancellationToken);
            }
            catch (ExtensionUnavailableException e)
            {
                throw Broken("validate", $"{what} is answered with an error and not with a problem: {e.Message}.");
            }
        }
    }

    public async Task SizeAsync(CancellationToken cancellationToken)
    {
        var said = await channel.DescribeAsync(cancellationToken);
        var large = new byte[3 << 20];
        // Bytes that are no JSON, and no signature: they are dropped. One that takes no such requests is sent what it looks at otherwise.
        var request = new HandleExternalEventRequest { Id = Guid.CreateVersion7().ToString(), Body = ByteString.CopyFrom(large) };
        if (said.ExternalEvents) await channel.HandleExternalEventAsync(request, cancellationToken);
        else await channel.ValidateAsync(new Subscription { Params = { ["gofer_conformance"] = new string('v', large.Length) } }, cancellationToken);
    }

    public async Task ShutdownAsync(CancellationToken cancellationToken)
    {
        await channel.ShutdownAsync(cancellationToken);
        var until = TimeProvider.System.GetTimestamp();
        while (TimeProvider.System.GetElapsedTime(until) < TimeSpan.FromSeconds(10))
        {
            try
            {
                using var anew = new ExtensionChannel(test.Address, test.Token);
                await anew.HealthAsync(cancellationToken);
            }
            catch (ExtensionUnavailableException)
            {
                return;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(100), cancellationToken);
        }

        throw Broken("shutdown", "10 seconds after Shutdown it still answers.");
    }

    private static Subscription Of(IReadOnlyDictionary<string, string> given)
    {
        var subscription = new Subscription { Namespace = "conformance", Pipeline = "conformance", Trigger = "conformance" };
        foreach (var (name, value) in given) subscription.Params[name] = value;
        return subscription;
    }

    private static ExtensionProtocolException Broken(string rule, string what) => new(rule, what);
}
