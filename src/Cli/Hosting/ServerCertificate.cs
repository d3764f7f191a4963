using System.Diagnostics.CodeAnalysis;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Gofer.Cli.Configuration;
using Gofer.Cli.Terminal;
using Gofer.Domain.Common;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Gofer.Cli.Hosting;

/// <summary>
/// What the API proves with that it is itself: a certificate, with those between it and its authority behind it, and its key, each a file in PEM. Who writes them
/// anew need not tell: they are read again for a connection, ten seconds after the last time at the earliest, and compared by their bytes, since what a link leads to
/// changes without the link. What cannot be used changes nothing and is said once.
/// </summary>
public sealed partial class ServerCertificate
{
    private static readonly TimeSpan s_pause = TimeSpan.FromSeconds(10);

    private readonly Lock _gate = new();
    private readonly string _path;
    private readonly string _keyPath;
    private readonly TimeProvider _clock;
    private Pair _seen;
    private DateTimeOffset _next;
    private SslStreamCertificateContext _current;

    private ServerCertificate(string path, string keyPath, TimeProvider clock, Pair seen, SslStreamCertificateContext current) =>
        (_path, _keyPath, _clock, _seen, _current, _next) = (path, keyPath, clock, seen, current, clock.GetUtcNow() + s_pause);

    /// <summary>The one that the settings name; null where they name none and the API speaks HTTP.</summary>
    internal static Result<ServerCertificate?> Find(Settings settings)
    {
        var (path, keyPath) = (settings[SettingTable.Certificate], settings[SettingTable.CertificateKey]);
        if (path is null && keyPath is null) return (ServerCertificate?)null;
        if (path is null || keyPath is null)
        {
            return Error.Invalid("", $"{SettingTable.Certificate.Key} and {SettingTable.CertificateKey.Key} go together; set both, or none for plain HTTP.");
        }

        var opened = Open(path, keyPath, TimeProvider.System);
        return opened.IsOk ? opened.Value : opened.Error;
    }

    /// <summary>Reads both files; the error says which of them cannot be used, and why.</summary>
    public static Result<ServerCertificate> Open(string path, string keyPath, TimeProvider clock)
    {
        var pair = Pair.Read(path, keyPath);
        if (!pair.IsOk) return pair.Error;
        var context = ContextOf(pair.Value, path, keyPath, clock);
        return context.IsOk ? new ServerCertificate(path, keyPath, clock, pair.Value, context.Value) : context.Error;
    }

    /// <summary>
    /// Makes an address speak TLS 1.2 or newer, and in it HTTP/1.1 as without: what this server's limits of time and size are said of, and tested with.
    /// </summary>
    public void Apply(ListenOptions listen)
    {
        var logger = listen.ApplicationServices.GetRequiredService<ILogger<ServerCertificate>>();
        listen.Protocols = HttpProtocols.Http1;
        listen.UseHttps(new TlsHandshakeCallbackOptions
        {
            OnConnection = _ => ValueTask.FromResult(new SslServerAuthenticationOptions
            {
                ServerCertificateContext = Current(logger),
                EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
            }),
        });
    }

    private SslStreamCertificateContext Current(ILogger logger)
    {
        lock (_gate)
        {
            var now = _clock.GetUtcNow();
            if (now < _next) return _current;
            _next = now + s_pause;
            var pair = Pair.Read(_path, _keyPath);
            var seen = pair.IsOk ? pair.Value : new Pair(pair.Error.Message, "");
            if (seen == _seen) return _current;
            _seen = seen;
            var context = pair.IsOk ? ContextOf(pair.Value, _path, _keyPath, _clock) : pair.Error;
            if (context.IsOk) _current = context.Value;
            if (context.IsOk) Log.Taken(logger, _path, Table.Time(_current.TargetCertificate.NotAfter));
            else Log.Kept(logger, context.Error.Message, Table.Time(_current.TargetCertificate.NotAfter));
            return _current;
        }
    }

    // What was handed out serves the connections that it serves, and goes with the last of them.
    [SuppressMessage("Reliability", "CA2000", Justification = "Handed out, see above.")]
    private static Result<SslStreamCertificateContext> ContextOf(Pair pair, string path, string keyPath, TimeProvider clock)
    {
        if (!pair.Certificate.Contains("-----BEGIN CERTIFICATE-----", StringComparison.Ordinal)) return Error.Invalid("", $"{path} holds no certificate in PEM.");
        if (pair.Key.Contains("ENCRYPTED", StringComparison.Ordinal)) return Error.Invalid("", $"The key in {keyPath} is behind a password; give it without one, readable for Gofer alone.");
        if (!pair.Key.Contains("PRIVATE KEY-----", StringComparison.Ordinal)) return Error.Invalid("", $"{keyPath} holds no private key in PEM.");
        try
        {
            var certificate = X509Certificate2.CreateFromPem(pair.Certificate, pair.Key);
            DateTimeOffset now = clock.GetUtcNow(), from = certificate.NotBefore, to = certificate.NotAfter;
            if (now > to) return Error.Invalid("", $"The certificate in {path} expired at {Table.Time(to)}.");
            if (now < from) return Error.Invalid("", $"The certificate in {path} is valid from {Table.Time(from)} on, and this machine's clock is before that.");
            var chain = new X509Certificate2Collection();
            chain.ImportFromPem(pair.Certificate);
            chain.RemoveAt(0); // itself
            return SslStreamCertificateContext.Create(certificate, chain, offline: true);
        }
        catch (ArgumentException)
        {
            return Error.Invalid("", $"The key in {keyPath} is not that of the certificate in {path}.");
        }
        catch (CryptographicException e)
        {
            return Error.Invalid("", $"The certificate in {path} and the key in {keyPath} cannot be used: {e.Message.TrimEnd('.')}.");
        }
    }

    /// <summary>Both files as they were at one moment, or nearly: of two that are being written one may be the old one, which does not fit and is read again.</summary>
    private sealed record Pair(string Certificate, string Key)
    {
        public static Result<Pair> Read(string path, string keyPath)
        {
            var reading = path;
            try
            {
                var certificate = File.ReadAllText(path);
                reading = keyPath;
                return new Pair(certificate, File.ReadAllText(keyPath));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                var setting = reading == path ? SettingTable.Certificate : SettingTable.CertificateKey;
                return Error.Invalid("", $"{setting.Key} is {reading}, and that cannot be read: {e.Message.TrimEnd('.')}.");
            }
        }

        /// <summary>Neither is for a log.</summary>
        public override string ToString() => nameof(Pair);
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "The certificate in {Path} is a new one and served from now on, until {NotAfter}")]
        public static partial void Taken(ILogger logger, string path, string notAfter);

        [LoggerMessage(Level = LogLevel.Warning, Message = "The new certificate is not served: {Why} The one before is, until {NotAfter}")]
        public static partial void Kept(ILogger logger, string why, string notAfter);
    }
}
