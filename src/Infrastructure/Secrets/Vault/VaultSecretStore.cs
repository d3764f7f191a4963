using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Gofer.Application.Secrets;
using Gofer.Domain.Secrets;

namespace Gofer.Infrastructure.Secrets.Vault;

/// <summary>
/// Secrets in the KV engine, version 2, of a HashiCorp Vault. A value is the member <c>value</c> of a secret at <c>PREFIX/INSTALL/KIND/OWNER/KEY</c>,
/// where Vault keeps its versions by its own rules; the namespaces of a global one are in its metadata. Only <see cref="ReadAsync"/> asks for data, so
/// a policy may let the API write data and read metadata alone, and workers alone read data.
/// </summary>
internal sealed class VaultSecretStore(VaultClient vault, VaultOptions options, Func<Guid> install) : ISecretStore
{
    /// <summary>Vault takes so many bytes of a member of its metadata.</summary>
    private const int LongestMember = 512;

    private const string Patterns = "namespaces-";

    /// <summary>How many secrets of a list are asked for at once.</summary>
    private const int AtOnce = 8;

    /// <inheritdoc/>
    public async Task<SecretInfo?> FindAsync(SecretScope scope, string key, CancellationToken cancellationToken) =>
        await MetadataAsync(scope, key, cancellationToken) is { } found ? found.Info : null;

    /// <inheritdoc/>
    public async Task<StoredSecret?> ReadAsync(SecretScope scope, string key, CancellationToken cancellationToken)
    {
        if (await MetadataAsync(scope, key, cancellationToken) is not { Info: { } info }) return null;
        var path = string.Create(CultureInfo.InvariantCulture, $"data/{Path(scope, key)}?version={info.Version}");
        if (await vault.SendAsync(HttpMethod.Get, path, null, cancellationToken) is not { } answer) return null;
        if (Value(answer) is { } text && SecretText.Of(text) is { IsOk: true } value) return new StoredSecret(info, value.Value);
        throw new UnreadableSecretException($"The {scope.Kind} secret '{key}' in Vault has no text of at most {SecretText.MaxBytes} bytes under 'value'. Set it again.");
    }

    /// <inheritdoc/>
    public async Task<SecretInfo?> PutAsync(
        SecretScope scope, string key, SecretText value, IReadOnlyList<string>? namespaces, CancellationToken cancellationToken)
    {
        if (scope is SecretScope.Global)
        {
            if (namespaces is null)
            {
                if (await MetadataAsync(scope, key, cancellationToken) is not { Info: not null }) return null;
            }
            else
            {
                // Before the value, which must not be read by those whom it is no longer for. A crash between the two leaves a secret without a
                // value, which is none, or the value before for those whom the next is for.
                var metadata = new JsonObject { ["custom_metadata"] = Members(namespaces) };
                await vault.SendAsync(HttpMethod.Post, $"metadata/{Path(scope, key)}", metadata, cancellationToken);
            }
        }

        var body = new JsonObject { ["data"] = new JsonObject { ["value"] = value.Reveal() } };
        var written = Data(await vault.SendAsync(HttpMethod.Post, $"data/{Path(scope, key)}", body, cancellationToken));
        var (version, at) = (written.GetProperty("version").GetInt32(), Time(written.GetProperty("created_time")));
        var now = await MetadataAsync(scope, key, cancellationToken);
        return new SecretInfo(key, version, now?.CreatedAt ?? at, at, now?.Namespaces ?? []);
    }

