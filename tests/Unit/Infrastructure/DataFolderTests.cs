using System.Globalization;
using Gofer.Domain.Common;
using Gofer.Infrastructure.Postgres.Embedded;

namespace Gofer.Tests.Unit.Infrastructure;

public sealed class DataFolderTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("gofer-folder-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void A_folder_can_be_held_once_at_a_time()
    {
        using (var first = DataFolder.Open(Path.Combine(_root, "data")).Value)
        {
            var second = DataFolder.Open(first.Path);
            Assert.Equal(ErrorCodes.InUse, second.Error?.Code);
            Assert.Contains($"process {Environment.ProcessId.ToString(CultureInfo.InvariantCulture)}.", second.Error!.Message, StringComparison.Ordinal);
        }

        using var third = DataFolder.Open(Path.Combine(_root, "data")).Value;
        Assert.True(Directory.Exists(third.Run));
    }

    [Fact]
    public void A_folder_reached_through_a_link_is_the_same_folder()
    {
        Directory.CreateDirectory(Path.Combine(_root, "real"));
        Directory.CreateSymbolicLink(Path.Combine(_root, "link"), Path.Combine(_root, "real"));

        using var folder = DataFolder.Open(Path.Combine(_root, "link", "data")).Value;

        Assert.Equal(Path.Combine(_root, "real", "data"), folder.Path);
        Assert.Equal(ErrorCodes.InUse, DataFolder.Open(Path.Combine(_root, "real", "data")).Error?.Code);
    }

    [Fact]
    public void A_file_in_the_way_is_an_error_that_names_the_ways_out()
    {
        File.WriteAllText(Path.Combine(_root, "file"), "");

        var opened = DataFolder.Open(Path.Combine(_root, "file"));

        Assert.Contains("--data or GOFER_DATA", opened.Error?.Message, StringComparison.Ordinal);
    }
}
