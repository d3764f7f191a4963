using Gofer.Api.Access;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Gofer.Api.Docs;

/// <summary>The page that the <c>type</c> of every problem leads to: each code with its cause and its cure, of the very version that answered.</summary>
internal static class DocsEndpoints
{
    private const string Path = "/docs/errors";

    private static readonly Lazy<string> s_errors = new(() =>
    {
        using var page = new StreamReader(typeof(DocsEndpoints).Assembly.GetManifestResourceStream("errors.md")!);
        return PageHtml.Of(page.ReadToEnd());
    });

    /// <summary>Where a code is explained, relative to the server.</summary>
    public static string AddressOf(string code) => $"{Path}#{code}";

    public static void MapDocs(this IEndpointRouteBuilder app) => app.MapGet(Path, (HttpContext context) =>
    {
        context.Response.Headers.ContentSecurityPolicy = PageHtml.Policy;
        return TypedResults.Content(s_errors.Value, "text/html; charset=utf-8");
    }).IsOpen().ExcludeFromDescription();
}
