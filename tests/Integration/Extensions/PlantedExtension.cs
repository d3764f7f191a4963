using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using Gofer.Domain.Extensions;
using Gofer.Extensions.V1;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Health.V1;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Extension = Gofer.Extensions.V1.Extension;

namespace Gofer.Tests.Integration.Extensions;

/// <summary>What an extension of the tests does wrong on purpose.</summary>
public enum Fault
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>It takes every caller.</summary>
    TakesEveryCaller,

    /// <summary>It proves nothing.</summary>
    ProvesNothing,

    /// <summary>It proves the same for each nonce.</summary>
    ProvesTheSame,

    /// <summary>Its health is NOT_SERVING.</summary>
    DoesNotServe,

    /// <summary>Two of its parameters have one name.</summary>
    NamesTwice,

    /// <summary>It forgets what was sent and not acknowledged.</summary>
    Forgets,

    /// <summary>It sends more than the window holds.</summary>
    Floods,
}

/// <summary>
/// An extension that keeps to the contract, but for one planted fault; what a test wants answered otherwise it sets. Its event N follows the cursor N-1.
/// </summary>
internal sealed class PlantedExtension : IAsyncDisposable
{
    public const string Token = "the-token-of-both-sides";

    private readonly WebApplication _app;
    private readonly Fault _fault;
    private readonly ConcurrentDictionary<string, long> _next = new();

    private PlantedExtension(WebApplication app, Fault fault) => (_app, _fault) = (app, fault);

    public Uri Address => new(_app.Urls.Single());

    /// <summary>How many events a subscription has in all.</summary>
    public long Events { get; set; } = long.MaxValue;

    /// <summary>What a call does before it answers.</summary>
    public Func<string, ServerCallContext, Task> Before { get; set; } = (_, _) => Task.CompletedTask;

    public Func<DescribeResponse> Describe { get; set; } = () => new DescribeResponse
    {
        Name = "planted",
        Version = "1.0.0",
        Params = { new Parameter { Name = "every", Type = ParameterType.Int } },
    };

    public Func<Event, WatchResponse> Send { get; set; } = sent => new WatchResponse { Event = sent };

    public ConcurrentQueue<EventRef> Acknowledged { get; } = new();

    public ConcurrentQueue<ServerCallContext> Calls { get; } = new();

    public static async Task<PlantedExtension> StartAsync(Fault fault, CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.ConfigureKestrel(k => k.Listen(IPAddress.Loopback, 0, l => l.Protocols = HttpProtocols.Http2));
        builder.Logging.ClearProviders();
        builder.Services.AddGrpc(o => o.MaxSendMessageSize = null);
        PlantedExtension? extension = null;
        builder.Services.AddSingleton(new Lazy<PlantedExtension>(() => extension!));
        var app = builder.Build();
        extension = new PlantedExtension(app, fault);
        app.MapGrpcService<Service>();
        app.MapGrpcService<Healthy>();
        await app.StartAsync(cancellationToken);
        return extension;
    }

    /// <summary>Leaves its callers without a word where the token is cancelled.</summary>
    public Task KillAsync(CancellationToken cancellationToken) => _app.StopAsync(cancellationToken);

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task EnterAsync(string call, ServerCallContext context)
    {
        Calls.Enqueue(context);
        var said = context.RequestHeaders.GetValue(ExtensionCredentials.CallerHeader);
        if (_fault is not Fault.TakesEveryCaller && said != $"Bearer {ExtensionCredentials.Caller(Token)}")
        {
            throw new RpcException(new Status(StatusCode.Unauthenticated, "Who calls?"));
        }

        await Before(call, context);
        if (_fault is Fault.ProvesNothing)
        {
            await context.WriteResponseHeadersAsync([]);
            return;
        }

        var nonce = _fault is Fault.ProvesTheSame ? "" : context.RequestHeaders.GetValue(ExtensionCredentials.NonceHeader) ?? "";
        await context.WriteResponseHeadersAsync([new Metadata.Entry(ExtensionCredentials.ProofHeader, ExtensionCredentials.Proof(Token, nonce))]);
    }

    private sealed class Service(Lazy<PlantedExtension> extension) : Extension.ExtensionBase
    {
        private PlantedExtension Own => extension.Value;

        public override async Task<DescribeResponse> Describe(DescribeRequest request, ServerCallContext context)
        {
            await Own.EnterAsync("Describe", context);
            var said = Own.Describe();
            if (Own._fault is Fault.NamesTwice) said.Params.Add(said.Params[0].Clone());
            return said;
        }

