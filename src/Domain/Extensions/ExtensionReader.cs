using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Gofer.Domain.Common;
using Gofer.Domain.Pipelines;

namespace Gofer.Domain.Extensions;

/// <summary>Reads how an extension is run, from a request or from its row, and says everything that is wrong with it; and writes its one normal form.</summary>
public static class ExtensionReader
{
    /// <summary>The most words of a command or an entrypoint.</summary>
    public const int MaxWords = 1000;

    /// <summary>The most settings.</summary>
    public const int MaxSettings = 100;

    /// <summary>The most bytes of a setting, as UTF-8.</summary>
    public const int MaxSettingBytes = 64 * 1024;

    private static readonly DocumentLimits s_limits = DocumentLimits.Default;

    /// <summary>Reads it; the members are all known afterwards but <c>enabled</c>, which the caller reads before.</summary>
    public static ExtensionDefinition Read(JsonFields fields)
    {
        ArgumentNullException.ThrowIfNull(fields);
        var id = fields["id"].Required().Text();
        if (id is not null && Slug.Complaint(id) is { } complaint) fields["id"].Invalid($"The id {complaint}");
        var (image, endpoint) = (Image(fields["image"]), Endpoint(fields["endpoint"]));
        var definition = new ExtensionDefinition
        {
            Id = id ?? "",
            Image = image,
            Entrypoint = Words(fields["entrypoint"]),
            Command = Words(fields["command"]),
            User = Setting(fields["user"]),
            WorkingDir = Setting(fields["working_dir"]),
            AlwaysPullNewestImage = fields["always_pull_newest_image"].Flag() ?? false,
            RegistryAuth = Login(fields["registry_auth"]),
            Resources = Resources(fields["resources"]),
            Endpoint = endpoint,
            Settings = ExtensionSettings.Read(fields["settings"], MaxSettings, MaxSettingBytes, ofPipeline: false),
        };
        if (fields["image"].IsAbsent == fields["endpoint"].IsAbsent)
        {
            fields["image"].Invalid(fields["image"].IsAbsent
                ? "An extension has an image, which Gofer runs, or an endpoint, where somebody else runs it. It has neither."
                : "An extension has an image, which Gofer runs, or an endpoint, where somebody else runs it. It has both.");
        }

        if (endpoint is not null)
        {
            foreach (var name in new[] { "entrypoint", "command", "user", "working_dir", "always_pull_newest_image", "registry_auth", "resources", "settings" })
            {
                if (!fields[name].IsAbsent) fields[name].Invalid($"'{name}' says how Gofer runs it; whoever runs the one at the endpoint decides that.");
            }
        }

        fields.Done();
        return definition;
    }

    /// <summary>Reads back what <see cref="Write"/> wrote.</summary>
    /// <exception cref="InvalidDataException">The text is no extension: what stores it is damaged.</exception>
    public static ExtensionDefinition ReadStored(string text)
    {
        using var json = JsonDocument.Parse(text);
        var faults = new FaultList();
        var definition = JsonFields.Open(json.RootElement.Clone(), faults) is { } fields ? Read(fields) : null;
        return definition is not null && faults.IsEmpty ? definition : throw new InvalidDataException($"A stored extension cannot be read: {faults.ToError()?.Message}");
    }

