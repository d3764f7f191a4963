using System.Globalization;
using Gofer.Domain.Common;
using Npgsql;

namespace Gofer.Infrastructure.Postgres;

/// <summary>Reads the part of a Postgres URL after <c>://</c> by libpq's grammar and names its parameters as Npgsql does.</summary>
internal static class ConnectionUrl
{
    private static readonly Dictionary<string, string> s_names = new(StringComparer.Ordinal)
    {
        ["user"] = "Username",
        ["password"] = "Password",
        ["dbname"] = "Database",
        ["sslmode"] = "SSL Mode",
        ["sslrootcert"] = "Root Certificate",
        ["sslcert"] = "SSL Certificate",
        ["sslkey"] = "SSL Key",
        ["sslpassword"] = "SSL Password",
        ["sslnegotiation"] = "SSL Negotiation",
        ["gssencmode"] = "GSS Encryption Mode",
        ["channel_binding"] = "Channel Binding",
        ["require_auth"] = "Require Auth",
        ["krbsrvname"] = "Kerberos Service Name",
        ["passfile"] = "Passfile",
        ["connect_timeout"] = "Timeout",
        ["application_name"] = "Application Name",
        ["fallback_application_name"] = "Application Name",
        ["client_encoding"] = "Client Encoding",
        ["options"] = "Options",
        ["target_session_attrs"] = "Target Session Attributes",
        ["load_balance_hosts"] = "Load Balance Hosts",
        ["keepalives"] = "Tcp Keepalive",
        ["keepalives_idle"] = "Tcp Keepalive Time",
        ["keepalives_interval"] = "Tcp Keepalive Interval",
    };

    public static Result<NpgsqlConnectionStringBuilder> Read(string rest)
    {
        var end = rest.AsSpan().IndexOfAny('/', '?');
        var authority = end < 0 ? rest : rest[..end];
        var path = end < 0 ? "" : rest[end..];
        var at = authority.LastIndexOf('@');
        if (at < 0 && path.Contains('@', StringComparison.Ordinal) && authority.Contains(':', StringComparison.Ordinal))
        {
            return ConnectionText.Wrong("The URL has an @ after its first / or ?. In a user or password write / as %2F, ? as %3F, @ as %40.");
        }

        var builder = new NpgsqlConnectionStringBuilder();
        if (at >= 0 && Credentials(builder, authority[..at]) is { } badCredentials)
        {
            return badCredentials;
        }

        var query = path.IndexOf('?', StringComparison.Ordinal);
        var database = (query < 0 ? path : path[..query]).TrimStart('/');
        if (!TryDecode(database, out var databaseName))
        {
            return ConnectionText.Wrong("The database name has a % that begins no escape; write % as %25.");
        }

        if (databaseName.Length > 0)
        {
            builder.Database = databaseName;
        }

        var (hosts, ports) = (new List<string>(), new List<string>());
        if (Hosts(authority[(at + 1)..], hosts, ports) is { } badHost)
        {
            return badHost;
        }

        if (query >= 0 && Parameters(builder, path[(query + 1)..], hosts, ports) is { } badParameter)
        {
            return badParameter;
        }

        return SetHosts(builder, hosts, ports) is { } badPort ? badPort : builder;
    }

    private static Error? Credentials(NpgsqlConnectionStringBuilder builder, string text)
    {
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        if (!TryDecode(colon < 0 ? text : text[..colon], out var user) || !TryDecode(colon < 0 ? "" : text[(colon + 1)..], out var password))
        {
            return ConnectionText.Wrong("The user or password has a % that begins no escape; write % as %25.");
        }

        builder.Username = user.Length > 0 ? user : null;
        builder.Password = password.Length > 0 ? password : null;
        return null;
    }

