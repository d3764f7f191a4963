using Gofer.Application.Extensions;
using Gofer.Domain.Extensions;
using Gofer.Extensions.V1;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;

namespace Gofer.Infrastructure.Extensions;

/// <inheritdoc cref="IExtensionDialer"/>
internal sealed class ExtensionDialer : IExtensionDialer
{
    public IExtensionLink Dial(Uri address, string token) => new ExtensionLink(new ExtensionChannel(address, token));
}

/// <summary>An <see cref="ExtensionChannel"/> in the words of the rest of Gofer.</summary>
internal sealed class ExtensionLink(ExtensionChannel channel) : IExtensionLink
{
    public async Task HealthAsync(CancellationToken cancellationToken)
    {
        if (!await channel.HealthAsync(cancellationToken)) throw new ExtensionUnavailableException($"The extension at {channel.Address} says that it does not serve");
    }

    public async Task<ExtensionDescription> DescribeAsync(CancellationToken cancellationToken)
    {
        var said = await channel.DescribeAsync(cancellationToken);
        return new ExtensionDescription
        {
            Name = said.Name,
            Version = said.Version,
            Documentation = said.Documentation,
            Settings = [.. said.Settings.Select(Of)],
            Params = [.. said.Params.Select(Of)],
            ExternalEvents = said.ExternalEvents,
        };
    }

    public async Task<IReadOnlyList<ExtensionProblem>> ValidateAsync(SubscriptionOrder order, CancellationToken cancellationToken) =>
        Of(await channel.ValidateAsync(Of(order), cancellationToken));

    public async Task<IReadOnlyList<ExtensionProblem>> SubscribeAsync(SubscriptionOrder order, string cursor, DateTimeOffset since, CancellationToken cancellationToken) =>
        Of(await channel.SubscribeAsync(new SubscribeRequest { Subscription = Of(order), Cursor = cursor, Since = Timestamp.FromDateTimeOffset(since) }, cancellationToken));

    public Task UnsubscribeAsync(string subscription, CancellationToken cancellationToken) => channel.UnsubscribeAsync(subscription, cancellationToken);

    public Task HandleAsync(ExternalRequest request, CancellationToken cancellationToken)
    {
        var sent = new HandleExternalEventRequest
        {
            Id = request.Id.ToString(),
            Body = UnsafeByteOperations.UnsafeWrap(request.Body),
            ReceivedAt = Timestamp.FromDateTimeOffset(request.ReceivedAt),
        };
        sent.Headers.Add(request.Headers.ToDictionary(h => h.Key, h => h.Value));
        return channel.HandleExternalEventAsync(sent, cancellationToken);
    }

    public Task ShutdownAsync(CancellationToken cancellationToken) => channel.ShutdownAsync(cancellationToken);

    public async Task<IExtensionWatch> WatchAsync(int window, CancellationToken cancellationToken) => new Watch(await channel.WatchAsync(window, cancellationToken));

    public void Dispose() => channel.Dispose();

    private static Subscription Of(SubscriptionOrder order)
    {
        var subscription = new Subscription { Id = order.Id, Namespace = order.Namespace, Pipeline = order.Pipeline, Trigger = order.Trigger };
        subscription.Params.Add(order.Params.ToDictionary(p => p.Key, p => p.Value));
        return subscription;
    }

    private static List<ExtensionProblem> Of(IEnumerable<Problem> problems) => [.. problems.Select(p => new ExtensionProblem(p.Param, p.Message))];

    private static Domain.Extensions.ExtensionParameter Of(Parameter parameter) => new(
        parameter.Name,
        parameter.Type switch
        {
            ParameterType.Int => ExtensionParameterType.Int,
            ParameterType.Number => ExtensionParameterType.Number,
            ParameterType.Bool => ExtensionParameterType.Bool,
            // Types may be added to the protocol: of one that this version does not know, any text is one.
            _ => ExtensionParameterType.String,
        },
        parameter.Required, parameter.Default, parameter.Documentation);

    private sealed class Watch(ExtensionWatch watch) : IExtensionWatch
    {
        public async Task<WatchedEvent?> NextAsync(CancellationToken cancellationToken) => await watch.NextAsync(cancellationToken) is not { } sent ? null
            : new WatchedEvent(sent.SubscriptionId, sent.Id, sent.Time?.ToDateTimeOffset(), sent.Data.IsEmpty ? "{}"u8.ToArray() : sent.Data.Memory, sent.Cursor);

        public Task AcknowledgeAsync(IReadOnlyCollection<WatchedEvent> events, CancellationToken cancellationToken) =>
            watch.AckAsync(events.Select(e => new EventRef { SubscriptionId = e.Subscription, EventId = e.Id }), cancellationToken);

        public void Dispose() => watch.Dispose();
    }
}
