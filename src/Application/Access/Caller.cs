using Gofer.Domain.Access;

namespace Gofer.Application.Access;

/// <summary>Who asks, and what it may do. There is one for each request, made where the request was let in and nowhere else.</summary>
public sealed class Caller(string? token, string name, Grants grants)
{
    /// <summary>Whoever asks a server that asks nobody for a token: it may do everything.</summary>
    public static Caller Anybody { get; } = new(null, "anybody", Grants.Everything);

    /// <summary>The id of the token that was shown; null where none is asked for, and where it was the identity provider's.</summary>
    public string? Token => token;

    /// <summary>Whom the identity provider vouches for; null for every other.</summary>
    public Identity? Identity { get; init; }

    /// <summary>Names who asks, for good: a token's id, or an identity; null where nobody is asked who it is.</summary>
    public string? Id => token ?? Identity?.Id;

    /// <summary>The run whose token it is, which is all that it reaches; null for every other.</summary>
    public RunReach? Run { get; init; }

    /// <summary>The name of the token, or of whom the identity provider vouches for.</summary>
    public string Name => name;

    /// <summary>What the audit log calls it: as <see cref="Id"/>, and a run's own token by the run's place.</summary>
    public string? Actor => Run is { } run ? FormattableString.Invariant($"{run.Namespace}/{run.Pipeline}/{run.Run}") : Id;

    /// <summary>What it may do.</summary>
    public Grants Grants => grants;

    /// <summary>A namespace that a route names, as this caller sees it: without one nothing of a namespace can be asked for.</summary>
    public NamespaceScope In(string @namespace) => new(@namespace, grants);
}

/// <summary>The one run that a task's token is for.</summary>
/// <param name="Namespace">Its namespace.</param>
/// <param name="Pipeline">Its pipeline.</param>
/// <param name="Run">Its number.</param>
public sealed record RunReach(string Namespace, string Pipeline, long Run);

/// <summary>
/// A namespace as one caller sees it. Only <see cref="Caller.In"/> makes one, and every way from names to what is kept leads through one, so
/// that a question which nobody was asked about does not compile.
/// </summary>
public sealed class NamespaceScope
{
    private readonly Grants _grants;

    internal NamespaceScope(string name, Grants grants) => (Name, _grants) = (name, grants);

    /// <summary>Its name, which may be that of none.</summary>
    public string Name { get; }

    /// <summary>Whether it is there for the caller, if it is there at all.</summary>
    internal bool IsSeen => _grants.Sees(Name);

    /// <summary>Which others the caller sees.</summary>
    internal IReadOnlyList<Sight> Sights => _grants.Sights;
}

/// <summary>The caller of the request that a scope is of, set by whoever let it in.</summary>
public sealed class CurrentCaller
{
    /// <summary>The caller; null where nobody was let in.</summary>
    public Caller? Known { get; private set; }

    /// <summary>The caller.</summary>
    /// <exception cref="InvalidOperationException">Nobody was let in: an endpoint that asks for its caller is reached without having been asked for one.</exception>
    public Caller Caller
    {
        get => Known ?? throw new InvalidOperationException("Nobody was let in.");
        set => Known = value;
    }
}
