using System.Globalization;
using System.Text.Json;
using Gofer.Domain.Common;
using Gofer.Domain.Namespaces;

namespace Gofer.Domain.Triggers.Hooks;

/// <summary>Which events of GitHub run: by event, action, branch and repository.</summary>
public sealed class GithubFilter
{
    /// <summary>The most events, branches and actions of one event.</summary>
    public const int MaxCount = 50;

    /// <summary>The longest pattern, in characters.</summary>
    public const int MaxPattern = 255;

    /// <summary>The events that GitHub documents for webhooks.</summary>
    private static readonly string[] s_events =
    [
        "branch_protection_configuration", "branch_protection_rule", "check_run", "check_suite", "code_scanning_alert", "commit_comment", "create", "custom_property",
        "custom_property_values", "delete", "dependabot_alert", "deploy_key", "deployment", "deployment_protection_rule", "deployment_review", "deployment_status", "discussion",
        "discussion_comment", "fork", "github_app_authorization", "gollum", "installation", "installation_repositories", "installation_target", "issue_comment", "issue_dependencies",
        "issues", "label", "marketplace_purchase", "member", "membership", "merge_group", "meta", "milestone", "org_block", "organization", "package", "page_build", "ping",
        "personal_access_token_request", "project", "project_card", "project_column", "projects_v2", "projects_v2_item", "projects_v2_status_update", "public", "pull_request",
        "pull_request_review", "pull_request_review_comment", "pull_request_review_thread", "push", "registry_package", "release", "repository", "repository_advisory",
        "repository_dispatch", "repository_import", "repository_ruleset", "repository_vulnerability_alert", "secret_scanning_alert", "secret_scanning_alert_location",
        "secret_scanning_scan", "security_advisory", "security_and_analysis", "sponsorship", "star", "status", "sub_issues", "team", "team_add", "watch", "workflow_dispatch",
        "workflow_job", "workflow_run",
    ];

    private readonly List<(string Event, string[] Actions)> _events;
    private readonly IReadOnlyList<string> _branches;
    private readonly string? _repository;

    private GithubFilter(List<(string, string[])> events, IReadOnlyList<string> branches, string? repository) => (_events, _branches, _repository) = (events, branches, repository);

    /// <summary>Reads the members <c>events</c>, <c>branches</c> and <c>repository</c>; what is wrong goes into the faults.</summary>
    public static GithubFilter Read(JsonFields fields)
    {
        ArgumentNullException.ThrowIfNull(fields);
        var member = fields["events"].Required();
        var items = member.Items("""["push","pull_request/opened,synchronize"]""");
        if (!member.IsAbsent && items.Count is 0 or > MaxCount) member.Invalid($"There are {items.Count} events; there must be 1 to {MaxCount}.");
        var events = items.Select(ReadEvent).OfType<(string, string[])>().ToList();
        var branches = fields["branches"];
        if (branches.Items().Count > MaxCount) branches.Invalid($"There are {branches.Items().Count} branches; at most {MaxCount} are allowed.");
        var repository = fields["repository"];
        foreach (var branch in branches.Items()) _ = branch.Text(MaxPattern);
        if (repository.Text(MaxPattern) is { } name && (name.Count(c => c == '/') != 1 || name.StartsWith('/') || name.EndsWith('/')))
        {
            repository.Invalid($"'repository' is {Shown.Quoted(name)}; it must be as owner/name, or a pattern such as owner/*.");
        }

        return new GithubFilter(events, branches.Texts(), repository.Text());
    }

    /// <summary>Why an event does not run; null where it does.</summary>
    public string? Refuse(EventContent content)
    {
        ArgumentNullException.ThrowIfNull(content);
        var name = content.Header("X-GitHub-Event");
        if (name is null) return "The request has no X-GitHub-Event header, so it is none of GitHub's.";
        var action = Text(content, "/action");
        var ofEvent = _events.Where(e => e.Event == name || e.Event == "*").ToList();
        if (name == "ping" && ofEvent.All(e => e.Event == "*")) return "GitHub's ping: the webhook works.";
        if (content.Json is null) return "The body is no JSON: set the webhook's content type to application/json at GitHub.";
        if (ofEvent.Count == 0) return $"The event is {Shown.Quoted(name)}; the trigger takes {string.Join(", ", _events.Select(Written))}.";
        if (!ofEvent.Any(e => e.Actions.Length == 0 || (action is not null && e.Actions.Contains(action))))
        {
            return $"The action of '{name}' is {(action is null ? "missing" : Shown.Quoted(action))}; the trigger takes {string.Join(", ", ofEvent.Select(Written))}.";
        }

        var repository = Text(content, "/repository/full_name");
        if (_repository is not null && (repository is null || !NamespacePattern.Matches(_repository.ToLowerInvariant(), repository.ToLowerInvariant())))
        {
            return $"The repository is {(repository is null ? "missing" : Shown.Quoted(repository))}; the trigger takes {_repository}.";
        }

        if (_branches.Count == 0 || BranchOf(name, content) is not { } branch) return _branches.Count == 0 ? null : $"'{name}' has no branch, and the trigger takes {string.Join(", ", _branches)}.";
        return _branches.Any(b => NamespacePattern.Matches(b, branch)) ? null : $"The branch is {Shown.Quoted(branch)}; the trigger takes {string.Join(", ", _branches)}.";
    }

