using System.Buffers;
using System.Text;

namespace Gofer.Domain.Secrets;

/// <summary>
/// Finds every form of some secrets in one pass over bytes, however many there are: the automaton of Aho and Corasick ("Efficient string
/// matching: an aid to bibliographic search", 1975). Immutable; one serves any number of <see cref="Masker"/>s.
/// </summary>
public sealed class MaskSet
{
    private readonly Dictionary<int, int> _next = [];
    private readonly List<int> _depth = [0];
    private readonly List<int> _fail = [0];
    private readonly List<int> _longest = [0];
    private readonly SearchValues<byte> _first;

    private MaskSet(IReadOnlyCollection<byte[]> forms)
    {
        foreach (var form in forms) Add(form);
        Link();
        _first = SearchValues.Create([.. forms.Select(f => f[0]).Distinct()]);
        LongestForm = forms.Count == 0 ? 0 : forms.Max(f => f.Length);
    }

    /// <summary>Bytes of the shortest value that is looked for.</summary>
    public const int Shortest = SecretForms.Shortest;

    /// <summary>Finds nothing.</summary>
    public static MaskSet None { get; } = new([]);

    /// <summary>Whether it can find anything: a secret shorter than six bytes is not looked for.</summary>
    public bool IsEmpty => LongestForm == 0;

    /// <summary>Bytes of the longest form.</summary>
    internal int LongestForm { get; }

    /// <summary>An edge is a state and a byte in one number. What a container takes of variables in all is less than this.</summary>
    private const int MostStates = (1 << 23) - 1;

    /// <summary>What a search begins in.</summary>
    internal const int Root = 0;

    /// <summary>Finds the forms of <paramref name="secrets"/>.</summary>
    public static MaskSet Of(IEnumerable<string> secrets)
    {
        var values = secrets.Distinct().ToList();
        var together = values.Sum(Encoding.UTF8.GetByteCount);
        var forms = values.SelectMany(value => SecretForms.Of(value, together)).DistinctBy(Convert.ToBase64String).ToList();
        return forms.Count == 0 ? None : new MaskSet(forms);
    }

    /// <summary>A whole text with each secret in it replaced.</summary>
    public string Mask(string text)
    {
        if (IsEmpty) return text;
        var masked = new Collected();
        var masker = new Masker(this);
        masker.Add(Encoding.UTF8.GetBytes(text), masked);
        masker.Finish(masked);
        return masked.Found ? Encoding.UTF8.GetString(masked.Bytes.WrittenSpan) : text;
    }

    /// <summary>The first place at which a form may begin, or a negative number.</summary>
    internal int FirstIn(ReadOnlySpan<byte> bytes) => bytes.IndexOfAny(_first);

    /// <summary>The state after one more byte.</summary>
    internal int Step(int state, byte b)
    {
        for (; ; state = _fail[state])
        {
            if (_next.TryGetValue(Edge(state, b), out var next)) return next;
            if (state == Root) return Root;
        }
    }

    /// <summary>How many of the last bytes are the beginning of a form.</summary>
    internal int DepthOf(int state) => _depth[state];

    /// <summary>Length of the longest form that ends here; 0 where none does.</summary>
    internal int LongestAt(int state) => _longest[state];

    private static int Edge(int state, byte b) => (state << 8) | b;

    private void Add(byte[] form)
    {
        var state = Root;
        foreach (var b in form)
        {
            if (!_next.TryGetValue(Edge(state, b), out var next))
            {
                next = _depth.Count;
                if (next > MostStates) throw new InvalidOperationException("The secrets of a task are more than can be masked.");
                _next.Add(Edge(state, b), next);
                _depth.Add(_depth[state] + 1);
                _fail.Add(Root);
                _longest.Add(0);
            }

            state = next;
        }

        _longest[state] = form.Length;
    }

    /// <summary>Level by level, so that what a link leads to is linked already.</summary>
    private void Link()
    {
        foreach (var (edge, state) in _next.OrderBy(e => _depth[e.Value]))
        {
            var (parent, b) = (edge >> 8, (byte)edge);
            if (parent != Root) _fail[state] = Step(_fail[parent], b);
            _longest[state] = Math.Max(_longest[state], _longest[_fail[state]]);
        }
    }

    private sealed class Collected : IMaskedOutput
    {
        public ArrayBufferWriter<byte> Bytes { get; } = new();

        public bool Found { get; private set; }

        public void Plain(ReadOnlySpan<byte> bytes) => Bytes.Write(bytes);

        public void Hidden(int length, bool begins)
        {
            Found = true;
            if (begins) Bytes.Write(Masker.Mask);
        }
    }
}
