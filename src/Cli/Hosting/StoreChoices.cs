using Gofer.Cli.Configuration;
using Gofer.Domain.Common;
using Gofer.Infrastructure.Stores;

namespace Gofer.Cli.Hosting;

/// <summary>Where everything is that may be elsewhere than in Gofer's own database.</summary>
public sealed record StoreChoices(SecretStoreChoice Secrets, ObjectStoreChoice Objects)
{
    /// <summary>In a store of somebody's own that speaks <c>proto/gofer/store/v1</c>.</summary>
    public const string Grpc = "grpc";

    /// <summary>All of it in Gofer's own database.</summary>
    public static StoreChoices InDatabase { get; } = new(new SecretStoreChoice(), new ObjectStoreChoice());

    /// <summary>Those that the settings name; the error says what of them is missing.</summary>
    internal static Result<StoreChoices> Find(Settings settings)
    {
        var secrets = SecretStoreChoice.Find(settings);
        if (!secrets.IsOk) return secrets.Error;
        var objects = ObjectStoreChoice.Find(settings);
        return objects.IsOk ? new StoreChoices(secrets.Value, objects.Value) : objects.Error;
    }

    /// <summary>The store of somebody's own, which <paramref name="what"/> shall be in; what would send its values past others is refused.</summary>
    internal static Result<StoreOptions> Own(Settings settings, string what, Setting chosen)
    {
        if (settings[SettingTable.StoreAddress] is not { } text)
        {
            return Error.Invalid(
                "", $"{what} shall be in a store of your own ({chosen.Key}), and nothing says where it is. Set {SettingTable.StoreAddress.Key} in the settings file, or {SettingTable.StoreAddress.Variable}.");
        }

        var address = new Uri(text);
        if (address.PathAndQuery != "/" || address.UserInfo.Length > 0 || address.Fragment.Length > 0)
        {
            return Error.Invalid("", $"{SettingTable.StoreAddress.Key} must be a server and a port alone, such as https://store.example:7443; a token stands in {SettingTable.StoreToken.Key}.");
        }

        if (address.Scheme == Uri.UriSchemeHttp && !address.IsLoopback && settings[SettingTable.StoreInsecure] != "true")
        {
            return Error.Invalid(
                "",
                $"{SettingTable.StoreAddress.Key} is {address}, which is another machine, and without TLS whoever is between reads the token and every value. Use https://, or set {SettingTable.StoreInsecure.Key} where something else guards the way.");
        }

        return new StoreOptions { Address = address, Token = settings[SettingTable.StoreToken] };
    }
}
