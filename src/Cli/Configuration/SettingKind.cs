using System.Globalization;
using System.Net;
using Gofer.Domain.Access;
using Gofer.Domain.Common;
using Gofer.Infrastructure.Outbound;
using Gofer.Infrastructure.Postgres;
using Gofer.Infrastructure.Secrets;
using Text = Gofer.Domain.Common.Shown;

namespace Gofer.Cli.Configuration;

/// <summary>What may be written as a setting's value.</summary>
internal abstract record SettingKind
{
    private SettingKind()
    {
    }

    /// <summary>What is allowed, after "must be".</summary>
    public abstract string Allowed { get; }

    /// <summary>How the value is written, in a word.</summary>
    public abstract string Unit { get; }

    /// <summary>The only values, where there are few.</summary>
    public virtual IReadOnlyList<string> Choices => [];

    /// <summary>Whether the value is never printed.</summary>
    public virtual bool IsSecret => false;

    /// <summary>The value in the form that the program binds, or null where the text is none.</summary>
    public abstract string? Read(string text);

    /// <summary>What is wrong with a text, to be said after the name of what holds it; null where it is good.</summary>
    public virtual string? Complaint(string text) => Read(text) is null ? $"{Text.Quoted(text)} must be {Allowed}." : null;

    /// <summary>A value for people.</summary>
    public virtual string Shown(string text) => text;

    /// <summary>Anything that is not empty and has no control characters.</summary>
    public sealed record Words(string What) : SettingKind
    {
        public override string Allowed => $"{What}, without control characters";

        public override string Unit => What.Split(' ')[^1];

        public override string? Read(string text) => text.Length > 0 && !text.Any(char.IsControl) ? text : null;
    }

    /// <summary>What proves who calls.</summary>
    public sealed record Secret : SettingKind
    {
        public override string Allowed => "visible ASCII";

        public override string Unit => "secret";

        public override bool IsSecret => true;

        public override string? Read(string text) => text.Length > 0 && text.All(c => c is > ' ' and < '\x7f') ? text : null;

        public override string? Complaint(string text) => Read(text) is null ? $"must be {Allowed}, without spaces and line breaks." : null;

        public override string Shown(string text) => "********";
    }

    /// <summary>Keys that secrets are sealed with; only their names are shown.</summary>
    public sealed record Keys : SettingKind
    {
        public override string Allowed => "keys of 32 random bytes, each as NAME:BASE64, with commas between them";

        public override string Unit => "keys";

        public override bool IsSecret => true;

        public override string? Read(string text) => KeyRing.Parse(text).IsOk ? text : null;

        public override string? Complaint(string text) => KeyRing.Parse(text).Error?.Message;

        public override string Shown(string text) => KeyRing.Parse(text) is { IsOk: true } ring ? string.Join(',', ring.Value.Names.Select(n => $"{n}:********")) : "********";
    }

    /// <summary>Which values of a claim give which roles where.</summary>
    public sealed record Mapping : SettingKind
    {
        public override string Allowed => "entries of the form VALUE=ROLE@NAMESPACE, such as platform=admin@*; team-a-*=developer,operator@team-a,team-a-*";

        public override string Unit => "entries";

        public override string? Read(string text) => ClaimRoles.Parse(text) is { IsOk: true } roles ? roles.Value.ToString() : null;

        public override string? Complaint(string text) => ClaimRoles.Parse(text).Error is { } error ? $"is wrong. {error.Message}" : null;
    }

    /// <summary>Where the database is; it may hold a password.</summary>
    public sealed record Database : SettingKind
    {
        public override string Allowed => "a postgres:// URL or Npgsql's form";

        public override string Unit => "URL";

        public override bool IsSecret => true;

        public override string? Read(string text) => ConnectionText.Parse(text).IsOk ? text : null;

        public override string? Complaint(string text) => ConnectionText.Parse(text) is { IsOk: false } wrong ? $"is no place of a database. {wrong.Error.Message}" : null;

        public override string Shown(string text) => ConnectionText.Redacted(text);
    }

    /// <summary>Names of machines and networks.</summary>
    public sealed record Hosts : SettingKind
    {
        public override string Allowed => "names of hosts, addresses and networks such as 10.0.0.0/8, with commas between them";

        public override string Unit => "hosts";

        public override string? Read(string text) => AllowedHosts.Parse(text).IsOk ? text : null;

