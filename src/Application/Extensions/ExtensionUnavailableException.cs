namespace Gofer.Application.Extensions;

/// <summary>An extension does not answer, or not yet; asked again later it may.</summary>
public sealed class ExtensionUnavailableException(string message) : Exception(message);
