using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Gofer.Sdk.Extensions.Serving;

/// <summary>A server as the protos want it: HTTP/2 without TLS, messages of 4 MiB, none compressed, and gone a few seconds after it is asked to go.</summary>
internal static class Listening
{
    private const int LargestMessage = 4 << 20;

    public static WebApplicationBuilder Builder(string listen)
    {
        var address = IPEndPoint.TryParse(listen.Replace("localhost:", "127.0.0.1:", StringComparison.Ordinal), out var found)
            ? found
            : throw new ArgumentException($"'{listen}' is no address such as 0.0.0.0:7777.", nameof(listen));
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.ConfigureKestrel(k => k.Listen(address, l => l.Protocols = HttpProtocols.Http2));
        builder.Logging.AddFilter("Microsoft", LogLevel.Warning);
        builder.Services.Configure<HostOptions>(o => o.ShutdownTimeout = TimeSpan.FromSeconds(5));
        builder.Services.AddGrpc(o => (o.MaxReceiveMessageSize, o.MaxSendMessageSize) = (LargestMessage, LargestMessage));
        return builder;
    }
}
