using System.CommandLine;
using System.Globalization;
using System.Security.Cryptography;
using Gofer.Cli.Completion;
using Gofer.Cli.Terminal;
using Gofer.Client;
using Gofer.Domain.Common;

namespace Gofer.Cli.Commands;

/// <summary><c>gofer object</c>: bytes that tasks of a pipeline, or of one run, leave for each other and for people.</summary>
internal static class ObjectCommands
{
    public static Command Object()
    {
        var noun = new Command("object", "Objects of pipelines and runs: bytes under a key, which tasks leave for each other and for people.")
            .Example("gofer object put report out.csv -p nightly --run 7");
        noun.Subcommands.Add(Put());
        noun.Subcommands.Add(Get());
        noun.Subcommands.Add(List());
        noun.Subcommands.Add(Delete());
        return noun;
    }

    private static Command Put()
    {
        var command = new Command("put", "Make an object, or give it other bytes: of a file, or of standard input.")
            .Example("gofer object put site site.tar -p nightly");
        var place = new Place(command);
        var key = Key;
        var file = new Argument<string>("file") { Description = "The file; - is standard input.", DefaultValueFactory = _ => "-" };
        command.Arguments.Add(key);
        command.Arguments.Add(file);
        var onlyNew = new Option<bool>("--new") { Description = "Only where there is no object of that key." };
        command.Options.Add(onlyNew);
        command.Run(async (context, token) =>
        {
            var (name, path) = (context.Parsed.GetValue(key)!, context.Parsed.GetValue(file)!);
            await using var content = Open(path);
            PutObjectView put;
            using (var hash = SHA256.Create())
            {
                await using var hashed = new CryptoStream(content, hash, CryptoStreamMode.Read, leaveOpen: true);
                put = await context.Client.Bytes.PutAsync(
                    place.Of(context), name, hashed, context.Parsed.GetValue(onlyNew), content is FileStream { CanSeek: true } known ? known.Length : null, token);
                if (hash.Hash is { } sent && Convert.ToHexStringLower(sent) != put.Sha256)
                {
                    return context.Fail(Error.Invalid("", $"The server has other bytes than were sent: its digest is {put.Sha256}, that of what was sent {Convert.ToHexStringLower(sent)}. Put it again."));
                }
            }

            context.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"The object '{name}' has {put.Size} bytes. Tasks read it as {place.Reference(context, name)}."));
            if (put.Evicted.Count > 0) context.Error.WriteLine($"The oldest had to go, since there are so many at most (objects.count_limit): {string.Join(", ", put.Evicted.Select(e => $"'{e}'"))}.");
            context.PrintAnswer(put, o => o.Key);
            return ExitCode.Done;
        });
        return command;
    }

    private static Command Get()
    {
        var command = new Command("get", "Write the bytes of an object to a file, which has its name once it is whole, or to standard output.")
            .Example("gofer object get report out.csv -p nightly --run latest");
        var place = new Place(command);
        var key = Key;
        var file = new Argument<string>("file") { Description = "The file; - is standard output.", DefaultValueFactory = _ => "-" };
        command.Arguments.Add(key);
        command.Arguments.Add(file);
        command.Run(async (context, token) =>
        {
            var (name, path) = (context.Parsed.GetValue(key)!, context.Parsed.GetValue(file)!);
            using var content = await context.Client.Bytes.GetAsync(place.Of(context), name, cancellationToken: token);
            var part = $"{path}.part";
            try
            {
                string digest;
                await using (var output = path == "-" ? Console.OpenStandardOutput() : Create(part)) digest = await CopyAsync(content.Stream, output, token);
                if (digest != content.Sha256) return context.Fail(Error.Invalid("", $"What came has the digest {digest}, and the object has {content.Sha256}. Get it again."));
                if (path != "-") File.Move(part, path, overwrite: true);
                return ExitCode.Done;
            }
            finally
            {
                if (path != "-") File.Delete(part);
            }
        });
        return command;
    }

    private static Command List()
    {
        var command = new Command("list", "List objects, without their bytes.").Example("gofer object list -p nightly --run latest");
        var place = new Place(command);
        var limit = NounCommands.Limit;
        command.Options.Add(limit);
        command.Run(async (context, token) =>
        {
            var (client, owner) = (context.Client.Objects, place.Of(context));
            var items = await context.ListAsync(context.Parsed.GetValue(limit), async (most, cursor) =>
            {
                var page = owner.Run is { } run
                    ? await client.ListRunObjectsAsync(owner.Namespace, owner.Pipeline, run, most, cursor, token)
                    : await client.ListPipelineObjectsAsync(owner.Namespace, owner.Pipeline, most, cursor, token);
                return (page.Items, page.NextCursor);
            });
            context.Print(
                items, o => o.Key, ("key", o => o.Key), ("bytes", o => o.Size.ToString(CultureInfo.InvariantCulture)), ("updated", o => Table.Time(o.UpdatedAt)), ("sha256", o => o.Sha256[..12]));
            return ExitCode.Done;
        });
        return command;
    }

    private static Command Delete()
    {
        var command = new Command("delete", "Delete an object with its bytes.").Example("gofer object delete site -p nightly --yes");
        var place = new Place(command);
        var (key, yes) = (Key, NounCommands.Yes);
        command.Arguments.Add(key);
        command.Options.Add(yes);
        command.Run(async (context, token) =>
        {
            var (client, owner, name) = (context.Client.Objects, place.Of(context), context.Parsed.GetValue(key)!);
            if (NounCommands.Confirm(context, yes, $"the object '{name}'") is { } refusal) return refusal;
            await (owner.Run is { } run
                ? client.DeleteRunObjectAsync(owner.Namespace, owner.Pipeline, run, name, cancellationToken: token)
                : client.DeletePipelineObjectAsync(owner.Namespace, owner.Pipeline, name, cancellationToken: token));
            context.Error.WriteLine($"The object '{name}' is deleted.");
            return ExitCode.Done;
        });
        return command;
    }

    private static Argument<string> Key => new Argument<string>("key") { Description = "The object's key." }.Judged(Slug.Complaint);

    private static Stream Open(string path)
    {
        if (path == "-") return Console.OpenStandardInput();
        try
        {
            return new FileStream(path, new FileStreamOptions { Options = FileOptions.Asynchronous | FileOptions.SequentialScan, BufferSize = 0 });
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CommandException(Error.Invalid("", $"{path} cannot be read: {e.Message}"), ExitCode.Failed);
        }
    }

    private static FileStream Create(string path)
    {
        try
        {
            return new FileStream(path, new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, Options = FileOptions.Asynchronous, BufferSize = 0 });
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CommandException(Error.Invalid("", $"{path} cannot be written: {e.Message}"), ExitCode.Failed);
        }
    }

    private static async Task<string> CopyAsync(Stream from, Stream to, CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[128 * 1024];
        int read;
        while ((read = await from.ReadAsync(buffer, cancellationToken)) > 0)
        {
            hash.AppendData(buffer, 0, read);
            await to.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
        }

        await to.FlushAsync(cancellationToken);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>The flags that say whose the object is. In a task its own pipeline needs no flag.</summary>
    private sealed class Place
    {
        private const string OfTask = "GOFER_PIPELINE_ID";

        private readonly Option<string?> _pipeline = new Option<string?>("--pipeline", "-p") { Description = "The pipeline whose object it is; in a task its own where none is given." }
            .Suggests(Suggestions.Pipelines);

        private readonly Option<string?> _run = new("--run") { Description = "The run whose object it is, a number or 'latest'; the pipeline's own where none is given.", HelpName = "RUN" };

        public Place(Command command)
        {
            command.Options.Add(_pipeline);
            command.Options.Add(_run);
            command.Validators.Add(result =>
            {
                if (Named(result.GetValue(_pipeline)) is not { } name) result.AddError("Say whose object it is: --pipeline PIPELINE, and --run RUN for one of a run.");
                else if (Slug.Complaint(name) is { } complaint) result.AddError($"--pipeline {complaint}");
            });
        }

        public ObjectOwner Of(CommandContext context) => new(context.Namespace, Named(context.Parsed.GetValue(_pipeline))!, context.Parsed.GetValue(_run));

        public string Reference(CommandContext context, string key) => $"{(context.Parsed.GetValue(_run) is null ? "pipeline" : "run")}_object{{{{{key}}}}}";

        private static string? Named(string? given) => given ?? (Environment.GetEnvironmentVariable(OfTask) is { Length: > 0 } own ? own : null);
    }
}
