using System.Globalization;
using System.Net.Sockets;
using Npgsql;

namespace Gofer.Infrastructure.Postgres;

/// <summary>What an exception says about the database: that it is away for now, that it refuses this program, or neither.</summary>
public static class DatabaseTrouble
{
    /// <summary>
    /// Whether the database could not be reached, stops, starts, or has no room: what passes by itself. Not everything that is
    /// thrown while it is there speaks about all of it: one connection may have been cut.
    /// </summary>
    public static bool IsAway(Exception e) => !IsRefusal(e) && Chain(e).Any(inner => inner switch
    {
        // 57014 is a cancelled statement. A proxy that has no server says 08P01.
        PostgresException p => p.IsTransient || (p.SqlState.Length == 5 && p.SqlState != "57014" && p.SqlState[..2] is "08" or "53" or "57"),
        // A name that is not resolved comes as a bare SocketException.
        _ => inner is NpgsqlException or TimeoutException or SocketException,
    });

    /// <summary>Whether the database is there and does not let this program in: a wrong password, no such role, no such database.</summary>
    public static bool IsRefusal(Exception e) => Chain(e).Any(inner => inner switch
    {
        PostgresException p => p.SqlState.StartsWith("28", StringComparison.Ordinal) || p.SqlState == "3D000",
        // Npgsql has no type for it.
        NpgsqlException n => n.Message.StartsWith("No password has been provided", StringComparison.Ordinal),
        _ => false,
    });

    /// <summary>Whether it came of the database and is nothing that passes by itself.</summary>
    public static bool IsLasting(Exception e) => !IsAway(e) && Chain(e).Any(inner => inner is NpgsqlException);

    /// <summary>Why, in a line: what was tried with what came of it.</summary>
    public static string Reason(Exception e)
    {
        var said = Chain(e).Where(inner => inner is NpgsqlException or TimeoutException or SocketException or IOException)
            .Select(inner => inner.Message).Distinct().ToList();
        return said.Count == 0 ? e.Message : string.Join(": ", said);
    }

    /// <summary>What to do about it; <paramref name="connection"/> is Npgsql's text of the place, of which the password is not repeated.</summary>
    public static string Cure(Exception e, string connection)
    {
        var place = new NpgsqlConnectionStringBuilder(connection);
        var (host, port, user, database) = (place.Host, place.Port, place.Username ?? "gofer", place.Database ?? "gofer");
        var sqlState = Chain(e).OfType<PostgresException>().FirstOrDefault()?.SqlState;
        return sqlState switch
        {
            "28P01" => "Correct the password in --postgres or GOFER_POSTGRES.",
            "28000" => string.Create(CultureInfo.InvariantCulture, $"See whether the role is there and pg_hba.conf lets it in; make it with: createuser -h {host} -p {port} --pwprompt {user}"),
            "3D000" => string.Create(CultureInfo.InvariantCulture, $"Make the database: createdb -h {host} -p {port} -U {user} {database}. Or correct its name in --postgres or GOFER_POSTGRES."),
            "42501" => $"Let the role work in the database: grant all on database {database} to {user}.",
            _ when IsRefusal(e) => "Put the password into --postgres or GOFER_POSTGRES: postgres://user:password@host:5432/database.",
            _ => string.Create(CultureInfo.InvariantCulture, $"Start it, or correct host and port in --postgres or GOFER_POSTGRES; whether it answers says: pg_isready -h {host} -p {port}"),
        };
    }

    private static IEnumerable<Exception> Chain(Exception e)
    {
        for (var inner = e; inner is not null; inner = inner.InnerException) yield return inner;
    }
}
