using Gofer.Client;

namespace Gofer.Tests.Unit.Client;

/// <summary>What a client holds of a secret does not get into a log by being printed.</summary>
public sealed class SecretBodyTests
{
    [Fact]
    public void A_body_with_a_secret_prints_its_name_alone()
    {
        Assert.Equal("NewTokenView", $"{new NewTokenView { Token = "gof_0123456789abcdef" }}");
        Assert.Equal("SecretBody", $"{new SecretBody { Value = "correct horse" }}");
        Assert.Equal("GlobalSecretBody", $"{new GlobalSecretBody { Value = "correct horse", Namespaces = ["team-*"] }}");
    }
}
