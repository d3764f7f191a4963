using System.Text;
using CsCheck;
using Gofer.Application.Logs;
using Gofer.Worker.Tasks;

namespace Gofer.Tests.Unit.Worker;

public sealed class LogCutterTests
{
    private static readonly DateTimeOffset s_now = new(2026, 11, 24, 12, 0, 0, TimeSpan.Zero);

    private static readonly Gen<byte[]> s_bytes = Gen.OneOf(
        Gen.String[0, 200].Select(Encoding.UTF8.GetBytes),
        Gen.Byte.Array[0, 200],
        Gen.Int[0, 200_000].Select(n => Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("ä日😀\n", n / 10)))),
        Gen.Int[0, 150_000].Select(n => new byte[n]));

    private static readonly Gen<List<(LogStream Stream, byte[] Bytes, bool Take)>> s_writes =
        Gen.Select(Gen.OneOf(LogStream.Stdout, LogStream.Stderr), s_bytes, Gen.Bool).List[0, 12];

    [Fact]
    public void Whatever_is_written_comes_out_once_in_order_and_in_chunks_that_fit()
    {
        s_writes.Sample(
            writes =>
            {
                var cutter = new LogCutter(3, 1, default);
                var chunks = Feed(cutter, writes);
                foreach (var stream in new[] { LogStream.Stdout, LogStream.Stderr })
                {
                    var written = writes.Where(w => w.Stream == stream).SelectMany(w => w.Bytes).ToArray();
                    Assert.Equal(written, chunks.Where(c => c.Stream == stream).SelectMany(c => c.Bytes.ToArray()).ToArray());
                    Assert.Equal(written.Length, cutter.Offset(stream));
                }

                Assert.All(chunks, c => Assert.InRange(c.Bytes.Length, 1, LogCutter.Largest));
                Assert.Equal(Enumerable.Range(1, chunks.Count), chunks.Select(c => c.Seq));
                var piece = 0L;
                foreach (var chunk in chunks)
                {
                    Assert.Equal(piece + 1, chunk.FirstPiece);
                    Assert.True(chunk.LastPiece >= chunk.FirstPiece);
                    piece = chunk.LastPiece;
                }

                Assert.True(cutter.IsEmpty);
            },
            iter: 500);
    }

    [Fact]
    public void A_cutter_that_goes_on_from_what_is_stored_goes_on_exactly()
    {
        Gen.Select(s_writes, Gen.Int[0, 12]).Sample(
            (writes, stored) =>
            {
                var all = Feed(new LogCutter(0, 1, default), writes);
                var kept = all.Take(stored).ToList();
                var (stdout, stderr) = (kept.LastOrDefault(c => c.Stream == LogStream.Stdout)?.StreamEnd ?? 0, kept.LastOrDefault(c => c.Stream == LogStream.Stderr)?.StreamEnd ?? 0);
                var second = new LogCutter(0, 1, new LogPosition(kept.Count, stdout, stderr, kept.LastOrDefault()?.LastPiece ?? 0));
                foreach (var stream in new[] { LogStream.Stdout, LogStream.Stderr })
                {
                    // what the container still has after the stored offset, as a back end gives it again
                    var rest = writes.Where(w => w.Stream == stream).SelectMany(w => w.Bytes).Skip((int)second.Offset(stream)).ToArray();
                    second.Add(stream, rest, s_now);
                }

                kept.AddRange(second.Take(final: true, s_now));
                Assert.Equal(Enumerable.Range(1, kept.Count), kept.Select(c => c.Seq));
                foreach (var stream in new[] { LogStream.Stdout, LogStream.Stderr })
                {
                    Assert.Equal(writes.Where(w => w.Stream == stream).SelectMany(w => w.Bytes).ToArray(), kept.Where(c => c.Stream == stream).SelectMany(c => c.Bytes.ToArray()).ToArray());
                }
            },
            iter: 500);
    }

    [Fact]
    public void A_character_is_never_cut_by_a_flush_or_by_the_size()
    {
        var cutter = new LogCutter(0, 1, default);
        var text = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("😀", 40_000))); // no line end in 160 KB
        var chunks = new List<LogChunk>();
        for (var at = 0; at < text.Length; at += 777)
        {
            cutter.Add(LogStream.Stdout, text.AsSpan(at, Math.Min(777, text.Length - at)), s_now);
            chunks.AddRange(cutter.Take(final: false, s_now));
        }

        chunks.AddRange(cutter.Take(final: true, s_now));
        Assert.All(chunks, c => Assert.DoesNotContain("\uFFFD", Encoding.UTF8.GetString(c.Bytes.Span), StringComparison.Ordinal));
    }

    [Fact]
    public void A_full_chunk_ends_with_a_line_where_there_is_one()
    {
        var cutter = new LogCutter(0, 1, default);
        for (var i = 0; i < 20_000; i++) cutter.Add(LogStream.Stdout, Encoding.UTF8.GetBytes($"line {i}\n"), s_now);
        var chunks = cutter.Take(final: true, s_now);
        Assert.True(chunks.Count > 2);
        Assert.All(chunks, c => Assert.Equal((byte)'\n', c.Bytes.Span[^1]));
        Assert.Equal(20_000, chunks[^1].LastPiece);
    }

    [Fact]
    public void A_mask_stands_whole_in_one_chunk_and_counts_for_what_was_written()
    {
        var shown = Gen.OneOf(Gen.Int[0, 40].Select(n => new string('ä', n)), Gen.Int[0, 9000].Select(n => string.Concat(Enumerable.Repeat("0123456789\n", n))), Gen.Int[0, 70_000].Select(n => new string('x', n)));
        Gen.Select(Gen.OneOf(LogStream.Stdout, LogStream.Stderr), shown, Gen.Int[6, 300], Gen.Bool).List[1, 12].Sample(
            writes =>
            {
                var cutter = new LogCutter(0, 1, default);
                var chunks = new List<LogChunk>();
                var written = new Dictionary<LogStream, Dictionary<long, long>> { [LogStream.Stdout] = new() { [0] = 0 }, [LogStream.Stderr] = new() { [0] = 0 } };
                foreach (var (stream, text, secret, take) in writes)
                {
                    var bytes = Encoding.UTF8.GetBytes(text);
                    cutter.Add(stream, bytes, s_now);
                    cutter.AddHidden(stream, secret, begins: true, s_now);
                    var (at, raw) = written[stream].MaxBy(p => p.Key);
                    // each byte of the text by itself; of a mask its end alone is a place to cut at
                    for (var i = 1; i <= bytes.Length; i++) written[stream][at + i] = raw + i;
                    written[stream][at + bytes.Length + 3] = raw + bytes.Length + secret;
                    if (take) chunks.AddRange(cutter.Take(final: false, s_now));
                    Assert.Equal(raw + bytes.Length + secret, cutter.Offset(stream));
                }

                chunks.AddRange(cutter.Take(final: true, s_now));
                Assert.All(chunks, c => Assert.InRange(c.Bytes.Length, 1, LogCutter.Largest));
                foreach (var (stream, places) in written)
                {
                    var at = 0L;
                    foreach (var chunk in chunks.Where(c => c.Stream == stream)) Assert.Equal(places[at += chunk.Bytes.Length], chunk.StreamEnd);
                    Assert.Equal(places.Keys.Max(), at);
                }
            },
            iter: 200);
    }

    private static List<LogChunk> Feed(LogCutter cutter, List<(LogStream Stream, byte[] Bytes, bool Take)> writes)
    {
        var chunks = new List<LogChunk>();
        foreach (var (stream, bytes, take) in writes)
        {
            cutter.Add(stream, bytes, s_now);
            if (take) chunks.AddRange(cutter.Take(final: false, s_now));
        }

        chunks.AddRange(cutter.Take(final: true, s_now));
        return chunks;
    }
}
