using System.Text.Json;
using Gofer.Api.Access;
using Gofer.Api.Http;
using Gofer.Application.Access;
using Gofer.Application.Common;
using Gofer.Application.Secrets;
using Gofer.Domain.Access;
using Gofer.Domain.Common;
using Gofer.Domain.Namespaces;
using Gofer.Domain.Secrets;
using MediatR;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace Gofer.Api.Secrets;

/// <summary>The body that gives a pipeline's or a namespace's secret its value.</summary>
public sealed class SecretInput : IBody<SecretInput>
{
    /// <inheritdoc/>
    public static Type Schema => typeof(SecretBody);

    /// <summary>The value.</summary>
    public required SecretText Value { get; init; }

    /// <inheritdoc/>
    public static SecretInput? Read(JsonElement root, FaultList faults)
    {
        if (JsonFields.Open(root, faults) is not { } fields) return null;
        var value = ReadValue(fields);
        fields.Done();
        return value is null ? null : new SecretInput { Value = value };
    }

    internal static SecretText? ReadValue(JsonFields fields)
    {
        var member = fields["value"].Required();
        if (member.Text() is not { } text) return null;
        var value = SecretText.Of(text);
        if (value.IsOk) return value.Value;
        member.Invalid($"{member.Label} {value.Error.Message}");
        return null;
    }
}

/// <summary>What a <see cref="SecretInput"/> looks like.</summary>
/// <param name="Value">The value, 1 byte to 64 KiB of UTF-8. No route ever answers it.</param>
public sealed record SecretBody([property: WriteOnly] string Value);

/// <summary>The body that gives a global secret its value.</summary>
public sealed class GlobalSecretInput : IBody<GlobalSecretInput>
{
    /// <inheritdoc/>
    public static Type Schema => typeof(GlobalSecretBody);

    /// <summary>The value.</summary>
    public required SecretText Value { get; init; }

    /// <summary>Patterns of the namespaces that it is for; null leaves them.</summary>
    public IReadOnlyList<string>? Namespaces { get; init; }

    /// <inheritdoc/>
    public static GlobalSecretInput? Read(JsonElement root, FaultList faults)
    {
        if (JsonFields.Open(root, faults) is not { } fields) return null;
        var value = SecretInput.ReadValue(fields);
        var member = fields["namespaces"];
        var patterns = NamespacePattern.Read(member, "nobody could have the secret.");
        fields.Done();
        return value is null ? null : new GlobalSecretInput { Value = value, Namespaces = member.IsAbsent ? null : patterns };
    }
}

/// <summary>What a <see cref="GlobalSecretInput"/> looks like.</summary>
/// <param name="Value">The value, 1 byte to 64 KiB of UTF-8. No route ever answers it.</param>
/// <param name="Namespaces">Names, or patterns such as <c>team-*</c>, of the namespaces whose tasks may have it. A new secret needs them; without them a known one keeps its own.</param>
public sealed record GlobalSecretBody([property: WriteOnly] string Value, IReadOnlyList<string>? Namespaces);

internal static class SecretEndpoints
{
    private const string Home = "/api/v1/namespaces/";

    public static void MapSecrets(this IEndpointRouteBuilder api)
    {
        var pipelines = api.MapGroup("/namespaces/{namespace}/pipelines/{pipeline}/secrets").WithTags("Secrets");
        pipelines.MapGet("", ListOfPipeline).WithName("ListPipelineSecrets").Needs(Resource.Secrets, Verb.Read).WithSummary("List the secrets of a pipeline, without their values");
        pipelines.MapGet("/{key}", GetOfPipeline).WithName("GetPipelineSecret").Needs(Resource.Secrets, Verb.Read).WithSummary("Read what is known of a pipeline's secret but its value");
        pipelines.MapPut("/{key}", PutOfPipeline).WithName("PutPipelineSecret").Needs(Resource.Secrets, Verb.Write).WithSummary("Make a secret of a pipeline, or give it another value");
        pipelines.MapDelete("/{key}", DeleteOfPipeline).WithName("DeletePipelineSecret").Needs(Resource.Secrets, Verb.Delete).WithSummary("Delete a secret of a pipeline");

        var namespaces = api.MapGroup("/namespaces/{namespace}/secrets").WithTags("Secrets");
        namespaces.MapGet("", ListOfNamespace).WithName("ListNamespaceSecrets").Needs(Resource.Secrets, Verb.Read).WithSummary("List the secrets of a namespace, without their values");
        namespaces.MapGet("/{key}", GetOfNamespace).WithName("GetNamespaceSecret").Needs(Resource.Secrets, Verb.Read).WithSummary("Read what is known of a namespace's secret but its value");
        namespaces.MapPut("/{key}", PutOfNamespace).WithName("PutNamespaceSecret").Needs(Resource.Secrets, Verb.Write).WithSummary("Make a secret of a namespace, or give it another value");
        namespaces.MapDelete("/{key}", DeleteOfNamespace).WithName("DeleteNamespaceSecret").Needs(Resource.Secrets, Verb.Delete).WithSummary("Delete a secret of a namespace");

        var secrets = api.MapGroup("/secrets").WithTags("Secrets");
        secrets.MapGet("", List).WithName("ListGlobalSecrets").Needs(Resource.GlobalSecrets, Verb.Read).WithSummary("List the secrets of the install, without their values");
        secrets.MapGet("/{key}", Get).WithName("GetGlobalSecret").Needs(Resource.GlobalSecrets, Verb.Read).WithSummary("Read what is known of a global secret but its value");
        secrets.MapPut("/{key}", Put).WithName("PutGlobalSecret").Needs(Resource.GlobalSecrets, Verb.Write).WithSummary("Make a secret for namespaces that it names, or give it another value");
        secrets.MapDelete("/{key}", Delete).WithName("DeleteGlobalSecret").Needs(Resource.GlobalSecrets, Verb.Delete).WithSummary("Delete a global secret");
    }

