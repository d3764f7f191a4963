using Gofer.Cli.Authoring;

namespace Gofer.Tests.Unit.Cli;

public sealed class JsonPlacesTests
{
    private const string Text = "{\n  \"id\": \"nightly\",\n  \"tasks\": [\n    { \"id\": \"a\" },\n    { \"id\": \"é\", \"a/b\": [1, {\"x\": 2}], \"image\": 3 }\n  ]\n}\n";

    [Theory]
    [InlineData("", 1, 1)]
    [InlineData("/id", 2, 3)]
    [InlineData("/tasks/0", 4, 5)]
    [InlineData("/tasks/1/image", 5, 40)]
    [InlineData("/tasks/1/a~1b/1/x", 5, 30)]
    [InlineData("/tasks/0/image", 4, 5)] // what is not there belongs to what lacks it
    [InlineData("/tasks/7", 3, 3)]
    [InlineData("/tasks/1/id/deeper", 5, 7)]
    public void A_pointer_leads_to_the_line_and_column_of_what_it_names(string pointer, int line, int column) =>
        Assert.Equal((line, column), JsonPlaces.Find(Text, pointer));
}
