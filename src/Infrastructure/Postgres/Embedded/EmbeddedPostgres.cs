using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using Gofer.Domain.Common;
using Npgsql;

namespace Gofer.Infrastructure.Postgres.Embedded;

/// <summary>
/// A Postgres server that this machine's binaries run on a <see cref="DataFolder"/>. While this object lives the server is started
/// again, on the same port, whenever it ends.
/// </summary>
public sealed class EmbeddedPostgres : PrivatePostgres
{
    private const string Password = "postgres.password";

    private readonly Cluster _cluster;
    private readonly ServerStart _start;
    private readonly PostgresBinaries _binaries;
    private readonly TimeProvider _clock;
    private readonly IProgress<string> _progress;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _supervisor;
    private Postmaster _postmaster;

    private EmbeddedPostgres(
        Cluster cluster, ServerStart start, PostgresBinaries binaries, Postmaster postmaster, TimeProvider clock, IProgress<string> progress)
    {
        (_cluster, _start, _binaries, _postmaster, _clock, _progress) = (cluster, start, binaries, postmaster, clock, progress);
        ConnectionString = start.ConnectionString(postmaster.Port, "gofer");
        _supervisor = SuperviseAsync(_stopping.Token);
    }

    /// <inheritdoc/>
    public override string ConnectionString { get; }

    /// <inheritdoc/>
    public override string Description => string.Create(
        CultureInfo.InvariantCulture, $"Postgres {_binaries.Major}, process {_postmaster.Pid}, port {_postmaster.Port}");

    /// <summary>The process that is the server now; another one after each restart.</summary>
    public int ProcessId => _postmaster.Pid;

    /// <summary>Finds binaries for the folder and starts its server from them, or takes over the one that runs.</summary>
    public static async Task<Result<EmbeddedPostgres>> StartAsync(
        DataFolder folder, IProgress<string> progress, CancellationToken cancellationToken)
    {
        var search = new PostgresSearch { Own = folder.Binaries };
        var binaries = await PostgresBinaries.FindAsync(search, Cluster.MajorIn(folder), cancellationToken);
        return binaries.IsOk
            ? await StartAsync(folder, binaries.Value, new PrivatePostgresOptions(), progress, cancellationToken)
            : binaries.Error;
    }

    /// <summary>Starts the folder's server from <paramref name="binaries"/>, or takes over the one that runs.</summary>
    public static async Task<Result<EmbeddedPostgres>> StartAsync(
        DataFolder folder,
        PostgresBinaries binaries,
        PrivatePostgresOptions options,
        IProgress<string> progress,
        CancellationToken cancellationToken)
    {
        var user = await ServerUser.PrepareAsync(folder, cancellationToken);
        if (!user.IsOk)
        {
            return user.Error;
        }

        var cluster = new Cluster(folder, binaries, user.Value, options.Settings);
        var password = await PasswordAsync(folder, cluster, progress, cancellationToken);
        if (!password.IsOk)
        {
            return password.Error;
        }

        var start = new ServerStart(folder, cluster, password.Value, options.Clock, progress);
        try
        {
            var postmaster = await start.RunAsync(cancellationToken);
            if (!postmaster.IsOk)
            {
                return postmaster.Error;
            }

            await CreateDatabaseAsync(start.ConnectionString(postmaster.Value.Port, "postgres", pooling: false), cancellationToken);
            return new EmbeddedPostgres(cluster, start, binaries, postmaster.Value, options.Clock, progress);
        }
        catch (NpgsqlException failed)
        {
            await cluster.StopAsync();
            return new Error(
                ErrorKind.Unavailable, ErrorCodes.DatabaseUnavailable,
                $"Postgres started, but its database gofer could not be made: {failed.Message}\nIts log ({cluster.Log}) ends:\n{cluster.LogTail(0)}");
        }
        catch
        {
            // Cancelled while the server came up: it is nobody's child, so nothing else would end it.
            await cluster.StopAsync();
            throw;
        }
    }

    /// <summary>Stops the server; its folder keeps the data.</summary>
    public override async ValueTask DisposeAsync()
    {
        if (_stopping.IsCancellationRequested)
        {
            return;
        }

        await _stopping.CancelAsync();
        await _supervisor.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stopping.Dispose();
        if (await _cluster.StopAsync() is { IsOk: false } failed)
        {
            _progress.Report($"Postgres (process {_postmaster.Pid.ToString(CultureInfo.InvariantCulture)}) could not be stopped: {failed.Output}");
        }
    }

    /// <summary>The password of the folder's role; makes the cluster with it where there is none yet.</summary>
    private static async Task<Result<string>> PasswordAsync(
        DataFolder folder, Cluster cluster, IProgress<string> progress, CancellationToken cancellationToken)
    {
        var kept = folder.Read(Password);
        if (Cluster.MajorIn(folder) is not null)
        {
            return kept ?? (Result<string>)new Error(
                ErrorKind.Unavailable, ErrorCodes.DatabaseUnavailable,
                $"{folder.Postgres} has data, but the password for it is gone: {Path.Combine(folder.Run, Password)} is missing.");
        }

        // Kept before the cluster that needs it exists: a crash between the two costs nothing.
        var password = kept ?? Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(24));
        folder.Write(Password, password);
        progress.Report("Making a Postgres cluster");
        var made = await cluster.InitialiseAsync(password, cancellationToken);
        return made.IsOk ? password : new Error(
            ErrorKind.Unavailable, ErrorCodes.DatabaseUnavailable, $"Postgres could not make its data in {cluster.Data}:\n{made.Output}");
    }

    private static async Task CreateDatabaseAsync(string connectionString, CancellationToken cancellationToken)
    {
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync(cancellationToken);
        await using var find = new NpgsqlCommand("select 1 from pg_database where datname = 'gofer'", connection);
        if (await find.ExecuteScalarAsync(cancellationToken) is null)
        {
            await using var create = new NpgsqlCommand("create database gofer", connection);
            await create.ExecuteNonQueryAsync(cancellationToken);
        }
    }

    /// <summary>The server is nobody's child once its starter has ended: only asking tells whether it lives.</summary>
    private async Task SuperviseAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(200), _clock);
        while (await timer.WaitForNextTickAsync(cancellationToken))
        {
            if (!_postmaster.IsAlive())
            {
                await RestartAsync(cancellationToken);
            }
        }
    }

    private async Task RestartAsync(CancellationToken cancellationToken)
    {
        var (pid, port) = (_postmaster.Pid, _postmaster.Port);
        _progress.Report(string.Create(CultureInfo.InvariantCulture, $"Postgres (process {pid}) ended; starting it again on port {port}"));
        for (var pause = TimeSpan.FromMilliseconds(200); ; pause = pause * 2 < TimeSpan.FromSeconds(10) ? pause * 2 : TimeSpan.FromSeconds(10))
        {
            string trouble;
            try
            {
                var started = await _start.RunAsync(cancellationToken, port);
                if (started.IsOk)
                {
                    _postmaster = started.Value;
                    _progress.Report(string.Create(CultureInfo.InvariantCulture, $"Postgres runs again (process {_postmaster.Pid})"));
                    return;
                }

                trouble = started.Error.Message;
            }
            catch (Exception failed) when (failed is not OperationCanceledException)
            {
                // Whatever a full disk or a vanished folder throws, the next pass may find it mended.
                trouble = failed.Message;
            }

            _progress.Report($"Postgres does not start: {trouble}");
            await Task.Delay(pause, _clock, cancellationToken);
        }
    }
}
