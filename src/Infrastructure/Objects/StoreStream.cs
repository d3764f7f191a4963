using Gofer.Application.Common;
using Gofer.Application.Objects;

namespace Gofer.Infrastructure.Objects;

/// <summary>The bytes of a store whose reads may fail: then the store is away, which is waited for, and nothing else is wrong.</summary>
internal sealed class StoreStream(Stream from, Func<Exception, StoreUnavailableException> away) : ReadOnlyStream
{
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        try
        {
            return await from.ReadAsync(buffer, cancellationToken);
        }
        catch (Exception e) when (e is IOException or HttpRequestException)
        {
            throw away(e);
        }
    }

    public override async ValueTask DisposeAsync()
    {
        await from.DisposeAsync();
        await base.DisposeAsync();
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing) from.Dispose();
        base.Dispose(disposing);
    }
}
