using System.Text.Json;

namespace Gofer.Domain.Access;

/// <summary>What a permission is about.</summary>
public enum Resource
{
    /// <summary>Namespaces themselves: their settings, and that they are there.</summary>
    Namespaces,

    /// <summary>Pipelines and their versions.</summary>
    Pipelines,

    /// <summary>Runs, their tasks, events and graphs.</summary>
    Runs,

    /// <summary>What tasks wrote.</summary>
    Logs,

    /// <summary>Secrets of pipelines and namespaces; to read them is to read their names, since values never come out.</summary>
    Secrets,

    /// <summary>Objects of pipelines and runs, with their bytes.</summary>
    Objects,

    /// <summary>Secrets of the install.</summary>
    GlobalSecrets,

    /// <summary>Extensions of the install.</summary>
    Extensions,

    /// <summary>Tokens.</summary>
    Tokens,

    /// <summary>Roles.</summary>
    Roles,

    /// <summary>What is set of the whole install.</summary>
    System,

    /// <summary>The audit log.</summary>
    Audit,
}

/// <summary>What a permission allows to do with it.</summary>
public enum Verb
{
    /// <summary>Look at it.</summary>
    Read,

    /// <summary>Work with what is there: run, cancel, rerun, deploy, pause, resume.</summary>
    Operate,

    /// <summary>Make it and change it.</summary>
    Write,

    /// <summary>Delete it.</summary>
    Delete,
}

/// <summary>The words of permissions, as roles have them.</summary>
public static class AccessWords
{
    /// <summary>Every resource, or every action, those that are not invented yet among them.</summary>
    public const string All = "*";

    private static readonly Dictionary<Resource, string> s_resources = Words<Resource>();
    private static readonly Dictionary<Verb, string> s_actions = Words<Verb>();
    private static readonly HashSet<string> s_installWide = [.. Enum.GetValues<Resource>().Where(IsInstallWide).Select(Of)];

    /// <summary>What there are permissions for.</summary>
    public static IReadOnlyCollection<string> Resources => s_resources.Values;

    /// <summary>What may be done with it.</summary>
    public static IReadOnlyCollection<string> Actions => s_actions.Values;

    /// <summary>The word of a resource.</summary>
    public static string Of(Resource resource) => s_resources[resource];

    /// <summary>The word of an action.</summary>
    public static string Of(Verb verb) => s_actions[verb];

    /// <summary>Whether it is no namespace's: only a permission for all namespaces is one for it.</summary>
    public static bool IsInstallWide(Resource resource) => resource is Resource.GlobalSecrets or Resource.Extensions or Resource.Tokens or Resource.Roles or Resource.System or Resource.Audit;

    /// <inheritdoc cref="IsInstallWide(Resource)"/>
    public static bool IsInstallWide(string resource) => s_installWide.Contains(resource);

    private static Dictionary<T, string> Words<T>()
        where T : struct, Enum => Enum.GetValues<T>().ToDictionary(v => v, v => JsonNamingPolicy.SnakeCaseLower.ConvertName(v.ToString()));
}
