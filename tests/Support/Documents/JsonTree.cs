using System.Text.Json;

namespace Gofer.Tests.Support.Documents;

/// <summary>JSON that can be made as bad as no serializer would write it: names and values are raw text.</summary>
public sealed class JsonTree
{
    private readonly string? _raw;
    private readonly List<(string? Name, JsonTree Value)> _children = [];
    private readonly char _open;

    private JsonTree(string raw) => _raw = raw;

    private JsonTree(char open) => _open = open;

    public static JsonTree Of(JsonElement element)
    {
        var tree = element.ValueKind switch
        {
            JsonValueKind.Object => new JsonTree('{'),
            JsonValueKind.Array => new JsonTree('['),
            _ => new JsonTree(element.GetRawText()),
        };
        if (element.ValueKind == JsonValueKind.Object) tree._children.AddRange(element.EnumerateObject().Select(m => ((string?)JsonSerializer.Serialize(m.Name), Of(m.Value))));
        if (element.ValueKind == JsonValueKind.Array) tree._children.AddRange(element.EnumerateArray().Select(i => ((string?)null, Of(i))));
        return tree;
    }

    /// <summary>Replaces the value at the place (counted over all, modulo their number).</summary>
    public void Replace(int place, string raw)
    {
        var (parent, index) = Slots().ElementAt(place % Slots().Count());
        parent._children[index] = (parent._children[index].Name, new JsonTree(raw));
    }

    /// <summary>Takes the value at the place out, and its name with it.</summary>
    public void Remove(int place)
    {
        var (parent, index) = Slots().ElementAt(place % Slots().Count());
        parent._children.RemoveAt(index);
    }

    /// <summary>Puts a member, its name as raw JSON, into the object at the place.</summary>
    public void Add(int place, string name, string raw)
    {
        var objects = All().Where(t => t._open == '{').ToList();
        objects[place % objects.Count]._children.Add((name, new JsonTree(raw)));
    }

    /// <summary>Gives the task at the place another value of the member.</summary>
    public void Set(int place, string name, string raw)
    {
        var tasks = All().Where(t => t._children.Any(c => c.Name == "\"image\"")).ToList();
        if (tasks.Count == 0) return;

        var task = tasks[place % tasks.Count];
        task._children.RemoveAll(c => c.Name == name);
        task._children.Add((name, new JsonTree(raw)));
    }

    public override string ToString() => _raw ?? (_open == '{'
        ? $"{{{string.Join(',', _children.Select(c => $"{c.Name}:{c.Value}"))}}}"
        : $"[{string.Join(',', _children.Select(c => c.Value))}]");

    private IEnumerable<JsonTree> All() => _children.SelectMany(c => c.Value.All()).Prepend(this);

    private IEnumerable<(JsonTree Parent, int Index)> Slots() => All().SelectMany(t => t._children.Select((_, i) => (t, i)));
}
