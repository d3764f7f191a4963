using System.Diagnostics.CodeAnalysis;

namespace Gofer.Domain.Common;

/// <summary>A response that can be made from an <see cref="Error"/>, so a pipeline behaviour can refuse without throwing.</summary>
public interface IFailable<TSelf>
    where TSelf : IFailable<TSelf>
{
    /// <summary>The refusal, or null where the work was done.</summary>
    Error? Error { get; }

    /// <summary>Makes the response that carries <paramref name="error"/>.</summary>
    static abstract TSelf Fail(Error error);
}

/// <summary>Done, or an <see cref="Common.Error"/>.</summary>
public readonly record struct Result(Error? Error) : IFailable<Result>
{
    /// <summary>Done.</summary>
    public static Result Ok => default;

    /// <summary>Whether the work was done.</summary>
    [MemberNotNullWhen(false, nameof(Error))]
    public bool IsOk => Error is null;

    /// <inheritdoc/>
    public static Result Fail(Error error) => new(error);

    /// <summary>An error is a failed result.</summary>
    public static implicit operator Result(Error error) => new(error);
}

/// <summary>A value, or an <see cref="Common.Error"/>; never both.</summary>
public readonly record struct Result<T> : IFailable<Result<T>>
{
    private readonly T? _value;

    private Result(T? value, Error? error) => (_value, Error) = (value, error);

    /// <inheritdoc/>
    public Error? Error { get; }

    /// <summary>Whether there is a value.</summary>
    [MemberNotNullWhen(false, nameof(Error))]
    public bool IsOk => Error is null;

    /// <summary>The value; reading it from a failed result is a bug and throws.</summary>
    public T Value => Error is null ? _value! : throw new InvalidOperationException($"No value: {Error.Code}: {Error.Message}");

    /// <inheritdoc/>
    public static Result<T> Fail(Error error) => new(default, error);

    /// <summary>A value is a result.</summary>
    public static implicit operator Result<T>(T value) => new(value, null);

    /// <summary>An error is a failed result.</summary>
    public static implicit operator Result<T>(Error error) => new(default, error);
}
