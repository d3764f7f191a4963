using Gofer.Domain.Access;
using Microsoft.AspNetCore.Builder;

namespace Gofer.Api.Access;

/// <summary>What an endpoint demands of whoever calls it. Every endpoint says so; one that says nothing is closed to all.</summary>
internal abstract record Demand
{
    private Demand()
    {
    }

    /// <summary>Nothing: no token is looked at.</summary>
    public sealed record Nothing : Demand;

    /// <summary>A good token, whatever it allows.</summary>
    public sealed record Identity : Demand;

    /// <summary>A token that allows this: in the namespace that the path names, or everywhere where it names none.</summary>
    public sealed record Permission(Resource Resource, Verb Verb) : Demand;
}

/// <summary>Lets endpoints say what they demand.</summary>
internal static class Demands
{
    /// <inheritdoc cref="Demand.Nothing"/>
    public static T IsOpen<T>(this T endpoint)
        where T : IEndpointConventionBuilder => endpoint.WithMetadata(new Demand.Nothing());

    /// <inheritdoc cref="Demand.Identity"/>
    public static T NeedsToken<T>(this T endpoint)
        where T : IEndpointConventionBuilder => endpoint.WithMetadata(new Demand.Identity());

    /// <inheritdoc cref="Demand.Permission"/>
    public static T Needs<T>(this T endpoint, Resource resource, Verb verb)
        where T : IEndpointConventionBuilder => endpoint.WithMetadata(new Demand.Permission(resource, verb));
}
