using Gofer.Application.Common;
using Gofer.Application.Secrets;
using Gofer.Infrastructure.Stores;
using Gofer.Store.V1;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Scope = Gofer.Domain.Secrets.SecretScope;
using SecretText = Gofer.Domain.Secrets.SecretText;

namespace Gofer.Tests.Integration.Stores;

/// <summary>What Gofer makes of a store of secrets that does not keep to the contract, or fails.</summary>
public sealed class BrokenSecretStoreTests : IAsyncLifetime
{
    private const string Value = "correct horse battery";

    private static readonly Scope s_scope = new Scope.Global();

    private BrokenStore _broken = null!;
    private StoreChannel _channel = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private GrpcSecretStore Store => new(_channel, () => Guid.Empty);

    /// <summary>How a good answer becomes one that cannot be.</summary>
    private static readonly Dictionary<string, Action<Secret>> s_spoil = new()
    {
        ["another key"] = s => s.Key = "other",
        ["no key"] = s => s.Key = "",
        ["version 0"] = s => s.Version = 0,
        ["version -1"] = s => s.Version = -1,
        ["no time"] = s => s.CreatedAt = null,
        ["a time after all"] = s => s.UpdatedAt = new Timestamp { Seconds = long.MaxValue },
        ["no pattern"] = s => s.Namespaces.Add("team\n"),
        ["many patterns"] = s => s.Namespaces.Add(Enumerable.Repeat("team", 101)),
    };

    public async ValueTask InitializeAsync()
    {
        _broken = await BrokenStore.StartAsync(Ct);
        _channel = new StoreChannel(_broken.Options with { CallPatience = TimeSpan.FromSeconds(5) });
    }

    public async ValueTask DisposeAsync()
    {
        _channel.Dispose();
        await _broken.DisposeAsync();
    }

