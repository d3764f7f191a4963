namespace Gofer.Application.Common;

/// <summary>A store that a task or a request needs does not answer; nothing is wrong with what was asked for.</summary>
public sealed class StoreUnavailableException(string message, Exception? inner = null) : Exception(message, inner);
