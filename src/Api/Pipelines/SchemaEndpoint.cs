using System.Security.Cryptography;
using System.Text;
using Gofer.Api.Access;
using Gofer.Domain.Pipelines;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Net.Http.Headers;

namespace Gofer.Api.Pipelines;

/// <summary>
/// The JSON Schema of the pipeline document with the limits of this server, for editors and other programs. It needs no database, and a
/// client that has it already is told so.
/// </summary>
internal static class SchemaEndpoint
{
    public static void MapSchemas(this IEndpointRouteBuilder app)
    {
        byte[]? text = null;
        EntityTagHeaderValue? tag = null;
        app.MapGet("/schemas/pipeline.v1.json", (HttpResponse response, DocumentLimits limits) =>
        {
            text ??= Encoding.UTF8.GetBytes(PipelineSchema.Write(limits));
            tag ??= new EntityTagHeaderValue($"\"{Convert.ToHexStringLower(SHA256.HashData(text))[..32]}\"");
            response.Headers.CacheControl = "public, max-age=300";
            return TypedResults.Bytes(text, "application/schema+json", entityTag: tag);
        }).IsOpen().ExcludeFromDescription();
    }
}
