using CsCheck;
using Gofer.Domain.Audit;

namespace Gofer.Tests.Unit.Domain.Audit;

public sealed class AuditChainTests
{
    private static readonly Gen<string?> s_text = Gen.Frequency((1, Gen.Const((string?)null)), (4, Gen.String[Gen.Char["a1:,-é"], 0, 4].Select(t => (string?)t)));

    private static readonly Gen<AuditEntry> s_entry = Gen.Select(
        Gen.Select(Gen.Long[1, 30], Gen.Long[0, 5], Gen.Enum<AuditOutcome>()), s_text.Array[8],
        (numbers, texts) => new AuditEntry
        {
            Id = numbers.Item1,
            At = DateTimeOffset.UnixEpoch + TimeSpan.FromMicroseconds(numbers.Item2),
            Outcome = numbers.Item3,
            Type = texts[0] ?? "",
            Data = texts[1] ?? "",
            Actor = texts[2],
            ActorName = texts[3],
            Namespace = texts[4],
            Pipeline = texts[5],
            Subject = texts[6],
            TraceId = texts[7],
        });

    /// <summary>Members of a few letters, digits and separators: were one not told from the next, some two would be the same bytes.</summary>
    [Fact]
    public void Two_entries_have_the_same_hash_only_where_all_their_members_are_the_same() =>
        Gen.Select(s_entry, s_entry).Sample((one, other) => (one == other) == Hash(AuditChain.Start, 1, one).SequenceEqual(Hash(AuditChain.Start, 1, other)), iter: 50_000);

    [Fact]
    public void Text_that_moves_from_one_member_to_the_next_changes_the_hash() => s_entry.Sample(
        entry => entry.Namespace is null || entry.Pipeline is null || entry.Namespace.Length == 0
            || !Hash(AuditChain.Start, 1, entry).SequenceEqual(Hash(AuditChain.Start, 1, entry with { Namespace = entry.Namespace[..^1], Pipeline = entry.Namespace[^1] + entry.Pipeline })),
        iter: 20_000);

    [Fact]
    public void An_entry_at_another_place_or_after_another_has_another_hash() => Gen.Select(s_entry, s_entry).Sample((first, second) =>
    {
        var hash = Hash(AuditChain.Start, 1, first);
        return !Hash(hash, 2, second).SequenceEqual(Hash(AuditChain.Start, 2, second)) && !Hash(hash, 2, second).SequenceEqual(Hash(hash, 3, second));
    });

    /// <summary>What is sealed today has to be computed the same way for ever.</summary>
    [Fact]
    public void The_hash_of_an_entry_is_what_it_was()
    {
        var entry = new AuditEntry
        {
            Id = 7,
            At = new DateTimeOffset(2026, 11, 28, 9, 30, 0, TimeSpan.Zero),
            Type = AuditTypes.SecretWritten,
            Outcome = AuditOutcome.Done,
            Actor = "0123456789abcdef",
            ActorName = "ci",
            Namespace = "team-a",
            Pipeline = null,
            Subject = "token",
            Data = """{"version":3}""",
            TraceId = null,
        };
        Assert.Equal("ec5fd7eeac6d5f2368daad61b5575391c5da6cb6c2309ad2a57faf313067fe7f", Convert.ToHexStringLower(Hash(AuditChain.Start, 1, entry)));
    }

    private static byte[] Hash(byte[] previous, long seq, AuditEntry entry) => AuditChain.Next(previous, seq, entry);
}
