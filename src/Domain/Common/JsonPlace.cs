namespace Gofer.Domain.Common;

/// <summary>
/// A place in a document that becomes a pointer only where a fault is found. Beyond <see cref="MaxPointer"/> characters the pointer is that of
/// the last container still short: half a megabyte of member names helps nobody and would be repeated in every fault.
/// </summary>
internal sealed class JsonPlace
{
    /// <summary>The longest pointer, before escapes.</summary>
    public const int MaxPointer = 1024;

    private const int IndexLength = 8;

    private readonly JsonPlace? _parent;
    private readonly string _name = "";
    private readonly int _index = -1;
    private readonly int _length;
    private readonly bool _cut;

    private JsonPlace() { }

    private JsonPlace(JsonPlace parent, string name, int index)
    {
        (_parent, _name, _index) = (parent._cut ? parent._parent : parent, name, index);
        _length = parent._length + (index >= 0 ? IndexLength : name.Length + 1);
        _cut = parent._cut || _length > MaxPointer;
    }

    /// <summary>The whole document.</summary>
    public static JsonPlace Root { get; } = new();

    /// <summary>The RFC 6901 pointer.</summary>
    public string Pointer => _parent switch
    {
        null => "",
        _ when _cut => _parent.Pointer,
        _ => _index >= 0 ? Fault.At(_parent.Pointer, _index) : Fault.At(_parent.Pointer, _name),
    };

    /// <summary>How a sentence names it.</summary>
    public string Label => _parent switch
    {
        null => "The body",
        _ => _index >= 0 ? $"Item {_index} of {_parent.Label}" : Shown.Quoted(_name),
    };

    /// <summary>Whether it is an item of an array, where null is a value and no absence.</summary>
    public bool IsItem => _index >= 0;

    /// <summary>The member's name; empty for an item.</summary>
    public string Name => _name;

    /// <summary>The member of that name of the object that stands here.</summary>
    public JsonPlace Member(string name) => new(this, name, -1);

    /// <summary>The item at that index of the array that stands here.</summary>
    public JsonPlace Item(int index) => new(this, "", index);
}
