using System.Diagnostics;
using Gofer.Cli.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Gofer.Tests.Unit.Cli;

public sealed class LineFormatterTests
{
    [Fact]
    public void An_entry_is_one_line_that_no_terminal_obeys_and_names_its_trace()
    {
        using var request = new Activity("request").Start();
        using var written = new StringWriter();
        const string Hostile = "GET /a\r\nfail: forged \e[2J\e]0;title\a \u009b31m failed";
        new LineFormatter().Write(new LogEntry<string>(LogLevel.Error, "Gofer.Api", default, Hostile, new InvalidOperationException("first\nsecond \e[1m"), (state, _) => state), null, written);
        var text = written.ToString();
        Assert.Equal('\n', text[^1]);
        Assert.DoesNotContain(text[..^1], char.IsControl);
        Assert.Matches(@"^\d\d:\d\d:\d\d fail: Gofer\.Api GET /a fail: forged ", text);
        Assert.EndsWith($" trace_id={request.TraceId.ToHexString()}\n", text, StringComparison.Ordinal);
    }
}
