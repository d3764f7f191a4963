using System.Globalization;

namespace Gofer.Domain.Common;

/// <summary>
/// Gathers every fault of one input and says in the end what sort of refusal they come to. It keeps at most <paramref name="limit"/>
/// of them and spends a bounded effort on suggestions, so a hostile input buys neither a huge answer nor much time.
/// </summary>
public sealed class FaultList(int limit = FaultList.DefaultLimit)
{
    /// <summary>How many faults are kept unless told otherwise.</summary>
    public const int DefaultLimit = 1000;

    private readonly List<Fault> _malformed = [];
    private readonly List<Fault> _refused = [];
    private int _malformedCount;
    private int _refusedCount;
    private int _unsupportedCount;
    private int _comparisonsLeft = 20_000;

    /// <summary>Whether nothing was found.</summary>
    public bool IsEmpty => _malformedCount == 0 && _refusedCount == 0;

    /// <summary>The input cannot be read there: a member of the wrong type, a string that is no text.</summary>
    public void Malformed(string pointer, string message) => Keep(_malformed, ref _malformedCount, pointer, message);

    /// <summary>The input was read there and is refused.</summary>
    public void Invalid(string pointer, string message) => Keep(_refused, ref _refusedCount, pointer, message);

    /// <summary>The input asks there for something that the contract knows and this version does not do.</summary>
    public void Unsupported(string pointer, string message)
    {
        Invalid(pointer, message);
        _unsupportedCount++;
    }

    /// <summary>A sentence that names the nearest of <paramref name="known"/>, with a space before it; empty where none is near.</summary>
    public string Suggest(string name, IReadOnlyCollection<string> known)
    {
        if (_comparisonsLeft < known.Count) return "";
        _comparisonsLeft -= known.Count;
        return Nearest.Of(name, known) is { } nearest ? $" Did you mean {Shown.Quoted(nearest)}?" : "";
    }

    /// <summary>The refusal, or null where nothing is wrong. What cannot be read comes before what is refused.</summary>
    public Error? ToError()
    {
        if (_malformedCount > 0) return Error.Malformed(All(_malformed, _malformedCount));
        if (_refusedCount == 0) return null;

        var all = All(_refused, _refusedCount);
        return _unsupportedCount == _refusedCount ? Error.NotSupported(all) : Error.Invalid(all);
    }

    private void Keep(List<Fault> faults, ref int count, string pointer, string message)
    {
        if (count++ < limit) faults.Add(new Fault(pointer, message));
    }

    private static List<Fault> All(List<Fault> kept, int count) => count == kept.Count
        ? kept
        : [.. kept, new Fault("", string.Create(CultureInfo.InvariantCulture, $"{count - kept.Count} more things are wrong; mend these first."))];
}
