using System.Text.Json;
using Gofer.Domain.Common;
using Gofer.Domain.Notifications;
using Gofer.Domain.Triggers;

namespace Gofer.Domain.Pipelines;

/// <summary>Reads a pipeline document, and where it is wrong says everything that is, each complaint with its place.</summary>
public static class DocumentReader
{
    /// <summary>
    /// Reads the document. A member of the wrong type makes it malformed; anything else that is wrong makes it invalid; members of
    /// the contract that this version does not act on are refused rather than ignored, unless they ask for nothing.
    /// </summary>
    public static Result<PipelineDocument> Read(JsonElement root, DocumentLimits limits)
    {
        var faults = new FaultList();
        if (JsonFields.Open(root, faults) is not { } fields) return faults.ToError()!;

        var document = Read(fields, limits);
        return faults.ToError() is { } error ? error : document;
    }

    /// <summary>Reads back what <see cref="DocumentWriter"/> wrote; a limit that an operator lowered since does not unmake a version.</summary>
    /// <exception cref="InvalidDataException">The text is no document: what stores it is damaged.</exception>
    public static PipelineDocument ReadStored(string normalised)
    {
        using var json = JsonDocument.Parse(normalised);
        var result = Read(json.RootElement, DocumentLimits.None);
        return result.IsOk ? result.Value : throw new InvalidDataException($"A stored pipeline document cannot be read: {result.Error.Message}");
    }

    private static PipelineDocument Read(JsonFields fields, DocumentLimits limits)
    {
        _ = fields["$schema"];
        var id = Id(fields["id"]);
        var parameters = ParamReader.Read(fields["params"], limits);
        var document = new PipelineDocument
        {
            Id = id,
            Name = fields["name"].Text(limits.Name) is { Length: > 0 } name ? name : id,
            Description = fields["description"].Text(limits.Description) ?? "",
            Parallelism = (int)(fields["parallelism"].Whole(0, limits.Parallelism) ?? 0),
            OnLimit = fields["on_limit"] is var policy && policy.Text() is { Length: > 0 } ? Policy(policy.Choice(DocumentWords.Policies)) : LimitPolicy.Queue,
            Timeout = fields["timeout"].Time(limits.ShortestTimeout, limits.LongestTimeout),
            Priority = (int)(fields["priority"].Whole(-limits.Priority, limits.Priority) ?? 0),
            Params = parameters,
            Labels = UserMaps.Labels(fields["labels"], limits),
            Triggers = TriggerReader.ReadAll(fields["triggers"], parameters, limits.Stored),
            Notifications = NotificationReader.ReadAll(fields["notifications"]),
            Tasks = Tasks(fields["tasks"], new TaskReader(limits, [.. parameters.Select(p => p.Name)]), limits),
        };

        fields.Done();
        return document;
    }

    private static LimitPolicy Policy(string? name) => name switch
    {
        "cancel_oldest" => LimitPolicy.CancelOldest,
        "skip" => LimitPolicy.Skip,
        _ => LimitPolicy.Queue,
    };

    private static List<TaskDefinition> Tasks(JsonValue member, TaskReader reader, DocumentLimits limits)
    {
        var items = member.Required().Items();
        if (member.IsEmpty && !member.IsAbsent) member.Invalid("A pipeline needs at least one task.");
        if (items.Count > limits.Tasks) member.Invalid($"There are {items.Count} tasks; at most {limits.Tasks} are allowed.");

        var nodes = items.Select(reader.Read).OfType<TaskNode>().ToList();
        var instances = nodes.Sum(n => Matrix.CountOf(n.Task.Matrix));
        if (items.Count <= limits.Tasks && instances > limits.Tasks)
        {
            member.Invalid($"There are {instances} tasks with every instance of each matrix; at most {limits.Tasks} are allowed.");
        }

        GraphRules.Check(nodes, member.Faults);
        return [.. nodes.Select(n => n.Task)];
    }

    /// <summary>A name by the rule of <see cref="Slug"/>; empty where there is none that can be read.</summary>
    internal static string Id(JsonValue member)
    {
        var id = member.Required().Text();
        if (id is not null && Slug.Complaint(id) is { } complaint) member.Invalid($"The {member.Name} {complaint}");
        return id ?? "";
    }
}
