using Gofer.Cli.Configuration;
using Gofer.Domain.Common;

namespace Gofer.Cli.Hosting;

/// <summary>Where the bytes of objects are: in Gofer's own database, or in the folder that is given.</summary>
public sealed record ObjectStoreChoice(string? Folder)
{
    /// <summary>In Gofer's own database.</summary>
    public const string Postgres = "postgres";

    /// <summary>As files.</summary>
    public const string Files = "files";

    /// <summary>The one that the settings name.</summary>
    internal static Result<ObjectStoreChoice> Find(Settings settings)
    {
        if (settings[SettingTable.ObjectStore] != Files) return new ObjectStoreChoice(Folder: null);
        return settings[SettingTable.ObjectPath] is { } folder
            ? new ObjectStoreChoice(Path.GetFullPath(folder))
            : Error.Invalid(
                "", $"Objects shall be files ({SettingTable.ObjectStore.Key}), and nothing says in which folder. Set {SettingTable.ObjectPath.Key} in the settings file, or {SettingTable.ObjectPath.Variable}.");
    }
}
