namespace Gofer.Tests.Chaos.Checks;

/// <summary>Something that must hold at every moment, whatever is done to the install. One class, one sentence.</summary>
internal abstract class Invariant
{
    private readonly HashSet<string> _violations = [];

    /// <summary>What is promised.</summary>
    public abstract string Sentence { get; }

    /// <summary>Each way in which it was broken, once.</summary>
    public IReadOnlyCollection<string> Violations => _violations;

    /// <summary>Looks at what there is now.</summary>
    public abstract Task CheckAsync(Evidence evidence);

    protected void Violated(string how) => _violations.Add(how);
}