    /// <summary>The definition as JSON, what says nothing left away: those that do the same are the same text.</summary>
    public static string Write(ExtensionDefinition definition)
    {
        ArgumentNullException.ThrowIfNull(definition);
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            json.WriteString("id", definition.Id);
            if (definition.Endpoint is { } endpoint) json.WriteString("endpoint", endpoint.ToString());
            if (definition.Image.Length > 0) json.WriteString("image", definition.Image);
            List(json, "entrypoint", definition.Entrypoint);
            List(json, "command", definition.Command);
            if (definition.User is { } user) json.WriteString("user", user);
            if (definition.WorkingDir is { } folder) json.WriteString("working_dir", folder);
            if (definition.AlwaysPullNewestImage) json.WriteBoolean("always_pull_newest_image", true);
            if (definition.RegistryAuth is { } auth) Map(json, "registry_auth", [new("user", auth.User), new("pass", auth.Pass)]);
            var resources = new[] { KeyValuePair.Create("cpu", definition.Resources.Cpu!), KeyValuePair.Create("memory", definition.Resources.Memory!) }.Where(r => r.Value is not null).ToList();
            if (resources.Count > 0) Map(json, "resources", resources);
            if (definition.Settings.Count > 0) Map(json, "settings", definition.Settings.OrderBy(s => s.Key, StringComparer.Ordinal));
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.ToArray());
    }

    private static string Image(JsonValue member)
    {
        var image = member.Text(s_limits.Image);
        if (image is "") member.Invalid("The image must not be empty.");
        else if (image?.Any(c => char.IsWhiteSpace(c) || char.IsControl(c)) is true) member.Invalid($"The image {Shown.Quoted(image)} may not hold white space.");
        return image ?? "";
    }

    private static Uri? Endpoint(JsonValue member)
    {
        if (member.Text(s_limits.Setting) is not { } text) return null;
        if (Uri.TryCreate(text, UriKind.Absolute, out var endpoint) && endpoint.Scheme is "http" or "https" && Addresses.HasHost(endpoint)
            && endpoint is { PathAndQuery: "/" or "", Fragment: "", UserInfo: "" })
        {
            return endpoint;
        }

        member.Invalid($"{Shown.Quoted(text)} is no address of a gRPC server: write one such as https://ticker.example:7777, without a path and without a user.");
        return null;
    }

    private static RegistryAuth? Login(JsonValue member)
    {
        if (member.Object() is not { } fields) return null;
        var login = new RegistryAuth(fields["user"].Required().Text(s_limits.Setting) ?? "", fields["pass"].Required().Text(s_limits.Setting) ?? "");
        if (login.Pass.Length > 0 && Interpolation.Parse(login.Pass) is not { Kind: Interpolation.GlobalSecret })
        {
            fields["pass"].Invalid("'pass' must stand for a global secret, such as global_secret{{registry}}; 'gofer secret set --global registry' stores one.");
        }

        fields.Done();
        return login;
    }

    private static List<string> Words(JsonValue member)
    {
        var words = new List<string>();
        var items = member.Items("""["node", "extension.mjs"]""");
        if (items.Count > MaxWords) member.Invalid($"There are {items.Count} words; at most {MaxWords} are allowed.");
        foreach (var item in items)
        {
            if (item.Text() is not { } word) continue;
            if (Encoding.UTF8.GetByteCount(word) is var bytes && bytes > s_limits.WordBytes) item.Invalid($"{item.Label} is {bytes} bytes long; at most {s_limits.WordBytes} are allowed.");
            words.Add(word);
        }

        return words;
    }

    private static string? Setting(JsonValue member) => member.Text(s_limits.Setting) is { Length: > 0 } text ? text : null;

    private static TaskResources Resources(JsonValue member)
    {
        if (member.Object() is not { } fields) return new TaskResources();
        var (cpu, memory) = (fields["cpu"], fields["memory"]);
        var resources = new TaskResources { Cpu = cpu.Text(), Memory = memory.Text() };
        if (resources.Cpu is { } c && !Quantity.TryCpu(c, out _, out var cpuComplaint)) cpu.Invalid(cpuComplaint);
        if (resources.Memory is { } m && !Quantity.TryMemory(m, out _, out var memoryComplaint)) memory.Invalid(memoryComplaint);
        fields.Done();
        return resources;
    }

    private static void List(Utf8JsonWriter json, string name, IReadOnlyList<string> words)
    {
        if (words.Count == 0) return;
        json.WriteStartArray(name);
        foreach (var word in words) json.WriteStringValue(word);
        json.WriteEndArray();
    }

    private static void Map(Utf8JsonWriter json, string name, IEnumerable<KeyValuePair<string, string>> members)
    {
        json.WriteStartObject(name);
        foreach (var (key, value) in members) json.WriteString(key, value);
        json.WriteEndObject();
    }
}
