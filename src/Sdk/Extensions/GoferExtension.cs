namespace Gofer.Sdk.Extensions;

/// <summary>
/// A kind of trigger. What it is and which events there are is written here; callers, proofs, health, the window, acknowledgements, sending again and
/// ending are the kit's.
/// </summary>
public abstract class GoferExtension
{
    /// <summary>Says what it is and what parameters it takes.</summary>
    public abstract ExtensionDescription Describe();

    /// <summary>Says what is wrong with a subscription, beyond what its parameters' types say. Nothing is changed.</summary>
    public virtual IEnumerable<ExtensionProblem> Validate(ExtensionSubscription subscription) => [];

    /// <summary>
    /// The events of a subscription after its cursor, for as long as there are any. It is asked for the next only where there is room for it, and begun anew
    /// after the last cursor where it throws.
    /// </summary>
    public abstract IAsyncEnumerable<ExtensionEvent> EventsAsync(ExtensionSubscription subscription, CancellationToken cancellationToken);

    /// <summary>
    /// The events of a subscription that a request makes, which somebody sent to the extension's URL; asked for each subscription. Gofer is told that the
    /// request is handled once it has stored them: whoever dies before that gets it again.
    /// </summary>
    public virtual ValueTask<IEnumerable<ExtensionEvent>> HandleExternalAsync(
        ExtensionSubscription subscription, ExternalRequest request, CancellationToken cancellationToken) => new([]);

    /// <summary>Serves it where GOFER_EXTENSION_LISTEN says, until Gofer or a signal asks it to end; answers the exit code.</summary>
    public async Task<int> RunAsync(CancellationToken cancellationToken = default)
    {
        var (listen, token) = (Environment.GetEnvironmentVariable("GOFER_EXTENSION_LISTEN"), Environment.GetEnvironmentVariable("GOFER_EXTENSION_TOKEN"));
        if (string.IsNullOrEmpty(listen) || string.IsNullOrEmpty(token))
        {
            await Console.Error.WriteLineAsync("GOFER_EXTENSION_LISTEN (HOST:PORT) and GOFER_EXTENSION_TOKEN are missing. Gofer sets both where it starts an extension.");
            return 2;
        }

        await using var host = await ExtensionHost.StartAsync(this, listen, token, cancellationToken);
        Console.WriteLine($"listening at {host.Address.Authority}");
        await host.EndAsync(cancellationToken);
        return 0;
    }
}
