using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using Npgsql;
using ZstdSharp;

namespace Gofer.Tests.Integration.Secrets;

/// <summary>Everything that comes out of an install, kept to be searched in the end: only then is everything known that was planted.</summary>
internal sealed class Evidence
{
    private readonly ConcurrentDictionary<(string Where, string Bytes), byte> _pieces = new();

    /// <summary>How many pieces there are of each kind, for the note.</summary>
    public string Counts => string.Join(", ", _pieces.Keys.GroupBy(p => p.Where.Split(' ')[0]).OrderBy(g => g.Key, StringComparer.Ordinal).Select(g => $"{g.Key}: {g.Count()}"));

    /// <summary>How many pieces there are whose place begins so.</summary>
    public int CountOf(string where) => _pieces.Keys.Count(p => p.Where.StartsWith(where, StringComparison.Ordinal));

    public void Add(string where, ReadOnlySpan<byte> bytes) => _pieces.TryAdd((where, Encoding.Latin1.GetString(bytes)), 0);

    public void Add(string where, string text) => Add(where, Encoding.UTF8.GetBytes(text));

    /// <summary>A line for everything that is found.</summary>
    public IReadOnlyList<string> Search(CanarySearch search) =>
        [.. _pieces.Keys.SelectMany(p => search.Find(Encoding.Latin1.GetBytes(p.Bytes)).Select(found => $"{p.Where}: {found}")).Order(StringComparer.Ordinal)];

    /// <summary>
    /// Every column of every table, compressed ones as what they hold, and what the server shows of its sessions. Ciphertext is searched with the rest:
    /// it must look like anything but what it was made of.
    /// </summary>
    public async Task AddDatabaseAsync(string connectionString, CancellationToken cancellationToken)
    {
        await using var source = NpgsqlDataSource.Create(connectionString);
        var tables = new List<string> { "pg_stat_activity" };
        await using (var list = source.CreateCommand("select format('%I.%I', schemaname, tablename) from pg_tables where schemaname not in ('pg_catalog', 'information_schema')"))
        {
            await using var names = await list.ExecuteReaderAsync(cancellationToken);
            while (await names.ReadAsync(cancellationToken)) tables.Add(names.GetString(0));
        }

        using var decompressor = new Decompressor();
        foreach (var table in tables)
        {
            await using var command = source.CreateCommand($"select * from {table}");
            await using var rows = await command.ExecuteReaderAsync(cancellationToken);
            while (await rows.ReadAsync(cancellationToken))
            {
                var isCompressed = Enumerable.Range(0, rows.FieldCount).Any(i => rows.GetName(i) == "compressed" && rows.GetBoolean(i));
                for (var i = 0; i < rows.FieldCount; i++)
                {
                    if (rows.GetFieldType(i) != typeof(byte[]) || rows.IsDBNull(i)) continue;
                    var bytes = rows.GetFieldValue<byte[]>(i);
                    Add($"database {table}.{rows.GetName(i)}", isCompressed ? decompressor.Unwrap(bytes) : bytes);
                }
            }

            await rows.DisposeAsync();
            await using var text = source.CreateCommand($"select t::text from {table} t");
            await using var lines = await text.ExecuteReaderAsync(cancellationToken);
            while (await lines.ReadAsync(cancellationToken)) Add($"database {table}", lines.GetString(0));
        }
    }

    /// <summary>Every file below a folder.</summary>
    public async Task AddFilesAsync(string folder, CancellationToken cancellationToken)
    {
        foreach (var path in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories))
        {
            Add($"file {Path.GetRelativePath(folder, path)}", await File.ReadAllBytesAsync(path, cancellationToken));
        }
    }

    /// <summary>The arguments of every process of this machine, again and again until cancelled, and the environment of those of <paramref name="own"/>.</summary>
    public async Task WatchProcessesAsync(IReadOnlyCollection<int> own, CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            foreach (var path in Directory.EnumerateDirectories("/proc"))
            {
                if (!int.TryParse(Path.GetFileName(path), CultureInfo.InvariantCulture, out var pid)) continue;
                Keep("process arguments", $"{path}/cmdline");
                if (own.Contains(pid)) Keep("process environment", $"{path}/environ");
            }

            await Task.Delay(20, CancellationToken.None); // others need the processor too
        }

        void Keep(string where, string path)
        {
            try
            {
                Add(where, File.ReadAllBytes(path));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // it has ended
            }
        }
    }
}

/// <summary>Keeps every answer that passes: status, headers and body.</summary>
internal sealed class Recorder(Evidence evidence) : DelegatingHandler(new SocketsHttpHandler())
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var response = await base.SendAsync(request, cancellationToken);
        await response.Content.LoadIntoBufferAsync(cancellationToken);
        var where = $"response {request.Method} {request.RequestUri!.AbsolutePath} {(int)response.StatusCode}";
        evidence.Add(where, $"{response.Headers}{response.Content.Headers}");
        evidence.Add(where, await response.Content.ReadAsByteArrayAsync(cancellationToken));
        return response;
    }
}
