namespace Gofer.Application.Common;

/// <summary>Something beside the database without which the process is not ready.</summary>
public interface IReadiness
{
    /// <summary>Its name in <c>/readyz</c>.</summary>
    string Name { get; }

    /// <summary>How it does where nothing is wrong.</summary>
    string Detail { get; }

    /// <summary>What is wrong with it, or null.</summary>
    string? Complaint();
}