    [Theory]
    [InlineData("another key", "it is not about the secret that was asked for")]
    [InlineData("no key", "it is not about the secret that was asked for")]
    [InlineData("version 0", "versions count from 1")]
    [InlineData("version -1", "versions count from 1")]
    [InlineData("no time", "its times are none")]
    [InlineData("a time after all", "its times are none")]
    [InlineData("no pattern", "its namespaces are no patterns")]
    [InlineData("many patterns", "its namespaces are no patterns")]
    public async Task An_answer_that_cannot_be_is_a_store_that_is_away_and_no_secret(string spoilt, string said)
    {
        var secret = Good("token");
        s_spoil[spoilt](secret);
        _broken.Get = _ => Task.FromResult(new GetSecretResponse { Secret = secret, Value = ByteString.CopyFromUtf8(Value) });
        _broken.Put = _ => Task.FromResult(new PutSecretResponse { Secret = secret });
        foreach (var call in new Func<Task>[] { FindAsync, ReadAsync, PutAsync })
        {
            var away = await Assert.ThrowsAsync<StoreUnavailableException>(call);
            Assert.Contains(said, away.Message, StringComparison.Ordinal);
            Assert.DoesNotContain(Value, away.ToString(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task An_answer_without_a_secret_is_none()
    {
        _broken.Get = _ => Task.FromResult(new GetSecretResponse());
        Assert.Contains("not about the secret", (await Assert.ThrowsAsync<StoreUnavailableException>(FindAsync)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_put_that_finds_nothing_is_possible_only_where_namespaces_are_wanted()
    {
        _broken.Put = _ => throw new RpcException(new Status(StatusCode.NotFound, ""));
        Assert.Null(await Store.PutAsync(s_scope, "token", SecretText.Of(Value).Value, null, Ct));
        await Assert.ThrowsAsync<StoreUnavailableException>(PutAsync);
    }

    [Theory]
    [InlineData("more secrets than were asked for", "a", "b", "c")]
    [InlineData("out of order", "b", "a")]
    [InlineData("out of order", "a", "a")]
    [InlineData("no keys", "a", "../b")]
    public async Task A_list_that_cannot_be_is_a_store_that_is_away(string said, params string[] keys)
    {
        _broken.List = _ => Task.FromResult(new ListSecretsResponse { Secrets = { keys.Select(Good) } });
        var away = await Assert.ThrowsAsync<StoreUnavailableException>(() => Store.ListAsync(s_scope, "", 2, Ct));
        Assert.Contains(said, away.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("correct horse battery\0")]
    [InlineData("correct horse battery", 0xff)]
    [InlineData("correct horse battery", 0x20, 65_536)]
    public async Task A_value_that_is_no_text_does_not_open_and_is_not_shown(string start, int more = 0, int times = 1)
    {
        byte[] value = [.. ByteString.CopyFromUtf8(start), .. more == 0 ? [] : Enumerable.Repeat((byte)more, times)];
        _broken.Get = _ => Task.FromResult(new GetSecretResponse { Secret = Good("token"), Value = ByteString.CopyFrom(value) });
        var unreadable = await Assert.ThrowsAsync<UnreadableSecretException>(ReadAsync);
        Assert.Equal($"The global secret 'token' in the store at {_broken.Options.Address} is no text of 1 to 65536 bytes without NUL. Set it again.", unreadable.Message);
        Assert.DoesNotContain("horse", unreadable.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_value_that_the_store_has_lost_does_not_open()
    {
        _broken.Get = _ => throw new RpcException(new Status(StatusCode.DataLoss, Value));
        var unreadable = await Assert.ThrowsAsync<UnreadableSecretException>(ReadAsync);
        Assert.Equal($"The global secret 'token' in the store at {_broken.Options.Address} cannot be read there any more. Set it again.", unreadable.Message);
    }

    [Theory]
    [InlineData(StatusCode.Unavailable, "is away or not ready for SecretStore.Put")]
    [InlineData(StatusCode.Unauthenticated, "refuses the token for SecretStore.Put (Unauthenticated)")]
    [InlineData(StatusCode.PermissionDenied, "refuses the token for SecretStore.Put (PermissionDenied)")]
    [InlineData(StatusCode.Unimplemented, "knows no SecretStore.Put")]
    [InlineData(StatusCode.ResourceExhausted, "has no room for SecretStore.Put")]
    [InlineData(StatusCode.DataLoss, "answered SecretStore.Put with DataLoss")]
    [InlineData(StatusCode.Internal, "answered SecretStore.Put with Internal")]
    [InlineData(StatusCode.Unknown, "answered SecretStore.Put with Unknown")]
    [InlineData(StatusCode.Cancelled, "answered SecretStore.Put with Cancelled")]
    public async Task A_store_that_quotes_the_value_in_an_error_brings_it_nowhere(StatusCode code, string said)
    {
        _broken.Put = _ => throw new RpcException(new Status(code, $"cannot keep '{Value}'"), [new Metadata.Entry("why", Value)]);
        var away = await Assert.ThrowsAsync<StoreUnavailableException>(PutAsync);
        Assert.StartsWith($"The store at {_broken.Options.Address} {said}", away.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(Value, away.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_answer_that_is_too_large_is_not_read()
    {
        _broken.Get = _ => Task.FromResult(new GetSecretResponse { Secret = Good("token"), Value = ByteString.CopyFrom(new byte[5 << 20]) });
        Assert.Contains("more than 4194304 bytes at once", (await Assert.ThrowsAsync<StoreUnavailableException>(ReadAsync)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_store_that_hangs_is_given_up_and_told_so()
    {
        var left = new TaskCompletionSource();
        _broken.Get = async context =>
        {
            context.CancellationToken.Register(left.SetResult);
            await left.Task;
            throw new RpcException(Status.DefaultCancelled);
        };
        using var hasty = new StoreChannel(_broken.Options with { CallPatience = TimeSpan.FromSeconds(2) });
        var away = await Assert.ThrowsAsync<StoreUnavailableException>(() => new GrpcSecretStore(hasty, () => Guid.Empty).FindAsync(s_scope, "token", Ct));
        Assert.Equal($"The store at {_broken.Options.Address} did not answer SecretStore.Get in time", away.Message);
        await left.Task.WaitAsync(TimeSpan.FromSeconds(30), Ct);
    }

    [Fact]
    public async Task Whoever_gives_up_a_call_is_not_told_that_the_store_is_away()
    {
        using var gone = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        _broken.Get = async context =>
        {
            await gone.CancelAsync();
            await Task.Delay(Timeout.Infinite, context.CancellationToken);
            return new GetSecretResponse();
        };
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Store.FindAsync(s_scope, "token", gone.Token));
    }

    [Fact]
    public async Task Each_call_brings_the_token_and_asks_for_nothing_that_is_compressed()
    {
        Metadata? sent = null;
        _broken.Get = context =>
        {
            sent = context.RequestHeaders;
            return Task.FromResult(new GetSecretResponse { Secret = Good("token") });
        };
        await FindAsync();
        Assert.Equal("Bearer a-token", sent!.GetValue("authorization"));
        Assert.Equal("identity", sent.GetValue("grpc-accept-encoding") ?? "identity");
    }

    private static Secret Good(string key) => new()
    {
        Key = key,
        Version = 1,
        CreatedAt = new Timestamp { Seconds = 1_700_000_000 },
        UpdatedAt = new Timestamp { Seconds = 1_700_000_000 },
    };

    private Task FindAsync() => Store.FindAsync(s_scope, "token", Ct);

    private Task ReadAsync() => Store.ReadAsync(s_scope, "token", Ct);

    private Task PutAsync() => Store.PutAsync(s_scope, "token", SecretText.Of(Value).Value, ["*"], Ct);
}
