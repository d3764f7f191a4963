using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Gofer.Domain.Pipelines;

namespace Gofer.Domain.SharedTasks;

/// <summary>Writes a definition in its one normal form, as <see cref="DocumentWriter"/> does documents: definitions that mean the same are the same text.</summary>
public static class SharedTaskWriter
{
    private static readonly JsonWriterOptions s_options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The definition as compact JSON.</summary>
    public static string Write(SharedTaskDefinition definition)
    {
        ArgumentNullException.ThrowIfNull(definition);
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, s_options))
        {
            json.WriteStartObject();
            if (definition.Call is { } call)
            {
                json.WriteStartObject("call");
                json.WriteString("endpoint", call.Endpoint);
                json.WriteString("task", call.Task);
                if (call.Token is { } token) json.WriteString("token", token);
                json.WriteEndObject();
            }

            if (definition.Container is { } container)
            {
                json.WritePropertyName("container");
                DocumentWriter.WriteContainer(json, container);
            }

            if (definition.Description.Length > 0) json.WriteString("description", definition.Description);
            DocumentWriter.WriteParams(json, "inputs", definition.Inputs);
            json.WriteString("version", definition.Version.ToString());
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length);
    }
}