    /// <summary>What a run is told of the event; only what there is.</summary>
    public static IReadOnlyDictionary<string, string> Variables(EventContent content)
    {
        ArgumentNullException.ThrowIfNull(content);
        var variables = new Dictionary<string, string>();
        var name = content.Header("X-GitHub-Event");
        Add("GITHUB_EVENT", name);
        Add("GITHUB_DELIVERY", content.Header("X-GitHub-Delivery"));
        Add("GITHUB_ACTION", Text(content, "/action"));
        Add("GITHUB_REPOSITORY", Text(content, "/repository/full_name"));
        Add("GITHUB_SENDER", Text(content, "/sender/login"));
        Add("GITHUB_REF", Text(content, "/ref") ?? (name == "pull_request" && Text(content, "/number") is { } number ? $"refs/pull/{number}/head" : null));
        Add("GITHUB_SHA", Text(content, "/after") ?? Text(content, "/pull_request/head/sha") ?? Text(content, "/check_run/head_sha") ?? Text(content, "/workflow_run/head_sha")
            ?? Text(content, "/check_suite/head_sha") ?? Text(content, "/workflow_job/head_sha") ?? Text(content, "/sha"));
        Add("GITHUB_BEFORE", Text(content, "/before"));
        Add("GITHUB_BRANCH", name is null ? null : BranchOf(name, content));
        Add("GITHUB_HEAD_BRANCH", Text(content, "/pull_request/head/ref"));
        Add("GITHUB_PR_NUMBER", Text(content, "/pull_request/number"));
        Add("GITHUB_RELEASE_TAG", Text(content, "/release/tag_name"));
        return variables;

        void Add(string key, string? value)
        {
            if (value is { Length: > 0 and < 4096 } && !value.Contains('\0', StringComparison.Ordinal)) variables[key] = value;
        }
    }

    private static (string Event, string[] Actions)? ReadEvent(JsonValue item)
    {
        if (item.Text(300) is not { } text) return null;
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        var name = (slash < 0 ? text : text[..slash]).Trim().ToLowerInvariant();
        if (name != "*" && !s_events.Contains(name))
        {
            item.Invalid($"{item.Label} names {Shown.Quoted(name)}, which is no event of GitHub's webhooks.{item.Faults.Suggest(name, s_events)}");
            return null;
        }

        var actions = slash < 0 ? [] : text[(slash + 1)..].ToLowerInvariant().Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        if (actions.Length > MaxCount || actions.Any(a => a.Any(c => !char.IsAsciiLetterLower(c) && c != '_')))
        {
            item.Invalid($"{item.Label} is {Shown.Quoted(text)}; after '/' stand actions with commas, as in pull_request/opened,synchronize.");
            return null;
        }

        return (name, actions);
    }

    private static string Written((string Event, string[] Actions) e) => e.Actions.Length == 0 ? e.Event : string.Create(CultureInfo.InvariantCulture, $"{e.Event}/{string.Join(',', e.Actions)}");

    /// <summary>The branch that an event is about: that which was pushed to, of a pull request that into which it goes.</summary>
    private static string? BranchOf(string name, EventContent content)
    {
        const string Heads = "refs/heads/";
        if (name == "push") return Text(content, "/ref") is { } pushed && pushed.StartsWith(Heads, StringComparison.Ordinal) ? pushed[Heads.Length..] : null;
        if (name is "create" or "delete") return Text(content, "/ref_type") == "branch" ? Text(content, "/ref") : null;
        return Text(content, "/pull_request/base/ref") ?? Text(content, "/workflow_run/head_branch") ?? Text(content, "/check_run/check_suite/head_branch") ?? Text(content, "/check_suite/head_branch")
            ?? Text(content, "/release/target_commitish");
    }

    private static string? Text(EventContent content, string pointer) =>
        JsonPointer.TryParse(pointer, out var place) && content.At(place!) is { ValueKind: JsonValueKind.String or JsonValueKind.Number } value ? EventContent.TextOf(value) : null;
}
