using Gofer.Cli.Commands;
using Gofer.Cli.Configuration;
using Gofer.Cli.Hosting;
using Gofer.Infrastructure.Postgres;
using Gofer.Infrastructure.Secrets;
using Gofer.Infrastructure.Secrets.Vault;

namespace Gofer.Cli.Doctor;

/// <summary>Whether the keys that secrets are sealed with are there and are the install's, and whether the store that the settings name answers.</summary>
internal sealed class SecretsCheck(Settings settings, bool serves)
{
    /// <summary>Its name.</summary>
    public const string Name = "secrets";

    public async Task<Finding> RunAsync(CancellationToken cancellationToken)
    {
        var keys = settings[SettingTable.SecretKeys];
        var named = settings[SettingTable.Postgres] is { Length: > 0 } text ? text : null;
        if (keys is null && named is not null)
        {
            return Finding.Warning(
                Name, "No key is named that secrets are sealed with; 'gofer api' and 'gofer worker' do not start without one.",
                $"gofer secret new-key > secret.key; export {SettingTable.SecretKeys.Variable}{SecretFile.Suffix}=$PWD/secret.key");
        }

        if (keys is not null)
        {
            // What is no key was refused with the settings.
            if (named is not null && await MisfitAsync(named, KeyRing.Parse(keys).Value, cancellationToken) is { } misfit) return Broken(misfit, $"gofer config, and see where {SettingTable.SecretKeys.Key} comes from");
        }

        var store = SecretStoreChoice.Find(settings);
        if (!store.IsOk) return Broken(store.Error.Message, "gofer config");
        var sealing = keys is null ? "'gofer dev' seals with a key of its own" : "The keys are good";
        if (store.Value.Own is { } own) return Finding.Ok(Name, $"{sealing}; secrets are in the store at {own.Address}.");
        if (store.Value.Vault is not { } vault) return Finding.Ok(Name, $"{sealing}; secrets are in Gofer's database.");
        return await VaultLook.AtAsync(vault, cancellationToken) is { } away
            ? Broken(away, $"curl {vault.Address}v1/sys/seal-status, or another token in {SettingTable.VaultTokenPath.Key}")
            : Finding.Ok(Name, $"{sealing}; Vault at {vault.Address} answers and knows the token.");
    }

    /// <summary>Why the keys are not the install's; null too where its database does not answer, which another check says.</summary>
    private static async Task<string?> MisfitAsync(string named, KeyRing ring, CancellationToken cancellationToken)
    {
        if (ConnectionText.Parse(named) is not { IsOk: true } connection) return null;
        try
        {
            return (await DatabaseLook.OnKeysAsync(connection.Value, ring, cancellationToken))?.Message;
        }
        catch (Exception e) when (ServerCommands.IsDatabase(e))
        {
            return null;
        }
    }

    private Finding Broken(string message, string cure) => Finding.Broken(Name, serves, message, cure);
}
