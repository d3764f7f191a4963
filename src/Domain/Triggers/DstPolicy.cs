namespace Gofer.Domain.Triggers;

/// <summary>What becomes of local times that a change of the clock skips or repeats; the guide on schedules has the table.</summary>
public enum DstPolicy
{
    /// <summary>A time that does not exist does not fire; one that comes twice fires the first time, and both where the schedule is a rhythm.</summary>
    Skip,

    /// <summary>A time that does not exist fires later by the length of the gap; the rest as <see cref="Skip"/>.</summary>
    Shift,

    /// <summary>The times that do not exist fire once, at the moment of the change; those that come twice fire the first time.</summary>
    Once,

    /// <summary>A time that does not exist fires as with <see cref="Shift"/>; one that comes twice fires twice.</summary>
    Twice,
}

/// <summary>The words of <see cref="DstPolicy"/>.</summary>
public static class DstPolicies
{
    private static readonly string[] s_words = ["skip", "shift", "once", "twice"];

    /// <summary>All of them.</summary>
    public static IReadOnlyList<string> Words => s_words;

    /// <summary>The policy of a word.</summary>
    public static DstPolicy Of(string word) => (DstPolicy)Array.IndexOf(s_words, word);

    /// <summary>The word of a policy.</summary>
    public static string Of(DstPolicy policy) => s_words[(int)policy];
}
