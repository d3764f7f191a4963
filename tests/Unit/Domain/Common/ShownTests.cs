using Gofer.Domain.Access;
using Gofer.Domain.Common;

namespace Gofer.Tests.Unit.Domain.Common;

public sealed class ShownTests
{
    [Fact]
    public void Of_a_token_that_was_pasted_into_the_wrong_place_only_the_public_part_is_shown()
    {
        foreach (var token in new[] { TokenText.New(), TokenText.NewOfRun() })
        {
            var text = token.Reveal();
            Assert.Equal($"'{token}'", Shown.Quoted(text));
            Assert.Equal($"/tokens/{token}/x and {token}", Shown.Cut($"/tokens/{text}/x and {text}", 200));
            // Cut by somebody before, or in what stands before it.
            Assert.Equal(token.ToString(), Shown.Of(text[..30]));
            Assert.DoesNotContain(text[21..33], Shown.Of(new string('x', 50) + text), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void What_is_no_token_is_shown_as_it_is()
    {
        foreach (var text in new[] { "gof_", "gof_0123456789abcdef", "gof_0123456789abcdef_", "gof_short_0123" }) Assert.Equal(text, Shown.Of(text));
    }
}
