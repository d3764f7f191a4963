using System.Diagnostics;
using System.Globalization;
using Gofer.Domain.Common;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;

namespace Gofer.Cli.Hosting;

/// <summary>
/// The log for people: an entry is a line, and nothing that came in from outside can begin another one or be obeyed by the terminal. The framework's own
/// lets escapes through. What belongs to a request ends with its <c>trace_id</c>.
/// </summary>
internal sealed class LineFormatter() : ConsoleFormatter(FormatterName)
{
    public const string FormatterName = "line";

    public override void Write<TState>(in LogEntry<TState> logEntry, IExternalScopeProvider? scopeProvider, TextWriter textWriter)
    {
        var text = string.Create(
            CultureInfo.InvariantCulture, $"{TimeProvider.System.GetLocalNow():HH:mm:ss} {Level(logEntry.LogLevel)}: {logEntry.Category} {logEntry.Formatter(logEntry.State, logEntry.Exception)}");
        if (logEntry.Exception is { } exception) text += $" {exception}";
        if (Activity.Current is { } request) text += $" trace_id={request.TraceId.ToHexString()}";
        textWriter.WriteLine(Shown.Line(text.ReplaceLineEndings(" ")));
    }

    private static string Level(LogLevel level) => level switch
    {
        LogLevel.Critical => "crit",
        LogLevel.Error => "fail",
        LogLevel.Warning => "warn",
        LogLevel.Information => "info",
        _ => "debug",
    };
}
