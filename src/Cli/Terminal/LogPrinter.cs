using Gofer.Cli.Commands;
using Gofer.Client;

namespace Gofer.Cli.Terminal;

/// <summary>
/// Prints output byte for byte: stderr of a task goes to this program's standard error, so the two stay apart. Only what a terminal would obey does not get
/// to one.
/// </summary>
internal static class LogPrinter
{
    private static readonly byte[] NewLine = "\n"u8.ToArray();

    /// <summary>Prints lines as they come, behind their tasks where there are several.</summary>
    public static async Task FollowAsync(CommandContext context, IAsyncEnumerable<LogLine> lines, bool prefixed, CancellationToken cancellationToken)
    {
        await using var output = Sink(context.Out, Console.Out, Console.OpenStandardOutput);
        await using var errors = Sink(context.Error, Console.Error, Console.OpenStandardError);
        var open = new OpenLine();
        await foreach (var line in lines.WithCancellation(cancellationToken))
        {
            var sink = line.Stream == "stderr" ? errors : output;
            var goesOn = open.GoesOn(line);
            if (prefixed && !goesOn)
            {
                if (open.IsOpen) await (open.IsError ? errors : output).WriteAsync(NewLine, cancellationToken);
                await sink.WriteAsync(System.Text.Encoding.UTF8.GetBytes($"{line.Task} {(line.Stream == "stderr" ? "!" : "|")} "), cancellationToken);
            }

            await sink.WriteAsync(line.ToBytes(), cancellationToken);
            if (line.Eol) await sink.WriteAsync(NewLine, cancellationToken);
            open.Printed(line);
            await sink.FlushAsync(cancellationToken);
        }
    }

    /// <summary>Copies bytes as they are; whether there were any.</summary>
    public static async Task<bool> CopyAsync(CommandContext context, Stream from, CancellationToken cancellationToken)
    {
        await using var output = Sink(context.Out, Console.Out, Console.OpenStandardOutput);
        var buffer = new byte[16 * 1024];
        var any = false;
        for (int read; (read = await from.ReadAsync(buffer, cancellationToken)) > 0; any = true) await output.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
        return any;
    }

    /// <summary>The bytes behind a writer: the process's own stream, or, where the writer was given by somebody, the writer itself.</summary>
    private static Stream Sink(TextWriter writer, TextWriter standard, Func<Stream> open) =>
        !ReferenceEquals(writer, standard) ? new WriterStream(writer) : Consoles.IsTerminal(writer) ? new TerminalStream(open()) : open();

    private sealed class TerminalStream(Stream terminal) : MemoryStream
    {
        private readonly TerminalFilter _filter = new();

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
            terminal.WriteAsync(_filter.Clean(buffer.Span), cancellationToken);

        public override Task FlushAsync(CancellationToken cancellationToken) => terminal.FlushAsync(cancellationToken);

        protected override void Dispose(bool disposing)
        {
            if (disposing) terminal.Dispose();
            base.Dispose(disposing);
        }
    }

    private sealed class WriterStream(TextWriter writer) : MemoryStream
    {
        protected override void Dispose(bool disposing)
        {
            if (disposing) writer.Write(System.Text.Encoding.UTF8.GetString(ToArray()));
            base.Dispose(disposing);
        }
    }
}
