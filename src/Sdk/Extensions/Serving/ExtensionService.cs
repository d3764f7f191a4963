using System.Globalization;
using Gofer.Extensions.V1;
using Google.Protobuf.Collections;
using Grpc.Core;
using Microsoft.Extensions.Hosting;

namespace Gofer.Sdk.Extensions.Serving;

/// <summary>What Gofer calls, before the author's code.</summary>
internal sealed class ExtensionService(GoferExtension extension, Credentials credentials, Feeds feeds, Outbox outbox, IHostApplicationLifetime lifetime)
    : Extension.ExtensionBase
{
    private readonly ExtensionDescription _about = extension.Describe();

    public override async Task<DescribeResponse> Describe(DescribeRequest request, ServerCallContext context)
    {
        await credentials.EnterAsync(context);
        return new DescribeResponse
        {
            Name = _about.Name,
            Version = _about.Version,
            Documentation = _about.Documentation,
            Settings = { _about.Settings.Select(Of) },
            Params = { _about.Params.Select(Of) },
            ExternalEvents = _about.ExternalEvents,
        };
    }

    public override async Task<ValidateResponse> Validate(ValidateRequest request, ServerCallContext context)
    {
        await credentials.EnterAsync(context);
        return new ValidateResponse { Problems = { Problems(Of(request.Subscription)) } };
    }

    public override async Task<SubscribeResponse> Subscribe(SubscribeRequest request, ServerCallContext context)
    {
        await credentials.EnterAsync(context);
        var subscription = Of(request.Subscription) with
        {
            Cursor = request.Cursor is "" ? null : request.Cursor,
            Since = request.Since?.ToDateTimeOffset() ?? TimeProvider.System.GetUtcNow(),
        };
        var answer = new SubscribeResponse { Problems = { Problems(subscription) } };
        if (answer.Problems.Count == 0) feeds.Begin(subscription);
        return answer;
    }

    public override async Task<UnsubscribeResponse> Unsubscribe(UnsubscribeRequest request, ServerCallContext context)
    {
        await credentials.EnterAsync(context);
        feeds.End(request.SubscriptionId);
        return new UnsubscribeResponse();
    }

    public override async Task Watch(IAsyncStreamReader<WatchRequest> requestStream, IServerStreamWriter<WatchResponse> responseStream, ServerCallContext context)
    {
        await credentials.EnterAsync(context);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, lifetime.ApplicationStopping);
        await outbox.WatchAsync(requestStream, responseStream, end.Token);
    }

    public override async Task<HandleExternalEventResponse> HandleExternalEvent(HandleExternalEventRequest request, ServerCallContext context)
    {
        await credentials.EnterAsync(context);
        var received = request.ReceivedAt?.ToDateTimeOffset() ?? TimeProvider.System.GetUtcNow();
        var sent = new ExternalRequest(request.Id, new Dictionary<string, string>(request.Headers), request.Body.Memory) { ReceivedAt = received };
        await feeds.HandleAsync(sent, context.CancellationToken);
        return new HandleExternalEventResponse();
    }

    public override async Task<ShutdownResponse> Shutdown(ShutdownRequest request, ServerCallContext context)
    {
        await credentials.EnterAsync(context);
        // After the answer: the host lets calls end that are on their way.
        lifetime.StopApplication();
        return new ShutdownResponse();
    }

    private static Parameter Of(ExtensionParameter parameter) => new()
    {
        Name = parameter.Name,
        Type = (ParameterType)parameter.Type,
        Required = parameter.Required,
        Default = parameter.Default,
        Documentation = parameter.Documentation,
    };

    private ExtensionSubscription Of(Subscription? given)
    {
        given ??= new Subscription();
        var values = _about.Params.Where(p => p.Default is not "").ToDictionary(p => p.Name, p => p.Default);
        foreach (var (name, value) in given.Params) values[name] = value;
        return new ExtensionSubscription(given.Id, values) { Namespace = given.Namespace, Pipeline = given.Pipeline, Trigger = given.Trigger };
    }

    private IEnumerable<Problem> Problems(ExtensionSubscription subscription)
    {
        var wrong = _about.Params.Select(p => (p.Name, Complaint: Complaint(p, subscription.Text(p.Name)))).Where(p => p.Complaint is not null).ToList();
        // The author's code may rely on the types.
        return wrong.Count > 0
            ? wrong.Select(w => new Problem { Param = w.Name, Message = w.Complaint })
            : extension.Validate(subscription).Select(p => new Problem { Param = p.Param, Message = p.Message });
    }

    private static string? Complaint(ExtensionParameter parameter, string? value) => parameter.Type switch
    {
        _ when value is null => parameter.Required ? "It is missing." : null,
        ExtensionParameterType.Whole when !long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _) => "It must be a whole number.",
        ExtensionParameterType.Number when !double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) || !double.IsFinite(number) =>
            "It must be a number.",
        ExtensionParameterType.Flag when value is not ("true" or "false") => "It must be true or false.",
        _ => null,
    };
}
