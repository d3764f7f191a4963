using System.Security.Cryptography;
using System.Text;
using Grpc.Core;

namespace Gofer.Sdk.Extensions.Serving;

/// <summary>Refuses whoever is not Gofer, and proves to Gofer who answers, before anything else is done.</summary>
internal sealed class Credentials(string token)
{
    private readonly byte[] _key = Encoding.UTF8.GetBytes(token);

    public async Task EnterAsync(ServerCallContext context)
    {
        var said = Encoding.UTF8.GetBytes(context.RequestHeaders.GetValue("authorization") ?? "");
        if (!CryptographicOperations.FixedTimeEquals(said, Encoding.UTF8.GetBytes($"Bearer {Mac("gofer.extension.v1 call")}")))
        {
            throw new RpcException(new Status(StatusCode.Unauthenticated, "Only Gofer is answered."));
        }

        var nonce = context.RequestHeaders.GetValue("gofer-nonce") ?? "";
        await context.WriteResponseHeadersAsync([new Metadata.Entry("gofer-proof", Mac($"gofer.extension.v1 proof {nonce}"))]);
    }

    private string Mac(string text) => Convert.ToHexStringLower(HMACSHA256.HashData(_key, Encoding.UTF8.GetBytes(text)));
}
