using Gofer.Cli.Configuration;
using Gofer.Domain.Common;
using Gofer.Infrastructure.Secrets.Vault;
using Gofer.Infrastructure.Stores;

namespace Gofer.Cli.Hosting;

/// <summary>Where secrets are: in the Vault or the store of somebody's own that is given, else in Gofer's own database.</summary>
public sealed record SecretStoreChoice(VaultOptions? Vault = null, StoreOptions? Own = null)
{
    /// <summary>In Gofer's own database.</summary>
    public const string Postgres = "postgres";

    /// <summary>In a HashiCorp Vault.</summary>
    public const string HashiCorp = "vault";

    /// <summary>The one that the settings name.</summary>
    internal static Result<SecretStoreChoice> Find(Settings settings)
    {
        if (settings[SettingTable.SecretStore] == StoreChoices.Grpc)
        {
            var own = StoreChoices.Own(settings, "Secrets", SettingTable.SecretStore);
            return own.IsOk ? new SecretStoreChoice(Own: own.Value) : own.Error;
        }

        if (settings[SettingTable.SecretStore] != HashiCorp) return new SecretStoreChoice();
        if (settings[SettingTable.VaultAddress] is not { } address) return Missing(SettingTable.VaultAddress, "where it is");
        var (token, path) = (settings[SettingTable.VaultToken], settings[SettingTable.VaultTokenPath]);
        if (token is null && path is null) return Missing(SettingTable.VaultTokenPath, "a file with a token that it lets in");
        if (token is not null && path is not null) return Error.Invalid("", $"Both {SettingTable.VaultToken.Key} and {SettingTable.VaultTokenPath.Key} are set; give one of them.");
        return new SecretStoreChoice(new VaultOptions
        {
            Address = new Uri(address),
            Token = token,
            TokenPath = path,
            Mount = settings[SettingTable.VaultMount]!.Trim('/'),
            Prefix = settings[SettingTable.VaultPrefix]!.Trim('/'),
            Namespace = settings[SettingTable.VaultNamespace],
        });
    }

    private static Error Missing(Setting setting, string what) => Error.Invalid(
        "", $"Secrets shall be in a Vault ({SettingTable.SecretStore.Key}), and nothing says {what}. Set {setting.Key} in the settings file, or {setting.Variable}.");
}
