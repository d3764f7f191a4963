using Gofer.Application.Extensions;
using Gofer.Application.Schedulers;
using Gofer.Application.Secrets;
using Gofer.Domain.Common;
using Gofer.Domain.Extensions;
using Gofer.Domain.Pipelines;
using Gofer.Domain.Secrets;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Gofer.Worker.Extensions;

/// <summary>What everybody needs who sees to an extension.</summary>
internal sealed class ExtensionTools(
    IExtensionBoard board, IScheduler scheduler, IExtensionDialer dialer, ISecretStore secrets, IInstall install, TimeProvider clock, IOptions<WorkerOptions> options,
    ILoggerFactory logging)
{
    public IExtensionBoard Board => board;

    public IScheduler Scheduler => scheduler;

    public IExtensionDialer Dialer => dialer;

    public IInstall Install => install;

    public TimeProvider Clock => clock;

    /// <summary>How long an extension is its holder's without a renewal.</summary>
    public TimeSpan Lease => options.Value.Lease;

    public ILogger Logger { get; } = logging.CreateLogger("Gofer.Worker.Extensions");

    /// <summary>The token that the extension and Gofer know.</summary>
    /// <exception cref="ExtensionSetupException">It is gone.</exception>
    public async Task<string> TokenAsync(ExtensionId extension, CancellationToken cancellationToken) =>
        (await secrets.ReadAsync(new SecretScope.Global(), ExtensionSecrets.TokenKey(extension), cancellationToken))?.Value.Reveal()
            ?? throw new ExtensionSetupException($"The extension's token, the global secret '{ExtensionSecrets.TokenKey(extension)}', is gone. Uninstall the extension and install it again.");

    /// <summary>What an install's value is: text, or the global secret that it stands for.</summary>
    /// <exception cref="ExtensionSetupException">There is no such secret.</exception>
    public async Task<string> ValueAsync(string name, string value, CancellationToken cancellationToken)
    {
        if (Interpolation.Parse(value) is not { } found) return value;
        return (await secrets.ReadAsync(new SecretScope.Global(), found.Key, cancellationToken))?.Value.Reveal()
            ?? throw new ExtensionSetupException($"'{name}' stands for the global secret '{found.Key}', and there is none. 'gofer secret set --global {found.Key}' sets it.");
    }

    /// <summary>What a subscription is given, each secret in the place of what stands for it.</summary>
    /// <exception cref="ExtensionSetupException">There is no such secret.</exception>
    public async Task<IReadOnlyDictionary<string, string>> ParamsAsync(WantedSubscription wanted, CancellationToken cancellationToken)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, value) in wanted.With)
        {
            if (Interpolation.Parse(value) is not { } found)
            {
                values[name] = value;
                continue;
            }

            var scope = SecretReferences.ScopeOf(found.Kind, wanted.NamespaceId, wanted.PipelineId)!;
            values[name] = (await secrets.ReadForAsync(scope, found.Key, wanted.Namespace, cancellationToken))?.Value.Reveal()
                ?? throw new ExtensionSetupException($"'{name}' stands for the {scope.Kind} secret '{found.Key}', and there is none.");
        }

        return values;
    }
}

/// <summary>Something of Gofer's own is missing that the extension needs; the message says what and how it is mended.</summary>
internal sealed class ExtensionSetupException(string message) : Exception(message);
