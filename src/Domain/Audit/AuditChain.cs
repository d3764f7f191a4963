using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Gofer.Domain.Audit;

/// <summary>
/// A hash chain over entries: the hash of each is over it and the hash before it, so that none can be changed, taken out, put in between or moved
/// without all that follow being other ones. It does not show that entries are missing at the end: who wants to know that keeps a hash elsewhere.
/// </summary>
/// <remarks>
/// SHA-256 over netstrings (D. J. Bernstein, 1997) of the members in a fixed order, so that no two entries have the same bytes; a member that is
/// null is <c>-,</c>. As in the linked timestamps of Haber and Stornetta, "How to Time-Stamp a Digital Document", 1991.
/// </remarks>
public static class AuditChain
{
    /// <summary>Names what is hashed and how; another form gets another name.</summary>
    private const string Form = "gofer-audit-1";

    /// <summary>What the first entry stands on.</summary>
    public static byte[] Start => new byte[SHA256.HashSizeInBytes];

    /// <summary>The hash of the entry at place <paramref name="seq"/>, from 1, after the one whose hash is <paramref name="previous"/>.</summary>
    public static byte[] Next(ReadOnlySpan<byte> previous, long seq, AuditEntry entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Add(Form);
        hash.AppendData(previous);
        Add(Number(seq));
        Add(Number(entry.Id));
        Add(Number(entry.At.UtcTicks / TimeSpan.TicksPerMicrosecond)); // what the database keeps of a time
        Add(entry.Type);
        Add(entry.Outcome switch { AuditOutcome.Done => "done", AuditOutcome.Denied => "denied", _ => "asked" });
        Add(entry.Actor);
        Add(entry.ActorName);
        Add(entry.Namespace);
        Add(entry.Pipeline);
        Add(entry.Subject);
        Add(entry.Data);
        Add(entry.TraceId);
        return hash.GetHashAndReset();

        void Add(string? text)
        {
            if (text is null)
            {
                hash.AppendData("-,"u8);
                return;
            }

            var bytes = Encoding.UTF8.GetBytes(text);
            hash.AppendData(Encoding.ASCII.GetBytes(Number(bytes.Length)));
            hash.AppendData(":"u8);
            hash.AppendData(bytes);
            hash.AppendData(","u8);
        }
    }

    private static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);
}
