using System.Globalization;
using System.Text;
using Gofer.Application.Logs;
using Gofer.Application.Schedulers;
using Gofer.Domain.Secrets;

namespace Gofer.Worker.Tasks;

/// <summary>
/// What happens to output on its way into chunks: secrets are masked, then what is over the limit is cut and said to be. In this order, since a
/// secret that was cut in two is one that no mask finds.
/// </summary>
internal sealed class LogIntake(LogCutter cutter, MaskSet masks, long room, long limit, TimeProvider clock)
{
    private readonly Dictionary<LogStream, (Masker Masker, Lane Lane)> _lanes = [];

    /// <summary>How much is taken before the cut; below zero once it was made.</summary>
    private long _room = room;

    /// <summary>Takes in what the container wrote.</summary>
    public void Add(LogPiece piece)
    {
        if (masks.IsEmpty)
        {
            Plain(piece.Stream, piece.Bytes.Span);
            return;
        }

        if (!_lanes.TryGetValue(piece.Stream, out var lane)) _lanes[piece.Stream] = lane = (new Masker(masks), new Lane(this, piece.Stream));
        lane.Masker.Add(piece.Bytes.Span, lane.Lane);
    }

    /// <summary>The container wrote its last: what might have begun a secret did not.</summary>
    public void Finish()
    {
        foreach (var (masker, lane) in _lanes.Values) masker.Finish(lane);
    }

    private void Plain(LogStream stream, ReadOnlySpan<byte> bytes)
    {
        if (_room < 0) return;
        var taken = (int)Math.Min(bytes.Length, _room);
        cutter.Add(stream, bytes[..taken], clock.GetUtcNow());
        _room -= taken;
        if (taken < bytes.Length) Cut();
    }

    private void Hidden(LogStream stream, int length, bool begins)
    {
        if (_room < 0) return;
        if (begins && _room < Masker.Mask.Length)
        {
            Cut();
            return;
        }

        cutter.AddHidden(stream, length, begins, clock.GetUtcNow());
        if (begins) _room -= Masker.Mask.Length;
    }

    private void Cut()
    {
        cutter.Add(LogStream.Stderr, Encoding.UTF8.GetBytes(Marker), clock.GetUtcNow());
        _room = -1;
    }

    private string Marker => string.Create(CultureInfo.InvariantCulture, $"\n[gofer] The log was cut here: it is over the limit of {limit} bytes.\n");

    private sealed class Lane(LogIntake intake, LogStream stream) : IMaskedOutput
    {
        public void Plain(ReadOnlySpan<byte> bytes) => intake.Plain(stream, bytes);

        public void Hidden(int length, bool begins) => intake.Hidden(stream, length, begins);
    }
}
