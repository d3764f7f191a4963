using Gofer.Domain.Common;

namespace Gofer.Application.Extensions;

/// <summary>What of an extension is kept in the store of secrets.</summary>
public static class ExtensionSecrets
{
    /// <summary>The global secret, for no namespace, that is an extension's token.</summary>
    public static string TokenKey(ExtensionId extension) => $"gofer-extension-{extension.Value:N}";
}