    private static Task<Results<Ok<Page<SecretView>>, Problem>> ListOfPipeline(
        string @namespace, string pipeline, Caller caller, IMediator mediator, CancellationToken ct, int? limit = null, string? cursor = null) =>
        ListAsync(new SecretPlace(caller.In(@namespace), pipeline), limit, cursor, mediator, ct);

    private static Task<Results<Ok<Page<SecretView>>, Problem>> ListOfNamespace(
        string @namespace, Caller caller, IMediator mediator, CancellationToken ct, int? limit = null, string? cursor = null) =>
        ListAsync(new SecretPlace(caller.In(@namespace), null), limit, cursor, mediator, ct);

    private static Task<Results<Ok<Page<SecretView>>, Problem>> List(IMediator mediator, CancellationToken ct, int? limit = null, string? cursor = null) =>
        ListAsync(SecretPlace.Global, limit, cursor, mediator, ct);

    private static async Task<Results<Ok<SecretView>, Problem>> GetOfPipeline(
        string @namespace, string pipeline, string key, Caller caller, IMediator mediator, CancellationToken ct) =>
        (await mediator.Send(new GetSecret(new SecretPlace(caller.In(@namespace), pipeline), key), ct)).Answer();

    private static async Task<Results<Ok<SecretView>, Problem>> GetOfNamespace(string @namespace, string key, Caller caller, IMediator mediator, CancellationToken ct) =>
        (await mediator.Send(new GetSecret(new SecretPlace(caller.In(@namespace), null), key), ct)).Answer();

    private static async Task<Results<Ok<SecretView>, Problem>> Get(string key, IMediator mediator, CancellationToken ct) =>
        (await mediator.Send(new GetSecret(SecretPlace.Global, key), ct)).Answer();

    private static Task<Results<Ok<SecretView>, Created<SecretView>, Problem>> PutOfPipeline(
        string @namespace, string pipeline, string key, Body<SecretInput> body, Caller caller, IMediator mediator, CancellationToken ct) =>
        PutAsync(new PutSecret(new SecretPlace(caller.In(@namespace), pipeline), key, body.Value.Value, null), $"{Home}{@namespace}/pipelines/{pipeline}/secrets/{key}", mediator, ct);

    private static Task<Results<Ok<SecretView>, Created<SecretView>, Problem>> PutOfNamespace(
        string @namespace, string key, Body<SecretInput> body, Caller caller, IMediator mediator, CancellationToken ct) =>
        PutAsync(new PutSecret(new SecretPlace(caller.In(@namespace), null), key, body.Value.Value, null), $"{Home}{@namespace}/secrets/{key}", mediator, ct);

    private static Task<Results<Ok<SecretView>, Created<SecretView>, Problem>> Put(string key, Body<GlobalSecretInput> body, IMediator mediator, CancellationToken ct) =>
        PutAsync(new PutSecret(SecretPlace.Global, key, body.Value.Value, body.Value.Namespaces), $"/api/v1/secrets/{key}", mediator, ct);

    private static async Task<Results<NoContent, Problem>> DeleteOfPipeline(
        string @namespace, string pipeline, string key, Caller caller, IMediator mediator, CancellationToken ct) =>
        (await mediator.Send(new DeleteSecret(new SecretPlace(caller.In(@namespace), pipeline), key), ct)).Answer();

    private static async Task<Results<NoContent, Problem>> DeleteOfNamespace(string @namespace, string key, Caller caller, IMediator mediator, CancellationToken ct) =>
        (await mediator.Send(new DeleteSecret(new SecretPlace(caller.In(@namespace), null), key), ct)).Answer();

    private static async Task<Results<NoContent, Problem>> Delete(string key, IMediator mediator, CancellationToken ct) =>
        (await mediator.Send(new DeleteSecret(SecretPlace.Global, key), ct)).Answer();

    private static async Task<Results<Ok<Page<SecretView>>, Problem>> ListAsync(
        SecretPlace place, int? limit, string? cursor, IMediator mediator, CancellationToken ct) =>
        (await mediator.Send(new ListSecrets(place, new PageRequest(limit, cursor)), ct)).Answer();

    private static async Task<Results<Ok<SecretView>, Created<SecretView>, Problem>> PutAsync(PutSecret put, string location, IMediator mediator, CancellationToken ct)
    {
        var done = await mediator.Send(put, ct);
        if (!done.IsOk) return done.Error.ToProblem();
        return done.Value.Created ? TypedResults.Created(location, done.Value.Secret) : TypedResults.Ok(done.Value.Secret);
    }
}
