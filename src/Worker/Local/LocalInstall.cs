using System.Globalization;
using Gofer.Application.Schedulers;

namespace Gofer.Worker.Local;

/// <summary>The install of one local run: nobody else's containers carry its id, so what is left of it can be told and removed.</summary>
public sealed class LocalInstall(TimeProvider clock) : IInstall
{
    /// <inheritdoc/>
    public Guid Id { get; } = Guid.CreateVersion7(clock.GetUtcNow());

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, string> Labels { get; } = new Dictionary<string, string>
    {
        [ContainerLabels.Local] = Environment.ProcessId.ToString(CultureInfo.InvariantCulture),
    };
}
