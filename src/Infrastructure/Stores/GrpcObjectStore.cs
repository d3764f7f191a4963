using Gofer.Application.Objects;
using Gofer.Domain.Common;
using Gofer.Store.V1;
using Google.Protobuf;
using Grpc.Core;

namespace Gofer.Infrastructure.Stores;

/// <summary>Bytes in a store that somebody else wrote, streamed both ways: neither side holds more than a message.</summary>
internal sealed class GrpcObjectStore(StoreChannel store, Func<Guid> install) : IObjectStore
{
    private const int Chunk = 64 * 1024;

    /// <inheritdoc/>
    public string Place => $"grpc {store.Address}";

    /// <inheritdoc/>
    public async Task WriteAsync(BlobId blob, Stream content, CancellationToken cancellationToken)
    {
        using var call = store.Begin("ObjectStore.Put");
        using var put = store.Objects.Put(call.Options);
        await SendAsync(new PutObjectRequest { Object = Of(blob) });
        var (buffer, size) = (new byte[Chunk], 0L);
        // What the upload throws leaves as it is, and cancels the call on its way.
        while (await content.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken) is var read and > 0)
        {
            await SendAsync(new PutObjectRequest { Data = UnsafeByteOperations.UnsafeWrap(buffer.AsMemory(0, read)) });
            size += read;
        }

        await SendAsync(new PutObjectRequest { End = new ObjectEnd { Size = size } });
        var kept = await call.StepAsync(
            async () =>
            {
                await put.RequestStream.CompleteAsync();
                return await put.ResponseAsync;
            },
            cancellationToken);
        if (kept.Size != size) throw call.Wrong("it kept another number of bytes than it was given");

        Task<bool> SendAsync(PutObjectRequest part) => call.StepAsync(
            async () =>
            {
                try
                {
                    await put.RequestStream.WriteAsync(part);
                }
                catch (Exception e) when (e is RpcException or InvalidOperationException)
                {
                    await put.ResponseAsync; // which says why it takes no more
                    throw;
                }

                return true;
            },
            cancellationToken);
    }

    /// <inheritdoc/>
    public async Task<Stream?> OpenAsync(BlobId blob, long offset, CancellationToken cancellationToken)
    {
        var call = store.Begin("ObjectStore.Get");
        var get = store.Objects.Get(new GetObjectRequest { Object = Of(blob), Offset = offset }, call.Options);
        Stream? stream = null;
        try
        {
            var isThere = await call.StepAsync<bool?>(
                async () =>
                {
                    try
                    {
                        return await get.ResponseStream.MoveNext(CancellationToken.None);
                    }
                    catch (RpcException e) when (e.StatusCode is StatusCode.NotFound)
                    {
                        return null;
                    }
                },
                cancellationToken);
            if (isThere is null) return null;
            if (isThere is false || get.ResponseStream.Current.Object is not { } found || found.Id != blob.ToString()) throw call.Wrong("it does not begin with the object that was asked for");
            if (found.Size < offset) throw call.Wrong("it is shorter than it was");
            return stream = new BlobStream(call, get, found.Size - offset);
        }
        finally
        {
            if (stream is null)
            {
                get.Dispose();
                call.Dispose();
            }
        }
    }

    /// <inheritdoc/>
    public async Task DeleteAsync(BlobId blob, CancellationToken cancellationToken)
    {
        var request = new DeleteObjectRequest { Object = Of(blob) };
        await store.AskAsync("ObjectStore.Delete", o => store.Objects.DeleteAsync(request, o), cancellationToken);
    }

    private ObjectName Of(BlobId blob) => new() { Install = install().ToString(), Id = blob.ToString() };

    /// <summary>As many bytes as were announced, no fewer and no more.</summary>
    private sealed class BlobStream(StoreCall call, AsyncServerStreamingCall<GetObjectResponse> get, long left) : ReadOnlyStream
    {
        private long _left = left;
        private ReadOnlyMemory<byte> _data;

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (buffer.Length == 0 || (_data.Length == 0 && _left == 0)) return 0;
            if (_data.Length == 0)
            {
                if (!await call.StepAsync(() => get.ResponseStream.MoveNext(CancellationToken.None), cancellationToken)) throw call.Wrong("it ends before all of its bytes have come");
                _data = get.ResponseStream.Current.Data.Memory;
                // Empty ones without end would be waited for without end.
                if (_data.Length == 0 || _data.Length > _left) throw call.Wrong("its data is empty, or longer than the object");
                _left -= _data.Length;
            }

            var read = Math.Min(buffer.Length, _data.Length);
            _data[..read].CopyTo(buffer);
            _data = _data[read..];
            return read;
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                get.Dispose();
                call.Dispose();
            }

            base.Dispose(disposing);
        }
    }
}
