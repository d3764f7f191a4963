using Gofer.Application.Extensions;
using Gofer.Extensions.V1;
using Gofer.Infrastructure.Extensions;
using Google.Protobuf;
using Grpc.Core;

namespace Gofer.Tests.Integration.Extensions;

/// <summary>What Gofer believes of an extension, and what it makes of one that does not keep to the contract, or fails.</summary>
public sealed class ExtensionChannelTests
{
    private const string Secret = "correct horse battery";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_extension_that_knows_the_token_is_believed()
    {
        await using var extension = await PlantedExtension.StartAsync(Fault.None, Ct);
        using var channel = new ExtensionChannel(extension.Address, PlantedExtension.Token);
        Assert.True(await channel.HealthAsync(Ct));
        Assert.Equal("planted", (await channel.DescribeAsync(Ct)).Name);
        Assert.Empty(await channel.ValidateAsync(Of("a"), Ct));
        Assert.Equal("every", Assert.Single(await channel.ValidateAsync(Of("a", "often"), Ct)).Param);
        Assert.Equal("every", Assert.Single(await channel.SubscribeAsync(new SubscribeRequest { Subscription = Of("a", "often") }, Ct)).Param);
        await channel.HandleExternalEventAsync(new HandleExternalEventRequest { Id = "1" }, Ct);
        await channel.UnsubscribeAsync("a", Ct);
        await channel.ShutdownAsync(Ct);

        var nonces = extension.Calls.Select(c => c.RequestHeaders.GetValue("gofer-nonce")).ToList();
        Assert.Equal(nonces.Count, nonces.Distinct().Count());
        Assert.DoesNotContain(extension.Calls.SelectMany(c => c.RequestHeaders), h => !h.IsBinary && h.Value.Contains(PlantedExtension.Token, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(Fault.ProvesNothing, "has no gofer-proof")]
    [InlineData(Fault.ProvesTheSame, "is another one")]
    public async Task Nothing_is_believed_without_a_proof(Fault fault, string said)
    {
        await using var extension = await PlantedExtension.StartAsync(fault, Ct);
        using var channel = new ExtensionChannel(extension.Address, PlantedExtension.Token);
        Func<Task>[] calls =
        [
            () => channel.DescribeAsync(Ct), () => channel.ValidateAsync(Of("a"), Ct), () => channel.SubscribeAsync(new SubscribeRequest { Subscription = Of("a") }, Ct),
            () => channel.HandleExternalEventAsync(new HandleExternalEventRequest(), Ct), () => channel.UnsubscribeAsync("a", Ct), () => channel.ShutdownAsync(Ct), () => channel.WatchAsync(2, Ct),
        ];
        foreach (var call in calls)
        {
            var broken = await Assert.ThrowsAsync<ExtensionProtocolException>(call);
            Assert.Equal("proof", broken.Rule);
            Assert.Contains(said, broken.What, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task An_extension_with_another_token_refuses_and_is_away()
    {
        await using var extension = await PlantedExtension.StartAsync(Fault.None, Ct);
        using var channel = new ExtensionChannel(extension.Address, "another");
        foreach (var (name, call) in new (string, Func<Task>)[] { ("Describe", () => channel.DescribeAsync(Ct)), ("Watch", () => channel.WatchAsync(2, Ct)) })
        {
            var away = await Assert.ThrowsAsync<ExtensionUnavailableException>(call);
            Assert.Equal($"The extension at {extension.Address} refuses the token for {name} (Unauthenticated): does it know another one?", away.Message);
        }
    }

    [Fact]
    public async Task Nobody_at_the_address_is_an_extension_that_is_away()
    {
        Uri address;
        await using (var extension = await PlantedExtension.StartAsync(Fault.None, Ct)) address = extension.Address;
        using var channel = new ExtensionChannel(address, PlantedExtension.Token);
        foreach (var call in new Func<Task>[] { () => channel.DescribeAsync(Ct), () => channel.HealthAsync(Ct), () => channel.WatchAsync(2, Ct) })
        {
            Assert.Contains("is away or not ready for", (await Assert.ThrowsAsync<ExtensionUnavailableException>(call)).Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(StatusCode.Internal, "answered Describe with Internal")]
    [InlineData(StatusCode.InvalidArgument, "answered Describe with InvalidArgument")]
    [InlineData(StatusCode.Unimplemented, "knows no Describe")]
    [InlineData(StatusCode.Unavailable, "is away or not ready for Describe")]
    public async Task What_an_extension_says_of_an_error_is_shown_nowhere(StatusCode code, string said)
    {
        await using var extension = await PlantedExtension.StartAsync(Fault.None, Ct);
        extension.Before = (_, _) => throw new RpcException(new Status(code, $"cannot do with '{Secret}'"), [new Metadata.Entry("why", Secret)]);
        using var channel = new ExtensionChannel(extension.Address, PlantedExtension.Token);
        var away = await Assert.ThrowsAsync<ExtensionUnavailableException>(() => channel.DescribeAsync(Ct));
        Assert.StartsWith($"The extension at {extension.Address} {said}", away.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(Secret, away.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_message_that_is_too_large_breaks_the_rule_of_sizes()
    {
        await using var extension = await PlantedExtension.StartAsync(Fault.None, Ct);
        extension.Describe = () => new DescribeResponse { Name = "large", Documentation = new string('d', 5 << 20) };
        using var channel = new ExtensionChannel(extension.Address, PlantedExtension.Token);
        var broken = await Assert.ThrowsAsync<ExtensionProtocolException>(() => channel.DescribeAsync(Ct));
        Assert.Equal(("size", "a message of Describe is larger than 4194304 bytes."), (broken.Rule, broken.What));
    }

    [Fact]
    public async Task An_extension_that_hangs_is_given_up_in_each_call()
    {
        await using var extension = await PlantedExtension.StartAsync(Fault.None, Ct);
        extension.Before = (_, context) => Task.Delay(Timeout.Infinite, context.CancellationToken);
        using var channel = new ExtensionChannel(extension.Address, PlantedExtension.Token) { Patience = TimeSpan.FromSeconds(2) };
        foreach (var call in new Func<Task>[] { () => channel.DescribeAsync(Ct), () => channel.HealthAsync(Ct), () => channel.WatchAsync(2, Ct) })
        {
            Assert.Contains(" did not answer ", (await Assert.ThrowsAsync<ExtensionUnavailableException>(call)).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task An_event_that_was_not_acknowledged_comes_again_in_the_next_watch_and_one_that_was_does_not()
    {
        await using var extension = await PlantedExtension.StartAsync(Fault.None, Ct);
        using var channel = new ExtensionChannel(extension.Address, PlantedExtension.Token);
        await channel.SubscribeAsync(new SubscribeRequest { Subscription = Of("a"), Cursor = "4" }, Ct);
        using (var watch = await channel.WatchAsync(2, Ct))
        {
            var came = new List<string>();
            await foreach (var sent in watch.EventsAsync(Ct))
            {
                came.Add(sent.Id);
                if (came.Count == 2) await watch.AckAsync([new EventRef { SubscriptionId = "a", EventId = "e5" }], Ct);
                if (came.Count == 3) break;
            }

            Assert.Equal(["e5", "e6", "e7"], came);
            Assert.Equal(2, watch.Unacknowledged);
            await Assert.ThrowsAsync<InvalidOperationException>(() => watch.AckAsync(Enumerable.Repeat(new EventRef(), 3), Ct));
        }

        Assert.Equal("e5", Assert.Single(extension.Acknowledged).EventId);
        using var next = await channel.WatchAsync(2, Ct);
        await foreach (var sent in next.EventsAsync(Ct))
        {
            Assert.Equal("e6", sent.Id);
            break;
        }
    }

    [Fact]
    public async Task An_extension_that_floods_is_left_at_the_first_event_that_is_too_many()
    {
        await using var extension = await PlantedExtension.StartAsync(Fault.Floods, Ct);
        using var channel = new ExtensionChannel(extension.Address, PlantedExtension.Token);
        await channel.SubscribeAsync(new SubscribeRequest { Subscription = Of("a") }, Ct);
        using var watch = await channel.WatchAsync(3, Ct);
        var came = 0;
        var broken = await Assert.ThrowsAsync<ExtensionProtocolException>(async () =>
        {
            await foreach (var _ in watch.EventsAsync(Ct)) came++;
        });
        Assert.Equal(("window", 3), (broken.Rule, came));
        Assert.Equal("it sent 4 events without an acknowledgement; the window is 3.", broken.What);
    }

    [Fact]
    public async Task An_event_that_is_none_ends_the_watch()
    {
        await using var extension = await PlantedExtension.StartAsync(Fault.None, Ct);
        extension.Send = sent =>
        {
            sent.Data = ByteString.CopyFromUtf8("[]");
            return new WatchResponse { Event = sent };
        };
        using var channel = new ExtensionChannel(extension.Address, PlantedExtension.Token);
        await channel.SubscribeAsync(new SubscribeRequest { Subscription = Of("a") }, Ct);
        using var watch = await channel.WatchAsync(3, Ct);
        var broken = await Assert.ThrowsAsync<ExtensionProtocolException>(() => FirstAsync(watch));
        Assert.Equal("watch", broken.Rule);
    }

    [Fact]
    public async Task A_watch_whose_extension_dies_says_that_it_is_away()
    {
        var extension = await PlantedExtension.StartAsync(Fault.None, Ct);
        extension.Events = 0;
        using var channel = new ExtensionChannel(extension.Address, PlantedExtension.Token);
        using var watch = await channel.WatchAsync(3, Ct);
        var first = FirstAsync(watch);
        using (var stopped = new CancellationTokenSource(TimeSpan.Zero)) await extension.KillAsync(stopped.Token);
        await Assert.ThrowsAsync<ExtensionUnavailableException>(() => first);
        await Assert.ThrowsAsync<ExtensionUnavailableException>(() => channel.DescribeAsync(Ct));
        await extension.DisposeAsync();
    }

    [Fact]
    public async Task Whoever_gives_up_a_watch_is_not_told_that_the_extension_is_away()
    {
        await using var extension = await PlantedExtension.StartAsync(Fault.None, Ct);
        extension.Events = 0;
        using var channel = new ExtensionChannel(extension.Address, PlantedExtension.Token);
        using var watch = await channel.WatchAsync(3, Ct);
        using var gone = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        var reading = Task.Run(
            async () =>
            {
                await foreach (var _ in watch.EventsAsync(gone.Token)) break;
            },
            Ct);
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading);
    }

    private static async Task FirstAsync(ExtensionWatch watch)
    {
        await foreach (var _ in watch.EventsAsync(Ct)) return;
    }

    private static Subscription Of(string id, string? every = null)
    {
        var subscription = new Subscription { Id = id, Namespace = "n", Pipeline = "p", Trigger = "t" };
        if (every is not null) subscription.Params["every"] = every;
        return subscription;
    }
}
