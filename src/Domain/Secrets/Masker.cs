namespace Gofer.Domain.Secrets;

/// <summary>Where masked output goes, in order.</summary>
public interface IMaskedOutput
{
    /// <summary>Bytes that belong to no secret.</summary>
    void Plain(ReadOnlySpan<byte> bytes);

    /// <summary>
    /// Bytes that do: <paramref name="length"/> of them stand behind one <see cref="Masker.Mask"/>, or behind the one before where this does not
    /// begin another.
    /// </summary>
    void Hidden(int length, bool begins);
}

/// <summary>
/// Masks one stream of bytes that comes in pieces. What comes out does not depend on how it was cut: secrets that overlap are one mask, and
/// those that touch are two. Bytes that may still turn out to begin a secret are held back until that is decided, so a reader who
/// begins anew behind what came out, with a fresh masker, masks the rest no worse.
/// </summary>
public sealed class Masker(MaskSet set)
{
    private readonly List<(long From, long To, bool Begins)> _hidden = [];
    private byte[] _held = [];
    private int _count;
    private long _at;
    private int _state = MaskSet.Root;

    /// <summary>What stands in a secret's place.</summary>
    public static ReadOnlySpan<byte> Mask => "***"u8;

    /// <summary>
    /// Secrets that go on overlapping each other, as in a long row of one letter, are held back up to this length and then put out as far as
    /// they came: the memory is bounded, and only who begins anew just there might see the end of the last of them.
    /// </summary>
    private int LongestChain => (2 * set.LongestForm) + 4096;

    /// <summary>Takes in the next bytes and puts out what is decided.</summary>
    public void Add(ReadOnlySpan<byte> bytes, IMaskedOutput output)
    {
        var at = _count;
        Append(bytes);
        while (at < _count)
        {
            if (_state == MaskSet.Root)
            {
                var first = set.FirstIn(_held.AsSpan(at, _count - at));
                if (first < 0) break;
                at += first;
            }

            _state = set.Step(_state, _held[at++]);
            if (set.LongestAt(_state) is > 0 and var length) Hide(_at + at - length, _at + at);
        }

        var decided = _at + _count - set.DepthOf(_state);
        if (_hidden.Count > 0 && _hidden[^1] is var (from, to, _) && from < decided && to > decided)
        {
            decided = _at + _count - from <= LongestChain ? from : to;
        }

        Release(decided, output);
    }

    /// <summary>Puts out what is held back: nothing follows.</summary>
    public void Finish(IMaskedOutput output)
    {
        Release(_at + _count, output);
        _state = MaskSet.Root;
    }

    private void Append(ReadOnlySpan<byte> bytes)
    {
        if (_count + bytes.Length > _held.Length) Array.Resize(ref _held, Math.Max(_count + bytes.Length, 2 * _held.Length));
        bytes.CopyTo(_held.AsSpan(_count));
        _count += bytes.Length;
    }

    private void Hide(long from, long to)
    {
        var begins = from >= _at;
        from = Math.Max(from, _at);
        while (_hidden.Count > 0 && _hidden[^1] is var last && last.To > from)
        {
            if (last.From <= from) (from, begins) = (last.From, last.Begins);
            _hidden.RemoveAt(_hidden.Count - 1);
        }

        _hidden.Add((from, to, begins));
    }

    private void Release(long until, IMaskedOutput output)
    {
        var at = _at;
        var done = 0;
        foreach (var (from, to, begins) in _hidden)
        {
            if (from >= until) break;
            Plain(from);
            output.Hidden((int)(to - from), begins);
            at = to;
            done++;
        }

        Plain(until);
        _hidden.RemoveRange(0, done);
        var gone = (int)(at - _at);
        _held.AsSpan(gone, _count - gone).CopyTo(_held);
        (_at, _count) = (at, _count - gone);

        void Plain(long end)
        {
            if (end > at) output.Plain(_held.AsSpan((int)(at - _at), (int)(end - at)));
            at = Math.Max(at, end);
        }
    }
}
