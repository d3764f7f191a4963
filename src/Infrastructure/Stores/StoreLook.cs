using Gofer.Application.Common;
using Gofer.Store.V1;

namespace Gofer.Infrastructure.Stores;

/// <summary>A store as somebody finds it who only looks.</summary>
public static class StoreLook
{
    /// <summary>
    /// Why it cannot be used for what it is to be used for, or null where it answers and takes the token. It is asked for what an install has that does not exist, so nothing
    /// is shown and nothing changed; what the token may do, only its use shows.
    /// </summary>
    public static async Task<string?> AtAsync(StoreOptions options, bool secrets, bool objects, CancellationToken cancellationToken)
    {
        using var store = new StoreChannel(options);
        var nobody = Guid.Empty.ToString();
        var scope = new SecretScope { Install = nobody, Kind = "global", Owner = nobody };
        try
        {
            const string Secrets = "SecretStore.List", Objects = "ObjectStore.List", Full = "of an install that does not exist the list must be empty";
            if (secrets && await store.AskAsync(Secrets, o => store.Secrets.ListAsync(new ListSecretsRequest { Scope = scope, Limit = 1 }, o), cancellationToken) is not { Secrets.Count: 0 })
            {
                throw store.Wrong(Secrets, Full);
            }

            if (objects && await store.AskAsync(Objects, o => store.Objects.ListAsync(new ListObjectsRequest { Install = nobody, Limit = 1 }, o), cancellationToken) is not { Objects.Count: 0 })
            {
                throw store.Wrong(Objects, Full);
            }

            return null;
        }
        catch (StoreUnavailableException e)
        {
            return e.Message;
        }
    }
}