        public override string? Complaint(string text) => AllowedHosts.Parse(text).Error?.Message;
    }

    /// <summary>The URL of a server, without a password in it: URLs are shown, and logged on their way.</summary>
    public sealed record Server : SettingKind
    {
        public override string Allowed => "a URL such as http://127.0.0.1:8080";

        public override string Unit => "URL";

        public override string? Read(string text) =>
            Uri.TryCreate(text, UriKind.Absolute, out var url) && url is { Scheme: "http" or "https", UserInfo: "" } ? text.TrimEnd('/') : null;

        public override string? Complaint(string text) => base.Complaint(text) is not { } wrong ? null
            : Uri.TryCreate(text, UriKind.Absolute, out var url) && url.UserInfo.Length > 0 ? $"must be {Allowed}, without a user or a password."
            : !text.Contains("://", StringComparison.Ordinal) && Uri.TryCreate($"http://{text}", UriKind.Absolute, out var meant) ? $"{wrong} Did you mean 'http://{meant.Authority}'?" : wrong;
    }

    /// <summary>An address of this machine with a port.</summary>
    public sealed record Address : SettingKind
    {
        public override string Allowed => "an address with a port, such as 127.0.0.1:8080";

        public override string Unit => "address:port";

        public override string? Read(string text)
        {
            var host = text.StartsWith("localhost:", StringComparison.OrdinalIgnoreCase) ? "127.0.0.1" + text[9..] : text;
            return host.Contains(':', StringComparison.Ordinal) && IPEndPoint.TryParse(host, out _) ? host : null;
        }
    }

    /// <summary>A name as namespaces and pipelines have it.</summary>
    public sealed record Name : SettingKind
    {
        public override string Allowed => $"a name of letters, digits, '-' and '_', {Slug.MaxLength} at most, the first a letter or a digit";

        public override string Unit => "name";

        public override string? Read(string text) => Slug.IsValid(text) ? text : null;

        public override string? Complaint(string text) => Slug.Complaint(text);
    }

    /// <summary>One of a few words.</summary>
    public sealed record Choice(params string[] Among) : SettingKind
    {
        public override string Allowed => Among.Length == 2 ? $"{Among[0]} or {Among[1]}" : $"one of {string.Join(", ", Among)}";

        public override string Unit => string.Join('|', Among);

        public override IReadOnlyList<string> Choices => Among;

        public override string? Read(string text) => Among.Contains(text) ? text : null;

        public override string? Complaint(string text) => base.Complaint(text) is not { } wrong ? null
            : Nearest.Of(text, Among) is { } meant ? $"{wrong} Did you mean '{meant}'?" : wrong;
    }

    /// <summary>Yes or no.</summary>
    public sealed record YesNo : SettingKind
    {
        public override string Allowed => "true or false";

        public override string Unit => "true|false";

        public override IReadOnlyList<string> Choices => ["true", "false"];

        public override string? Read(string text) => bool.TryParse(text, out var value) ? value ? "true" : "false" : null;
    }

    /// <summary>A whole number.</summary>
    public sealed record Number(long Least, long Most) : SettingKind
    {
        public override string Allowed => string.Create(CultureInfo.InvariantCulture, $"a whole number from {Least} to {Most}");

        public override string Unit => "number";

        public override string? Read(string text) =>
            long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) && value >= Least && value <= Most
                ? value.ToString(CultureInfo.InvariantCulture) : null;
    }

    /// <summary>A number of bytes, or a quantity as Kubernetes has them.</summary>
    public sealed record Size(long Least) : SettingKind
    {
        public override string Allowed => string.Create(CultureInfo.InvariantCulture, $"a number of bytes such as 1073741824, or a size such as 512Mi or 1Gi, {Least} bytes at least");

        public override string Unit => "bytes";

        public override string? Read(string text) =>
            Quantity.TryBytes(text, out var bytes) && bytes >= Least ? bytes.ToString(CultureInfo.InvariantCulture) : null;
    }

    /// <summary>A length of time.</summary>
    public sealed record Span(TimeSpan Least, TimeSpan Most) : SettingKind
    {
        public override string Allowed => $"a duration such as 90s or 1h30m, from {Duration.Text(Least)} to {Duration.Text(Most)}";

        public override string Unit => "duration";

        public override string? Read(string text) =>
            Duration.TryParse(text, out var value) && value >= Least && value <= Most ? value.ToString("c", CultureInfo.InvariantCulture) : null;
    }
}
