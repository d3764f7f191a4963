using System.Text;
using CsCheck;
using Gofer.Application.Secrets;
using Gofer.Domain.Common;
using Gofer.Domain.Secrets;
using Gofer.Infrastructure.Secrets;

namespace Gofer.Tests.Unit.Infrastructure.Secrets;

public sealed class EnvelopeTests
{
    private static readonly string s_old = KeyRing.Generate("old");
    private static readonly string s_new = KeyRing.Generate("new");
    private static readonly KeyRing s_ring = KeyRing.Parse(s_old).Value;
    private static readonly NamespaceId s_home = new(Guid.CreateVersion7());
    private static readonly PipelineId s_pipeline = new(Guid.CreateVersion7());
    private static readonly Guid s_install = Guid.CreateVersion7();
    private static readonly SealedPlace s_place = Place(version: 3);

    public static TheoryData<string, SealedPlace> Elsewhere => new()
    {
        { "another install", SealedPlace.OfSecret(Guid.CreateVersion7(), new SecretScope.OfPipeline(s_home, s_pipeline), "token", 3) },
        { "another namespace", Place(new SecretScope.OfPipeline(new NamespaceId(Guid.CreateVersion7()), s_pipeline)) },
        { "another pipeline", Place(new SecretScope.OfPipeline(s_home, new PipelineId(Guid.CreateVersion7()))) },
        { "the namespace itself", Place(new SecretScope.OfNamespace(s_home)) },
        { "the install", Place(new SecretScope.Global()) },
        { "another name", Place(key: "tokem") },
        { "an earlier version", Place(version: 2) },
        { "an attempt", SealedPlace.OfAttempt(s_install, new RunId(s_pipeline.Value), 1, 3) },
    };

    [Fact]
    public void A_value_comes_back_as_it_was_and_two_of_the_same_do_not_look_alike() =>
        Gen.Byte.Array[0, 500].Sample(value =>
        {
            var (first, second) = (Envelope.Seal(s_ring, s_place, value), Envelope.Seal(s_ring, s_place, value));
            Assert.Equal(value, Envelope.Open(s_ring, s_place, first));
            Assert.NotEqual(first.Value, second.Value);
            Assert.NotEqual(first.WrappedKey, second.WrappedKey);
        });

    [Fact]
    public void Any_bit_that_is_turned_over_is_found()
    {
        var whole = Envelope.Seal(s_ring, s_place, "correct horse"u8);
        for (var bit = 0; bit < 8 * whole.WrappedKey.Length; bit++) Refused(whole with { WrappedKey = Flipped(whole.WrappedKey, bit) });
        for (var bit = 0; bit < 8 * whole.Value.Length; bit++) Refused(whole with { Value = Flipped(whole.Value, bit) });
        for (var length = 0; length < whole.Value.Length; length++) Refused(whole with { Value = whole.Value[..length] });
        for (var length = 0; length < whole.WrappedKey.Length; length++) Refused(whole with { WrappedKey = whole.WrappedKey[..length] });
        Assert.Equal("correct horse"u8.ToArray(), Envelope.Open(s_ring, s_place, whole));

        static void Refused(SealedValue value) => Assert.Contains(
            "The pipeline secret 'token' does not open", Assert.Throws<UnreadableSecretException>(() => Envelope.Open(s_ring, s_place, value)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Elsewhere))]
    public void A_value_that_was_moved_does_not_open(string where, SealedPlace place)
    {
        var value = Envelope.Seal(s_ring, s_place, "correct horse"u8);
        Assert.Contains("does not open", Assert.Throws<UnreadableSecretException>(() => Envelope.Open(s_ring, place, value)).Message, StringComparison.Ordinal);
        // Nor do the two halves of it: the value under a key that was sealed there.
        var there = Envelope.Seal(s_ring, place, "another horse"u8);
        Assert.Throws<UnreadableSecretException>(() => Envelope.Open(s_ring, place, there with { Value = value.Value }));
        Assert.True(Encoding.UTF8.GetString(Envelope.Open(s_ring, place, there)) == "another horse", where);
    }

    [Fact]
    public void What_is_kept_of_an_attempt_does_not_open_as_that_of_another()
    {
        var run = new RunId(Guid.CreateVersion7());
        var value = Envelope.Seal(s_ring, SealedPlace.OfAttempt(s_install, run, 1, 2), "correct horse"u8);
        Assert.Equal("correct horse"u8.ToArray(), Envelope.Open(s_ring, SealedPlace.OfAttempt(s_install, run, 1, 2), value));
        SealedPlace[] others = [SealedPlace.OfAttempt(s_install, run, 2, 1), SealedPlace.OfAttempt(s_install, run, 1, 3), SealedPlace.OfAttempt(s_install, run, 12, 2), s_place];
        Assert.All(others, other => Assert.Throws<UnreadableSecretException>(() => Envelope.Open(s_ring, other, value)));
    }

    [Fact]
    public void A_key_that_is_not_there_is_named_and_one_of_the_same_name_does_not_do()
    {
        var value = Envelope.Seal(s_ring, s_place, "correct horse"u8);
        var without = Assert.Throws<UnreadableSecretException>(() => Envelope.Open(KeyRing.Parse(s_new).Value, s_place, value));
        Assert.Equal("The pipeline secret 'token' was sealed with the key 'old', and this process has only 'new'. Add it to secrets.keys behind the first.", without.Message);
        Assert.Throws<UnreadableSecretException>(() => Envelope.Open(KeyRing.Parse(KeyRing.Generate("old")).Value, s_place, value));
        Assert.Throws<UnreadableSecretException>(() => Envelope.Open(KeyRing.Parse($"{s_new},{s_old}").Value, s_place, value with { KeyName = "new" }));
    }

    [Fact]
    public void After_a_rotation_the_new_key_alone_opens_it_and_the_value_was_not_touched()
    {
        var before = Envelope.Seal(s_ring, s_place, "correct horse"u8);
        var after = Envelope.Rewrap(KeyRing.Parse($"{s_new},{s_old}").Value, s_place, before);
        Assert.Equal(("new", before.Value), (after.KeyName, after.Value));
        Assert.Equal("correct horse"u8.ToArray(), Envelope.Open(KeyRing.Parse(s_new).Value, s_place, after));
        Assert.Throws<UnreadableSecretException>(() => Envelope.Open(s_ring, s_place, after));
        Assert.Throws<UnreadableSecretException>(() => Envelope.Rewrap(KeyRing.Parse($"{s_new},{s_old}").Value, Place(key: "other"), before));
    }

    private static SealedPlace Place(SecretScope? scope = null, string key = "token", int version = 3) =>
        SealedPlace.OfSecret(s_install, scope ?? new SecretScope.OfPipeline(s_home, s_pipeline), key, version);

    private static byte[] Flipped(byte[] bytes, int bit)
    {
        var turned = bytes.ToArray();
        turned[bit / 8] ^= (byte)(1 << (bit % 8));
        return turned;
    }
}