    private static Error? Hosts(string text, List<string> hosts, List<string> ports)
    {
        foreach (var part in text.Split(','))
        {
            var colon = part.StartsWith('[') ? part.IndexOf("]:", StringComparison.Ordinal) + 1 : part.IndexOf(':', StringComparison.Ordinal);
            var host = colon <= 0 ? (colon == 0 && !part.StartsWith('[') ? "" : part) : part[..colon];
            if (host.StartsWith('[') && !(host.EndsWith(']') && ConnectionText.IsIpv6(host)))
            {
                return ConnectionText.Wrong("A host in brackets must be an IPv6 address, as in postgres://user@[::1]:5432/database.");
            }

            if (!TryDecode(host, out var decoded) || decoded.AsSpan().IndexOfAny(' ', ';', ',') >= 0)
            {
                return ConnectionText.Wrong("A host name has a character that no host name has.");
            }

            hosts.Add(decoded);
            ports.Add(colon < 0 || (colon == 0 && part.StartsWith('[')) ? "" : part[(colon + 1)..]);
        }

        return null;
    }

    private static Error? Parameters(NpgsqlConnectionStringBuilder builder, string text, List<string> hosts, List<string> ports)
    {
        foreach (var pair in text.Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var equals = pair.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0 || !TryDecode(pair[..equals], out var name) || !TryDecode(pair[(equals + 1)..], out var value))
            {
                return ConnectionText.Wrong("A parameter of the URL is not of the form name=value, or has a % that begins no escape.");
            }

            if (name is "host" or "hostaddr" or "port")
            {
                var list = name == "port" ? ports : hosts;
                list.Clear();
                list.AddRange(value.Split(','));
                continue;
            }

            if (Set(builder, name, value) is { } refused)
            {
                return refused;
            }
        }

        return null;
    }

    private static Error? Set(NpgsqlConnectionStringBuilder builder, string name, string value)
    {
        try
        {
            builder[s_names.GetValueOrDefault(name, name)] = name switch
            {
                "sslmode" => value.Replace("-", "", StringComparison.Ordinal),
                "keepalives" => value == "0" ? "false" : "true",
                "target_session_attrs" => value.ToLowerInvariant(),
                _ => value,
            };
            return null;
        }
        catch (KeyNotFoundException)
        {
            return ConnectionText.Wrong($"The URL has a parameter '{name}' that neither libpq nor Npgsql knows.");
        }
        catch (Exception refused) when (refused is ArgumentException or FormatException or InvalidCastException or OverflowException)
        {
            return s_names.ContainsKey(name)
                ? ConnectionText.Wrong($"The value of the URL's parameter '{name}' is not one that Postgres knows.")
                : ConnectionText.Wrong("The URL has a parameter that neither libpq nor Npgsql knows, or one with a wrong value.");
        }
    }

    private static Error? SetHosts(NpgsqlConnectionStringBuilder builder, List<string> hosts, List<string> ports)
    {
        if (ports.Count != 1 && ports.Count != hosts.Count)
        {
            return ConnectionText.Wrong("The URL must have one port, or as many ports as hosts.");
        }

        var numbers = new List<int>();
        foreach (var port in ports)
        {
            if (port.Length == 0)
            {
                numbers.Add(5432);
            }
            else if (int.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number is > 0 and <= 65535)
            {
                numbers.Add(number);
            }
            else
            {
                return ConnectionText.Wrong("A port of the URL is not a number from 1 to 65535. (In a user or password write : as %3A, @ as %40, / as %2F.)");
            }
        }

        var names = hosts.Select(host => host.Length == 0 ? "localhost" : host).ToList();
        if (names.Count == 1)
        {
            builder.Host = names[0].Trim('[', ']');
            builder.Port = numbers[0];
            return null;
        }

        builder.Host = string.Join(',', names.Select((host, i) => string.Create(
            CultureInfo.InvariantCulture,
            $"{(ConnectionText.IsIpv6(host) && !host.StartsWith('[') ? $"[{host}]" : host)}:{numbers[numbers.Count == 1 ? 0 : i]}")));
        return null;
    }

    private static bool TryDecode(string text, out string decoded)
    {
        decoded = Uri.UnescapeDataString(text);
        for (var i = text.IndexOf('%', StringComparison.Ordinal); i >= 0; i = text.IndexOf('%', i + 1))
        {
            if (i + 2 >= text.Length || !char.IsAsciiHexDigit(text[i + 1]) || !char.IsAsciiHexDigit(text[i + 2]))
            {
                return false;
            }
        }

        return !decoded.Contains('\0', StringComparison.Ordinal);
    }
}