        public override async Task<ValidateResponse> Validate(ValidateRequest request, ServerCallContext context)
        {
            await Own.EnterAsync("Validate", context);
            return new ValidateResponse { Problems = { Problems(request.Subscription) } };
        }

        public override async Task<SubscribeResponse> Subscribe(SubscribeRequest request, ServerCallContext context)
        {
            await Own.EnterAsync("Subscribe", context);
            var answer = new SubscribeResponse { Problems = { Problems(request.Subscription) } };
            if (answer.Problems.Count == 0) Own._next[request.Subscription.Id] = request.Cursor is "" ? 1 : long.Parse(request.Cursor, CultureInfo.InvariantCulture) + 1;
            return answer;
        }

        public override async Task<UnsubscribeResponse> Unsubscribe(UnsubscribeRequest request, ServerCallContext context)
        {
            await Own.EnterAsync("Unsubscribe", context);
            Own._next.TryRemove(request.SubscriptionId, out _);
            return new UnsubscribeResponse();
        }

        public override async Task<HandleExternalEventResponse> HandleExternalEvent(HandleExternalEventRequest request, ServerCallContext context)
        {
            await Own.EnterAsync("HandleExternalEvent", context);
            return new HandleExternalEventResponse();
        }

        public override async Task<ShutdownResponse> Shutdown(ShutdownRequest request, ServerCallContext context)
        {
            await Own.EnterAsync("Shutdown", context);
            return new ShutdownResponse();
        }

        public override async Task Watch(IAsyncStreamReader<WatchRequest> requests, IServerStreamWriter<WatchResponse> responses, ServerCallContext context)
        {
            await Own.EnterAsync("Watch", context);
            if (!await requests.MoveNext(context.CancellationToken)) return;
            var window = Own._fault is Fault.Floods ? int.MaxValue : requests.Current.Start.Window;
            var room = new SemaphoreSlim(window);
            var acks = Task.Run(() => AcksAsync(requests, room), CancellationToken.None);
            // One that forgets goes on in the next Watch where this one stopped, whether anybody has that or not.
            var sent = new Dictionary<string, long>();
            while (!context.CancellationToken.IsCancellationRequested)
            {
                var some = false;
                foreach (var (subscription, next) in Own._next)
                {
                    var number = Math.Max(next, sent.GetValueOrDefault(subscription) + 1);
                    if (number > Own.Events) continue;
                    await room.WaitAsync(context.CancellationToken);
                    var name = number.ToString(CultureInfo.InvariantCulture);
                    var made = new Event { SubscriptionId = subscription, Id = $"e{name}", Cursor = name, Data = ByteString.CopyFromUtf8("{}") };
                    await responses.WriteAsync(Own.Send(made), context.CancellationToken);
                    sent[subscription] = number;
                    if (Own._fault is Fault.Forgets) Own._next[subscription] = number + 1;
                    some = true;
                }

                if (!some) await Task.Delay(5, context.CancellationToken);
            }

            await acks;
        }

        private async Task AcksAsync(IAsyncStreamReader<WatchRequest> requests, SemaphoreSlim room)
        {
            while (await requests.MoveNext(CancellationToken.None))
            {
                foreach (var of in requests.Current.Ack.Events)
                {
                    Own.Acknowledged.Enqueue(of);
                    var number = long.Parse(of.EventId[1..], CultureInfo.InvariantCulture);
                    if (Own._next.TryGetValue(of.SubscriptionId, out var next)) Own._next[of.SubscriptionId] = Math.Max(next, number + 1);
                    room.Release();
                }
            }
        }

        private static IEnumerable<Problem> Problems(Subscription subscription) =>
            subscription.Params.TryGetValue("every", out var every) && !long.TryParse(every, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _)
                ? [new Problem { Param = "every", Message = "It is no whole number." }]
                : [];
    }

    private sealed class Healthy(Lazy<PlantedExtension> extension) : Health.HealthBase
    {
        public override async Task<HealthCheckResponse> Check(HealthCheckRequest request, ServerCallContext context)
        {
            await extension.Value.Before("Health", context);
            return new HealthCheckResponse
            {
                Status = extension.Value._fault is Fault.DoesNotServe ? HealthCheckResponse.Types.ServingStatus.NotServing : HealthCheckResponse.Types.ServingStatus.Serving,
            };
        }
    }
}
