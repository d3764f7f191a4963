namespace Gofer.Cli.Doctor;

/// <summary>How something is that was looked at.</summary>
internal enum Health
{
    /// <summary>As it should be.</summary>
    Ok,

    /// <summary>Worth knowing; nothing that is needed lacks.</summary>
    Warning,

    /// <summary>Something that is needed is broken.</summary>
    Problem,
}

/// <summary>What a check found; <paramref name="Cure"/> is a command to type, or what to do, wherever it is not well.</summary>
internal sealed record Finding(string Check, Health State, string Message, string? Cure = null)
{
    /// <summary>As it should be.</summary>
    public static Finding Ok(string check, string message) => new(check, Health.Ok, message);

    /// <summary>Worth knowing.</summary>
    public static Finding Warning(string check, string message, string cure) => new(check, Health.Warning, message, cure);

    /// <summary>Broken: a problem where it is needed, else worth knowing.</summary>
    public static Finding Broken(string check, bool needed, string message, string cure) => new(check, needed ? Health.Problem : Health.Warning, message, cure);
}

/// <summary>One thing to look at; a check ends within <see cref="Examination.Patience"/>, or is ended.</summary>
internal sealed record Check(string Name, bool Needed, Func<CancellationToken, Task<Finding>> RunAsync);
