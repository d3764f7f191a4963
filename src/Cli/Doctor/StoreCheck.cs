using Gofer.Cli.Configuration;
using Gofer.Cli.Hosting;
using Gofer.Infrastructure.Stores;

namespace Gofer.Cli.Doctor;

/// <summary>Whether the store of somebody's own that the settings name answers, takes the token, and is one for what it is to be used for.</summary>
internal sealed class StoreCheck(Settings settings, bool serves)
{
    /// <summary>Its name.</summary>
    public const string Name = "store";

    /// <summary>Whether the settings name one.</summary>
    public static bool IsNeeded(Settings settings) => settings[SettingTable.SecretStore] == StoreChoices.Grpc || settings[SettingTable.ObjectStore] == StoreChoices.Grpc;

    public async Task<Finding> RunAsync(CancellationToken cancellationToken)
    {
        var choices = StoreChoices.Find(settings);
        if (!choices.IsOk) return Broken(choices.Error.Message);
        var (secrets, objects) = (choices.Value.Secrets.Own, choices.Value.Objects.Own);
        var store = (secrets ?? objects)!;
        return await StoreLook.AtAsync(store, secrets is not null, objects is not null, cancellationToken) is { } away
            ? Broken(away)
            : Finding.Ok(Name, $"The store at {store.Address} answers and takes {(store.Token is null ? "everybody's calls: no store.token is set" : "the token")}.");
    }

    private Finding Broken(string message) => Finding.Broken(Name, serves, message, $"gofer config, and see {SettingTable.StoreAddress.Key} and {SettingTable.StoreToken.Key}; or start the store");
}
