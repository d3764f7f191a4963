namespace Gofer.Application.Schedulers;

/// <summary>To whom containers belong.</summary>
public interface IInstall
{
    /// <summary>Every container of ours carries it, so nobody touches another install's.</summary>
    Guid Id { get; }

    /// <summary>Labels that its containers carry beside those of <see cref="ContainerLabels"/> that all have.</summary>
    IReadOnlyDictionary<string, string> Labels { get; }
}
