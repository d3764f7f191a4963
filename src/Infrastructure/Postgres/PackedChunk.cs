using Gofer.Application.Logs;
using Gofer.Domain.Common;
using ZstdSharp;

namespace Gofer.Infrastructure.Postgres;

/// <summary>A chunk with its bytes as they are stored: compressed where that makes them fewer.</summary>
internal sealed record PackedChunk(RunId Run, LogChunk Chunk, bool Compressed, byte[] Bytes)
{
    /// <summary>Below this a chunk is not worth compressing.</summary>
    private const int WorthCompressing = 256;

    public static List<PackedChunk> Of(RunId run, IReadOnlyList<LogChunk> chunks)
    {
        // Most tasks say little: a compressor is made where there is something to compress.
        using var compressor = chunks.Any(c => c.Bytes.Length >= WorthCompressing) ? new Compressor(1) : null;
        return [.. chunks.Select(c => Of(run, c, compressor))];
    }

    private static PackedChunk Of(RunId run, LogChunk chunk, Compressor? compressor)
    {
        if (chunk.Bytes.Length >= WorthCompressing)
        {
            var wrapped = compressor!.Wrap(chunk.Bytes.Span);
            if (wrapped.Length < chunk.Bytes.Length) return new PackedChunk(run, chunk, true, wrapped.ToArray());
        }

        return new PackedChunk(run, chunk, false, chunk.Bytes.ToArray());
    }
}
