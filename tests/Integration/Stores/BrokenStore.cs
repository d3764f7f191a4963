using System.Net;
using System.Security.Cryptography.X509Certificates;
using Gofer.Infrastructure.Stores;
using Gofer.Store.V1;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Gofer.Tests.Integration.Stores;

/// <summary>A store that answers whatever a test has it answer, true to the contract or not.</summary>
internal sealed class BrokenStore : IAsyncDisposable
{
    private readonly WebApplication _app;

    private BrokenStore(WebApplication app) => _app = app;

    public StoreOptions Options => new() { Address = new Uri(_app.Urls.Single()), Token = "a-token" };

    public Func<ServerCallContext, Task<GetSecretResponse>> Get { get; set; } = _ => throw new RpcException(Status.DefaultCancelled);

    public Func<ServerCallContext, Task<PutSecretResponse>> Put { get; set; } = _ => throw new RpcException(Status.DefaultCancelled);

    public Func<ServerCallContext, Task<ListSecretsResponse>> List { get; set; } = _ => throw new RpcException(Status.DefaultCancelled);

    public Func<IAsyncStreamReader<PutObjectRequest>, ServerCallContext, Task<PutObjectResponse>> Upload { get; set; } = (_, _) => throw new RpcException(Status.DefaultCancelled);

    public Func<IServerStreamWriter<GetObjectResponse>, ServerCallContext, Task> Download { get; set; } = (_, _) => throw new RpcException(Status.DefaultCancelled);

    public static async Task<BrokenStore> StartAsync(CancellationToken cancellationToken, X509Certificate2? certificate = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.ConfigureKestrel(k => k.Listen(IPAddress.Loopback, 0, l =>
        {
            l.Protocols = HttpProtocols.Http2;
            if (certificate is not null) l.UseHttps(certificate);
        }));
        builder.Logging.ClearProviders();
        // It may send more than Gofer takes.
        builder.Services.AddGrpc(o => o.MaxSendMessageSize = null);
        BrokenStore? store = null;
        builder.Services.AddSingleton(new Lazy<BrokenStore>(() => store!));
        var app = builder.Build();
        store = new BrokenStore(app);
        app.MapGrpcService<Secrets>();
        app.MapGrpcService<Objects>();
        await app.StartAsync(cancellationToken);
        return store;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private sealed class Secrets(Lazy<BrokenStore> store) : SecretStore.SecretStoreBase
    {
        public override Task<GetSecretResponse> Get(GetSecretRequest request, ServerCallContext context) => store.Value.Get(context);

        public override Task<PutSecretResponse> Put(PutSecretRequest request, ServerCallContext context) => store.Value.Put(context);

        public override Task<ListSecretsResponse> List(ListSecretsRequest request, ServerCallContext context) => store.Value.List(context);
    }

    private sealed class Objects(Lazy<BrokenStore> store) : ObjectStore.ObjectStoreBase
    {
        public override Task<PutObjectResponse> Put(IAsyncStreamReader<PutObjectRequest> parts, ServerCallContext context) => store.Value.Upload(parts, context);

        public override Task Get(GetObjectRequest request, IServerStreamWriter<GetObjectResponse> parts, ServerCallContext context) => store.Value.Download(parts, context);
    }
}
