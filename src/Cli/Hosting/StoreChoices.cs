using Gofer.Cli.Configuration;
using Gofer.Domain.Common;

namespace Gofer.Cli.Hosting;

/// <summary>Where everything is that may be elsewhere than in Gofer's own database.</summary>
public sealed record StoreChoices(SecretStoreChoice Secrets, ObjectStoreChoice Objects)
{
    /// <summary>All of it in Gofer's own database.</summary>
    public static StoreChoices InDatabase { get; } = new(new SecretStoreChoice(Vault: null), new ObjectStoreChoice());

    /// <summary>Those that the settings name; the error says what of them is missing.</summary>
    internal static Result<StoreChoices> Find(Settings settings)
    {
        var secrets = SecretStoreChoice.Find(settings);
        if (!secrets.IsOk) return secrets.Error;
        var objects = ObjectStoreChoice.Find(settings);
        return objects.IsOk ? new StoreChoices(secrets.Value, objects.Value) : objects.Error;
    }
}
