using Gofer.Domain.Extensions;

namespace Gofer.Tests.Unit.Extensions;

/// <summary>The vectors were made by <c>openssl dgst -sha256 -hmac</c>: a program in another language comes to the same.</summary>
public sealed class ExtensionCredentialsTests
{
    private const string Token = "3f9a2c51e07b4d86";
    private const string Nonce = "00112233445566778899aabbccddeeff";
    private const string Proof = "32f74de84d742ae2728b7d2d2f9aad277d0bee3f146c839fefd443f68877a653";

    [Fact]
    public void The_caller_is_the_mac_of_the_words_of_a_call() =>
        Assert.Equal("bf798a690d441582697213cf9538eb127e60b8b5b7654e3e540eb8c43b238821", ExtensionCredentials.Caller(Token));

    [Fact]
    public void The_proof_is_the_mac_of_the_nonce() => Assert.Equal(Proof, ExtensionCredentials.Proof(Token, Nonce));

    [Theory]
    [InlineData(Token, Nonce, Proof, true)]
    [InlineData("another", Nonce, Proof, false)]
    [InlineData(Token, "another", Proof, false)]
    [InlineData(Token, Nonce, "32F74DE84D742AE2728B7D2D2F9AAD277D0BEE3F146C839FEFD443F68877A653", false)]
    [InlineData(Token, Nonce, "", false)]
    [InlineData(Token, Nonce, null, false)]
    public void A_proof_is_one_of_its_token_and_its_nonce_alone(string token, string nonce, string? proof, bool isProof) =>
        Assert.Equal(isProof, ExtensionCredentials.IsProof(token, nonce, proof));
}
