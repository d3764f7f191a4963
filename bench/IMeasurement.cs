namespace Gofer.Bench;

/// <summary>One thing that is measured: Gofer and what it is compared with, one after the other in the same minute.</summary>
internal interface IMeasurement
{
    /// <summary>By which <c>--only</c> names it.</summary>
    string Name { get; }

    /// <summary>Whether it runs only when it is named.</summary>
    bool OnlyWhenNamed => false;

    /// <summary>Adds one round's figures to the report.</summary>
    Task MeasureAsync(Round round, CancellationToken cancellationToken);
}

/// <summary>A measurement that can say where the time of what it measures goes.</summary>
internal interface IProfiled
{
    /// <summary>Does it once more, watched, and prints what was seen.</summary>
    Task ProfileAsync(Options options, TextWriter output, CancellationToken cancellationToken);
}
