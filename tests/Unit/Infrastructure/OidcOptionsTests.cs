using Gofer.Infrastructure.Oidc;

namespace Gofer.Tests.Unit.Infrastructure;

public sealed class OidcOptionsTests
{
    private const string Roles = "platform=admin@*";

    [Theory]
    [InlineData("https://id.example.com/realms/main")]
    [InlineData("https://id.example.com/")]
    [InlineData("http://127.0.0.1:8080")]
    [InlineData("http://localhost/realms/main")]
    public void A_provider_is_asked_over_TLS_or_on_this_machine(string issuer) =>
        Assert.True(new OidcOptionsValidator().Validate(null, new OidcOptions { Issuer = issuer, Audience = "gofer", Roles = Roles }).Succeeded);

    [Fact]
    public void No_provider_is_needed() => Assert.True(new OidcOptionsValidator().Validate(null, new OidcOptions()).Succeeded);

    [Theory]
    [InlineData("http://id.example.com", "gofer", Roles, "it must be an https:// URL")]
    [InlineData("https://user@id.example.com", "gofer", Roles, "it must be an https:// URL")]
    [InlineData("https://id.example.com?x=1", "gofer", Roles, "it must be an https:// URL")]
    [InlineData("https://id.example.com#x", "gofer", Roles, "it must be an https:// URL")]
    [InlineData("file:///etc/passwd", "gofer", Roles, "it must be an https:// URL")]
    [InlineData("id.example.com", "gofer", Roles, "it must be an https:// URL")]
    [InlineData("https://id.example.com", null, Roles, "oidc.audience is missing")]
    [InlineData("https://id.example.com", "gofer", null, "oidc.roles is missing")]
    [InlineData("https://id.example.com", "gofer", "platform=admin", "oidc.roles: 'platform=admin'")]
    [InlineData(null, "gofer", null, "without oidc.issuer")]
    [InlineData(null, null, Roles, "without oidc.issuer")]
    public void What_could_let_in_nobody_or_anybody_stops_the_start(string? issuer, string? audience, string? roles, string why)
    {
        var judged = new OidcOptionsValidator().Validate(null, new OidcOptions { Issuer = issuer, Audience = audience, Roles = roles });
        Assert.Contains(why, judged.FailureMessage, StringComparison.Ordinal);
    }
}
