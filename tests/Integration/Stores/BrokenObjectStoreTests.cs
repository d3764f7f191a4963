using System.Globalization;
using Gofer.Application.Common;
using Gofer.Domain.Common;
using Gofer.Infrastructure.Stores;
using Gofer.Store.V1;
using Google.Protobuf;
using Grpc.Core;

namespace Gofer.Tests.Integration.Stores;

/// <summary>What Gofer makes of a store of objects that does not keep to the contract, or fails.</summary>
public sealed class BrokenObjectStoreTests : IAsyncLifetime
{
    private static readonly BlobId s_blob = new(Guid.CreateVersion7(TimeProvider.System.GetUtcNow()));

    private BrokenStore _broken = null!;
    private StoreChannel _channel = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private GrpcObjectStore Store => new(_channel, () => Guid.Empty);

    public async ValueTask InitializeAsync()
    {
        _broken = await BrokenStore.StartAsync(Ct);
        _channel = new StoreChannel(_broken.Options with { StepPatience = TimeSpan.FromSeconds(10) });
    }

    public async ValueTask DisposeAsync()
    {
        _channel.Dispose();
        await _broken.DisposeAsync();
    }

    [Theory]
    [InlineData("it does not begin with the object")]
    [InlineData("it does not begin with the object", "data 3")]
    [InlineData("it does not begin with the object", "other 5")]
    [InlineData("it is shorter than it was", "object 1")]
    [InlineData("it is shorter than it was", "object -1")]
    [InlineData("it ends before all of its bytes have come", "object 5")]
    [InlineData("it ends before all of its bytes have come", "object 5", "data 2")]
    [InlineData("its data is empty, or longer", "object 5", "data 2", "data 0", "data 1")]
    [InlineData("its data is empty, or longer", "object 5", "data 4")]
    [InlineData("its data is empty, or longer", "object 5", "data 2", "object 5")]
    public async Task An_object_that_cannot_be_is_a_store_that_is_away(string said, params string[] parts)
    {
        _broken.Download = async (to, _) =>
        {
            foreach (var part in parts.Select(p => p.Split(' ')))
            {
                var size = int.Parse(part[1], CultureInfo.InvariantCulture);
                await to.WriteAsync(part[0] == "data" ? Data(size) : Head(size, part[0] == "other" ? "0123456789abcdef0123456789abcdef" : null));
            }
        };
        var away = await Assert.ThrowsAsync<StoreUnavailableException>(() => ReadAsync(2));
        Assert.Contains(said, away.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_object_without_end_is_read_as_far_as_somebody_wants_it_and_the_store_is_told()
    {
        var told = new TaskCompletionSource();
        _broken.Download = async (to, context) =>
        {
            context.CancellationToken.Register(told.SetResult);
            await to.WriteAsync(Head(long.MaxValue));
            while (!context.CancellationToken.IsCancellationRequested) await to.WriteAsync(Data(1 << 20));
        };
        await using (var stream = await Store.OpenAsync(s_blob, 0, Ct)) await stream!.ReadExactlyAsync(new byte[3 << 20], Ct);
        await told.Task.WaitAsync(TimeSpan.FromSeconds(30), Ct);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_store_that_stops_in_the_middle_is_given_up(bool begun)
    {
        _broken.Download = async (to, context) =>
        {
            if (begun) await to.WriteAsync(Head(5));
            await Task.Delay(Timeout.Infinite, context.CancellationToken);
        };
        using var hasty = new StoreChannel(_broken.Options with { StepPatience = TimeSpan.FromMilliseconds(200) });
        var away = await Assert.ThrowsAsync<StoreUnavailableException>(() => ReadAsync(0, new GrpcObjectStore(hasty, () => Guid.Empty)));
        Assert.Equal($"The store at {_broken.Options.Address} did not answer ObjectStore.Get in time", away.Message);
    }

    [Fact]
    public async Task A_reader_that_is_slower_than_the_store_may_be_is_no_fault_of_the_store()
    {
        var read = new TaskCompletionSource();
        _broken.Download = async (to, _) =>
        {
            await to.WriteAsync(Head(2));
            await to.WriteAsync(Data(1));
            await read.Task;
            await to.WriteAsync(Data(1));
        };
        using var hasty = new StoreChannel(_broken.Options with { StepPatience = TimeSpan.FromSeconds(2) });
        await using var stream = await new GrpcObjectStore(hasty, () => Guid.Empty).OpenAsync(s_blob, 0, Ct);
        await stream!.ReadExactlyAsync(new byte[1], Ct);
        await Task.Delay(TimeSpan.FromSeconds(3), Ct); // what is tested is that this time is not counted
        read.SetResult();
        await stream.ReadExactlyAsync(new byte[1], Ct);
        Assert.Equal(0, await stream.ReadAsync(new byte[1], Ct));
    }

    [Fact]
    public async Task An_upload_that_the_store_refuses_ends_with_its_reason_and_not_with_its_words()
    {
        _broken.Upload = async (parts, _) =>
        {
            await parts.MoveNext();
            throw new RpcException(new Status(StatusCode.ResourceExhausted, "bytes of somebody"));
        };
        var away = await Assert.ThrowsAsync<StoreUnavailableException>(() => Store.WriteAsync(s_blob, new MemoryStream(new byte[20 << 20]), Ct));
        Assert.StartsWith($"The store at {_broken.Options.Address} has no room for ObjectStore.Put", away.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("somebody", away.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_upload_that_is_not_kept_whole_is_not_kept(bool toItsEnd)
    {
        _broken.Upload = async (parts, _) =>
        {
            for (var more = true; more && toItsEnd;) more = await parts.MoveNext();
            return new PutObjectResponse { Size = 17 };
        };
        await Assert.ThrowsAsync<StoreUnavailableException>(() => Store.WriteAsync(s_blob, new MemoryStream(new byte[20 << 20]), Ct));
    }

    [Fact]
    public async Task A_store_that_takes_no_more_is_given_up()
    {
        _broken.Upload = async (_, context) =>
        {
            await Task.Delay(Timeout.Infinite, context.CancellationToken);
            return new PutObjectResponse();
        };
        using var hasty = new StoreChannel(_broken.Options with { StepPatience = TimeSpan.FromMilliseconds(500) });
        var away = await Assert.ThrowsAsync<StoreUnavailableException>(() => new GrpcObjectStore(hasty, () => Guid.Empty).WriteAsync(s_blob, new MemoryStream(new byte[20 << 20]), Ct));
        Assert.Equal($"The store at {_broken.Options.Address} did not answer ObjectStore.Put in time", away.Message);
    }

    [Fact]
    public async Task An_upload_comes_in_its_order_with_its_size_at_the_end_and_one_that_breaks_has_no_end()
    {
        var (came, taken, over) = (new List<PutObjectRequest>(), new TaskCompletionSource(), new TaskCompletionSource());
        _broken.Upload = async (parts, _) =>
        {
            try
            {
                while (await parts.MoveNext())
                {
                    came.Add(parts.Current);
                    if (parts.Current.Data.Length > 0) taken.TrySetResult();
                }
            }
            finally
            {
                over.TrySetResult();
            }

            return new PutObjectResponse { Size = came[^1].End.Size };
        };
        await Store.WriteAsync(s_blob, new MemoryStream(new byte[100_000]), Ct);
        Assert.Equal(s_blob.ToString(), came[0].Object.Id);
        Assert.Equal([65_536, 34_464], came[1..^1].Select(p => p.Data.Length));
        Assert.Equal(100_000, came[^1].End.Size);

        (came, taken, over) = ([], new TaskCompletionSource(), new TaskCompletionSource());
        await Assert.ThrowsAsync<InvalidDataException>(() => Store.WriteAsync(s_blob, new Breaking(taken.Task), Ct));
        await over.Task.WaitAsync(TimeSpan.FromSeconds(30), Ct);
        Assert.DoesNotContain(came, p => p.PartCase == PutObjectRequest.PartOneofCase.End);
    }

    private static GetObjectResponse Head(long size, string? id = null) => new() { Object = new StoredObject { Id = id ?? s_blob.ToString(), Size = size } };

    private static GetObjectResponse Data(int size) => new() { Data = ByteString.CopyFrom(new byte[size]) };

    private async Task ReadAsync(long offset, GrpcObjectStore? from = null)
    {
        await using var stream = await (from ?? Store).OpenAsync(s_blob, offset, Ct);
        await stream!.CopyToAsync(Stream.Null, Ct);
    }

    /// <summary>An upload that breaks once the store has its beginning.</summary>
    private sealed class Breaking(Task taken) : Application.Objects.ReadOnlyStream
    {
        private bool _begun;

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (_begun) await taken.WaitAsync(TimeSpan.FromSeconds(30), cancellationToken);
            if (_begun) throw new InvalidDataException("The upload broke.");
            _begun = true;
            return buffer.Length;
        }
    }
}