    /// <inheritdoc/>
    public async Task<bool> DeleteAsync(SecretScope scope, string key, CancellationToken cancellationToken)
    {
        var found = await MetadataAsync(scope, key, cancellationToken);
        if (found is null) return false;
        await vault.SendAsync(HttpMethod.Delete, $"metadata/{Path(scope, key)}", null, cancellationToken);
        return found.Info is not null;
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<SecretInfo>> ListAsync(SecretScope scope, string after, int take, CancellationToken cancellationToken)
    {
        if (await vault.SendAsync(HttpMethod.Get, $"metadata/{Folder(scope)}?list=true", null, cancellationToken) is not { } answer) return [];
        var keys = Data(answer).GetProperty("keys").EnumerateArray().Select(k => k.GetString()!)
            .Where(k => !k.EndsWith('/') && string.CompareOrdinal(k, after) > 0).Order(StringComparer.Ordinal).ToList();
        var found = new List<SecretInfo>();
        foreach (var some in keys.Chunk(AtOnce))
        {
            if (found.Count >= take) break;
            var metadata = await Task.WhenAll(some.Select(k => MetadataAsync(scope, k, cancellationToken)));
            found.AddRange(metadata.Select(m => m?.Info).OfType<SecretInfo>());
        }

        return [.. found.Take(take)];
    }

    /// <summary>What Vault knows of a secret but its value; without an info where its present version was deleted, or where it has none yet.</summary>
    private async Task<Metadata?> MetadataAsync(SecretScope scope, string key, CancellationToken cancellationToken)
    {
        if (await vault.SendAsync(HttpMethod.Get, $"metadata/{Path(scope, key)}", null, cancellationToken) is not { } answer) return null;
        var data = Data(answer);
        var versions = data.GetProperty("versions");
        // Metadata that was written before the first value is older than the secret. Of many versions Vault forgets the first.
        var createdAt = Time(Version(versions, 1) is { } first ? first.GetProperty("created_time") : data.GetProperty("created_time"));
        var namespaces = data.TryGetProperty("custom_metadata", out var custom) && custom.ValueKind == JsonValueKind.Object
            ? custom.EnumerateObject().Where(m => m.Name.StartsWith(Patterns, StringComparison.Ordinal)).OrderBy(m => m.Name, StringComparer.Ordinal)
                .SelectMany(m => m.Value.GetString()!.Split(',')).ToList()
            : [];
        var number = data.GetProperty("current_version").GetInt32();
        var info = Version(versions, number) is { } present && present.GetProperty("deletion_time").GetString() is "" && !present.GetProperty("destroyed").GetBoolean()
            ? new SecretInfo(key, number, createdAt, Time(present.GetProperty("created_time")), namespaces)
            : null;
        return new Metadata(info, createdAt, namespaces);
    }

    private static JsonElement? Version(JsonElement versions, int number) =>
        versions.ValueKind == JsonValueKind.Object && versions.TryGetProperty(number.ToString(CultureInfo.InvariantCulture), out var version) ? version : null;

    /// <summary>The patterns, with commas between them, in as many members as their length needs.</summary>
    private static JsonObject Members(IReadOnlyList<string> patterns)
    {
        var members = new List<string>();
        foreach (var pattern in patterns)
        {
            if (members.Count > 0 && members[^1].Length + 1 + pattern.Length <= LongestMember) members[^1] += $",{pattern}";
            else members.Add(pattern);
        }

        return new JsonObject(members.Select((text, i) => KeyValuePair.Create<string, JsonNode?>(string.Create(CultureInfo.InvariantCulture, $"{Patterns}{i:00}"), text)));
    }

    private static string? Value(JsonElement answer) =>
        Data(answer).TryGetProperty("data", out var data) && data.ValueKind == JsonValueKind.Object
        && data.TryGetProperty("value", out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static JsonElement Data(JsonElement? answer) => answer!.Value.GetProperty("data");

    private static DateTimeOffset Time(JsonElement text) => DateTimeOffset.Parse(text.GetString()!, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);

    private string Folder(SecretScope scope) => $"{options.Prefix}/{install()}/{scope.Kind}/{scope.Owner}";

    private string Path(SecretScope scope, string key) => $"{Folder(scope)}/{key}";

    private sealed record Metadata(SecretInfo? Info, DateTimeOffset CreatedAt, IReadOnlyList<string> Namespaces);
}
