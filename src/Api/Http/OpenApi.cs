using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Gofer.Api.Access;
using Gofer.Domain.Pipelines;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.OpenApi;

namespace Gofer.Api.Http;

/// <summary>The OpenAPI document, made of the endpoints' own types, and the page that tries them.</summary>
internal static class OpenApiSetup
{
    private const string TokenScheme = "token";

    private const string Explorer = "/swagger";

    /// <summary>
    /// The explorer's files are this server's own and it asks nobody else; its icons are in its style sheet. The hash is that of the one style that a script of it
    /// writes, the logo's colours: another version may have another, which its test in a browser finds.
    /// </summary>
    private const string ExplorerPolicy =
        "default-src 'none'; script-src 'self'; style-src 'self' 'sha256-RL3ie0nH+Lzz2YNqQN83mnU0J1ot4QL7b99vMdIX99w='; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    private static readonly int[] s_problems = [400, 401, 403, 404, 408, 409, 412, 413, 415, 422, 429, 503];

    public static IServiceCollection AddGoferOpenApi(this IServiceCollection services) => services.AddOpenApi("v1", options =>
    {
        options.OpenApiVersion = OpenApiSpecVersion.OpenApi3_1;
        options.AddDocumentTransformer((document, _, _) =>
        {
            document.Info = new OpenApiInfo
            {
                Title = "Gofer",
                Version = "v1",
                Description = "Runs short-lived containers: register a pipeline, run it, follow it.",
            };
            document.Servers?.Clear();
            document.Components ??= new OpenApiComponents();
            (document.Components.SecuritySchemes ??= new Dictionary<string, IOpenApiSecurityScheme>())[TokenScheme] = new OpenApiSecurityScheme
            {
                Type = SecuritySchemeType.Http,
                Scheme = "bearer",
                Description = "A token, 'gof_…', or one of the identity provider that the server trusts, a JWT. 'gofer dev' asks for none.",
            };
            if (document.Components.Schemas?.TryGetValue(nameof(PipelineDocument), out var pipeline) is true && pipeline is OpenApiSchema { Properties: { } members })
            {
                // They stand there as they are sent by themselves.
                members["triggers"] = ListOf(nameof(Triggers.TriggerBody), document);
                members["notifications"] = ListOf(nameof(Notifications.NotificationBody), document);
            }

            // What may be anything may be null too: of "null or anything" null would be both, and not one of them.
            foreach (var member in (document.Components.Schemas ?? new Dictionary<string, IOpenApiSchema>()).Values.OfType<OpenApiSchema>().SelectMany(s => s.Properties?.Values ?? []).OfType<OpenApiSchema>())
            {
                if (member.OneOf?.OfType<OpenApiSchemaReference>().Any(r => r.Reference.Id == nameof(JsonElement)) is true) (member.AnyOf, member.OneOf) = (member.OneOf, null);
            }

            return Task.CompletedTask;
        });
        options.AddSchemaTransformer((schema, context, _) =>
        {
            Complete(schema, context.JsonTypeInfo);
            return Task.CompletedTask;
        });
        options.AddOperationTransformer((operation, context, _) =>
        {
            if (context.Description.ActionDescriptor.EndpointMetadata.OfType<TakesIdempotencyKey>().Any())
            {
                (operation.Parameters ??= []).Add(new OpenApiParameter
                {
                    Name = IdempotencyHeader.Name,
                    In = ParameterLocation.Header,
                    Description = "The same key with the same request within 24 hours gets the first answer again.",
                    Schema = new OpenApiSchema { Type = JsonSchemaType.String, MinLength = 1, MaxLength = 255 },
                });
            }

            if (context.Description.ActionDescriptor.EndpointMetadata.OfType<Demand>().LastOrDefault() is not (null or Demand.Nothing))
            {
                operation.Security = [new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(TokenScheme, context.Document)] = [] }];
            }

            if (context.Description.ActionDescriptor.EndpointMetadata.OfType<TakesBytes>().Any())
            {
                operation.RequestBody = new OpenApiRequestBody
                {
                    Required = true,
                    Description = "The bytes, of whatever content type.",
                    Content = new Dictionary<string, OpenApiMediaType>
                    {
                        ["application/octet-stream"] = new() { Schema = new OpenApiSchema { Type = JsonSchemaType.String, Format = "binary" } },
                    },
                };
            }

            return Task.CompletedTask;
        });
    });

    private static OpenApiSchema ListOf(string schema, OpenApiDocument document) =>
        new() { Type = JsonSchemaType.Array | JsonSchemaType.Null, Items = new OpenApiSchemaReference(schema, document) };

    /// <summary>What the types alone do not say: that times and enums are strings, and that a member which may be null may be left away.</summary>
    private static void Complete(OpenApiSchema schema, JsonTypeInfo type)
    {
        var inner = Nullable.GetUnderlyingType(type.Type);
        if ((inner ?? type.Type) == typeof(DateTimeOffset)) schema.Type = inner is null ? JsonSchemaType.String : JsonSchemaType.String | JsonSchemaType.Null;
        if (type.Type == typeof(IReadOnlyList<DateTimeOffset>)) schema.Items = new OpenApiSchema { Type = JsonSchemaType.String, Format = "date-time" };
        if ((inner ?? type.Type) == typeof(TimeSpan))
        {
            (schema.Pattern, schema.Description) = (@"^(\d+(\.\d+)?(ms|s|m|h|d))+$", "A duration, such as 90s or 1h30m.");
        }

        if ((inner ?? type.Type).IsEnum)
        {
            // That a member may be null is said by the member, not by the words of what it may be.
            schema.Type = JsonSchemaType.String;
            schema.Enum = schema.Enum?.Where(word => word is not null && word.GetValueKind() != JsonValueKind.Null && !word.IsJsonNullSentinel()).ToList();
        }

        // Parameters are kept as text, but written as values of their types.
        const JsonSchemaType Scalar = JsonSchemaType.String | JsonSchemaType.Number | JsonSchemaType.Boolean;
        if (type.Type == typeof(IReadOnlyDictionary<string, JsonElement>)) schema.AdditionalProperties = new OpenApiSchema { Type = Scalar };
        if (type.Type == typeof(ParamDefinition))
        {
            schema.Properties!["default"] = new OpenApiSchema { Type = Scalar | JsonSchemaType.Null };
            schema.Properties["choices"] = new OpenApiSchema { Type = JsonSchemaType.Array, Items = new OpenApiSchema { Type = Scalar } };
            schema.Required?.ExceptWith(["type", "default", "choices", "description"]);
        }

        // The one secret that comes out; whoever generates a client knows not to print it.
        if (type.Type == typeof(Gofer.Application.Access.NewTokenView)) ((OpenApiSchema)schema.Properties!["token"]).Format = "password";
        if (type.Type == typeof(Runs.RerunBody))
        {
            schema.Properties!["version"] = new OpenApiSchema { Type = JsonSchemaType.String | JsonSchemaType.Integer | JsonSchemaType.Null };
        }

        // Goes in and never comes out; whoever generates a client knows not to print it.
        foreach (var member in type.Properties.Where(p => p.AttributeProvider?.IsDefined(typeof(WriteOnlyAttribute), inherit: false) is true))
        {
            ((OpenApiSchema)schema.Properties![member.Name]).WriteOnly = true;
        }

        if (type.Kind != JsonTypeInfoKind.Object || !type.Type.Name.EndsWith("Body", StringComparison.Ordinal)) return;
        foreach (var member in type.Properties.Where(p => p.IsGetNullable)) schema.Required?.Remove(member.Name);
    }

    public static void MapGoferOpenApi(this WebApplication app)
    {
        app.MapGet("/", () => TypedResults.Redirect($"{Explorer}/")).IsOpen().ExcludeFromDescription();
        app.MapOpenApi("/openapi/{documentName}.json").IsOpen();
        app.Use((context, next) =>
        {
            if (context.Request.Path.StartsWithSegments(Explorer, StringComparison.OrdinalIgnoreCase)) context.Response.Headers.ContentSecurityPolicy = ExplorerPolicy;
            return next(context);
        });
        app.UseSwaggerUI(ui =>
        {
            ui.DocumentTitle = "Gofer";
            ui.SwaggerEndpoint("/openapi/v1.json", "Gofer v1");
            ui.DisplayOperationId();
            ui.EnableTryItOutByDefault();
        });
    }

    /// <summary>Says of every operation of the group which problems it may answer.</summary>
    public static RouteGroupBuilder WithProblems(this RouteGroupBuilder group)
    {
        foreach (var status in s_problems) group.WithMetadata(new ProducesResponseTypeMetadata(status, typeof(ProblemBody), ["application/problem+json"]));
        return group;
    }
}

/// <summary>Marks a member of a body that no answer has.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class WriteOnlyAttribute : Attribute;

/// <summary>Marks operations whose body is bytes as they come.</summary>
internal sealed class TakesBytes;

/// <summary>Marks operations that take an <c>Idempotency-Key</c>.</summary>
internal sealed class TakesIdempotencyKey;
