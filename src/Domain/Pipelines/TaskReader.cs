using System.Text;
using Gofer.Domain.Common;

namespace Gofer.Domain.Pipelines;

/// <summary>A task as it was read, with the places that <see cref="GraphRules"/> may have to complain of.</summary>
internal sealed record TaskNode(TaskDefinition Task, JsonValue Id, IReadOnlyList<JsonValue> Parents);

/// <summary>Reads the tasks of a document that declares those <paramref name="parameters"/>; without any, the container of a shared task.</summary>
internal sealed class TaskReader(DocumentLimits limits, IReadOnlyCollection<string>? parameters)
{
    /// <summary>The task, also where parts of it are wrong; null where it is no object.</summary>
    public TaskNode? Read(JsonValue item)
    {
        if (item.Object() is not { } fields) return null;

        var parents = Parents(fields["depends_on"]);
        var matrix = TaskRules.Matrix(fields["matrix"], limits);
        var task = new TaskDefinition
        {
            Id = DocumentReader.Id(fields["id"]),
            Image = fields["uses"].IsEmpty ? Image(fields["image"].Required()) : "",
            Description = fields["description"].Text(limits.Description) ?? "",
            RegistryAuth = Login(fields["registry_auth"]),
            DependsOn = parents.ToDictionary(p => p.Place.Name, p => p.Condition, StringComparer.Ordinal),
            Variables = UserMaps.Variables(fields["variables"], limits, Interpolates),
            Entrypoint = Words(fields["entrypoint"]),
            Command = Words(fields["command"]),
            WorkingDir = Setting(fields["working_dir"]),
            User = Setting(fields["user"]),
            InjectApiToken = fields["inject_api_token"].Flag() ?? false,
            AlwaysPullNewestImage = fields["always_pull_newest_image"].Flag() ?? false,
            Resources = Resources(fields["resources"]),
            AllowFailure = fields["allow_failure"].Flag() ?? false,
            Timeout = fields["timeout"].Time(limits.ShortestTimeout, limits.LongestTimeout),
            Retry = TaskRules.Retry(fields["retry"], limits),
            Concurrency = TaskRules.Concurrency(fields["concurrency"], limits, parameters ?? [], matrix),
            Matrix = matrix,
            Uses = SharedUse.Read(fields),
            With = SharedUse.With(fields, limits, Interpolates),
        };

        fields.Done();
        return new TaskNode(task, fields["id"], [.. parents.Select(p => p.Place)]);
    }

    /// <summary>The container that a shared task is, without an id; null where there is none.</summary>
    public TaskDefinition? Container(JsonValue item)
    {
        if (item.Object() is not { } fields) return null;

        var container = new TaskDefinition
        {
            Id = "",
            Image = Image(fields["image"].Required()),
            RegistryAuth = Login(fields["registry_auth"]),
            Variables = UserMaps.Variables(fields["variables"], limits, Interpolates),
            Entrypoint = Words(fields["entrypoint"]),
            Command = Words(fields["command"]),
            WorkingDir = Setting(fields["working_dir"]),
            User = Setting(fields["user"]),
            AlwaysPullNewestImage = fields["always_pull_newest_image"].Flag() ?? false,
            Resources = Resources(fields["resources"]),
        };
        fields.Done();
        return container;
    }

    private string Image(JsonValue member)
    {
        var image = member.Text(limits.Image);
        if (image is "") member.Invalid("The image must not be empty.");
        else if (image?.Any(c => char.IsWhiteSpace(c) || char.IsControl(c)) is true) member.Invalid($"The image {Shown.Quoted(image)} may not hold white space.");
        return image ?? "";
    }

    private List<(JsonValue Place, ParentCondition Condition)> Parents(JsonValue member)
    {
        var entries = member.Entries("""{"parent": "success"}""");
        if (entries.Count > limits.Parents) member.Invalid($"There are {entries.Count} parents; at most {limits.Parents} are allowed for a task.");
        return [.. entries.Select(e => (e, Condition(e)))];
    }

    private static ParentCondition Condition(JsonValue entry)
    {
        if (entry.IsAbsent) entry.Invalid($"It is missing what {entry.Label} must come to: {string.Join(", ", DocumentWords.Conditions)}.");
        return entry.Choice(DocumentWords.Conditions) switch
        {
            "failure" => ParentCondition.Failure,
            "any" => ParentCondition.Any,
            _ => ParentCondition.Success,
        };
    }

    private RegistryAuth? Login(JsonValue member)
    {
        if (member.Object() is not { } fields) return null;

        var login = new RegistryAuth(User(fields["user"].Required()), Pass(fields["pass"].Required()));
        fields.Done();
        return login;

        string User(JsonValue user)
        {
            var text = user.Text(limits.Setting) ?? "";
            Interpolates(user, text);
            return text;
        }

        // Documents and the parameters of a run are read by many.
        string Pass(JsonValue pass)
        {
            if (pass.Text(limits.Setting) is not { } text) return "";
            if (Interpolation.KindOf(text) is { } kind && Interpolation.IsSecret(kind)) Interpolates(pass, text);
            else if (!limits.WrittenPasswords) pass.Invalid($"{pass.Label} must stand for a secret, such as pipeline_secret{{{{registry}}}}; 'gofer secret set registry' stores one.");
            return text;
        }
    }

    private List<string> Words(JsonValue member)
    {
        var words = new List<string>();
        foreach (var item in member.Items("""["sh", "-c", "echo hello"]"""))
        {
            if (item.Text() is not { } word) continue;
            if (Encoding.UTF8.GetByteCount(word) is var bytes && bytes > limits.WordBytes)
                item.Invalid($"{item.Label} is {bytes} bytes long; at most {limits.WordBytes} are allowed.");
            words.Add(word);
        }

        return words;
    }

    private string? Setting(JsonValue member) => member.Text(limits.Setting) is { Length: > 0 } text ? text : null;

    /// <summary>Lets a secret, an object, and a parameter of the document, stand for the whole value, and nothing else that only looks like it.</summary>
    private void Interpolates(JsonValue value, string text)
    {
        if (Interpolation.Parse(text) is not { } found) return;
        if (found.Kind != Interpolation.Param)
        {
            var what = Interpolation.IsSecret(found.Kind) ? "a secret" : "an object";
            if (Slug.Complaint(found.Key) is { } complaint) value.Invalid($"{value.Label} stands for {what} whose key {complaint}");
        }
        else if (parameters is null)
        {
            value.Invalid($"{value.Label} stands for a parameter, and a shared task knows none of its users': it gets its inputs as variables such as {SharedTasks.SharedTaskReader.Variable(Slug.IsValid(found.Key) ? found.Key : "x")}.");
        }
        else if (!parameters.Contains(found.Key))
        {
            value.Invalid($"{value.Label} stands for the parameter {Shown.Quoted(found.Key)}, which the pipeline does not declare.{value.Faults.Suggest(found.Key, parameters)}");
        }
    }

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
}
