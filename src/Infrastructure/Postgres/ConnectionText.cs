using System.Globalization;
using System.Net.Sockets;
using Gofer.Domain.Common;
using Npgsql;

namespace Gofer.Infrastructure.Postgres;

/// <summary>
/// Reads the two ways in which people write where their Postgres is, a <c>postgres://</c> URL and Npgsql's own form, and gives
/// Npgsql's. No message made here repeats any part of a text that could hold a password.
/// </summary>
public static class ConnectionText
{
    private const string Usage =
        "Write postgres://user:password@host:5432/database or Host=host;Username=user;Password=password;Database=database.";

    /// <summary>The connection string for Npgsql, or an error that says what is wrong with <paramref name="text"/>.</summary>
    public static Result<string> Parse(string text)
    {
        var built = Build(text.Trim());
        return built.IsOk ? built.Value.ConnectionString : built.Error;
    }

    /// <summary>The same place as <c>postgres://user@host:port/database</c>, for messages: without password or parameters.</summary>
    public static string Redacted(string text)
    {
        var built = Build(text.Trim());
        if (!built.IsOk)
        {
            return "(an unreadable Postgres address)";
        }

        var place = built.Value;
        var user = place.Username is { Length: > 0 } name ? $"{Uri.EscapeDataString(name)}@" : "";
        var hosts = place.Host!.Split(',').Select(host => WithPort(host, place.Port));
        var database = place.Database is { Length: > 0 } named ? $"/{Uri.EscapeDataString(named)}" : "";
        return $"postgres://{user}{string.Join(',', hosts)}{database}";
    }

    private static string WithPort(string host, int port) => host switch
    {
        ['/', ..] => Uri.EscapeDataString(host),
        ['[', .., ']'] => string.Create(CultureInfo.InvariantCulture, $"{host}:{port}"),
        ['[', ..] => host,
        _ when host.Count(c => c == ':') > 1 => string.Create(CultureInfo.InvariantCulture, $"[{host}]:{port}"),
        _ when host.Contains(':', StringComparison.Ordinal) => host,
        _ => string.Create(CultureInfo.InvariantCulture, $"{host}:{port}"),
    };

    private static Result<NpgsqlConnectionStringBuilder> Build(string text)
    {
        if (text.Length == 0)
        {
            return Wrong($"The Postgres address is empty. {Usage}");
        }

        var scheme = text.IndexOf("://", StringComparison.Ordinal);
        var keyword = text.IndexOf('=', StringComparison.Ordinal);
        if (scheme > 0 && (keyword < 0 || scheme < keyword))
        {
            return text[..scheme] is "postgres" or "postgresql"
                ? ConnectionUrl.Read(text[(scheme + 3)..])
                : Wrong($"A Postgres URL begins with postgres:// or postgresql://. {Usage}");
        }

        return keyword < 0 ? Wrong($"This is neither a Postgres URL nor a connection string. {Usage}") : FromKeywords(text);
    }

    private static Result<NpgsqlConnectionStringBuilder> FromKeywords(string text)
    {
        NpgsqlConnectionStringBuilder builder;
        try
        {
            builder = new NpgsqlConnectionStringBuilder(text);
        }
        catch (Exception refused) when (refused is ArgumentException or FormatException or OverflowException or KeyNotFoundException)
        {
            // Its message may quote the value: only the form is named.
            return Wrong($"Npgsql does not understand this connection string: a keyword is unknown or its value has the wrong type. {Usage}");
        }

        if (string.IsNullOrWhiteSpace(builder.Host))
        {
            return Wrong($"The connection string names no Host. {Usage}");
        }

        // libpq's `host=a dbname=b` reads to Npgsql as one strange host.
        return builder.Host.AsSpan().IndexOfAny(' ', '=') >= 0
            ? Wrong($"The members of a connection string are separated by semicolons. {Usage}")
            : builder;
    }

    internal static Error Wrong(string message) => Error.Invalid("", message);

    /// <summary>Whether <paramref name="host"/> is an IPv6 address, in brackets or not.</summary>
    internal static bool IsIpv6(string host) =>
        System.Net.IPAddress.TryParse(host, out var address) && address.AddressFamily == AddressFamily.InterNetworkV6;
}
